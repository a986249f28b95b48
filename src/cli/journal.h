/* Journal: shared by the commands of `hookstream journal`. One file each. Threads: the main one. */
#ifndef HS_CLI_JOURNAL_H
#define HS_CLI_JOURNAL_H

#include "command.h"

extern const struct hs_command hs_command_journal_stat, hs_command_journal_verify,
    hs_command_journal_dump;

/* Argument rows that select the journal. */
#define HS_JOURNAL_ARGS(config, path)                                                              \
    {"config", 'c',    HS_ARG_TEXT,                                                                \
     (config), "FILE", "Configuration that names the journal (else $HOOKSTREAM_CONFIG, ...)."},    \
    {                                                                                              \
        "path", 0, HS_ARG_TEXT, (path), "DIR", "The journal's folder, without a configuration."    \
    }

/* The folder: `path`, or the one that the configuration names. The caller frees *ret_path. 0, or
 * the exit status after a message. */
HS_MUST_CHECK int hs_journal_command_path(const struct hs_command *command, const char *config_path,
                                          const char *path, char **ret_path);

#endif
