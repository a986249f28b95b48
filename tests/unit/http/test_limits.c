/* How requests and connections end without an answer: limits, clients that disconnect, the memory
 * budget, the drain and the end of the server. */
#include "internal.h"
#include "live.h"

static struct client client;

/* ---- Limits ---- */

START_TEST(connections_above_the_limit_are_told_503_if_all_are_in_work)
{
    live_init();
    live.limits.connections = 2;
    live_begin(&client);
    struct client second, third;
    client_open(&second);
    client_say(&client, HELLO("/later"));
    client_say(&second, HELLO("/later"));
    live_expect_told("head POST /later; request `hello`; head POST /later; request `hello`; ");
    client_open(&third);
    client_expect(&third, PROBLEM("503 Service Unavailable", "106", "Retry-After: 1\r\n",
                                  "\"title\":\"Service Unavailable\",\"status\":503,"
                                  "\"detail\":\"too many connections are open\"}"));
    client_expect_end(&third);
    live_expect_told("503 too_many_connections alone; ");
    while (live.waiting_count > 0)
        hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    client_expect(&second, OK202);
    /* There is room again after one closes. */
    client_close(&third);
    client_close(&second);
    live_until(hs_http_server_connections(live.server) == 1, "one connection");
    client_open(&second);
    client_say(&second, HELLO("/w"));
    client_expect(&second, OK202);
    client_close(&second);
    live_end(&client);
}
END_TEST

START_TEST(far_above_the_limit_connections_are_closed_at_once)
{
    live_init();
    live.limits.connections = 1;
    live_begin(&client);
    client_say(&client, HELLO("/later"));
    live_expect_told("head POST /later; request `hello`; ");
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
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    client_expect(&client, OK202); /* a client in time continues */
    live_end(&client);
}
END_TEST

START_TEST(a_slow_head_is_408_and_an_idle_connection_closes_silently)
{
    live_init();
    live.limits.header_ns = HS_NS_PER_MS;
    live_begin(&client);
    client_say(&client, "POST /w HT");
    client_expect(&client, PROBLEM("408 Request Timeout", "110", "",
                                   "\"title\":\"Request Timeout\",\"status\":408,"
                                   "\"detail\":\"the head of the request took too long\"}"));
    live_expect_told("408 head_timeout alone; ");
    live_end(&client);
    live_init();
    live.limits.idle_ns = HS_NS_PER_MS;
    live_begin(&client);
    client_expect_end(&client);
    struct client other;
    client_open(&other);
    client_say(&other, HELLO("/w"));
    live_until(client_has(&other, strlen(OK202)), "an answer, or the end of an idle connection");
    client_close(&other);
    live_end(&client);
}
END_TEST

START_TEST(a_slow_body_is_408)
{
    live_init();
    live.limits.body_ns = HS_NS_PER_MS;
    live_begin(&client);
    client_say(&client, POST("/w", "Content-Length: 5\r\n") "hel");
    client_expect(&client, PROBLEM("408 Request Timeout", "97", "",
                                   "\"title\":\"Request Timeout\",\"status\":408,"
                                   "\"detail\":\"the body came too slowly\"}"));
    live_expect_told("head POST /w; 408 body_timeout; abandoned; ");
    ck_assert_int_eq(live.memory, 0);
    live_end(&client);
}
END_TEST

START_TEST(a_body_below_the_rate_is_408_after_the_grace)
{
    live_init();
    live.limits.least_rate = 100;
    live_begin(&client);
    struct client fast;
    client_open(&fast);
    client_say(&client, POST("/slow", "Content-Length: 5000\r\n") "hel");
    live_expect_told("head POST /slow; ");
    char part[4000];
    memset(part, 'x', sizeof(part));
    client_say(&fast, POST("/fast", "Transfer-Encoding: chunked\r\n") "1000\r\n");
    client_send(&fast, part, sizeof(part));
    live_expect_told("head POST /fast; ");
    uint64_t now = hs_clock_monotonic_ns();
    hs_http_expire(live.server, now + 2 * HS_NS_PER_SECOND);
    ck_assert(live_told(""));
    hs_http_expire(live.server, now + 10 * HS_NS_PER_SECOND);
    live_expect_told("408 body_timeout; abandoned; ");
    hs_http_expire(live.server, now + 60 * HS_NS_PER_SECOND);
    live_expect_told("408 body_timeout; abandoned; ");
    client_close(&fast);
    live_end(&client);
}
END_TEST

START_TEST(an_answer_owed_has_no_time_limit_here)
{
    live_init();
    live.limits.idle_ns = live.limits.header_ns = live.limits.body_ns = HS_NS_PER_MS;
    live_begin(&client);
    struct client other;
    client_say(&client, HELLO("/later"));
    live_expect_told("head POST /later; request `hello`; ");
    /* A connection idle for less time is ended: so the limits were checked. */
    client_open(&other);
    client_expect_end(&other);
    ck_assert_uint_eq(live.waiting_count, 1);
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    client_expect(&client, OK202);
    client_close(&other);
    live_end(&client);
}
END_TEST

START_TEST(a_client_that_does_not_read_its_answer_is_ended)
{
    live_init();
    live.limits.body_ns = HS_NS_PER_MS;
    live.big = hs_slice(calloc(1, 32 << 20), 32 << 20);
    live_begin(&client);
    client_say(&client, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    live_expect_told("head GET /big; request ``; 200; ");
    live_until(hs_http_server_connections(live.server) == 0, "the end of the connection");
    free((void *)live.big.data);
    live_end(&client);
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
    live_begin(&client);
    client.raw = true;
    client_say(&client, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n" HELLO("/w"));
    live_turn();
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 33554432\r\n\r\n";
    size_t head_size = sizeof(head) - 1 + 37, total = head_size + size;
    live_until(client_has(&client, total + strlen(OK202) + 37), "the answer");
    ck_assert_int_eq(memcmp(client.got.data + head_size, big, size), 0);
    /* The request after it had to wait. */
    ck_assert_int_eq(memcmp(client.got.data + total, "HTTP/1.1 202 Accepted\r\n", 23), 0);
    live_expect_told("head GET /big; request ``; 200; head POST /w; request `hello`; 202; ");
    free(big);
    live_end(&client);
}
END_TEST

/* ---- Clients that disconnect ---- */

START_TEST(a_reset_abandons_the_exchange_at_once)
{
    live_init();
    live_begin(&client);
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
    live_begin(&client);
    client_say(&client, POST("/w", "Content-Length: 5\r\n") "hel");
    live_expect_told("head POST /w; ");
    ck_assert_int_gt(live.memory, 0);
    client_close(&client);
    live_expect_told("abandoned; ");
    live_stop();
}
END_TEST

START_TEST(a_half_closed_client_still_gets_its_answers)
{
    live_init();
    live_begin(&client);
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
    live_end(&client);
}
END_TEST

START_TEST(a_client_may_close_between_requests)
{
    live_init();
    live_begin(&client);
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
    live_begin(&client);
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

/* The reservation follows what has arrived: head and body so far, up to twice that while
 * growing. */
START_TEST(bodies_are_held_as_they_come_and_until_their_answer)
{
    live_init();
    live_begin(&client);
#define LATER POST("/later", "Content-Length: 500000\r\n")
    const int64_t head = sizeof(LATER) - 1;
    client_say(&client, LATER "x");
    live_expect_told("head POST /later; ");
    ck_assert_int_eq(live.memory, head + 1); /* rather than what the head announces */
    static char rest[499999];
    client_send(&client, rest, 100000);
    live_until(live.memory >= 100000, "the body so far");
    ck_assert_int_le(live.memory, 2 * (head + 100001));
    client_send(&client, rest + 100000, sizeof(rest) - 100000);
    live_expect_told("request 500000 bytes; ");
    ck_assert_int_eq(live.memory, head + 500000);
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    ck_assert_int_eq(live.memory, 0);
    client_expect(&client, OK202);
    live_expect_told("202; ");
    client_say(&client, POST("/w", "Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n");
    live_expect_told("head POST /w; ");
    ck_assert_int_gt(live.memory, 3);
    ck_assert_int_lt(live.memory, 200);
    client_say(&client, "2\r\nde\r\n0\r\n\r\n");
    live_expect_told("request `abcde`; 202; ");
    ck_assert_int_eq(live.memory, 0);
    ck_assert_int_eq(live.memory_most, head + 500000);
    /* A partial head counts as well. */
    client_say(&client, "POST /w");
    ck_assert_int_eq(live.memory, 7);
    live_end(&client);
}
END_TEST

#define NO_BUDGET                                                                                  \
    PROBLEM("503 Service Unavailable", "119", "Retry-After: 1\r\n",                                \
            "\"title\":\"Service Unavailable\",\"status\":503,"                                    \
            "\"detail\":\"too many bytes of requests are in progress\"}")

START_TEST(past_the_budget_a_request_is_503)
{
    live_init();
    live.memory_limit = 499;
    live_start();
    static const char *const heads[] = {
        POST("/w", "Content-Length: 500\r\n") "x",
        POST("/w", "Transfer-Encoding: chunked\r\n") "1\r\na\r\n1f4\r\n",
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(heads); i++) {
        client_open(&client);
        client_send(&client, heads[i], strlen(heads[i]));
        char body[499];
        memset(body, 'x', sizeof(body));
        client_send(&client, body, sizeof(body));
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
    live_end(&client);
}
END_TEST

START_TEST(past_the_budget_what_came_early_is_left_to_its_sender)
{
    live_init();
    live.memory_limit = 20;
    live_begin(&client);
    client_say(&client, HELLO("/later") HELLO("/w") HELLO("/w"));
    live_expect_told("head POST /later; request `hello`; ");
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    client_expect(&client, OK202_CLOSE);
    client_expect_end(&client);
    live_expect_told("202; ");
    live_end(&client);
}
END_TEST

/* ---- Drain and end ---- */

START_TEST(a_drain_answers_what_is_in_work_and_closes_the_rest)
{
    live_init();
    live_begin(&client);
    struct client idle, part, sent;
    client_open(&idle);
    client_open(&part);
    client_open(&sent);
    client_say(&client, HELLO("/later"));
    client_say(&part, POST("/w", "Content-Length: 5\r\n") "he");
    live_expect_told("head POST /later; request `hello`; head POST /w; ");
    live_until(hs_http_server_connections(live.server) == 4, "four connections");
    /* This request is in the socket when the drain begins. */
    ck_assert_int_eq(send(sent.socket, HELLO("/w"), strlen(HELLO("/w")), 0),
                     (int)strlen(HELLO("/w")));
    hs_http_server_drain(live.server);
    hs_http_server_drain(live.server); /* a second call has no effect */
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
    /* No further connection is accepted. */
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
    live_begin(&client);
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
    live_end(&client);
}
END_TEST

START_TEST(the_peer_is_named_for_logs)
{
    live_init();
    live_start();
    for (int i = 0; i < 2; i++) { /* the second reuses the first's exchange */
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

START_TEST(without_a_host_all_addresses_are_listened_on)
{
    live_init();
    live.host = "";
    live_begin(&client);
    client_say(&client, HELLO("/later"));
    live_expect_told("head POST /later; request `hello`; ");
    /* An IPv4 peer is named as one, even on an IPv6 socket. */
    ck_assert_int_eq(strncmp(hs_http_exchange_peer(live.waiting[0]), "127.0.0.1:", 10), 0);
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    client_expect(&client, OK202);
    live_end(&client);
}
END_TEST

START_TEST(an_answer_half_written_when_the_drain_begins_arrives_whole)
{
    const size_t size = 16 << 20;
    live_init();
    live.big = hs_slice(calloc(1, size), size);
    live_begin(&client);
    client.raw = true;
    client_say(&client, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n" HELLO("/w"));
    live_expect_told("head GET /big; request ``; 200; ");
    hs_http_server_drain(live.server);
    live_until((client_read(&client), client.ended), "the end of the connection");
    ck_assert(!client.reset);
    ck_assert_uint_eq(client.got.size, size +
                                           strlen("HTTP/1.1 200 OK\r\nContent-Length: 16777216"
                                                  "\r\n\r\n") +
                                           37);
    ck_assert(live_told("")); /* the request after it was not started */
    free((void *)live.big.data);
    live_end(&client);
}
END_TEST

HS_TEST_MAIN("http limits", connections_above_the_limit_are_told_503_if_all_are_in_work,
             far_above_the_limit_connections_are_closed_at_once,
             a_slow_head_is_408_and_an_idle_connection_closes_silently, a_slow_body_is_408,
             a_body_below_the_rate_is_408_after_the_grace, an_answer_owed_has_no_time_limit_here,
             a_client_that_does_not_read_its_answer_is_ended,
             an_answer_larger_than_the_socket_takes_arrives_whole,
             a_reset_abandons_the_exchange_at_once,
             a_client_that_goes_within_its_body_abandons_the_exchange,
             a_half_closed_client_still_gets_its_answers, a_client_may_close_between_requests,
             answering_a_client_that_is_gone_harms_nothing,
             bodies_are_held_as_they_come_and_until_their_answer, past_the_budget_a_request_is_503,
             past_the_budget_what_came_early_is_left_to_its_sender,
             a_drain_answers_what_is_in_work_and_closes_the_rest,
             freeing_the_server_abandons_what_is_in_work, the_peer_is_named_for_logs,
             without_a_host_all_addresses_are_listened_on,
             an_answer_half_written_when_the_drain_begins_arrives_whole)
