/* Command: what every command consists of: a name, help, a table of its arguments and a function.
 * One file per command, its entry on top. Threads: the main one. */
#ifndef HS_CLI_COMMAND_H
#define HS_CLI_COMMAND_H

#include <hookstream/base.h>
#include <stdio.h>

/* Exit status of every command. */
enum { HS_EXIT_GOOD = 0, HS_EXIT_BAD = 1, HS_EXIT_USAGE = 2 };

enum hs_arg_kind {
    HS_ARG_FLAG,  /* bool */
    HS_ARG_TEXT,  /* const char * */
    HS_ARG_COUNT, /* uint64_t */
    HS_ARG_TEXTS, /* struct hs_arg_texts: may be repeated */
};

#define HS_ARG_TEXTS_MAX 64u
struct hs_arg_texts {
    const char *items[HS_ARG_TEXTS_MAX];
    size_t count;
};

struct hs_arg {
    const char *name; /* long form without dashes */
    char letter;      /* short form, or 0 */
    enum hs_arg_kind kind;
    void *target;
    const char *value; /* the value's name in the help; NULL for a flag */
    const char *help;
};

struct hs_command {
    const char *name;
    const char *summary;  /* one line for the list of commands */
    const char *help;     /* paragraphs after the usage line */
    const char *operands; /* usage of the operands, or "" */
    int (*run)(const struct hs_command *command, int argc, char **argv);
};

/* Parses the options into their targets, wherever they are before a `--`; -h and --help print the
 * help. 0: continue; *ret_first is the index of the first operand: operands were moved behind the
 * options, in order. Otherwise returns the exit status plus one. */
HS_MUST_CHECK int hs_args_read(const struct hs_command *command, const struct hs_arg *args,
                               size_t count, int argc, char **argv, int *ret_first);

/* `config` if given, else $HOOKSTREAM_CONFIG, else /etc/hookstream/hookstream.yaml. If that cannot
 * be read, prints once to stderr how to name another. */
const char *hs_config_path(const char *config);

/* Prints "hookstream COMMAND: message" to stderr and returns `status`. */
int hs_command_fail(const struct hs_command *command, int status, const char *format, ...)
    HS_PRINTF(3, 4);

struct hs_buffer;
/* Reads a whole file without its byte order mark, or for "-" standard input unchanged, up to the
 * buffer's ceiling. -errno and a message. */
HS_MUST_CHECK int hs_command_read(const char *path, struct hs_buffer *ret_text);
/* As hs_command_print(), for text that includes outside data: escapes whatever could move a
 * terminal's cursor or reorder text. `colors`: keeps the colors of explain. */
void hs_command_print_shown(const struct hs_buffer *text, bool colors, FILE *out);
/* As above for JSON, keeping its meaning. */
void hs_command_print_json(const struct hs_buffer *json, FILE *out);
/* Writes the buffer to `out`; an empty one is fine. */
void hs_command_print(const struct hs_buffer *text, FILE *out);

extern const struct hs_command hs_command_run, hs_command_check, hs_command_send,
    hs_command_journal, hs_command_health, hs_command_version, hs_command_manual,
    hs_command_dead_letters, hs_command_replay, hs_command_explain, hs_command_test,
    hs_command_catalogue, hs_command_init;

#endif
