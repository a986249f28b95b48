/* The server from a client's view: raw bytes in, exact bytes out, and the owner's callbacks. */
#include "live.h"

static struct client client;

START_TEST(a_connection_is_kept_for_the_next_request)
{
    live_init();
    live_begin(&client);
    for (int i = 0; i < 3; i++) {
        client_say(&client, HELLO("/w"));
        client_expect(&client, OK202);
        live_expect_told("head POST /w; request `hello`; 202; ");
    }
    ck_assert_uint_eq(hs_http_server_connections(live.server), 1);
    live_end(&client);
}
END_TEST

START_TEST(the_date_is_of_today_and_in_the_fixed_form)
{
    live_init();
    live_begin(&client);
    time_t before = time(NULL) - 1;
    client_say(&client, HELLO("/w"));
    char got[512];
    ssize_t size = 0;
    live_until((size = recv(client.socket, got, sizeof(got) - 1, 0)) > 0, "an answer");
    got[size] = '\0';
    const char *date = strstr(got, "\r\nDate: ");
    ck_assert_ptr_nonnull(date);
    struct tm parsed = {0};
    const char *rest = strptime(date, "\r\nDate: %a, %d %b %Y %H:%M:%S GMT", &parsed);
    ck_assert(rest != NULL && strncmp(rest, "\r\n", 2) == 0);
    time_t told = timegm(&parsed);
    ck_assert(told >= before && told <= time(NULL));
    live_end(&client);
}
END_TEST

START_TEST(a_request_in_single_bytes_is_the_same_request)
{
    live_init();
    live_begin(&client);
    static const char bytes[] = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
                                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                                "\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: u\r\n\r\n";
    for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
        client_send(&client, bytes + i, 1);
        live_turn();
    }
    client_expect(&client, ECHO ECHO);
    live_expect_told(
        "head POST /echo; request `hello`; 200; head POST /echo; request `hello`; 200; ");
    live_end(&client);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    live_init();
    live_begin(&client);
    client_say(
        &client,
        POST("/echo", "Content-Length: 1\r\n") "1" POST(
            "/echo",
            "Content-Length: 1\r\n") "2"
                                     "GET /w HTTP/1.1\r\nHost: a\r\n\r\n" POST(
                                         "/echo",
                                         "Transfer-Encoding: chunked\r\n") "1\r\n3\r\n0\r\n\r\n"
                                                                           "POST /echo "
                                                                           "HTTP/1.1\r\nHos");
#define ONE(digit) "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Type: text/plain\r\n\r\n" digit
    client_expect(&client, ONE("1") ONE("2") OK202 ONE("3"));
    client_say(&client, "t: a\r\nContent-Length: 1\r\n\r\n4");
    client_expect(&client, ONE("4"));
    live_end(&client);
}
END_TEST

START_TEST(pipelined_requests_wait_for_an_answer_that_comes_later)
{
    live_init();
    live_begin(&client);
    client_say(&client, HELLO("/later") HELLO("/echo") HELLO("/later"));
    live_expect_told("head POST /later; request `hello`; ");
    client_say(&client, HELLO("/w"));
    live_turn();
    ck_assert(live_told(""));
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    /* Nothing of the next request from within the call. */
    ck_assert(live_told("202; "));
    client_expect(&client, OK202 ECHO);
    live_expect_told(
        "202; head POST /echo; request `hello`; 200; head POST /later; request `hello`; ");
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    client_expect(&client, OK202 OK202);
    live_expect_told("202; head POST /w; request `hello`; 202; ");
    live_end(&client);
}
END_TEST

START_TEST(a_flood_of_pipelined_requests_gives_others_their_turn)
{
    live_init();
    live_begin(&client);
    struct client other;
    client_open(&other);
    live_until(hs_http_server_connections(live.server) == 2, "two connections");
    struct hs_buffer flood;
    hs_buffer_init(&flood, 1 << 20);
    for (int i = 0; i < 1000; i++)
        hs_buffer_append_text(&flood, "GET /w HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert_int_eq(send(client.socket, flood.data, flood.size, 0), (ssize_t)flood.size);
    static const char request[] = "GET /o HTTP/1.1\r\nHost: a\r\n\r\n";
    ck_assert_int_eq(send(other.socket, request, sizeof(request) - 1, 0), sizeof(request) - 1);
    live_until(client_has(&other, strlen(OK202)), "the other's answer");
    /* In the first turn or the next, long before the last of the flood. */
    const char *told = live.told.data, *mine = memmem(told, live.told.size, "GET /o", 6);
    size_t before = 0;
    for (const char *at = told; (at = memmem(at, (size_t)(mine - at), "GET /w", 6)); at++)
        before++;
    ck_assert_uint_le(before, 2 * HS_HTTP_REQUEST_BURST);
    live_until(client_has(&client, 1000 * strlen(OK202)), "all answers");
    ck_assert_uint_eq(client.got.size, 1000 * strlen(OK202));
    hs_buffer_free(&flood);
    client_close(&other);
    live_end(&client);
}
END_TEST

/* How many requests the owner got since the last call; reads their answers. */
static size_t requests_told(void)
{
    size_t count = 0;
    for (size_t i = 0; i + 4 <= live.told.size; i++)
        count += memcmp(live.told.data + i, "202;", 4) == 0;
    hs_buffer_clear(&live.told);
    client_read(&client);
    hs_buffer_clear(&client.got);
    return count;
}

START_TEST(what_comes_early_is_read_only_up_to_a_bound)
{
    live_init();
    live_begin(&client);
    client_say(&client, HELLO("/later"));
    live_expect_told("head POST /later; request `hello`; ");
    char *bytes = malloc(32 << 20);
    size_t offered = 0;
    static const char request[] = "GET /w HTTP/1.1\r\nHost: a\r\n\r\n";
    for (size_t i = 0; i < 32u << 20; i++)
        bytes[i] = request[i % (sizeof(request) - 1)];
    /* Until neither side takes more; then much later than that. */
    for (int full = 0; full < 1000 && offered < 32u << 20;) {
        ssize_t sent = send(client.socket, bytes + offered, (32u << 20) - offered, MSG_NOSIGNAL);
        full = sent > 0 ? 0 : full + 1;
        offered += sent > 0 ? (size_t)sent : 0;
        live_turn();
    }
    ck_assert_uint_lt(offered, 32u << 20);
    ck_assert_int_le(live.memory_most, 2 * HS_HTTP_AHEAD_MAX);
    /* Reading continues after the answer. */
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    size_t handled = 0, kept = 2 * HS_HTTP_AHEAD_MAX / (sizeof(request) - 1);
    live_until((handled += requests_told()) > kept, "more requests than were kept");
    free(bytes);
    live_end(&client);
}
END_TEST

START_TEST(http_1_0_closes_unless_asked_not_to)
{
    live_init();
    live_begin(&client);
    client_say(&client,
               "POST /w HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello");
    client_expect(&client,
                  "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
    client_say(&client, "GET /echo HTTP/1.0\r\n\r\n");
    client_expect(&client, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n"
                           "Content-Type: text/plain\r\n\r\n");
    client_expect_end(&client);
    live_until(hs_http_server_connections(live.server) == 0, "no connection");
    live_end(&client);
}
END_TEST

START_TEST(connection_close_is_kept_on_both_sides)
{
    live_init();
    live_begin(&client);
    client_say(&client, POST("/w", "Connection: close\r\n"));
    client_expect(&client, OK202_CLOSE);
    client_expect_end(&client);
    struct client other;
    client_open(&other);
    client_say(&other, HELLO("/close") HELLO("/w")); /* the second comes after the end */
    client_expect(&other, OK202_CLOSE);
    client_expect_end(&other);
    live_expect_told("head POST /w; request ``; 202; head POST /close; request `hello`; 202; ");
    client_close(&other);
    live_end(&client);
}
END_TEST

START_TEST(head_is_answered_without_the_body)
{
    live_init();
    live.big = hs_slice(calloc(1, 100000), 100000);
    live_begin(&client);
    client_say(&client,
               "HEAD /big HTTP/1.1\r\nHost: a\r\n\r\nHEAD /full HTTP/1.1\r\nHost: a\r\n\r\n"
               "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
    client_expect(&client,
                  "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
                  "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 98\r\n"
                  "Content-Type: application/problem+json\r\nRetry-After: 7\r\nX-A: b\r\n\r\n"
                  "HTTP/1.1 204 No Content\r\n\r\n");
    free((void *)live.big.data);
    live_end(&client);
}
END_TEST

START_TEST(a_problem_is_json_with_its_fields)
{
    live_init();
    live_begin(&client);
    client_say(&client, "GET /full HTTP/1.1\r\nHost: a\r\n\r\n");
    client_expect(&client,
                  "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 98\r\n"
                  "Content-Type: application/problem+json\r\nRetry-After: 7\r\nX-A: b\r\n\r\n"
                  "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
                  "\"detail\":\"a \\\"full\\\" disk\\u000a\"}");
    live_end(&client);
}
END_TEST

/* ---- Expect and early answers ---- */

START_TEST(continue_is_sent_when_asked_for_and_the_body_is_awaited)
{
    live_init();
    live_begin(&client);
    client_say(&client, POST("/echo", "Content-Length: 5\r\nExpect: 100-continue\r\n"));
    client_expect(&client, "HTTP/1.1 100 Continue\r\n\r\n");
    client_say(&client, "hello");
    client_expect(&client, ECHO);
    client_say(&client, POST("/echo", "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"));
    client_expect(&client, "HTTP/1.1 100 Continue\r\n\r\n");
    client_say(&client, "5\r\nhello\r\n0\r\n\r\n");
    client_expect(&client, ECHO);
    /* Some or all of the body has arrived already: no need. */
    client_say(&client, POST("/echo", "Content-Length: 5\r\nExpect: 100-continue\r\n") "he");
    live_turn();
    client_say(&client, "llo");
    client_expect(&client, ECHO);
    client_say(&client, POST("/echo", "Content-Length: 5\r\nExpect: 100-continue\r\n") "hello");
    client_expect(&client, ECHO);
    /* There is no body. */
    client_say(&client, POST("/w", "Content-Length: 0\r\nExpect: 100-continue\r\n"));
    client_expect(&client, OK202);
    live_end(&client);
}
END_TEST

#define NOT_FOUND(connection)                                                                      \
    "HTTP/1.1 404 Not Found\r\nContent-Length: 79\r\n" connection                                  \
    "Content-Type: application/problem+json\r\n\r\n"                                               \
    "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"detail\":\"no such "       \
    "path\"}"

START_TEST(an_owner_that_refuses_the_head_is_not_given_the_body)
{
    live_init();
    live_begin(&client);
    /* No body, or all of it has arrived: the connection stays open. */
    client_say(&client, "GET /unknown HTTP/1.1\r\nHost: a\r\n\r\n" HELLO("/unknown") HELLO("/w"));
    client_expect(&client, NOT_FOUND("") NOT_FOUND("") OK202);
    live_expect_told("head GET /unknown; 404; head POST /unknown; 404; "
                     "head POST /w; request `hello`; 202; ");
    /* No 100 Continue, and the connection ends. */
    client_say(&client, POST("/unknown", "Content-Length: 5\r\nExpect: 100-continue\r\n"));
    client_expect(&client, NOT_FOUND("Connection: close\r\n"));
    client_expect_end(&client);
    /* A chunked body is not searched for its end. */
    struct client other;
    client_open(&other);
    client_say(&other, POST("/unknown", "Transfer-Encoding: chunked\r\n") "0\r\n\r\n" HELLO("/w"));
    client_expect(&other, NOT_FOUND("Connection: close\r\n"));
    client_expect_end(&other);
    live_expect_told("head POST /unknown; 404; head POST /unknown; 404; ");
    client_close(&other);
    live_end(&client);
}
END_TEST

START_TEST(a_refused_client_that_goes_on_sending_reads_its_answer)
{
    live_init();
    live.limits.body_size = 1000;
    live_begin(&client);
    static char body[500000];
    client_say(&client, POST("/w", "Content-Length: 500000\r\n"));
    client_send(&client, body, sizeof(body)); /* asserts that no send fails */
    client_expect(&client, PROBLEM("413 Content Too Large", "107", "",
                                   "\"title\":\"Content Too Large\",\"status\":413,"
                                   "\"detail\":\"the body is larger than accepted\"}"));
    client_expect_end(&client);
    live_expect_told("head POST /w; 413 body_too_large; abandoned; ");
    live_end(&client);
    ck_assert_int_eq(live.memory_most, 0);
}
END_TEST

START_TEST(lingering_has_an_end_in_bytes)
{
    live_init();
    live_begin(&client);
    client_say(&client, "nonsense\r\n\r\n");
    live_expect_told("400 bad_request alone; ");
    static char bytes[65536];
    size_t sent = 0;
    /* As fast as possible: the other bound, on time, would allow far more. */
    while (hs_http_server_connections(live.server) > 0) {
        ssize_t step = send(client.socket, bytes, sizeof(bytes), MSG_NOSIGNAL);
        sent += step > 0 ? (size_t)step : 0;
        live_turn();
    }
    ck_assert_uint_le(sent, HS_HTTP_LINGER_BYTES + (16u << 20)); /* and what sockets hold */
    ck_assert_uint_ge(sent, HS_HTTP_LINGER_BYTES);
    live_end(&client);
}
END_TEST

START_TEST(lingering_has_an_end_in_time)
{
    live_init();
    live_begin(&client);
    client_say(&client, "nonsense\r\n\r\n");
    live_expect_told("400 bad_request alone; ");
    live_until(hs_http_server_connections(live.server) == 0, "the end of lingering");
    live_end(&client);
}
END_TEST

/* ---- Refusals on the wire ---- */

START_TEST(nothing_after_a_bad_request_is_read_as_a_request)
{
    live_init();
    live_begin(&client);
    client_say(&client, "GET / HTTP/1.1\r\nHost : a\r\n\r\n" HELLO("/w"));
    client_expect(&client, PROBLEM("400 Bad Request", "117", "",
                                   "\"title\":\"Bad Request\",\"status\":400,\"detail\":"
                                   "\"line 2 of the head: white space before the colon\"}"));
    ck_assert_int_eq(live.memory, 0);
    client_say(&client, HELLO("/w"));
    client_expect_end(&client);
    live_expect_told("400 bad_request alone; ");
    live_end(&client);
}
END_TEST

START_TEST(a_bad_chunk_ends_the_connection)
{
    live_init();
    live_begin(&client);
    client_say(&client, POST("/w", "Transfer-Encoding: chunked\r\n") "5\r\nhel");
    live_expect_told("head POST /w; ");
    client_say(&client, "loX" HELLO("/w"));
    client_expect(&client, PROBLEM("400 Bad Request", "100", "",
                                   "\"title\":\"Bad Request\",\"status\":400,\"detail\":"
                                   "\"chunked body: CRLF was expected\"}"));
    client_expect_end(&client);
    live_expect_told("400 bad_request; abandoned; ");
    live_end(&client);
}
END_TEST

struct refused {
    struct hs_slice bytes;
    const char *status, *told;
};

START_TEST(each_refusal_has_its_status)
{
    const struct refused rows[] = {
        {HS_SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "505 HTTP", "505 bad_version alone; "},
        {HS_SLICE("GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n"), "417 Exp",
         "417 bad_expect alone; "},
        {HS_SLICE("GET / HTTP/1.1\r\n\r\n"), "400 Bad", "400 bad_request alone; "},
        {HS_SLICE("\x16\x03\x01"), "400 Bad", "400 bad_request alone; "},
        {HS_SLICE(POST("/w", "Content-Length: 1048577\r\n")), "413 Con",
         "head POST /w; 413 body_too_large; abandoned; "},
        {HS_SLICE(POST("/w", "Transfer-Encoding: chunked\r\n") "100001\r\n"), "413 Con",
         "head POST /w; 413 body_too_large; abandoned; "},
    };
    live_init();
    live_start();
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        client_open(&client);
        client_send(&client, rows[i].bytes.data, rows[i].bytes.size);
        live_until(client_has(&client, 30), rows[i].status);
        ck_assert_int_eq(memcmp(client.got.data + 9, rows[i].status, 7), 0);
        live_expect_told(rows[i].told);
        client_close(&client);
    }
    live_stop();
}
END_TEST

START_TEST(a_head_too_large_is_431_before_it_ends)
{
    live_init();
    live.limits.header_size = 1000;
    live_begin(&client);
    static char x[999];
    memset(x, 'x', sizeof(x));
    client_send(&client, x, sizeof(x));
    live_turn();
    ck_assert(live_told(""));
    client_send(&client, x, 1);
    live_expect_told("431 head_too_large alone; ");
    live_end(&client);
}
END_TEST

HS_TEST_MAIN("http server", a_connection_is_kept_for_the_next_request,
             the_date_is_of_today_and_in_the_fixed_form,
             a_request_in_single_bytes_is_the_same_request,
             pipelined_requests_are_answered_in_order,
             pipelined_requests_wait_for_an_answer_that_comes_later,
             a_flood_of_pipelined_requests_gives_others_their_turn,
             what_comes_early_is_read_only_up_to_a_bound, http_1_0_closes_unless_asked_not_to,
             connection_close_is_kept_on_both_sides, head_is_answered_without_the_body,
             a_problem_is_json_with_its_fields,
             continue_is_sent_when_asked_for_and_the_body_is_awaited,
             an_owner_that_refuses_the_head_is_not_given_the_body,
             a_refused_client_that_goes_on_sending_reads_its_answer, lingering_has_an_end_in_bytes,
             lingering_has_an_end_in_time, nothing_after_a_bad_request_is_read_as_a_request,
             a_bad_chunk_ends_the_connection, each_refusal_has_its_status,
             a_head_too_large_is_431_before_it_ends)
