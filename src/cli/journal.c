/* journal: inspects the journal's folder, also while hookstream runs. Each of its commands has a
 * file of its own. */
#include "journal.h"

#include <hookstream/app.h>
#include <stdio.h>

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_journal = {
    .name = "journal",
    .summary = "Inspect the journal (journal stat, verify, dump).",
    .help = "stat     what the journal holds and the position of each sink's cursor\n"
            "verify   read all of it and report what is damaged, where, and what to do\n"
            "dump     print its events as JSON Lines\n"
            "\n"
            "They also work while hookstream runs: they lock and change nothing.\n"
            "`hookstream journal verify --help` says more.",
    .operands = "stat|verify|dump",
    .run = run,
};

static const struct hs_command *const commands[] = {
    &hs_command_journal_stat,
    &hs_command_journal_verify,
    &hs_command_journal_dump,
};

static const char *own_name(const struct hs_command *command)
{
    return strchr(command->name, ' ') + 1;
}

static const struct hs_command *find(const char *word)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(commands); i++)
        if (strcmp(word, own_name(commands[i])) == 0)
            return commands[i];
    return NULL;
}

static int fail_unknown(const struct hs_command *command, const char *word)
{
    const char *names[HS_ARRAY_SIZE(commands)];
    for (size_t i = 0; i < HS_ARRAY_SIZE(commands); i++)
        names[i] = own_name(commands[i]);
    const char *near = hs_nearest_name(hs_slice_text(word), names, HS_ARRAY_SIZE(commands));
    if (near != NULL)
        return hs_command_fail(command, HS_EXIT_USAGE, "unknown command `%s`, did you mean %s?",
                               word, near);
    return hs_command_fail(command, HS_EXIT_USAGE,
                           "unknown command `%s`: use stat, verify or "
                           "dump",
                           word);
}

/* Its name may precede its options or, alone, follow them. */
static int run(const struct hs_command *command, int argc, char **argv)
{
    if (argc > 0 && argv[0][0] != '-') {
        const struct hs_command *named = find(argv[0]);
        return named != NULL ? named->run(named, argc - 1, argv + 1)
                             : fail_unknown(command, argv[0]);
    }
    const struct hs_command *last = argc > 1 ? find(argv[argc - 1]) : NULL;
    if (last != NULL)
        return last->run(last, argc - 1, argv);
    int first, code = hs_args_read(command, NULL, 0, argc, argv, &first);
    if (code != 0)
        return code - 1;
    return hs_command_fail(command, HS_EXIT_USAGE,
                           "give a command: journal stat, verify or dump; see --help");
}

int hs_journal_command_path(const struct hs_command *command, const char *config_path,
                            const char *path, char **ret_path)
{
    if (path != NULL) {
        *ret_path = hs_strdup(path);
        return 0;
    }
    struct hs_settings settings;
    struct hs_config *config = hs_settings_load(hs_config_path(config_path), &settings);
    int status = 0;
    if (hs_config_findings(config)->errors > 0)
        status = hs_command_fail(command, HS_EXIT_USAGE, "%s has errors: see hookstream check",
                                 hs_config_path(config_path));
    else if (settings.journal.store == HS_STORE_MEMORY)
        status = hs_command_fail(command, HS_EXIT_USAGE,
                                 "this configuration keeps its journal in memory");
    else
        *ret_path = hs_strdup(settings.journal.path);
    hs_config_free(config);
    return status;
}
