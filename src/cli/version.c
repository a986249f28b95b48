/* version: of the program and of the libraries it runs with. */
#include "command.h"

#include <hookstream/jq.h>

#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <json-c/json_c_version.h>
#include <librdkafka/rdkafka.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <xxhash.h>

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
    printf("libevent %s, librdkafka %s, hiredis %d.%d.%d, json-c %s, libjq %s, xxHash %u, %s\n",
           event_get_version(), rd_kafka_version_str(), HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH,
           json_c_version(), hs_jq_version(), XXH_versionNumber(),
           OpenSSL_version(OPENSSL_VERSION));
    return HS_EXIT_GOOD;
}
