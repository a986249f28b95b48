/* The states' table and the arithmetic of slow bodies, which a live test would have to wait for. */
#include "internal.h"

#include <hookstream/clock.h>
#include <hs_test.h>
#include <signal.h>

START_TEST(a_body_is_too_slow_only_after_the_grace_and_below_the_rate)
{
    const uint64_t second = HS_NS_PER_SECOND;
    ck_assert(!hs_http_too_slow(0, HS_HTTP_RATE_GRACE_NS - 1, 1000));
    ck_assert(hs_http_too_slow(0, HS_HTTP_RATE_GRACE_NS, 1000));
    ck_assert(hs_http_too_slow(4999, 5 * second, 1000));
    ck_assert(!hs_http_too_slow(5000, 5 * second, 1000));
    ck_assert(hs_http_too_slow(9999, 10 * second, 1000));
    ck_assert(!hs_http_too_slow(0, 100 * second, 0));
    /* Nothing wraps. */
    ck_assert(hs_http_too_slow(1, UINT64_MAX, UINT64_MAX));
    ck_assert(!hs_http_too_slow(UINT64_MAX, 5 * second, UINT64_MAX / 5000));
}
END_TEST

/* A server that consists only of lists. */
static void make_server(struct hs_http_server *server)
{
    *server = (struct hs_http_server){.open = 1};
    for (int state = 0; state < HS_CONNECTION_STATE_COUNT; state++)
        for (int proven = 0; proven <= 1; proven++)
            TAILQ_INIT(&server->lists[proven][state]);
    TAILQ_INIT(&server->watched[0]);
    TAILQ_INIT(&server->watched[1]);
}

START_TEST(a_connection_moves_between_the_lists_of_its_states)
{
    struct hs_http_server server;
    make_server(&server);
    server.timeouts[HS_CONNECTION_IDLE] = 1;
    struct hs_http_connection connection = {.server = &server, .proven = true};
    TAILQ_INSERT_TAIL(&server.lists[true][HS_CONNECTION_IDLE], &connection, link);
    hs_http_set_state(&connection, HS_CONNECTION_WORK);
    ck_assert(TAILQ_EMPTY(&server.lists[true][HS_CONNECTION_IDLE]));
    ck_assert_ptr_eq(TAILQ_FIRST(&server.lists[true][HS_CONNECTION_WORK]), &connection);
    ck_assert_uint_eq(connection.entered_ns, 0); /* not needed there, so the clock is not read */
    hs_http_set_state(&connection, HS_CONNECTION_IDLE);
    ck_assert_ptr_eq(TAILQ_FIRST(&server.lists[true][HS_CONNECTION_IDLE]), &connection);
    ck_assert_uint_ne(connection.entered_ns, 0);
}
END_TEST

/* The rate of a head or body is checked after the grace period, then once per period, whatever the
 * order of connections; a connection in any other state leaves the lists. */
START_TEST(heads_and_bodies_are_watched_and_others_are_not)
{
    struct hs_http_server server;
    make_server(&server);
    server.limits.least_rate = 1000;
    struct hs_http_connection connection = {.server = &server, .proven = true};
    TAILQ_INSERT_TAIL(&server.lists[true][HS_CONNECTION_IDLE], &connection, link);
    hs_http_set_state(&connection, HS_CONNECTION_WORK);
    ck_assert(TAILQ_EMPTY(&server.watched[0]));
    hs_http_set_state(&connection, HS_CONNECTION_BODY);
    ck_assert_ptr_eq(TAILQ_FIRST(&server.watched[0]), &connection);
    connection.received = 1u << 20;
    uint64_t now = connection.entered_ns + HS_HTTP_RATE_GRACE_NS;
    ck_assert(!hs_http_expire(&server, now - 1));
    ck_assert_ptr_eq(TAILQ_FIRST(&server.watched[0]), &connection);
    ck_assert(!hs_http_expire(&server, now));
    ck_assert(TAILQ_EMPTY(&server.watched[0]));
    ck_assert_ptr_eq(TAILQ_FIRST(&server.watched[1]), &connection);
    ck_assert_uint_eq(connection.look_ns, now + HS_HTTP_RATE_PERIOD_NS);
    hs_http_set_state(&connection, HS_CONNECTION_WORK);
    ck_assert(TAILQ_EMPTY(&server.watched[1]));
}
END_TEST

START_TEST(a_state_that_may_not_follow_stops_the_program)
{
    struct hs_http_server server;
    make_server(&server);
    struct hs_http_connection connection = {.server = &server, .proven = true};
    TAILQ_INSERT_TAIL(&server.lists[true][HS_CONNECTION_IDLE], &connection, link);
    hs_http_set_state(&connection, HS_CONNECTION_BODY); /* no head came before */
}
END_TEST

/* A deadly signal is expected of one test, so HS_TEST_MAIN does not fit. */
int main(void)
{
    TCase *tcase = tcase_create("http state");
    tcase_add_test(tcase, a_body_is_too_slow_only_after_the_grace_and_below_the_rate);
    tcase_add_test(tcase, a_connection_moves_between_the_lists_of_its_states);
    tcase_add_test(tcase, heads_and_bodies_are_watched_and_others_are_not);
    tcase_add_test_raise_signal(tcase, a_state_that_may_not_follow_stops_the_program, SIGABRT);
    Suite *suite = suite_create("http state");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
