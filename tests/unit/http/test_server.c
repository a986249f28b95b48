/* The server as a client sees it: raw bytes in, exact bytes out, and what the owner is told
 * meanwhile. */
#include "live.h"

#define OK202 "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
#define OK202_CLOSE "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define POST(path, fields) "POST " path " HTTP/1.1\r\nHost: a\r\n" fields "\r\n"
#define HELLO(path) POST(path, "Content-Length: 5\r\n") "hello"
#define PROBLEM(status, length, retry, rest)                                                       \
    "HTTP/1.1 " status "\r\nContent-Length: " length "\r\nConnection: close\r\n"                   \
    "Content-Type: application/problem+json\r\n" retry "\r\n"                                      \
    "{\"type\":\"about:blank\"," rest

static struct client client;

static void begin(void)
{
    live_start();
    client_open(&client);
}

static void end(void)
{
    client_close(&client);
    live_stop();
}

START_TEST(a_connection_is_kept_for_the_next_request)
{
    live_init();
    begin();
    for (int i = 0; i < 3; i++) {
        client_say(&client, HELLO("/w"));
        client_expect(&client, OK202);
        live_expect_told("head POST /w; request `hello`; 202; ");
    }
    ck_assert_uint_eq(hs_http_server_connections(live.server), 1);
    end();
}
END_TEST

START_TEST(the_date_is_of_today_and_in_the_fixed_form)
{
    live_init();
    begin();
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
    end();
}
END_TEST

START_TEST(a_request_in_single_bytes_is_the_same_request)
{
    live_init();
    begin();
    static const char bytes[] = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
                                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                                "\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: u\r\n\r\n";
    for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
        client_send(&client, bytes + i, 1);
        live_turn();
    }
#define ECHO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello"
    client_expect(&client, ECHO ECHO);
    live_expect_told("head POST /echo; request `hello`; 200; head POST /echo; request `hello`; 200; ");
    end();
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    live_init();
    begin();
    client_say(&client, POST("/echo", "Content-Length: 1\r\n") "1"
                        POST("/echo", "Content-Length: 1\r\n") "2"
                        "GET /w HTTP/1.1\r\nHost: a\r\n\r\n"
                        POST("/echo", "Transfer-Encoding: chunked\r\n") "1\r\n3\r\n0\r\n\r\n"
                        "POST /echo HTTP/1.1\r\nHos");
#define ONE(digit) "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Type: text/plain\r\n\r\n" digit
    client_expect(&client, ONE("1") ONE("2") OK202 ONE("3"));
    client_say(&client, "t: a\r\nContent-Length: 1\r\n\r\n4");
    client_expect(&client, ONE("4"));
    end();
}
END_TEST

START_TEST(pipelined_requests_wait_for_an_answer_that_comes_later)
{
    live_init();
    begin();
    client_say(&client, HELLO("/later") HELLO("/echo") HELLO("/later"));
    live_expect_told("head POST /later; request `hello`; ");
    client_say(&client, HELLO("/w"));
    live_turn();
    ck_assert(live_told(""));
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    /* Nothing of the next request from within the call. */
    ck_assert(live_told("202; "));
    client_expect(&client, OK202 ECHO);
    live_expect_told("202; head POST /echo; request `hello`; 200; head POST /later; request `hello`; ");
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    client_expect(&client, OK202 OK202);
    live_expect_told("202; head POST /w; request `hello`; 202; ");
    end();
}
END_TEST

START_TEST(a_flood_of_pipelined_requests_gives_others_their_turn)
{
    live_init();
    begin();
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
    /* In the first turn or the one after it, long before the last of the flood. */
    const char *told = live.told.data, *mine = memmem(told, live.told.size, "GET /o", 6);
    size_t before = 0;
    for (const char *at = told; (at = memmem(at, (size_t)(mine - at), "GET /w", 6)); at++)
        before++;
    ck_assert_uint_le(before, 2 * HS_HTTP_REQUEST_BURST);
    live_until(client_has(&client, 1000 * strlen(OK202)), "all answers");
    ck_assert_uint_eq(client.got.size, 1000 * strlen(OK202));
    hs_buffer_free(&flood);
    client_close(&other);
    end();
}
END_TEST

/* How many requests the owner was told of since the last call; reads their answers. */
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
    begin();
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
    /* Reading goes on after the answer. */
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    size_t handled = 0, kept = 2 * HS_HTTP_AHEAD_MAX / (sizeof(request) - 1);
    live_until((handled += requests_told()) > kept, "more requests than were kept");
    free(bytes);
    end();
}
END_TEST

START_TEST(http_1_0_closes_unless_asked_not_to)
{
    live_init();
    begin();
    client_say(&client, "POST /w HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello");
    client_expect(&client, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
    client_say(&client, "GET /echo HTTP/1.0\r\n\r\n");
    client_expect(&client, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n"
                           "Content-Type: text/plain\r\n\r\n");
    client_expect_end(&client);
    live_until(hs_http_server_connections(live.server) == 0, "no connection");
    end();
}
END_TEST

START_TEST(connection_close_is_kept_on_both_sides)
{
    live_init();
    begin();
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
    end();
}
END_TEST

START_TEST(head_is_answered_without_the_body)
{
    live_init();
    live.big = hs_slice(calloc(1, 100000), 100000);
    begin();
    client_say(&client, "HEAD /big HTTP/1.1\r\nHost: a\r\n\r\nHEAD /full HTTP/1.1\r\nHost: a\r\n\r\n"
                        "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
    client_expect(&client,
                  "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
                  "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 98\r\n"
                  "Content-Type: application/problem+json\r\nRetry-After: 7\r\nX-A: b\r\n\r\n"
                  "HTTP/1.1 204 No Content\r\n\r\n");
    free((void *)live.big.data);
    end();
}
END_TEST

START_TEST(a_problem_is_json_with_its_fields)
{
    live_init();
    begin();
    client_say(&client, "GET /full HTTP/1.1\r\nHost: a\r\n\r\n");
    client_expect(&client,
                  "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 98\r\n"
                  "Content-Type: application/problem+json\r\nRetry-After: 7\r\nX-A: b\r\n\r\n"
                  "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
                  "\"detail\":\"a \\\"full\\\" disk\\u000a\"}");
    end();
}
END_TEST

/* ---- Expect and early answers ---- */

START_TEST(continue_is_sent_when_asked_for_and_the_body_is_awaited)
{
    live_init();
    begin();
    client_say(&client, POST("/echo", "Content-Length: 5\r\nExpect: 100-continue\r\n"));
    client_expect(&client, "HTTP/1.1 100 Continue\r\n\r\n");
    client_say(&client, "hello");
    client_expect(&client, ECHO);
    client_say(&client, POST("/echo", "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"));
    client_expect(&client, "HTTP/1.1 100 Continue\r\n\r\n");
    client_say(&client, "5\r\nhello\r\n0\r\n\r\n");
    client_expect(&client, ECHO);
    /* Some of the body is here already, or all: no need. */
    client_say(&client, POST("/echo", "Content-Length: 5\r\nExpect: 100-continue\r\n") "he");
    live_turn();
    client_say(&client, "llo");
    client_expect(&client, ECHO);
    client_say(&client, POST("/echo", "Content-Length: 5\r\nExpect: 100-continue\r\n") "hello");
    client_expect(&client, ECHO);
    /* There is no body. */
    client_say(&client, POST("/w", "Content-Length: 0\r\nExpect: 100-continue\r\n"));
    client_expect(&client, OK202);
    end();
}
END_TEST

#define NOT_FOUND(connection)                                                                      \
    "HTTP/1.1 404 Not Found\r\nContent-Length: 79\r\n" connection                                  \
    "Content-Type: application/problem+json\r\n\r\n"                                               \
    "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"detail\":\"no such path\"}"

START_TEST(an_owner_that_refuses_the_head_is_not_given_the_body)
{
    live_init();
    begin();
    /* No body, or all of it here: the connection goes on. */
    client_say(&client, "GET /unknown HTTP/1.1\r\nHost: a\r\n\r\n" HELLO("/unknown") HELLO("/w"));
    client_expect(&client, NOT_FOUND("") NOT_FOUND("") OK202);
    live_expect_told("head GET /unknown; 404; head POST /unknown; 404; "
                     "head POST /w; request `hello`; 202; ");
    /* No continue, and the end. */
    client_say(&client, POST("/unknown", "Content-Length: 5\r\nExpect: 100-continue\r\n"));
    client_expect(&client, NOT_FOUND("Connection: close\r\n"));
    client_expect_end(&client);
    /* A chunked body is not looked for. */
    struct client other;
    client_open(&other);
    client_say(&other, POST("/unknown", "Transfer-Encoding: chunked\r\n") "0\r\n\r\n" HELLO("/w"));
    client_expect(&other, NOT_FOUND("Connection: close\r\n"));
    client_expect_end(&other);
    live_expect_told("head POST /unknown; 404; head POST /unknown; 404; ");
    client_close(&other);
    end();
}
END_TEST

START_TEST(a_refused_client_that_goes_on_sending_reads_its_answer)
{
    live_init();
    live.limits.body_size = 1000;
    begin();
    static char body[500000];
    client_say(&client, POST("/w", "Content-Length: 500000\r\n"));
    client_send(&client, body, sizeof(body)); /* asserts that no send fails */
    client_expect(&client, PROBLEM("413 Content Too Large", "107", "",
                                   "\"title\":\"Content Too Large\",\"status\":413,"
                                   "\"detail\":\"the body is larger than accepted\"}"));
    client_expect_end(&client);
    live_expect_told("head POST /w; 413 body_too_large; abandoned; ");
    end();
    ck_assert_int_eq(live.memory_most, 0);
}
END_TEST

START_TEST(lingering_has_an_end_in_bytes)
{
    live_init();
    begin();
    client_say(&client, "nonsense\r\n\r\n");
    live_expect_told("400 bad_request alone; ");
    ck_assert_uint_eq(hs_http_server_connections(live.server), 1);
    static char bytes[65536];
    size_t sent = 0;
    /* As fast as it goes: by the other bound, of time, it would be far more. */
    while (hs_http_server_connections(live.server) > 0) {
        ssize_t step = send(client.socket, bytes, sizeof(bytes), MSG_NOSIGNAL);
        sent += step > 0 ? (size_t)step : 0;
        live_turn();
    }
    ck_assert_uint_le(sent, HS_HTTP_LINGER_BYTES + (16u << 20)); /* and what sockets hold */
    ck_assert_uint_ge(sent, HS_HTTP_LINGER_BYTES);
    end();
}
END_TEST

START_TEST(lingering_has_an_end_in_time)
{
    live_init();
    begin();
    client_say(&client, "nonsense\r\n\r\n");
    live_expect_told("400 bad_request alone; ");
    live_until(hs_http_server_connections(live.server) == 0, "the end of lingering");
    end();
}
END_TEST

/* ---- Refusals on the wire ---- */

START_TEST(nothing_after_a_bad_request_is_read_as_a_request)
{
    live_init();
    begin();
    client_say(&client, "GET / HTTP/1.1\r\nHost : a\r\n\r\n" HELLO("/w"));
    client_expect(&client, PROBLEM("400 Bad Request", "117", "",
                                   "\"title\":\"Bad Request\",\"status\":400,\"detail\":"
                                   "\"line 2 of the head: white space before the colon\"}"));
    client_say(&client, HELLO("/w"));
    client_expect_end(&client);
    live_expect_told("400 bad_request alone; ");
    end();
}
END_TEST

START_TEST(a_bad_chunk_ends_the_connection)
{
    live_init();
    begin();
    client_say(&client, POST("/w", "Transfer-Encoding: chunked\r\n") "5\r\nhel");
    live_expect_told("head POST /w; ");
    client_say(&client, "loX" HELLO("/w"));
    client_expect(&client, PROBLEM("400 Bad Request", "95", "",
                                   "\"title\":\"Bad Request\",\"status\":400,\"detail\":"
                                   "\"chunked body: CRLF was due\"}"));
    client_expect_end(&client);
    live_expect_told("400 bad_request; abandoned; ");
    end();
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
    begin();
    static char x[999];
    memset(x, 'x', sizeof(x));
    client_send(&client, x, sizeof(x));
    live_turn();
    ck_assert(live_told(""));
    client_send(&client, x, 1);
    live_expect_told("431 head_too_large alone; ");
    end();
}
END_TEST

/* ---- Limits ---- */

START_TEST(connections_above_the_limit_are_told_503)
{
    live_init();
    live.limits.connections = 2;
    begin();
    struct client second, third;
    client_open(&second);
    client_open(&third);
    client_expect(&third, PROBLEM("503 Service Unavailable", "106", "Retry-After: 1\r\n",
                                  "\"title\":\"Service Unavailable\",\"status\":503,"
                                  "\"detail\":\"too many connections are open\"}"));
    client_expect_end(&third);
    live_expect_told("503 too_many_connections alone; ");
    client_say(&second, HELLO("/w"));
    client_expect(&second, OK202);
    /* There is room again when one goes. */
    client_close(&third);
    client_close(&second);
    live_until(hs_http_server_connections(live.server) == 1, "one connection");
    client_open(&second);
    client_say(&second, HELLO("/w"));
    client_expect(&second, OK202);
    client_close(&second);
    end();
}
END_TEST

START_TEST(far_above_the_limit_connections_are_closed_at_once)
{
    live_init();
    live.limits.connections = 1;
    begin();
    static struct client more[HS_HTTP_REFUSED_MAX + 5];
    for (size_t i = 0; i < HS_ARRAY_SIZE(more); i++) {
        client_open(&more[i]);
        live_turn();
    }
    live_until(client_has(&more[HS_ARRAY_SIZE(more) - 1], 1), "the end of the last");
    ck_assert_uint_eq(more[HS_ARRAY_SIZE(more) - 1].got.size, 0);
    ck_assert_uint_le(hs_http_server_connections(live.server), 1 + HS_HTTP_REFUSED_MAX);
    for (size_t i = 0; i < HS_ARRAY_SIZE(more); i++)
        client_close(&more[i]);
    client_say(&client, HELLO("/w")); /* who was in time goes on */
    client_expect(&client, OK202);
    end();
}
END_TEST

START_TEST(a_slow_head_is_408_and_an_idle_connection_closes_silently)
{
    live_init();
    live.limits.header_ns = HS_NS_PER_MS;
    begin();
    client_say(&client, "POST /w HT");
    client_expect(&client, PROBLEM("408 Request Timeout", "110", "",
                                   "\"title\":\"Request Timeout\",\"status\":408,"
                                   "\"detail\":\"the head of the request took too long\"}"));
    live_expect_told("408 head_timeout alone; ");
    end();
    live_init();
    live.limits.idle_ns = HS_NS_PER_MS;
    begin();
    client_expect_end(&client);
    struct client other;
    client_open(&other);
    client_say(&other, HELLO("/w"));
    live_until(client_has(&other, strlen(OK202)), "an answer, or the end of an idle connection");
    client_close(&other);
    end();
}
END_TEST

START_TEST(a_slow_body_is_408)
{
    live_init();
    live.limits.body_ns = HS_NS_PER_MS;
    begin();
    client_say(&client, POST("/w", "Content-Length: 5\r\n") "hel");
    client_expect(&client, PROBLEM("408 Request Timeout", "97", "",
                                   "\"title\":\"Request Timeout\",\"status\":408,"
                                   "\"detail\":\"the body came too slowly\"}"));
    live_expect_told("head POST /w; 408 body_timeout; abandoned; ");
    end();
}
END_TEST

START_TEST(an_answer_owed_has_no_time_limit_here)
{
    live_init();
    live.limits.idle_ns = live.limits.header_ns = live.limits.body_ns = HS_NS_PER_MS;
    begin();
    struct client other;
    client_say(&client, HELLO("/later"));
    live_expect_told("head POST /later; request `hello`; ");
    /* A connection that is idle since later is ended: the limits were looked at. */
    client_open(&other);
    client_expect_end(&other);
    ck_assert_uint_eq(live.waiting_count, 1);
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    client_expect(&client, OK202);
    client_close(&other);
    end();
}
END_TEST

START_TEST(a_client_that_does_not_read_its_answer_is_ended)
{
    live_init();
    live.limits.body_ns = HS_NS_PER_MS;
    live.big = hs_slice(calloc(1, 32 << 20), 32 << 20);
    begin();
    client_say(&client, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    live_expect_told("head GET /big; request ``; 200; ");
    live_until(hs_http_server_connections(live.server) == 0, "the end of the connection");
    free((void *)live.big.data);
    end();
}
END_TEST

START_TEST(an_answer_larger_than_the_socket_takes_arrives_whole)
{
    const size_t size = 32 << 20;
    live_init();
    char *big = malloc(size);
    for (size_t i = 0; i < size; i++)
        big[i] = (char)(i * 7 >> 3);
    live.big = hs_slice(big, size);
    begin();
    client_say(&client, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n" HELLO("/w"));
    live_turn();
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 33554432\r\n\r\n";
    size_t head_size = sizeof(head) - 1 + 37, total = head_size + size;
    live_until(client_has(&client, total + strlen(OK202) + 37), "the answer");
    ck_assert_int_eq(memcmp(client.got.data + head_size, big, size), 0);
    /* The request behind it had to wait for it. */
    ck_assert_int_eq(memcmp(client.got.data + total, "HTTP/1.1 202 Accepted\r\n", 23), 0);
    live_expect_told("head GET /big; request ``; 200; head POST /w; request `hello`; 202; ");
    free(big);
    end();
}
END_TEST

/* ---- Clients that go ---- */

START_TEST(a_reset_abandons_the_exchange_at_once)
{
    live_init();
    begin();
    client_say(&client, HELLO("/later"));
    live_expect_told("head POST /later; request `hello`; ");
    client_reset(&client);
    live_expect_told("abandoned; ");
    ck_assert_uint_eq(hs_http_server_connections(live.server), 0);
    live_stop();
}
END_TEST

START_TEST(a_client_that_goes_within_its_body_abandons_the_exchange)
{
    live_init();
    begin();
    client_say(&client, POST("/w", "Content-Length: 5\r\n") "hel");
    live_expect_told("head POST /w; ");
    ck_assert_int_eq(live.memory, 5);
    client_close(&client);
    live_expect_told("abandoned; ");
    live_stop();
}
END_TEST

START_TEST(a_half_closed_client_still_gets_its_answers)
{
    live_init();
    begin();
    client_say(&client, HELLO("/later") HELLO("/w") "POST /incompl");
    ck_assert_int_eq(shutdown(client.socket, SHUT_WR), 0);
    live_expect_told("head POST /later; request `hello`; ");
    live_turn();
    live_turn();
    ck_assert_uint_eq(live.waiting_count, 1);
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    client_expect(&client, OK202 OK202);
    client_expect_end(&client);
    live_until(hs_http_server_connections(live.server) == 0, "no connection");
    end();
}
END_TEST

START_TEST(a_client_may_close_between_requests)
{
    live_init();
    begin();
    client_say(&client, HELLO("/w"));
    client_expect(&client, OK202);
    client_close(&client);
    live_until(hs_http_server_connections(live.server) == 0, "no connection");
    live_stop();
}
END_TEST

START_TEST(answering_a_client_that_is_gone_harms_nothing)
{
    live_init();
    live.big = hs_slice(calloc(1, 1 << 20), 1 << 20);
    begin();
    client_say(&client, HELLO("/later"));
    live_expect_told("head POST /later; request `hello`; ");
    client_close(&client); /* looks like a half-close until something is sent */
    live_turn();
    hs_http_respond(live.waiting[--live.waiting_count], 200, NULL, live.big, false);
    live_until(hs_http_server_connections(live.server) == 0, "no connection");
    live_expect_told("200; ");
    free((void *)live.big.data);
    live_stop();
}
END_TEST

/* ---- Memory ---- */

START_TEST(bodies_are_held_from_their_head_to_their_answer)
{
    live_init();
    begin();
    client_say(&client, POST("/later", "Content-Length: 500\r\n") "x");
    live_expect_told("head POST /later; ");
    ck_assert_int_eq(live.memory, 500);
    char rest[499];
    memset(rest, 'x', sizeof(rest));
    client_send(&client, rest, sizeof(rest));
    live_expect_told("request 500 bytes; ");
    ck_assert_int_eq(live.memory, 500);
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    ck_assert_int_eq(live.memory, 0);
    client_expect(&client, OK202);
    live_expect_told("202; ");
    client_say(&client, POST("/w", "Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n");
    live_expect_told("head POST /w; ");
    ck_assert_int_eq(live.memory, 3);
    client_say(&client, "2\r\nde\r\n0\r\n\r\n");
    live_expect_told("request `abcde`; 202; ");
    ck_assert_int_eq(live.memory, 0);
    ck_assert_int_eq(live.memory_most, 500);
    /* A part of a head counts as well. */
    client_say(&client, "POST /w");
    ck_assert_int_eq(live.memory, 7);
    end();
}
END_TEST

#define NO_BUDGET                                                                                  \
    PROBLEM("503 Service Unavailable", "115", "Retry-After: 1\r\n",                                \
            "\"title\":\"Service Unavailable\",\"status\":503,"                                    \
            "\"detail\":\"too many bytes of requests are in work\"}")

START_TEST(past_the_budget_a_request_is_503)
{
    live_init();
    live.memory_limit = 499;
    live_start();
    static const char *const heads[] = {
        POST("/w", "Content-Length: 500\r\n"),
        POST("/w", "Transfer-Encoding: chunked\r\n") "1\r\na\r\n1f4\r\n",
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(heads); i++) {
        client_open(&client);
        client_send(&client, heads[i], strlen(heads[i]));
        if (i == 1) {
            char body[500];
            memset(body, 'x', sizeof(body));
            client_send(&client, body, sizeof(body));
        }
        client_expect(&client, NO_BUDGET);
        client_expect_end(&client);
        live_expect_told("head POST /w; 503 no_budget; abandoned; ");
        client_close(&client);
    }
    live.memory_limit = 3;
    client_open(&client);
    client_say(&client, "POST");
    client_expect(&client, NO_BUDGET);
    live_expect_told("503 no_budget alone; ");
    end();
}
END_TEST

START_TEST(past_the_budget_what_came_early_is_left_to_its_sender)
{
    live_init();
    live.memory_limit = 20;
    begin();
    client_say(&client, HELLO("/later") HELLO("/w") HELLO("/w"));
    live_expect_told("head POST /later; request `hello`; ");
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    client_expect(&client, OK202_CLOSE);
    client_expect_end(&client);
    live_expect_told("202; ");
    end();
}
END_TEST

/* ---- Drain and end ---- */

START_TEST(a_drain_answers_what_is_in_work_and_closes_the_rest)
{
    live_init();
    begin();
    struct client idle, part, sent;
    client_open(&idle);
    client_open(&part);
    client_open(&sent);
    client_say(&client, HELLO("/later"));
    client_say(&part, POST("/w", "Content-Length: 5\r\n") "he");
    live_expect_told("head POST /later; request `hello`; head POST /w; ");
    live_until(hs_http_server_connections(live.server) == 4, "four connections");
    /* This one's request is in the socket when the drain begins. */
    ck_assert_int_eq(send(sent.socket, HELLO("/w"), strlen(HELLO("/w")), 0), (int)strlen(HELLO("/w")));
    hs_http_server_drain(live.server);
    hs_http_server_drain(live.server); /* twice is once */
    ck_assert(live_told(""));
    client_expect_end(&idle);
    client_expect(&sent, OK202_CLOSE);
    client_expect_end(&sent);
    client_say(&part, "llo");
    client_expect(&part, OK202_CLOSE);
    client_expect_end(&part);
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    client_expect(&client, OK202_CLOSE);
    client_expect_end(&client);
    /* Nobody is let in any more. */
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons(hs_http_server_port(live.server)),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int late = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(late, (struct sockaddr *)&name, sizeof(name)), -1);
    ck_assert_int_eq(errno, ECONNREFUSED);
    (void)close(late);
    client_close(&idle);
    client_close(&part);
    client_close(&sent);
    client_close(&client);
    live_until(hs_http_server_connections(live.server) == 0, "no connection");
    live_stop();
}
END_TEST

START_TEST(freeing_the_server_abandons_what_is_in_work)
{
    live_init();
    begin();
    struct client part;
    client_open(&part);
    client_say(&client, HELLO("/later"));
    client_say(&part, POST("/w", "Content-Length: 5\r\n") "he");
    live_expect_told("head POST /later; request `hello`; head POST /w; ");
    hs_http_server_free(live.server);
    live.server = NULL;
    ck_assert(live_told("abandoned; abandoned; "));
    hs_http_server_free(NULL);
    client_close(&part);
    end();
}
END_TEST

START_TEST(the_peer_is_named_for_logs)
{
    live_init();
    live_start();
    for (int i = 0; i < 2; i++) { /* the second with what was the first's exchange */
        client_open(&client);
        client_say(&client, HELLO("/later"));
        live_until(live.waiting_count == 1, "a request");
        struct sockaddr_in name;
        socklen_t size = sizeof(name);
        ck_assert_int_eq(getsockname(client.socket, (struct sockaddr *)&name, &size), 0);
        char expected[64];
        snprintf(expected, sizeof(expected), "127.0.0.1:%u", ntohs(name.sin_port));
        ck_assert_str_eq(hs_http_exchange_peer(live.waiting[0]), expected);
        hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
        client_close(&client);
    }
    live_stop();
}
END_TEST

START_TEST(a_port_in_use_is_an_error_in_words_unless_shared)
{
    live_init();
    live_start();
    static char port[8];
    snprintf(port, sizeof(port), "%u", hs_http_server_port(live.server));
    const struct hs_address address = {.host = "127.0.0.1",
                                       .port = hs_http_server_port(live.server)};
    const struct hs_http_handlers handlers = {0};
    struct hs_http_server *second = NULL;
    ck_assert_int_eq(hs_http_server_create(live.base, &address, false, &live.limits, &handlers,
                                           NULL, &second),
                     -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(hs_error_text(), port));
    ck_assert_ptr_null(second);
    ck_assert_int_eq(hs_http_server_create(live.base, &address, true, &live.limits, &handlers,
                                           NULL, &second),
                     0);
    hs_http_server_free(second);
    const struct hs_address nowhere = {.host = "no.such.host.invalid", .port = 0};
    ck_assert_int_lt(hs_http_server_create(live.base, &nowhere, false, &live.limits, &handlers,
                                           NULL, &second),
                     0);
    live_stop();
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
             a_head_too_large_is_431_before_it_ends, connections_above_the_limit_are_told_503,
             far_above_the_limit_connections_are_closed_at_once,
             a_slow_head_is_408_and_an_idle_connection_closes_silently, a_slow_body_is_408,
             an_answer_owed_has_no_time_limit_here, a_client_that_does_not_read_its_answer_is_ended,
             an_answer_larger_than_the_socket_takes_arrives_whole,
             a_reset_abandons_the_exchange_at_once,
             a_client_that_goes_within_its_body_abandons_the_exchange,
             a_half_closed_client_still_gets_its_answers, a_client_may_close_between_requests,
             answering_a_client_that_is_gone_harms_nothing,
             bodies_are_held_from_their_head_to_their_answer, past_the_budget_a_request_is_503,
             past_the_budget_what_came_early_is_left_to_its_sender,
             a_drain_answers_what_is_in_work_and_closes_the_rest,
             freeing_the_server_abandons_what_is_in_work, the_peer_is_named_for_logs,
             a_port_in_use_is_an_error_in_words_unless_shared)
