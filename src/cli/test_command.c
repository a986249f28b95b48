/* test: runs cases for a configuration, each an event and its expected outcome. */
#include "rehearse.h"
#include "test_expect.h"

#include <hookstream/disk.h>
#include <hookstream/json.h>
#include <hookstream/open.h>
#include <hookstream/shown.h>
#include <stdlib.h>

#define TEXT_MAX (64u << 20)
/* 2026-01-01T00:00:00Z: the default time of receipt. */
#define DEFAULT_NOW UINT64_C(1767225600000000000)

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_test = {
    .name = "test",
    .summary = "Run test cases against a configuration.",
    .help = "Each case in the files is an event and its expected outcome: answer, route, dead\n"
            "letter, messages. Connects to nothing; unset variables get placeholders. Prints "
            "TAP\n"
            "13. Exits with 1 if a case fails. Cases with `expect: {file: NAME.json}` are "
            "compared\n"
            "with that recorded outcome; --update rewrites those files, for review. Files of "
            "cases\n"
            "are never changed.\n"
            "\n"
            "  hookstream test -c hookstream.yaml tests/*.yaml --junit report.xml",
    .operands = "FILE...",
    .run = run,
};

struct tests {
    const struct hs_command *command;
    struct hs_stage stage;
    const char *filter;
    bool update, broken; /* broken: a file of cases has errors */
    size_t count, failed;
    struct hs_buffer junit;
};

/* ---- The event of a case ---- */

/* "dir/" of "dir/file", for files named relative to the cases. */
static char *beside(const char *file, const char *name)
{
    const char *slash = strrchr(file, '/');
    if (name[0] == '/' || slash == NULL)
        return hs_strdup(name);
    struct hs_buffer path;
    hs_buffer_init(&path, 8192);
    hs_buffer_append(&path, file, (size_t)(slash - file) + 1);
    hs_buffer_append_text(&path, name);
    char *text = hs_slice_dup(hs_buffer_slice(&path));
    hs_buffer_free(&path);
    return text;
}

/* Writes the values of `set` (path: value) into the body. */
static int set_fields(const struct hs_node *set, struct hs_buffer *body)
{
    if (set == NULL)
        return 0;
    if (set->kind != HS_NODE_MAP)
        return hs_fail(-EINVAL, "`set` is a mapping of paths to values");
    struct hs_json_tree *tree = hs_json_tree_create();
    struct hs_buffer value, edited;
    hs_buffer_init(&value, TEXT_MAX);
    hs_buffer_init(&edited, TEXT_MAX);
    int code = hs_json_tree_parse(tree, hs_buffer_slice(body));
    for (size_t i = 0; code == 0 && i < set->count; i++) {
        struct hs_json_path path;
        code = hs_json_path_parse(set->keys[i]->text, &path);
        if (code < 0)
            break;
        hs_buffer_clear(&value);
        hs_test_json(set->items[i], &value);
        code = path.wildcard ? hs_fail(-EINVAL, "a path in `set` has no [*]")
                             : hs_json_set(tree, &path, hs_buffer_slice(&value));
        hs_json_path_free(&path);
    }
    if (code == 0)
        hs_json_write(tree, &edited);
    hs_json_tree_free(tree);
    hs_buffer_free(&value);
    if (code == 0) {
        hs_buffer_free(body);
        *body = edited;
    } else {
        hs_buffer_free(&edited);
    }
    return code;
}

static int make_event(const struct hs_stage *stage, const char *file, const struct hs_node *node,
                      const struct hs_rehearsal_request *request, struct hs_buffer *ret_body)
{
    const struct hs_node *sample = hs_node_get(node, "sample"), *path = hs_node_get(node, "file");
    if (node->kind == HS_NODE_SCALAR) {
        hs_buffer_append_slice(ret_body, node->text);
        return 0;
    }
    int code = 0;
    if (sample != NULL && sample->kind == HS_NODE_SCALAR) {
        const struct hs_node *seed = hs_node_get(node, "seed");
        uint64_t number = 0;
        if (seed != NULL && hs_slice_to_u64(seed->text, UINT32_MAX, &number) < 0)
            return hs_fail(-EINVAL, "`seed` is a whole number");
        code = hs_stage_sample(stage, request->source, sample->text.data, number,
                               request->now_wall_ns, ret_body);
    } else if (path != NULL && path->kind == HS_NODE_SCALAR) {
        HS_AUTO_FREE char *name = beside(file, path->text.data);
        code = hs_command_read(name, ret_body);
    } else {
        hs_test_json(node, ret_body);
        return 0;
    }
    return code == 0 ? set_fields(hs_node_get(node, "set"), ret_body) : code;
}

static int make_request(struct tests *tests, const struct hs_test_case *one,
                        struct hs_header *headers, struct hs_rehearsal_request *request)
{
    *request = (struct hs_rehearsal_request){
        .headers = headers, .now_wall_ns = DEFAULT_NOW, .sign = !one->bare};
    for (size_t i = 0; i < one->headers.count && i < HS_ARG_TEXTS_MAX; i++)
        headers[request->header_count++] = (struct hs_header){
            hs_slice_text(one->headers.items[i].name), hs_slice_text(one->headers.items[i].value)};
    if (one->sign_with != NULL)
        request->secret = hs_slice_text(one->sign_with);
    int code = hs_stage_source(&tests->stage, one->source, &request->source);
    if (code == 0 && one->at != NULL)
        code = hs_value_time(hs_slice_text(one->at), DEFAULT_NOW, &request->now_wall_ns);
    return code;
}

/* ---- One case ---- */

static int write_recorded(const char *path, const struct hs_rehearsal_result *result)
{
    struct hs_buffer json;
    hs_buffer_init(&json, 4 * TEXT_MAX);
    hs_rehearsal_write(result, &json);
    hs_buffer_append_byte(&json, '\n');
    FILE *file = hs_open_stream(path);
    if (file != NULL)
        hs_command_print(&json, file);
    hs_buffer_free(&json);
    if (file == NULL || fclose(file) != 0)
        return hs_fail_errno(errno, "cannot write %s", path);
    return 0;
}

static int hold(struct tests *tests, const char *file, const struct hs_test_expect *expect,
                const struct hs_rehearsal_result *result, struct hs_buffer *faults)
{
    struct hs_buffer recorded;
    hs_buffer_init(&recorded, TEXT_MAX);
    HS_AUTO_FREE char *path = expect->file != NULL ? beside(file, expect->file) : NULL;
    int code = 0;
    if (path != NULL && tests->update)
        code = write_recorded(path, result);
    if (path != NULL && code == 0)
        code = hs_command_read(path, &recorded);
    if (code == 0)
        hs_test_compare(expect, result, hs_buffer_slice(&recorded), faults);
    hs_buffer_free(&recorded);
    return code;
}

static void try_case(struct tests *tests, const char *file, const struct hs_test_case *one,
                     struct hs_buffer *faults)
{
    struct hs_header headers[HS_ARG_TEXTS_MAX];
    struct hs_rehearsal_request request;
    const struct hs_rehearsal_result *result;
    struct hs_buffer body;
    hs_buffer_init(&body, TEXT_MAX);
    int code = make_request(tests, one, headers, &request);
    if (code == 0)
        code = make_event(&tests->stage, file, one->event, &request, &body);
    request.body = hs_buffer_slice(&body);
    if (code == 0)
        code = hs_rehearse(tests->stage.rehearsal, &request, &result);
    if (code == 0)
        code = hold(tests, file, &one->expect, result, faults);
    if (code < 0)
        hs_buffer_printf(faults, "%s\n", hs_error_text());
    hs_buffer_free(&body);
}

/* ---- Reports ---- */

static void add_xml(struct hs_buffer *xml, struct hs_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '<' || c == '>' || c == '&' || c == '"')
            hs_buffer_printf(xml, "&#%u;", c);
        else
            hs_buffer_append_byte(xml, c >= 0x20 || c == '\n' || c == '\t' ? (char)c : '?');
    }
}

static void report(struct tests *tests, const char *file, const char *name, struct hs_slice faults)
{
    bool good = faults.size == 0;
    struct hs_buffer text;
    hs_buffer_init(&text, 8 * TEXT_MAX);
    hs_buffer_printf(&text, "%sok %zu - ", good ? "" : "not ", ++tests->count);
    hs_shown_append(&text, hs_slice_text(name), false);
    tests->failed += !good;
    for (const char *at = faults.data, *end = at + faults.size; at < end;) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        size_t size = line != NULL ? (size_t)(line - at) : (size_t)(end - at);
        hs_buffer_append_text(&text, "\n# ");
        hs_shown_append(&text, hs_slice(at, size), false);
        at += size + 1;
    }
    hs_buffer_append_byte(&text, '\n');
    hs_command_print(&text, stdout);
    hs_buffer_free(&text);
    hs_buffer_append_text(&tests->junit, "<testcase classname=\"");
    add_xml(&tests->junit, hs_slice_text(file));
    hs_buffer_append_text(&tests->junit, "\" name=\"");
    add_xml(&tests->junit, hs_slice_text(name));
    hs_buffer_append_text(&tests->junit,
                          good ? "\"/>\n" : "\"><failure message=\"not as expected\">");
    add_xml(&tests->junit, faults);
    hs_buffer_append_text(&tests->junit, good ? "" : "</failure></testcase>\n");
}

static int write_junit(const struct tests *tests, const char *path)
{
    FILE *file = hs_open_stream(path);
    if (file == NULL)
        return hs_fail_errno(errno, "cannot write %s", path);
    fprintf(file,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuites><testsuite name=\"hookstream\" tests=\"%zu\" failures=\"%zu\">\n",
            tests->count, tests->failed);
    hs_command_print(&tests->junit, file);
    fputs("</testsuite></testsuites>\n", file);
    return fclose(file) == 0 ? 0 : hs_fail_errno(errno, "cannot write %s", path);
}

/* ---- The files ---- */

static void run_file(struct tests *tests, const char *path)
{
    struct hs_config_lookup lookup = hs_stage_lookup(&tests->stage);
    struct hs_config *config = hs_config_load_with(path, &lookup);
    struct hs_test_file file = {0};
    if (hs_config_root(config) != NULL)
        hs_config_bind(config, hs_config_root(config), &hs_test_file_table, &file);
    struct hs_buffer faults;
    hs_buffer_init(&faults, TEXT_MAX);
    bool good = hs_config_findings(config)->errors == 0;
    if (!good) {
        hs_config_show_findings(config, &faults);
        hs_command_print(&faults, stderr);
        tests->broken = true;
    }
    for (size_t i = 0; good && i < file.cases.count; i++) {
        const struct hs_test_case *one = hs_children_at(&file.cases, i);
        if (tests->filter != NULL && strstr(one->name, tests->filter) == NULL)
            continue;
        hs_buffer_clear(&faults);
        try_case(tests, path, one, &faults);
        report(tests, path, one->name, hs_buffer_slice(&faults));
    }
    hs_buffer_free(&faults);
    hs_config_free(config);
}

static int run_files(struct tests *tests, int count, char **files, const char *junit)
{
    printf("TAP version 13\n");
    if (tests->stage.absent.size > 0)
        printf("# these variables are not set and have placeholders: %.*s\n",
               HS_SLICE_ARG(hs_buffer_slice(&tests->stage.absent)));
    for (int i = 0; i < count; i++)
        run_file(tests, files[i]);
    printf("1..%zu\n", tests->count);
    if (junit != NULL && write_junit(tests, junit) < 0)
        return hs_command_fail(tests->command, HS_EXIT_USAGE, "--junit: %s", hs_error_text());
    if (tests->broken)
        return HS_EXIT_USAGE;
    if (tests->count == 0)
        return hs_command_fail(tests->command, HS_EXIT_BAD, "there is no such case");
    return tests->failed > 0 ? HS_EXIT_BAD : HS_EXIT_GOOD;
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    const char *config = NULL, *env_file = NULL, *junit = NULL;
    bool tap = true;
    struct tests tests = {.command = command};
    const struct hs_arg args[] = {
        {"config", 'c', HS_ARG_TEXT, &config, "FILE",
         "Configuration (else $HOOKSTREAM_CONFIG, else /etc/hookstream/hookstream.yaml)."},
        {"env-file", 0, HS_ARG_TEXT, &env_file, "FILE", "NAME=value lines for ${NAME}."},
        {"filter", 0, HS_ARG_TEXT, &tests.filter, "TEXT",
         "Only cases with this text in their name."},
        {"tap", 0, HS_ARG_FLAG, &tap, NULL, "Print TAP 13 (the default)."},
        {"junit", 0, HS_ARG_TEXT, &junit, "FILE", "Write a JUnit report, too."},
        {"update", 0, HS_ARG_FLAG, &tests.update, NULL, "Rewrite recorded outcomes."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    if (first >= argc)
        return hs_command_fail(command, HS_EXIT_USAGE, "name a file with cases; see --help");
    hs_buffer_init(&tests.junit, TEXT_MAX);
    code = hs_stage_open(&tests.stage, command, config, env_file);
    if (code == 0)
        code = run_files(&tests, argc - first, argv + first, junit);
    hs_stage_close(&tests.stage);
    hs_buffer_free(&tests.junit);
    return code;
}
