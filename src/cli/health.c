/* health: asks a running hookstream for its health; for container health checks, where no other
 * client may be installed. */
#include "admin_client.h"

#include <hookstream/app.h>
#include <hookstream/shown.h>
#include <stdio.h>

#define PAGE_MAX (16u << 20)

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_health = {
    .name = "health",
    .summary = "Ask a running hookstream for its health.",
    .help =
        "Reads /livez (or /readyz) of the admin port that the configuration names, on this\n"
        "machine. Exits with 0 if the answer is 200. For container health checks. Prints the\n"
        "lines of /readyz in either case. Ready means that events are accepted: a sink that is\n"
        "connecting or blocked has a line there but does not make hookstream unready, since\n"
        "the journal keeps its waiting events.",
    .operands = "",
    .run = run,
};

/* Prints the page; its status determines the exit status. */
static int look(const struct hs_command *command, const struct hs_admin_options *options,
                uint64_t timeout_s, const char *page)
{
    struct hs_admin_reply reply;
    if (hs_admin_ask(options, timeout_s, false, page, &reply) < 0)
        return hs_command_fail(command, HS_EXIT_BAD, "%s", hs_error_text());
    struct hs_buffer text;
    hs_buffer_init(&text, PAGE_MAX);
    hs_shown_append(&text, reply.body, true);
    hs_command_print(&text, stdout);
    hs_buffer_free(&text);
    int status = reply.status == 200 ? HS_EXIT_GOOD : HS_EXIT_BAD;
    hs_admin_reply_free(&reply);
    return status;
}

static int look_all(const struct hs_command *command, const struct hs_admin_options *options,
                    uint64_t timeout_s, bool ready)
{
    int status = ready ? HS_EXIT_GOOD : look(command, options, timeout_s, "/livez");
    if (status != HS_EXIT_GOOD)
        return status;
    int readiness = look(command, options, timeout_s, "/readyz");
    return ready ? readiness : status;
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    const char *path = NULL;
    bool ready = false;
    uint64_t timeout_s = HS_ADMIN_SILENT_S;
    const struct hs_arg args[] = {
        {"config", 'c', HS_ARG_TEXT, &path, "FILE",
         "Configuration that names the admin port (else $HOOKSTREAM_CONFIG, ...)."},
        {"ready", 0, HS_ARG_FLAG, &ready, NULL, "Use /readyz: can it accept events?"},
        {"timeout", 0, HS_ARG_COUNT, &timeout_s, "SECONDS",
         "Timeout of each answer in seconds (5)."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    if (hs_admin_check_timeout(command, timeout_s) != HS_EXIT_GOOD)
        return HS_EXIT_USAGE;
    struct hs_settings settings;
    struct hs_config *config = hs_settings_load(hs_config_path(path), &settings);
    if (hs_config_root(config) == NULL)
        code = hs_command_fail(command, HS_EXIT_BAD, "cannot read %s", hs_config_path(path));
    else
        code = look_all(command, &settings.admin, timeout_s, ready);
    hs_config_free(config);
    return code;
}
