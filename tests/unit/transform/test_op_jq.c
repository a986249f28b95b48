/* jq: what a program can do, what it cannot, and what happens to hostile ones. Each runs in
 * processes that are this test program itself. */
#include "rows.h"

#include "jq/jq_process.h"
#include "sanitized.h"
#include "words.h"

#include <hookstream/jq_serve.h>

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

START_TEST(test_a_program_edits_the_event_or_a_field)
{
    static const struct row rows[] = {
        ROW("{\"id\":\"e\",\"data\":{\"items\":[1,2,3]}}",
            "- jq: \".data.total = (.data.items | length)\"",
            "{\"id\":\"e\",\"data\":{\"items\":[1,2,3],\"total\":3}}"),
        /* Only the field is rewritten. */
        ROW("{ \"id\" : 1.0, \"data\": {\"items\": [3, 1 ,2]} }",
            "- jq: {program: sort, field: data.items}",
            "{ \"id\" : 1.0, \"data\": {\"items\": [1,2,3]} }"),
        ROW("{\"l\":[{\"x\":\"a\"},{\"x\":\"b\"},{}]}",
            "- jq: {program: ascii_upcase, field: \"l[*].x\"}",
            "{\"l\":[{\"x\":\"A\"},{\"x\":\"B\"},{}]}"),
        ROW("{\"l\":[{\"x\":1},{\"x\":2}],\"y\":7}",
            "- for: \"l[*]\"\n  jq: {program: \".x += 1\", field: item}",
            "{\"l\":[{\"x\":2},{\"x\":3}],\"y\":7}"),
        ROW("{\"x\":1}", "- jq: {program: error, field: data.none}", "{\"x\":1}"),
        ROW("{\"x\":1}", "- jq: .\n  when: data.y exists", "{\"x\":1}"),
        ROW("{\"x\":{\"y\":1}}", "- jq: {program: \"[.y, null]\", field: x}\n- copy: {x: z}",
            "{\"x\":[1,null],\"z\":[1,null]}"),
        ROW("{\"a\":[1,2]}", "- jq: |\n    # a comment\n    def f: map(. * 2);\n    .a |= f",
            "{\"a\":[2,4]}"),
        ROW("{\"a\":\"x\"}", "- jq: \".now = (0 | strftime(\\\"%Y %Z\\\"))\"",
            "{\"a\":\"x\",\"now\":\"1970 UTC\"}"),
        /* One process for many events, and several programs in sequence. */
        ROW("{\"n\":0}", "- jq: .n += 1\n- jq: .n += 1\n- jq: .n *= 10", "{\"n\":20}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_what_it_leaves_keeps_its_bytes)
{
    static const struct row rows[] = {
        /* Digits, exponents, escapes, lone surrogates, members and their order. */
        ROW("{\"z\":12345678901234567890,\"a\":1.10,\"e\":1e2,\"b\":\"\\u00e9\\ud83d\\/\","
            "\"\\u006e\":-0,\"h\":1e400,\"l\":[1.0,{\"x\":2.50}],\"s\":\"\\u0000\"}",
            "- jq: \".new = 1\"",
            "{\"z\":12345678901234567890,\"a\":1.10,\"e\":1e2,\"b\":\"\\u00e9\\ud83d\\/\","
            "\"\\u006e\":-0,\"h\":1e400,\"l\":[1.0,{\"x\":2.50}],\"s\":\"\\u0000\",\"new\":1}"),
        ROW("{\"a\":1.0,\"b\":2.0,\"c\":3.0}", "- jq: \"del(.b)\"", "{\"a\":1.0,\"c\":3.0}"),
        ROW("{\"a\":1.0,\"b\":2.0,\"c\":3.0}", "- jq: \"{c, a}\"", "{\"c\":3.0,\"a\":1.0}"),
        /* At another place a number that no double holds is recognised. */
        ROW("{\"id\":12345678901234567890,\"n\":1.10}", "- jq: \"{was: .id, m: (.n + 0)}\"",
            "{\"was\":12345678901234567890,\"m\":1.1}"),
        /* If two numbers map to the same double, neither is restored. */
        ROW("{\"a\":9007199254740993,\"b\":9007199254740992}", "- jq: \"{a, c: (.b + 0)}\"",
            "{\"a\":9007199254740993,\"c\":9007199254740992}"),
        ROW("{\"a\":1.50}", "- jq: \".a += 1\"", "{\"a\":2.5}"),
        /* A different kind at the path. */
        ROW("{\"a\":[1.0],\"b\":{\"x\":1.0}}", "- jq: \".a = {x: 1} | .b = [1]\"",
            "{\"a\":{\"x\":1},\"b\":[1]}"),
        /* Of duplicate members jq keeps the last, and rewrites it. */
        ROW("{\"a\":1,\"a\":2}", "- jq: \".\"", "{\"a\":2}"),
        ROW("{\"a\":{},\"b\":[]}", "- jq: \".\"", "{\"a\":{},\"b\":[]}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_results_that_cannot_be)
{
    static const struct failing_row rows[] = {
        {"{\"x\":1}", "- jq: empty", -EINVAL, "jq: the program produced no result"},
        {"{\"x\":1}", "- jq: error(null)", -EINVAL, "jq: "},
        {"{\"x\":1}", "- jq: \"., .\"", -EINVAL, "jq: the program produced more than one result"},
        {"{\"x\":1}", "- jq: \"., error(\\\"late\\\")\"", -EINVAL, "jq: late"},
        {"{\"x\":1}", "- jq: halt", -EINVAL, "jq: the program halted"},
        {"{\"x\":1}", "- jq: \"., halt\"", -EINVAL, "jq: the program halted"},
        {"{\"x\":1}", "- jq: \"halt_error(3)\"", -EINVAL, "jq: the program halted"},
        {"{\"x\":1}", "- jq: .x", -EINVAL, "jq: the result is not an object"},
        {"{\"x\":1}", "- jq: \"error({a: 1})\"", -EINVAL, "an error that is not a text"},
        {"{\"x\":1}", "- jq: \"error(\\\"too bad\\\")\"", -EINVAL, "jq: too bad"},
        {"{\"x\":1}", "- jq: {program: \".y.z\", field: x}", -EINVAL,
         "jq x: Cannot index number with "},
        {"{\"x\":1}", "- jq: \"reduce range(70) as $i (.; {a: .})\"", -E2BIG, "nested too deep"},
        {"{\"x\":1}", "- jq: \"getpath([\\\"x\\\", 0])\"", -EINVAL, "jq: Cannot index number"},
    };
    rows_check_failures(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

/* Secrets in the environment, files and other input are inaccessible. */
START_TEST(test_there_is_nothing_but_the_event)
{
    static const struct row rows[] = {
        ROW("{}", "- jq: \"{v: [env.HS_TEST_SECRET, $ENV.HS_TEST_SECRET]}\"",
            "{\"v\":[null,null]}"),
        ROW("{}", "- jq: \"{v: (env | keys)}\"", "{\"v\":[\"TZ\"]}"),
        ROW("{}", "- jq: \"{v: [inputs]}\"", "{\"v\":[]}"),
        ROW("{}", "- jq: \"{v: (try input catch \\\"none\\\")}\"", "{\"v\":\"none\"}"),
        ROW("{}", "- jq: \"{v: input_filename}\"", "{\"v\":null}"),
        ROW("{\"x\":1}", "- jq: \"debug | stderr\"", "{\"x\":1}"),
        ROW("{\"x\":1}", "- jq: \".x = (try (\\\"a\\\" | modulemeta) catch 2)\"", "{\"x\":2}"),
    };
    setenv("HS_TEST_SECRET", "hunter2", 1);
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_a_program_that_jq_cannot_read_is_a_finding)
{
    static const struct finding_row rows[] = {
        {"- jq: \".a |\"", 2, 7, "jq cannot read this program: syntax error, unexpected"},
        {"- jq: {program: \".a + foo(1)\", field: data}", 2, 17, "foo/1 is not defined at line 1"},
        {"- jq: \"import \\\"a\\\" as a; .\"", 2, 7, "jq cannot read this program: "},
        {"- jq: \"include \\\"a\\\"; .\"", 2, 7, "jq cannot read this program: "},
        {"- jq: \"$__prog_args\"", 2, 7, "jq cannot read this program: "},
        {"- jq: \"${SECRET}\"", 2, 7, "jq cannot read this program"},
        {"- jq: {field: data}", 2, 7, "program"},
        {"- jq: {program: ., field: \"data[\"}", 2, 27, "data["},
        {"- jq: {program: ., timeout: 1h}", 2, 29, "timeout"},
        {"- jq: {program: ., memory: 2GiB}", 2, 28, "memory"},
        {"- for: \"l[*]\"\n  jq: .", 2, 8, "begin with `item`"},
    };
    rows_check_findings(rows, HS_ARRAY_SIZE(rows));
    struct hs_config *config = edit_config("transform:\n- jq: \"${SECRET} |\"\n");
    ck_assert_ptr_null(
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform")));
    ck_assert_ptr_null(strstr(hs_config_findings(config)->items[0].message, "hunter2"));
    hs_config_free(config);
}
END_TEST

/* ---- Attacks ---- */

/* Whatever the program does, it ends as an error of its event, and the next one works. */
START_TEST(test_no_program_hangs_or_ends_the_one_who_asked)
{
    static const struct {
        const char *program;
        int code, or_code;
    } rows[] = {
        {"def f: f; f", -ETIME, -ENOMEM}, /* a call in tail position takes no memory */
        {"[range(1000000000)]", -ENOMEM, -ETIME},
        {"reduce range(1000000000) as $i (0; . + 1)", -ETIME, 0},
        {"last(range(1000000000))", -ETIME, 0},
        {"def f: 1 + f; f", -ENOMEM, -ETIME},
        {"def f: [f]; f", -ENOMEM, -ETIME},
        {"reduce range(10000000) as $i (0; [.])", -ENOMEM, -ETIME},
        {"(.x * 1000000000)", -ENOMEM, -EIO},
        {"[limit(100000000; repeat(1))]", -ENOMEM, -ETIME},
        {"until(false; . + .)", -ENOMEM, -ETIME},
        {"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" | test(\"(a|aa|a?)*(a|aa)*b\")",
         -ETIME, 0},
        {"setpath([1000000000]; 1)", -ENOMEM, -EINVAL},
        {"[paths(..)] | recurse(.[]?) | error", -ETIME, -EINVAL},
        {"input_line_number", 0, -EINVAL},
        {"[splits(\"\")]", 0, -EINVAL},
        {"@json \"\\(infinite)\"", 0, -EINVAL},
        {"get_search_list", 0, -EINVAL},
        {"ltrimstr(1)", 0, 0},
        {"implode", -EINVAL, -EIO},
        {"[1114112, -1] | implode", 0, -EIO},
        {"strptime(\"%\" * 1000)", -EINVAL, -EIO},
        {"-1 | gmtime | mktime", 0, -EINVAL},
        {"1e300 | gmtime | todate", 0, -EINVAL},
    };
    const struct hs_jq_limits limits = {200000000, 16u << 20};
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        /* A sanitizer's allocator does not fail as libc's does: it ends the process, or hangs in
         * its report. */
        if (SANITIZED && (rows[i].code == -ENOMEM || rows[i].or_code == -ENOMEM))
            continue;
        struct hs_jq_process *process =
            hs_jq_process_create(hs_slice_text(rows[i].program), &limits);
        struct hs_slice result;
        for (int again = 0; again < 2; again++) {
            int code = hs_jq_process_run(process, HS_SLICE("\"xyz\""), &result);
            /* An error that jq raises, or a crash of libjq, also belongs to the event. */
            ck_assert_msg(code == rows[i].code || code == rows[i].or_code || code == -EINVAL ||
                              code == -EIO,
                          "%s: %d: %s", rows[i].program, code, hs_error_text());
        }
        hs_jq_process_free(process);
    }
    static const struct row fine[] = {ROW("{\"x\":1}", "- jq: \".\"", "{\"x\":1}")};
    rows_check(fine, 1);
}
END_TEST

START_TEST(test_bounds_are_told_in_words)
{
    static const struct failing_row rows[] = {
        {"{\"x\":1}", "- jq: {program: \"def f: f; f\", timeout: 100ms}", -ETIME,
         "jq: the program did not end within `timeout`, 100 ms of CPU"},
        {"{\"x\":1}", "- jq: {program: \"[range(1e9)]\", field: x, timeout: 20s, memory: 16MiB}",
         -ENOMEM, "jq x: the program needs more than `memory`, 16384 KiB"},
    };
    rows_check_failures(rows, SANITIZED ? 1 : HS_ARRAY_SIZE(rows)); /* the second is about memory */
}
END_TEST

/* ---- Its process ---- */

/* The only child of this process that serves jq; 0: none. */
static pid_t find_child(void)
{
    char path[64];
    unsigned child = 0;
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    if (fscanf(file, "%u", &child) != 1)
        child = 0;
    fclose(file);
    return (pid_t)child;
}

START_TEST(test_one_that_is_ended_from_outside_is_started_again)
{
    const struct hs_jq_limits limits = {1000000000, 64u << 20};
    struct hs_jq_process *process = hs_jq_process_create(HS_SLICE(". + 1"), &limits);
    struct hs_slice result;
    static const int signals[] = {SIGKILL, SIGTERM, SIGHUP};
    ck_assert_int_eq(find_child(), 0);
    for (size_t i = 0; i < HS_ARRAY_SIZE(signals); i++) {
        ck_assert_int_eq(hs_jq_process_run(process, HS_SLICE("1"), &result), 0);
        ck_assert(hs_slice_equal(result, HS_SLICE("2")));
        pid_t child = find_child();
        ck_assert_int_ne(child, 0);
        ck_assert_int_eq(kill(child, signals[i]), 0);
        ck_assert_int_eq(hs_jq_process_run(process, HS_SLICE("2"), &result), 0);
        ck_assert(hs_slice_equal(result, HS_SLICE("3")));
        ck_assert_int_ne(find_child(), child);
    }
    hs_jq_process_free(process);
    ck_assert_int_eq(find_child(), 0);
}
END_TEST

/* Without a free descriptor no process can be started. That is not the event's fault, so `on_error:
 * skip` does not apply. */
START_TEST(test_one_that_cannot_be_started_is_for_later)
{
    static const char *const lists[] = {
        "- jq: .x += 1", "- jq: .x += 1\n  on_error: skip",
        "- for: \"l[*]\"\n  jq: {program: \".x += 1\", field: item}\n  on_error: skip"};
    struct hs_slice body = HS_SLICE("{\"x\":1,\"l\":[{\"x\":1}]}");
    struct rlimit few, before;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 3;
    for (size_t i = 0; i < HS_ARRAY_SIZE(lists); i++) {
        struct hs_buffer made;
        hs_buffer_init(&made, 1 << 20);
        ck_assert_int_eq(rows_edit(body, lists[i], &made), 0); /* jq reads the program once */
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
        ck_assert_int_eq(rows_edit(body, lists[i], &made), -EAGAIN);
        ck_assert_ptr_nonnull(strstr(hs_error_text(), "check hookstream's limits"));
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
        ck_assert_int_eq(rows_edit(body, lists[i], &made), 0);
        hs_buffer_free(&made);
    }
}
END_TEST

START_TEST(test_it_holds_nothing_of_ours)
{
    const struct hs_jq_limits limits = {1000000000, 64u << 20};
    struct hs_jq_process *process = hs_jq_process_create(HS_SLICE("."), &limits);
    struct hs_slice result;
    char path[64];
    ck_assert_int_ge(dup2(1, 100), 0); /* one that is not closed on exec */
    ck_assert_int_eq(hs_jq_process_run(process, HS_SLICE("[1]"), &result), 0);
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)find_child());
    DIR *folder = opendir(path);
    ck_assert_ptr_nonnull(folder);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.') {
            count++;
            ck_assert_int_le(strtol(entry->d_name, NULL, 10), 3);
        }
    ck_assert_uint_eq(count, 4); /* the socket, /dev/null twice, /proc/self/statm */
    closedir(folder);
    close(100);
    hs_jq_process_free(process);
}
END_TEST

START_TEST(test_events_of_a_mebibyte_go_through)
{
    size_t size = 1u << 20;
    char *body = malloc(size);
    memset(body, 'x', size);
    memcpy(body, "{\"data\":\"", 9);
    memcpy(body + size - 2, "\"}", 2);
    struct hs_buffer made;
    hs_buffer_init(&made, 4u << 20);
    int code = rows_edit(hs_slice(body, size), "- jq: \".n = (.data | length)\"", &made);
    ck_assert_msg(code == 0, "%s", hs_error_text());
    ck_assert_uint_eq(made.size, size + 12);
    ck_assert_int_eq(memcmp(made.data, body, size - 1), 0);
    ck_assert(hs_slice_equal(hs_slice(made.data + size - 1, 13), HS_SLICE(",\"n\":1048565}")));
    hs_buffer_free(&made);
    free(body);
}
END_TEST

START_TEST(test_its_words_show_no_value)
{
    static const struct {
        const char *message, *program, *want;
    } rows[] = {
        {"Cannot index number with \"price\"", ".a.price", "Cannot index number with \"price\""},
        {"Cannot index number with \"ann@x\"", ".a[.b]", "Cannot index number with \"...\""},
        {"string (\"ann@exam...) and number (1) cannot be added", ".a + 1",
         "string (...) cannot be added"},
        {"date \"2015\" does not match format \"%Y\"", "strptime(\"%Y\")", "date \"...\""},
        {"a\nb (\"c\")", "", "a"},
        {"string (\"a)b) \"c", "", "string (...\"c"},
        {"\"a (b\" c) d", "", "\"...) d"},
        {"too bad", "", "too bad"},
        {"", "", ""},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_buffer words;
        hs_buffer_init(&words, 1000);
        hs_jq_run_words(hs_slice_text(rows[i].message), hs_slice_text(rows[i].program), &words);
        ck_assert_msg(hs_slice_equal(hs_buffer_slice(&words), hs_slice_text(rows[i].want)),
                      "%s: %.*s", rows[i].message, (int)words.size, words.data);
        hs_buffer_free(&words);
    }
}
END_TEST

START_TEST(test_the_version_is_known)
{
    ck_assert_msg(strstr(hs_jq_version(), "1.") == hs_jq_version(), "%s", hs_jq_version());
}
END_TEST

HS_TEST_MAIN("jq", test_a_program_edits_the_event_or_a_field, test_what_it_leaves_keeps_its_bytes,
             test_results_that_cannot_be, test_there_is_nothing_but_the_event,
             test_a_program_that_jq_cannot_read_is_a_finding,
             test_no_program_hangs_or_ends_the_one_who_asked, test_bounds_are_told_in_words,
             test_one_that_is_ended_from_outside_is_started_again,
             test_one_that_cannot_be_started_is_for_later, test_it_holds_nothing_of_ours,
             test_events_of_a_mebibyte_go_through, test_its_words_show_no_value,
             test_the_version_is_known)
