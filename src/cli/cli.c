/* Cli: finds the command, and parses every command's arguments by its table. */
#include "command.h"

#include <hookstream/buffer.h>
#include <hookstream/cli.h>
#include <hookstream/disk.h>
#include <hookstream/shown.h>
#include <hookstream/text.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define FAILURE_MAX (1u << 20) /* size limit of a message, including escapes */
#define DEFAULT_CONFIG "/etc/hookstream/hookstream.yaml"

static const struct hs_command *const commands[] = {
    &hs_command_run,    &hs_command_check,   &hs_command_explain, &hs_command_test,
    &hs_command_send,   &hs_command_journal, &hs_command_replay,  &hs_command_dead_letters,
    &hs_command_health, &hs_command_version, &hs_command_manual,  &hs_command_catalogue,
    &hs_command_init,
};

static void print_commands(FILE *out)
{
    fprintf(out, "Usage: hookstream COMMAND [OPTION...]\n\n"
                 "Webhooks in, Kafka topics and Redis streams out, and nothing lost in between.\n\n"
                 "Commands:\n");
    for (size_t i = 0; i < HS_ARRAY_SIZE(commands); i++)
        fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out, "\n"
                 "`hookstream COMMAND --help` says more. Exit status: 0 good, 1 the result is "
                 "bad,\n"
                 "2 wrong usage.\n");
}

static void print_help(const struct hs_command *command, const struct hs_arg *args, size_t count)
{
    printf("Usage: hookstream %s [OPTION...]%s%s\n\n%s\n", command->name,
           command->operands[0] ? " " : "", command->operands, command->help);
    printf("\nOptions:\n");
    for (size_t i = 0; i < count; i++) {
        char left[64];
        snprintf(left, sizeof(left), "%s%.1s%s--%s%s%s", args[i].letter ? "-" : "  ",
                 args[i].letter ? &args[i].letter : "", args[i].letter ? ", " : "  ", args[i].name,
                 args[i].value ? " " : "", args[i].value ? args[i].value : "");
        printf("  %-26s %s\n", left, args[i].help);
    }
    printf("  %-26s %s\n", "-h, --help", "This help.");
}

int hs_command_fail(const struct hs_command *command, int status, const char *format, ...)
{
    HS_AUTO_FREE char *words = NULL;
    struct hs_buffer text;
    va_list list;
    va_start(list, format);
    if (vasprintf(&words, format, list) < 0)
        words = NULL;
    va_end(list);
    hs_buffer_init(&text, FAILURE_MAX);
    hs_shown_append(&text, hs_slice_text(words != NULL ? words : "out of memory"), true);
    fprintf(stderr, "hookstream %s: %.*s\n", command->name, HS_SLICE_ARG(hs_buffer_slice(&text)));
    hs_buffer_free(&text);
    return status;
}

static void drop_mark(struct hs_buffer *text)
{
    size_t kept = hs_text_without_mark(hs_buffer_slice(text)).size;
    if (kept == text->size)
        return;
    memmove(text->data, text->data + (text->size - kept), kept);
    text->size = kept;
}

static int read_input(struct hs_buffer *ret_text)
{
    for (size_t got = 1; got > 0;) {
        char piece[65536];
        got = fread(piece, 1, sizeof(piece), stdin);
        hs_buffer_append(ret_text, piece, got);
        if (ret_text->failed)
            return hs_fail(-EFBIG, "standard input is larger than %zu bytes", ret_text->ceiling);
    }
    return ferror(stdin) ? hs_fail(-EIO, "cannot read standard input") : 0;
}

int hs_command_read(const char *path, struct hs_buffer *ret_text)
{
    if (strcmp(path, "-") == 0)
        return read_input(ret_text);
    int code = hs_disk_read_all(hs_disk_system(), path, ret_text);
    if (code == 0)
        drop_mark(ret_text);
    return code;
}

void hs_command_print(const struct hs_buffer *text, FILE *out)
{
    if (text->size > 0)
        fwrite(text->data, 1, text->size, out);
}

/* The size of a color sequence at the beginning, or 0: ESC [ 0, 1, 31 or 32 m. */
static size_t color_size(struct hs_slice text)
{
    static const char *const known[] = {"\033[0m", "\033[1m", "\033[31m", "\033[32m"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(known); i++)
        if (hs_slice_starts_with(text, hs_slice_text(known[i])))
            return strlen(known[i]); /* strlen: the program's own text */
    return 0;
}

void hs_command_print_shown(const struct hs_buffer *text, bool colors, FILE *out)
{
    struct hs_buffer shown;
    hs_buffer_init(&shown, SIZE_MAX / 2);
    struct hs_slice rest = hs_buffer_slice(text);
    while (rest.size > 0) {
        const char *escape = colors ? memchr(rest.data, '\033', rest.size) : NULL;
        size_t before = escape != NULL ? (size_t)(escape - rest.data) : rest.size;
        hs_shown_append(&shown, hs_slice(rest.data, before), true);
        rest = hs_slice(rest.data + before, rest.size - before);
        size_t color = color_size(rest), taken = color > 0 ? color : rest.size > 0;
        if (color > 0)
            hs_buffer_append(&shown, rest.data, color);
        else
            hs_shown_append(&shown, hs_slice(rest.data, taken), true);
        rest = hs_slice(rest.data + taken, rest.size - taken);
    }
    hs_command_print(&shown, out);
    hs_buffer_free(&shown);
}

void hs_command_print_json(const struct hs_buffer *json, FILE *out)
{
    struct hs_buffer shown;
    hs_buffer_init(&shown, SIZE_MAX / 2);
    hs_shown_append_json(&shown, hs_buffer_slice(json));
    hs_command_print(&shown, out);
    hs_buffer_free(&shown);
}

const char *hs_config_path(const char *config)
{
    static bool said;
    if (config != NULL)
        return config;
    const char *environment = getenv("HOOKSTREAM_CONFIG");
    if (environment != NULL && environment[0] != '\0')
        return environment;
    if (!said && access(DEFAULT_CONFIG, R_OK) < 0)
        fprintf(stderr, "hookstream: no configuration was given, by -c FILE or "
                        "$HOOKSTREAM_CONFIG, and " DEFAULT_CONFIG " cannot be read\n");
    said = true;
    return DEFAULT_CONFIG;
}

/* ---- Arguments ---- */

static const struct hs_arg *find_arg(const struct hs_arg *args, size_t count, const char *word,
                                     const char **ret_value)
{
    *ret_value = NULL;
    for (size_t i = 0; i < count; i++) {
        if (word[1] != '-') {
            if (args[i].letter != 0 && word[1] == args[i].letter) {
                *ret_value = word[2] != '\0' ? word + 2 : NULL;
                return &args[i];
            }
            continue;
        }
        size_t size = strlen(args[i].name); /* strlen: the program's own table */
        if (strncmp(word + 2, args[i].name, size) != 0)
            continue;
        if (word[2 + size] == '=')
            *ret_value = word + 3 + size;
        if (word[2 + size] == '=' || word[2 + size] == '\0')
            return &args[i];
    }
    return NULL;
}

static int unknown_arg(const struct hs_command *command, const struct hs_arg *args, size_t count,
                       const char *word)
{
    const char *names[32];
    size_t known = 0;
    for (size_t i = 0; i < count && known < HS_ARRAY_SIZE(names); i++)
        names[known++] = args[i].name;
    const char *near = NULL;
    if (word[1] == '-')
        near = hs_nearest_name(hs_slice_text(word + 2), names, known);
    (void)hs_command_fail(command, 0, "unknown option `%s`%s%s%s; see --help", word,
                          near ? ", did you mean `--" : "", near ? near : "", near ? "`?" : "");
    return HS_EXIT_USAGE + 1;
}

static int set_arg(const struct hs_command *command, const struct hs_arg *arg, const char *value)
{
    switch (arg->kind) {
    case HS_ARG_FLAG:
        *(bool *)arg->target = true;
        return 0;
    case HS_ARG_TEXT:
        *(const char **)arg->target = value;
        return 0;
    case HS_ARG_COUNT:
        if (hs_slice_to_u64(hs_slice_text(value), UINT64_MAX - 1, arg->target) == 0)
            return 0;
        (void)hs_command_fail(command, 0, "--%s takes a whole number, not `%s`", arg->name, value);
        return HS_EXIT_USAGE + 1;
    case HS_ARG_TEXTS: {
        struct hs_arg_texts *texts = arg->target;
        if (texts->count < HS_ARG_TEXTS_MAX) {
            texts->items[texts->count++] = value;
            return 0;
        }
        (void)hs_command_fail(command, 0, "--%s was given too often", arg->name);
        return HS_EXIT_USAGE + 1;
    }
    }
    return HS_EXIT_USAGE + 1;
}

/* Reads the option at *at, and its value; *at is then the last argument used. */
static int read_arg(const struct hs_command *command, const struct hs_arg *args, size_t count,
                    int argc, char **argv, int *at)
{
    const char *word = argv[*at], *value;
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        print_help(command, args, count);
        return HS_EXIT_GOOD + 1;
    }
    const struct hs_arg *arg = find_arg(args, count, word, &value);
    if (arg == NULL)
        return unknown_arg(command, args, count, word);
    if (arg->kind != HS_ARG_FLAG && value == NULL) {
        if (*at + 1 >= argc) {
            (void)hs_command_fail(command, 0, "--%s needs a value: %s", arg->name, arg->value);
            return HS_EXIT_USAGE + 1;
        }
        value = argv[++*at];
    }
    return set_arg(command, arg, value);
}

int hs_args_read(const struct hs_command *command, const struct hs_arg *args, size_t count,
                 int argc, char **argv, int *ret_first)
{
    HS_AUTO_FREE char **operands = hs_alloc_array((size_t)argc + 1, sizeof(*operands));
    int operand_count = 0, code = 0;
    bool only_operands = false;
    for (int at = 0; at < argc && code == 0; at++) {
        bool option = !only_operands && argv[at][0] == '-' && argv[at][1] != '\0';
        if (!option)
            operands[operand_count++] = argv[at];
        else if (strcmp(argv[at], "--") == 0)
            only_operands = true;
        else
            code = read_arg(command, args, count, argc, argv, &at);
    }
    if (code != 0)
        return code;
    /* Operands may precede options; they are moved behind them all. */
    for (int i = 0; i < operand_count; i++)
        argv[argc - operand_count + i] = operands[i];
    *ret_first = argc - operand_count;
    if (operand_count > 0 && command->operands[0] == '\0') {
        bool file = strchr(operands[0], '.') != NULL;
        (void)hs_command_fail(command, 0,
                              "unexpected argument `%s`: only options are allowed%s; "
                              "see --help",
                              operands[0], file ? ", and a configuration as `-c FILE`" : "");
        return HS_EXIT_USAGE + 1;
    }
    return 0;
}

/* Secrets are in memory: prevents core files, and other processes of the user from reading them
 * (ptrace(2)). LeakSanitizer is such a process. */
static void protect_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (getenv("HOOKSTREAM_CORE_DUMPS") == NULL)
        (void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L); /* does not fail on any supported kernel */
#endif
}

/* What was printed may be in a buffer still. Who closed the other end of a pipe wants no more. */
static int close_output(int code)
{
    errno = 0;
    bool failed = fflush(stdout) != 0;
    int error = errno;
    if ((!failed && !ferror(stdout)) || error == EPIPE || code != HS_EXIT_GOOD)
        return code;
    fprintf(stderr, "hookstream: standard output cannot be written%s%s\n", error != 0 ? ": " : "",
            error != 0 ? strerrordesc_np(error) : "");
    return HS_EXIT_BAD;
}

static int run_command(int argc, char **argv)
{
    if (argc < 2) {
        print_commands(stderr);
        return HS_EXIT_USAGE;
    }
    const char *names[HS_ARRAY_SIZE(commands)];
    for (size_t i = 0; i < HS_ARRAY_SIZE(commands); i++) {
        names[i] = commands[i]->name;
        if (strcmp(argv[1], commands[i]->name) == 0)
            return commands[i]->run(commands[i], argc - 2, argv + 2);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_commands(stdout);
        return HS_EXIT_GOOD;
    }
    if (strcmp(argv[1], "--version") == 0)
        return hs_command_version.run(&hs_command_version, 0, NULL);
    const char *near = hs_nearest_name(hs_slice_text(argv[1]), names, HS_ARRAY_SIZE(commands));
    struct hs_buffer word;
    hs_buffer_init(&word, FAILURE_MAX);
    hs_shown_append(&word, hs_slice_text(argv[1]), false);
    fprintf(stderr, "hookstream: unknown command `%.*s`%s%s%s; `hookstream --help` lists them\n",
            HS_SLICE_ARG(hs_buffer_slice(&word)), near ? ", did you mean `" : "", near ? near : "",
            near ? "`?" : "");
    hs_buffer_free(&word);
    return HS_EXIT_USAGE;
}

int hs_cli_main(int argc, char **argv)
{
    protect_memory();
    return close_output(run_command(argc, argv));
}
