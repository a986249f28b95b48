/* The http sink against a server that is a script (http_script.h): what is sent, what becomes of
 * the event for each answer, and that the sink continues by itself. */
#include "http/http.h"
#include "http_script.h"
#include "owner.h"

#include <signal.h>

static struct http_script *script;
static struct owner *owner;
static struct hs_http_options options;
static struct hs_pair headers[2];

static void begin(uint64_t in_flight)
{
    signal(SIGPIPE, SIG_IGN);
    owner = owner_create();
    script = script_create(owner->base);
    options = (struct hs_http_options){.sink.kind = HS_SINK_INDEX_http,
                                       .url = script->url,
                                       .timeout_ns = UINT64_C(20000000000),
                                       .in_flight = in_flight};
}

static void open_up(void)
{
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1);
    ck_assert_str_eq(owner->trail, "connecting:start up ");
}

static void end(void)
{
    owner_close(owner);
    script_free(script);
    owner_free(owner);
}

static const struct owner_end *deliver(uint64_t sequence, const char *path)
{
    while (owner_give_one(owner, sequence, path, NULL) == HS_SUBMIT_FULL) {
        size_t rooms = owner->rooms;
        OWNER_WAIT(owner, owner->rooms > rooms);
    }
    OWNER_WAIT(owner, owner_end(owner, sequence, 0)->ended);
    return owner_end(owner, sequence, 0);
}

/* ---- What is sent ---- */

START_TEST(a_request_is_exactly_this)
{
    begin(1);
    headers[0] = (struct hs_pair){.name = "Authorization", .value = "Bearer t"};
    headers[1] = (struct hs_pair){.name = "tenant", .value = "of the sink"};
    options.headers = (struct hs_pairs){headers, 2};
    open_up();
    struct hs_message message = {
        .destination = HS_SLICE("/o/a b%?\xc3\xa9"),
        .body = HS_SLICE("{\"n\":1}"),
        .target = &owner_target,
        .headers = {{HS_SLICE("webhook-id"), HS_SLICE("a\r\nInjected: 1")},
                    {HS_SLICE("ce_type"), HS_SLICE("order")},
                    {HS_SLICE("content-type"), HS_SLICE("application/json")},
                    {HS_SLICE("tenant"), HS_SLICE("of the target")}},
        .header_count = 4,
    };
    ck_assert_int_eq(owner_give(owner, 1, &message, 1), HS_SUBMIT_ACCEPTED);
    OWNER_WAIT(owner, owner->delivered == 1);
    char expected[1024];
    snprintf(expected, sizeof(expected),
             "POST /base/o/a%%20b%%25%%3F%%C3%%A9 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
             "User-Agent: hookstream/" HS_VERSION "\r\nAccept: */*\r\n"
             "Authorization: Bearer t\r\nwebhook-id: a%%0D%%0AInjected: 1\r\nce-type: order\r\n"
             "content-type: application/json\r\ntenant: of the target\r\n"
             "Content-Length: 7\r\n\r\n{\"n\":1}",
             script->port);
    ck_assert_str_eq(script->last, expected);
    end();
}
END_TEST

START_TEST(one_connection_serves_all_in_order_with_one_in_flight)
{
    begin(1);
    open_up();
    owner_give_range(owner, 1, 200, "/");
    OWNER_WAIT(owner, owner->delivered == 200);
    for (uint64_t i = 0; i < 200; i++)
        ck_assert_uint_eq(owner->order[i], i + 1);
    ck_assert_uint_eq(script->accepted, 2); /* with the greeting's */
    end();
}
END_TEST

START_TEST(H2_no_more_than_in_flight_are_on_their_way)
{
    begin(3);
    open_up();
    for (size_t i = 0; i < 3; i++)
        script->answers[i] = SCRIPT_SILENCE;
    for (uint64_t sequence = 1; sequence <= 3; sequence++)
        ck_assert_int_eq(owner_give_one(owner, sequence, "/", NULL), HS_SUBMIT_ACCEPTED);
    ck_assert_int_eq(owner_give_one(owner, 4, "/", NULL), HS_SUBMIT_FULL);
    OWNER_WAIT(owner, script->waiting == 3);
    ck_assert_uint_eq(hs_sink_in_flight(owner->sink), 3);
    end(); /* closing calls nobody: the owner would not take it */
    ck_assert(true);
}
END_TEST

START_TEST(a_parcel_larger_than_in_flight_goes_out_part_by_part)
{
    begin(1);
    open_up();
    struct hs_message messages[HS_PARCEL_MESSAGES_MAX];
    for (unsigned i = 0; i < HS_PARCEL_MESSAGES_MAX; i++)
        messages[i] = (struct hs_message){.part = i,
                                          .destination = HS_SLICE("/x"),
                                          .body = HS_SLICE("{}"),
                                          .target = &owner_target};
    ck_assert_int_eq(owner_give(owner, 1, messages, HS_PARCEL_MESSAGES_MAX), HS_SUBMIT_ACCEPTED);
    ck_assert_int_eq(owner_give_one(owner, 2, "/x", NULL), HS_SUBMIT_FULL);
    OWNER_WAIT(owner, owner->rooms == 1);
    ck_assert_uint_eq(owner->delivered, HS_PARCEL_MESSAGES_MAX);
    ck_assert_uint_eq(script->accepted, 2);
    end();
}
END_TEST

/* ---- What an answer means ---- */

static const struct row {
    int status;
    enum hs_outcome outcome;
    const char *label;
} rows[] = {
    {200, HS_DELIVERED, ""},
    {201, HS_DELIVERED, ""},
    {202, HS_DELIVERED, ""},
    {204, HS_DELIVERED, ""},
    {299, HS_DELIVERED, ""},
    {301, HS_BLOCKED, "redirect"},
    {307, HS_BLOCKED, "redirect"},
    {400, HS_PERMANENT, "bad_request"},
    {401, HS_BLOCKED, "unauthorized"},
    {402, HS_BLOCKED, "refused"},
    {403, HS_BLOCKED, "forbidden"},
    {404, HS_BLOCKED, "not_found"},
    {405, HS_BLOCKED, "method_not_allowed"},
    {408, HS_TRANSIENT, "request_timeout"},
    {409, HS_PERMANENT, "conflict"},
    {410, HS_BLOCKED, "gone"},
    {413, HS_PERMANENT, "too_large"},
    {414, HS_PERMANENT, "too_large"},
    {415, HS_PERMANENT, "content_type"},
    {422, HS_PERMANENT, "unprocessable"},
    {425, HS_TRANSIENT, "too_early"},
    {429, HS_TRANSIENT, "rate_limited"},
    {431, HS_PERMANENT, "too_large"},
    {500, HS_TRANSIENT, "server_error"},
    {503, HS_TRANSIENT, "server_error"},
    {599, HS_TRANSIENT, "server_error"},
    {600, HS_BLOCKED, "refused"},
};

START_TEST(H1_each_status_has_its_outcome)
{
    char answer[256];
    begin(1);
    open_up();
    snprintf(answer, sizeof(answer),
             "HTTP/1.1 %d X\r\nLocation: http://127.0.0.1:%u/other\r\n%s\r\n%s", rows[_i].status,
             script->port, rows[_i].status == 204 ? "" : "Content-Length: 9\r\n",
             rows[_i].status == 204 ? "" : "why\x1b it is");
    script->answers[0] = answer;
    const struct owner_end *first = deliver(1, "/p");
    ck_assert_int_eq(first->outcome, rows[_i].outcome);
    ck_assert_str_eq(first->reason, rows[_i].label);
    if (first->outcome != HS_DELIVERED) {
        char words[64];
        snprintf(words, sizeof(words), "path /p: status %d: ", rows[_i].status);
        ck_assert_ptr_nonnull(strstr(first->detail, words));
        ck_assert_ptr_null(strchr(first->detail, '\x1b'));
    }
    ck_assert_uint_eq(script->requests, 1); /* no redirect is followed */
    ck_assert_int_eq(deliver(2, "/p")->outcome, HS_DELIVERED);
    end();
}
END_TEST

START_TEST(every_row_of_the_tables_is_whole)
{
    size_t counts[2];
    const struct hs_http_error *tables[] = {hs_http_status_table(&counts[0]),
                                            hs_http_code_table(&counts[1])};
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; i < counts[t]; i++) {
            const struct hs_http_error *error = &tables[t][i];
            ck_assert_int_le(error->first, error->last);
            ck_assert_int_ne(error->failure.outcome, HS_DELIVERED);
            ck_assert_uint_gt(strlen(error->failure.label), 0);
            ck_assert_uint_lt(strlen(error->failure.label), 48);
            ck_assert_uint_gt(strlen(error->failure.words), 0);
        }
    ck_assert_int_eq(hs_http_code_failure(CURLE_PEER_FAILED_VERIFICATION)->outcome, HS_BLOCKED);
    ck_assert_int_eq(hs_http_code_failure(CURLE_SSL_CACERT_BADFILE)->outcome, HS_BLOCKED);
    ck_assert_int_eq(hs_http_code_failure(CURLE_SSL_CONNECT_ERROR)->outcome, HS_TRANSIENT);
    ck_assert_int_eq(hs_http_code_failure(CURLE_OUT_OF_MEMORY)->outcome, HS_TRANSIENT);
}
END_TEST

/* Answers that are not whole, whatever their status is (H1). */
static const char *const torn[] = {
    "",
    "HTTP/1.1 200 OK\r\nContent-Le",
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nonly",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
};

START_TEST(H1_an_answer_that_is_not_whole_delivers_nothing)
{
    begin(1);
    open_up();
    script->answers[0] = torn[_i];
    script->cuts[0] = true;
    const struct owner_end *first = deliver(1, "/");
    ck_assert_int_eq(first->outcome, HS_TRANSIENT);
    ck_assert_str_eq(first->reason, "disconnected");
    ck_assert_int_eq(deliver(1, "/")->outcome, HS_DELIVERED);
    ck_assert_str_eq(owner->trail, "connecting:start up connecting:disconnected up ");
    end();
}
END_TEST

START_TEST(what_is_not_http_blocks)
{
    begin(1);
    open_up();
    script->answers[0] = "SSH-2.0-OpenSSH_9.2\r\n\r\n";
    script->cuts[0] = true;
    const struct owner_end *first = deliver(1, "/");
    ck_assert_int_eq(first->outcome, HS_BLOCKED);
    ck_assert_str_eq(first->reason, "protocol");
    end();
}
END_TEST

START_TEST(of_a_long_answer_the_status_counts)
{
    static char answer[1 << 18];
    begin(1);
    open_up();
    int size =
        snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
    memset(answer + size, 'x', 150000);
    script->answers[0] = answer;
    ck_assert_int_eq(deliver(1, "/")->outcome, HS_DELIVERED);
    ck_assert_int_eq(deliver(2, "/")->outcome, HS_DELIVERED);
    end();
}
END_TEST

START_TEST(H3_a_pause_that_is_asked_for_is_kept)
{
    begin(1);
    open_up();
    script->answers[0] = "HTTP/1.1 429 X\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
    script->answers[2] = "HTTP/1.1 503 X\r\nRetry-After: 9999999\r\nContent-Length: 0\r\n\r\n";
    ck_assert_int_eq(deliver(1, "/")->outcome, HS_TRANSIENT);
    ck_assert_int_eq(owner_give_one(owner, 1, "/", NULL), HS_SUBMIT_FULL);
    ck_assert_uint_eq(script->requests, 1);
    ck_assert_int_eq(deliver(1, "/")->outcome, HS_DELIVERED);
    ck_assert_int_eq(owner->state, HS_SINK_UP);
    ck_assert_int_eq(deliver(2, "/")->outcome, HS_TRANSIENT);
    ck_assert_int_eq(owner_give_one(owner, 2, "/", NULL), HS_SUBMIT_FULL);
    ck_assert_int_eq(owner->state, HS_SINK_CONNECTING); /* a long pause is reported */
    end();
}
END_TEST

START_TEST(a_server_that_keeps_failing_is_not_up)
{
    begin(1);
    open_up();
    for (size_t i = 0; i < 3; i++) {
        script->answers[i] = "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n";
        ck_assert_int_eq(owner->state, HS_SINK_UP);
        ck_assert_int_eq(deliver(1, "/")->outcome, HS_TRANSIENT);
    }
    ck_assert_int_eq(owner->state, HS_SINK_CONNECTING);
    ck_assert_str_eq(owner->reason, "server_error");
    ck_assert_int_eq(deliver(1, "/")->outcome, HS_DELIVERED);
    ck_assert_int_eq(owner->state, HS_SINK_UP);
    end();
}
END_TEST

START_TEST(H3_a_server_that_is_down_is_waited_for)
{
    begin(2);
    script_stop(script);
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, strcmp(owner->reason, "connect") == 0);
    ck_assert_uint_eq(owner->resumes, 0);
    ck_assert_int_eq(owner_give_one(owner, 1, "/", NULL), HS_SUBMIT_FULL);
    script_listen(script);
    OWNER_WAIT(owner, owner->resumes == 1 && owner->state == HS_SINK_UP);
    ck_assert_int_eq(deliver(1, "/")->outcome, HS_DELIVERED);
    script_stop(script);
    const struct owner_end *second = deliver(2, "/");
    ck_assert_int_eq(second->outcome, HS_TRANSIENT);
    script_listen(script);
    ck_assert_int_eq(deliver(2, "/")->outcome, HS_DELIVERED);
    ck_assert_uint_eq(owner->resumes, 1);
    end();
}
END_TEST

START_TEST(a_request_without_an_answer_ends_in_time)
{
    begin(1);
    options.timeout_ns = UINT64_C(200000000);
    open_up();
    script->answers[0] = SCRIPT_SILENCE;
    const struct owner_end *first = deliver(1, "/");
    ck_assert_int_eq(first->outcome, HS_TRANSIENT);
    ck_assert_str_eq(first->reason, "timeout");
    script->answers[1] = SCRIPT_SILENCE;
    ck_assert_str_eq(deliver(1, "/")->reason, "timeout");
    ck_assert_int_eq(deliver(1, "/")->outcome, HS_DELIVERED);
    ck_assert_str_eq(owner->trail, "connecting:start up connecting:timeout up ");
    end();
}
END_TEST

/* ---- URLs ---- */

START_TEST(urls_are_taken_or_refused_without_being_repeated)
{
    static const struct {
        const char *text, *path, *expected; /* NULL: refused */
    } cases[] = {
        {"http://h", "/", "http://h/"},
        {"http://h", "/a", "http://h/a"},
        {"https://u:p@h:1/x", "", "https://u:p@h:1/x"},
        {"https://h/x/", "/", "https://h/x/"},
        {"https://h/x/", "/a/b", "https://h/x/a/b"},
        {"https://h/x?k=1#f", "/a", "https://h/x/a?k=1"},
        {"https://h/x?k=1", "/", "https://h/x?k=1"},
        {"https://[::1]:8/x", "/a", "https://[::1]:8/x/a"},
        {"h/secret", "", NULL},
        {"ftp://h/secret", "", NULL},
        {"file:///secret", "", NULL},
        {"http://", "", NULL},
        {"http://h:0/secret", "", NULL},
        {"http://h:99999/secret", "", NULL},
        {"http://h/secret x", "", NULL},
        {"", "", NULL},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        struct hs_http_url url;
        int code = hs_http_url_parse(cases[i].text, &url);
        ck_assert_msg((code == 0) == (cases[i].expected != NULL), "%s", cases[i].text);
        if (code < 0) {
            ck_assert_ptr_null(strstr(hs_error_text(), "secret"));
            continue;
        }
        struct hs_buffer text;
        hs_buffer_init(&text, 1024);
        hs_http_url_append(&url, hs_slice_text(cases[i].path), &text);
        hs_buffer_append_byte(&text, '\0');
        ck_assert_str_eq(text.data, cases[i].expected);
        ck_assert_ptr_null(strstr(url.place, "/x"));
        ck_assert_ptr_null(strchr(url.place, '@'));
        hs_buffer_free(&text);
        hs_http_url_free(&url);
    }
}
END_TEST

START_TEST(no_field_leads_out_of_the_path)
{
    static const char *const bad[] = {"", "a", "/..", "/a/../b", "/.", "/a\n", "/../../admin"};
    static const char *const good[] = {"/", "/a", "/...", "/a..b", "/a b", "/%2e%2e", "//"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(bad); i++)
        ck_assert_msg(hs_http_path_check(hs_slice_text(bad[i])) < 0, "%s", bad[i]);
    for (size_t i = 0; i < HS_ARRAY_SIZE(good); i++)
        ck_assert_msg(hs_http_path_check(hs_slice_text(good[i])) == 0, "%s", good[i]);
    ck_assert_int_lt(hs_http_header_check(HS_SLICE("Content-Length")), 0);
    ck_assert_int_eq(hs_http_header_check(HS_SLICE("tenant")), 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("http");
    tcase_add_test(tcase, a_request_is_exactly_this);
    tcase_add_test(tcase, one_connection_serves_all_in_order_with_one_in_flight);
    tcase_add_test(tcase, H2_no_more_than_in_flight_are_on_their_way);
    tcase_add_test(tcase, a_parcel_larger_than_in_flight_goes_out_part_by_part);
    tcase_add_loop_test(tcase, H1_each_status_has_its_outcome, 0, HS_ARRAY_SIZE(rows));
    tcase_add_test(tcase, every_row_of_the_tables_is_whole);
    tcase_add_loop_test(tcase, H1_an_answer_that_is_not_whole_delivers_nothing, 0,
                        HS_ARRAY_SIZE(torn));
    tcase_add_test(tcase, what_is_not_http_blocks);
    tcase_add_test(tcase, of_a_long_answer_the_status_counts);
    tcase_add_test(tcase, H3_a_pause_that_is_asked_for_is_kept);
    tcase_add_test(tcase, a_server_that_keeps_failing_is_not_up);
    tcase_add_test(tcase, H3_a_server_that_is_down_is_waited_for);
    tcase_add_test(tcase, a_request_without_an_answer_ends_in_time);
    tcase_add_test(tcase, urls_are_taken_or_refused_without_being_repeated);
    tcase_add_test(tcase, no_field_leads_out_of_the_path);
    Suite *suite = suite_create("http sink");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
