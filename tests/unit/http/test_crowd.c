/* A full server: which connection is closed for another, for connections and for bytes, in every
 * phase; a complete request or a request in progress is never affected. */
#include "live.h"

#define CROWD 8

static struct client client, crowd[CROWD];

/* What an attacker's connection sends before it stops. */
static const char *const phases[] = {
    "",
    "POST /w HTTP/1.1\r\nHost: a\r\nX: ",
    POST("/w", "Content-Length: 900\r\n") "{",
    POST("/w", "Content-Length: 1048576\r\n") "{",
    POST("/w", "Transfer-Encoding: chunked\r\n") "1\r\n{\r\n",
    POST("/w", "Content-Length: 900\r\nExpect: 100-continue\r\n"),
    "GET /unknown HTTP/1.1\r\nHost: a\r\n\r\n", /* refused, and kept alive */
};

static void open_crowd(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        client_open(&crowd[i]);
        client_send(&crowd[i], text, strlen(text));
    }
    live_until(hs_http_server_connections(live.server) >= count, "the crowd");
}

static void close_crowd(size_t count)
{
    for (size_t i = 0; i < count; i++)
        client_close(&crowd[i]);
}

static size_t ended_of_crowd(size_t count)
{
    size_t ended = 0;
    for (size_t i = 0; i < count; i++) {
        client_read(&crowd[i]);
        ended += crowd[i].ended;
    }
    return ended;
}

START_TEST(in_every_phase_the_oldest_goes_for_a_new_connection)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(phases); i++) {
        live_init();
        live.limits.connections = CROWD;
        live_start();
        open_crowd(phases[i], CROWD);
        client_open(&client);
        client_say(&client, HELLO("/w"));
        client_expect(&client, OK202);
        live_until(ended_of_crowd(CROWD) == 1, "one to go");
        ck_assert_msg(crowd[0].ended, "not the oldest, in phase %zu", i);
        ck_assert_uint_eq(hs_http_server_connections(live.server), CROWD);
        close_crowd(CROWD);
        client_close(&client);
        live_stop();
    }
}
END_TEST

START_TEST(who_sent_what_was_accepted_goes_last)
{
    live_init();
    live.limits.connections = CROWD;
    live_begin(&client);
    client_say(&client, HELLO("/w"));
    client_expect(&client, OK202); /* the oldest, and idle */
    open_crowd("", CROWD - 1);
    struct client more[3 * CROWD];
    for (size_t i = 0; i < HS_ARRAY_SIZE(more); i++) {
        client_open(&more[i]);
        client_say(&more[i], "POST /w");
    }
    live_until(ended_of_crowd(CROWD - 1) == CROWD - 1, "the crowd to go");
    client_say(&client, HELLO("/w"));
    client_expect(&client, OK202);
    for (size_t i = 0; i < HS_ARRAY_SIZE(more); i++)
        client_close(&more[i]);
    close_crowd(CROWD - 1);
    live_end(&client);
}
END_TEST

/* If no other is left, the longest idle one makes room: it is between two requests. */
START_TEST(of_kept_connections_the_longest_idle_one_goes)
{
    live_init();
    live.limits.connections = CROWD;
    live_start();
    open_crowd(HELLO("/w"), CROWD);
    for (size_t i = 0; i < CROWD; i++)
        client_expect(&crowd[i], OK202);
    client_say(&crowd[0], HELLO("/w"));
    client_expect(&crowd[0], OK202);
    client_open(&client);
    client_say(&client, HELLO("/w"));
    client_expect(&client, OK202);
    live_until(ended_of_crowd(CROWD) == 1, "one to go");
    ck_assert(crowd[1].ended);
    close_crowd(CROWD);
    live_end(&client);
}
END_TEST

/* If all others are proven and idle, newcomers close one of them rather than each other. */
START_TEST(newcomers_do_not_end_each_other)
{
    live_init();
    live.limits.connections = CROWD;
    live_start();
    open_crowd(HELLO("/w"), CROWD);
    for (size_t i = 0; i < CROWD; i++)
        client_expect(&crowd[i], OK202);
    struct client more[CROWD / 4];
    for (size_t i = 0; i < HS_ARRAY_SIZE(more); i++)
        client_open(&more[i]);
    live_until(ended_of_crowd(CROWD) == HS_ARRAY_SIZE(more), "kept ones to go");
    for (size_t i = 0; i < HS_ARRAY_SIZE(more); i++) {
        client_say(&more[i], HELLO("/w"));
        client_expect(&more[i], OK202);
        client_close(&more[i]);
    }
    close_crowd(CROWD);
    live_stop();
}
END_TEST

/* Anyone who saw one genuine request can send copies of it. */
START_TEST(who_repeats_a_request_is_not_spared)
{
    live_init();
    live.limits.connections = CROWD;
    live_begin(&client);
    client_say(&client, HELLO("/w"));
    client_expect(&client, OK202); /* the oldest, and idle */
    open_crowd(HELLO("/again"), CROWD - 1);
    for (size_t i = 0; i < CROWD - 1; i++)
        client_expect(&crowd[i], OK202);
    struct client more[CROWD];
    for (size_t i = 0; i < HS_ARRAY_SIZE(more); i++)
        client_open(&more[i]);
    live_until(ended_of_crowd(CROWD - 1) == CROWD - 1, "the crowd to go");
    client_say(&client, HELLO("/w"));
    client_expect(&client, OK202);
    for (size_t i = 0; i < HS_ARRAY_SIZE(more); i++)
        client_close(&more[i]);
    close_crowd(CROWD - 1);
    live_end(&client);
}
END_TEST

#define UNKNOWN "GET /unknown HTTP/1.1\r\nHost: a\r\n\r\n"
#define FLOOD 800

/* Each connection of the crowd sends more than one turn of the loop reads. */
static void flood_by_crowd(void)
{
    static char flood[FLOOD * (sizeof(UNKNOWN) - 1)];
    for (size_t i = 0; i < FLOOD; i++)
        memcpy(flood + i * (sizeof(UNKNOWN) - 1), UNKNOWN, sizeof(UNKNOWN) - 1);
    open_crowd("", CROWD);
    for (size_t i = 0; i < CROWD; i++)
        ck_assert_int_eq(send(crowd[i].socket, flood, sizeof(flood), MSG_NOSIGNAL), sizeof(flood));
    ck_assert_int_ge(event_base_loop(live.base, EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
}

START_TEST(pipelines_of_refused_requests_go_for_a_new_connection)
{
    live_init();
    live.limits.connections = CROWD;
    live_start();
    flood_by_crowd();
    client_open(&client);
    client_say(&client, HELLO("/w"));
    client_expect(&client, OK202);
    close_crowd(CROWD);
    live_end(&client);
}
END_TEST

/* The server has not read its data yet: it waits for the server, so it is not chosen. */
START_TEST(what_has_sent_and_was_not_read_is_spared)
{
    live_init();
    live.limits.connections = CROWD;
    live_start();
    open_crowd("", CROWD);
    ck_assert_int_eq(send(crowd[0].socket, HELLO("/w"), sizeof(HELLO("/w")) - 1, MSG_NOSIGNAL),
                     sizeof(HELLO("/w")) - 1);
    client_open(&client); /* and no turn of the loop in between */
    live_until(ended_of_crowd(CROWD) == 1, "one to go");
    ck_assert(!crowd[0].ended);
    client_expect(&crowd[0], OK202);
    close_crowd(CROWD);
    live_end(&client);
}
END_TEST

/* Many connections send requests without end: others get their turn in between. */
START_TEST(pipelines_of_many_do_not_hold_others_up)
{
    static char flood[200 * (sizeof(HELLO("/w")) - 1)];
    for (size_t i = 0; i < 200; i++)
        memcpy(flood + i * (sizeof(HELLO("/w")) - 1), HELLO("/w"), sizeof(HELLO("/w")) - 1);
    live_init();
    live_start();
    open_crowd("", CROWD);
    for (size_t i = 0; i < CROWD; i++)
        ck_assert_int_eq(send(crowd[i].socket, flood, sizeof(flood), MSG_NOSIGNAL), sizeof(flood));
    hs_buffer_clear(&live.told);
    ck_assert_int_ge(event_base_loop(live.base, EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
    size_t requests = 0;
    for (size_t at = 0; at + 5 <= live.told.size; at++)
        requests += memcmp(live.told.data + at, "202; ", 5) == 0;
    ck_assert_uint_le(requests, 2 * HS_HTTP_TURN_REQUESTS + 2 * CROWD);
    for (size_t i = 0; i < CROWD; i++)
        live_until(client_has(&crowd[i], 200 * (sizeof(OK202) - 1)), "all answers");
    close_crowd(CROWD);
    live_stop();
}
END_TEST

static void connect_from(struct client *from, const char *address)
{
    *from = (struct client){.socket = socket(AF_INET, SOCK_STREAM, 0)};
    hs_buffer_init(&from->got, 1 << 20);
    struct sockaddr_in own = {.sin_family = AF_INET}, name = {.sin_family = AF_INET};
    ck_assert_int_eq(inet_pton(AF_INET, address, &own.sin_addr), 1);
    name.sin_port = htons(hs_http_server_port(live.server));
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(from->socket, (struct sockaddr *)&own, sizeof(own)), 0);
    ck_assert_int_eq(connect(from->socket, (struct sockaddr *)&name, sizeof(name)), 0);
    ck_assert_int_eq(fcntl(from->socket, F_SETFL, O_NONBLOCK), 0);
    live_turn();
}

#define MANY 40

/* A slow sender older than all connections of another address is spared. */
START_TEST(the_address_that_holds_most_gives_way)
{
    live_init();
    live.limits.connections = MANY;
    live_start();
    connect_from(&client, "127.0.0.9");
    client_say(&client, POST("/w", "Content-Length: 5\r\n") "he");
    struct client many[2 * MANY];
    for (size_t i = 0; i < HS_ARRAY_SIZE(many); i++) {
        connect_from(&many[i], "127.0.0.2");
        client_say(&many[i], POST("/w", "Content-Length: 5\r\n") "x");
    }
    ck_assert_uint_le(hs_http_server_connections(live.server), MANY);
    client_say(&client, "llo");
    client_expect(&client, OK202);
    for (size_t i = 0; i < HS_ARRAY_SIZE(many); i++)
        client_close(&many[i]);
    live_end(&client);
}
END_TEST

START_TEST(an_address_may_hold_no_more_than_its_own_limit)
{
    live_init();
    live.limits.peer_connections = 4;
    live_start();
    connect_from(&client, "127.0.0.9");
    for (size_t i = 0; i < CROWD; i++)
        connect_from(&crowd[i], "127.0.0.2");
    live_until(ended_of_crowd(CROWD) == CROWD - 4, "those above the limit to go");
    ck_assert_uint_eq(hs_http_server_connections(live.server), 5);
    client_say(&client, HELLO("/w"));
    client_expect(&client, OK202);
    close_crowd(CROWD);
    live_end(&client);
}
END_TEST

/* ---- Bytes ---- */

#define HALF POST("/w", "Content-Length: 100000\r\n")

static void send_half(struct client *to, size_t size)
{
    static char bytes[100000];
    client_say(to, HALF);
    client_send(to, bytes, size);
}

START_TEST(bodies_that_stand_still_go_for_a_whole_request)
{
    live_init();
    live.memory_limit = 200000;
    live.limits.unproven_bytes = 150000;
    live_start();
    for (size_t i = 0; i < CROWD; i++) {
        client_open(&crowd[i]);
        send_half(&crowd[i], 60000);
    }
    live_until(ended_of_crowd(CROWD) >= CROWD - 2, "most of the crowd to go");
    ck_assert_int_le(live.memory, 150000);
    hs_buffer_clear(&live.told);
    client_open(&client);
    static char body[90000];
    client_say(&client, POST("/w", "Content-Length: 90000\r\n"));
    client_send(&client, body, sizeof(body));
    client_expect(&client, OK202);
    close_crowd(CROWD);
    live_end(&client);
}
END_TEST

START_TEST(the_address_that_holds_most_bytes_gives_way)
{
    live_init();
    live.limits.unproven_bytes = 200000;
    live_start();
    connect_from(&client, "127.0.0.9");
    send_half(&client, 10000); /* the oldest, and small */
    for (size_t i = 0; i < CROWD; i++) {
        connect_from(&crowd[i], "127.0.0.2");
        send_half(&crowd[i], 60000);
    }
    live_until(ended_of_crowd(CROWD) >= CROWD - 3, "most of the crowd to go");
    static char rest[90000];
    client_send(&client, rest, sizeof(rest));
    client_expect(&client, OK202);
    close_crowd(CROWD);
    live_end(&client);
}
END_TEST

/* One large body does not exceed the share of an address. */
START_TEST(small_bodies_of_many_addresses_do_not_end_a_large_one)
{
    static char rest[40000];
    live_init();
    live.limits.unproven_bytes = 200000;
    live.limits.body_size = sizeof(rest) + 60000;
    live_start();
    for (size_t i = 0; i < CROWD; i++) {
        char address[] = "127.0.0.0";
        address[8] = (char)('1' + i);
        if (i == CROWD - 2) {
            connect_from(&client, "127.0.0.9");
            send_half(&client, 60000);
        }
        connect_from(&crowd[i], address);
        send_half(&crowd[i], 20000);
    }
    live_until(ended_of_crowd(CROWD) >= 1, "one of the crowd to go");
    ck_assert(crowd[0].ended);
    client_send(&client, rest, sizeof(rest));
    client_expect(&client, OK202);
    close_crowd(CROWD);
    live_end(&client);
}
END_TEST

START_TEST(an_address_may_hold_no_more_bytes_than_its_own_limit)
{
    live_init();
    live.limits.peer_bytes = 130000;
    live_start();
    for (size_t i = 0; i < CROWD; i++) {
        connect_from(&crowd[i], "127.0.0.2");
        send_half(&crowd[i], 60000);
    }
    live_until(ended_of_crowd(CROWD) >= CROWD - 2, "most of the crowd to go");
    ck_assert_int_le(live.memory, 130000);
    close_crowd(CROWD);
    live_stop();
}
END_TEST

/* A connection closed in a body gets one answer, and its owner is notified. */
START_TEST(a_body_that_goes_is_answered_503)
{
    live_init();
    live.limits.connections = 1;
    live_begin(&client);
    client_say(&client, POST("/w", "Content-Length: 5\r\n") "he");
    live_expect_told("head POST /w; ");
    client_open(&crowd[0]);
    live_expect_told("503 crowded_out; abandoned; ");
    client_say(&crowd[0], HELLO("/w"));
    client_expect(&crowd[0], OK202);
    close_crowd(1);
    live_end(&client);
}
END_TEST

HS_TEST_MAIN("http crowd", in_every_phase_the_oldest_goes_for_a_new_connection,
             who_sent_what_was_accepted_goes_last, what_has_sent_and_was_not_read_is_spared,
             newcomers_do_not_end_each_other, who_repeats_a_request_is_not_spared,
             pipelines_of_refused_requests_go_for_a_new_connection,
             pipelines_of_many_do_not_hold_others_up, of_kept_connections_the_longest_idle_one_goes,
             the_address_that_holds_most_gives_way, an_address_may_hold_no_more_than_its_own_limit,
             bodies_that_stand_still_go_for_a_whole_request,
             the_address_that_holds_most_bytes_gives_way,
             small_bodies_of_many_addresses_do_not_end_a_large_one,
             an_address_may_hold_no_more_bytes_than_its_own_limit, a_body_that_goes_is_answered_503)
