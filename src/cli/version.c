/* version: prints the versions of the program and of its libraries. */
#include "command.h"

#include <hookstream/buffer.h>
#include <hookstream/jq_serve.h>
#include <hookstream/sink_kind.h>

#include <event2/event.h>
#include <json-c/json_c_version.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <xxhash.h>

#define LIBRARIES_MAX 1024u

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_version = {
    .name = "version",
    .summary = "Print the version.",
    .help = "Prints the version of hookstream and of the libraries it runs with.",
    .operands = "",
    .run = run,
};

static int run(const struct hs_command *command, int argc, char **argv)
{
    int first, code = hs_args_read(command, NULL, 0, argc, argv, &first);
    if (code != 0)
        return code - 1;
    printf("hookstream %s\n", HS_VERSION);
    struct hs_buffer sinks;
    hs_buffer_init(&sinks, LIBRARIES_MAX);
    for (size_t i = 0; i < HS_SINK_KIND_COUNT; i++) {
        if (hs_sink_kinds[i]->version == NULL)
            continue;
        hs_sink_kinds[i]->version(&sinks);
        hs_buffer_append_text(&sinks, ", ");
    }
    printf("libevent %s, %.*sjson-c %s, libjq %s, xxHash %u, %s\n", event_get_version(),
           HS_SLICE_ARG(hs_buffer_slice(&sinks)), json_c_version(), hs_jq_version(),
           XXH_versionNumber(), OpenSSL_version(OPENSSL_VERSION));
    hs_buffer_free(&sinks);
    return HS_EXIT_GOOD;
}
