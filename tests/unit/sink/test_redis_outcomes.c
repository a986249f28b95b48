/* How messages and connections of the Redis sink end: against a real server that refuses, is full,
 * is demoted or is down. */
#include "redis_run.h"

/* Until the server was connected to so many times more. */
static void wait_for_connections(unsigned count)
{
    unsigned long long before = 0, now = 0;
    while (now < before + count) {
        sscanf(server_get(&server, "INFO stats"), "# Stats\r\ntotal_connections_received:%llu",
               &now);
        before = before == 0 ? now : before;
        owner_turn(owner);
    }
}

START_TEST(a_key_of_another_type_fails_alone)
{
    begin_open();
    server_do(&server, "SET bad text");
    owner_give_one(owner, 1, "s", NULL);
    owner_give_one(owner, 2, "bad", NULL);
    owner_give_one(owner, 3, "s", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_PERMANENT);
    ck_assert_str_eq(owner_end(owner, 2, 0)->reason, "wrong_type");
    ck_assert_str_eq(events_of("s"), "1 3 ");
    ck_assert_str_eq(server_get(&server, "GET bad"), "text");
    end();
}
END_TEST

START_TEST(the_cursor_does_not_confirm_a_dead_letter_before_the_owner_does)
{
    begin_open();
    server_do(&server, "SET bad text");
    owner_give_range(owner, 1, 2, "s");
    owner_give_one(owner, 3, "bad", NULL);
    owner_give_one(owner, 4, "s", NULL);
    hs_sink_push(owner->sink);
    drained();
    owner_give_one(owner, 5, "s", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_str_eq(server_get(&server, "GET " CURSOR), "5 2 3:1");
    reopen();
    ck_assert_uint_eq(owner->position, 2);
    /* Given again by an owner that does not know: 4 and 5 are not written twice. */
    owner_give_one(owner, 3, "bad", NULL);
    owner_give_one(owner, 4, "s", NULL);
    owner_give_one(owner, 5, "s", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_int_eq(owner_end(owner, 3, 0)->outcome, HS_PERMANENT);
    ck_assert_int_eq(owner_end(owner, 4, 0)->outcome, HS_DELIVERED);
    ck_assert_str_eq(events_of("s"), "1 2 4 5 ");
    end();
}
END_TEST

START_TEST(out_of_memory_is_held_and_nothing_behind_it_passes)
{
    begin_open();
    owner_give_range(owner, 1, 3, "s");
    drained();
    server_do(&server, "CONFIG SET maxmemory 1");
    /* Two batches: one on its way, one gathered behind it. */
    owner_give_one(owner, 4, "s", NULL);
    hs_sink_push(owner->sink);
    owner_give_one(owner, 5, "s", NULL);
    OWNER_WAIT(owner, owner_end(owner, 4, 0)->ended);
    for (uint64_t n = 4; n <= 5; n++) {
        ck_assert(owner_end(owner, n, 0)->ended);
        ck_assert_int_eq(owner_end(owner, n, 0)->outcome, HS_BLOCKED);
        ck_assert_str_eq(owner_end(owner, n, 0)->reason, "oom");
    }
    ck_assert_int_eq(owner->state, HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "oom");
    server_do(&server, "CONFIG SET maxmemory 0");
    owner_give_range(owner, 4, 6, "s");
    drained();
    ck_assert_int_eq(owner->state, HS_SINK_UP);
    ck_assert_str_eq(events_of("s"), "1 2 3 4 5 6 ");
    ck_assert_uint_eq(owner->resumes, 1); /* the connection was kept */
    end();
}
END_TEST

START_TEST(a_user_without_the_right_is_held)
{
    begin();
    server_do(&server, "ACL SETUSER hs on >p:w/ ~s* ~cur* +@all");
    char url[160];
    snprintf(url, sizeof(url), "redis://hs:p%%3Aw%%2F@127.0.0.1:%d/0", server.port);
    options.url = url;
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1);
    owner_give_one(owner, 1, "s", NULL);
    owner_give_one(owner, 2, "other", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_int_eq(owner_end(owner, 1, 0)->outcome, HS_BLOCKED);
    ck_assert_str_eq(owner_end(owner, 2, 0)->reason, "no_permission");
    ck_assert_str_eq(server_get(&server, "EXISTS s"), "0"); /* whole or not at all */
    server_do(&server, "ACL SETUSER hs ~other");
    owner_give_one(owner, 1, "s", NULL);
    owner_give_one(owner, 2, "other", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_str_eq(events_of("s"), "1 ");
    ck_assert_str_eq(events_of("other"), "2 ");
    end();
}
END_TEST

/* Commands behind a MULTI that was refused are done one by one. */
START_TEST(R3_without_the_right_to_transactions_nothing_is_written)
{
    begin();
    server_do(&server, "ACL SETUSER default %s", _i == 0 ? "-multi" : "-exec");
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "no_permission");
    ck_assert_int_eq(owner_give_one(owner, 1, "s", NULL), HS_SUBMIT_FULL);
    server_do(&server, "ACL SETUSER default +@all");
    OWNER_WAIT(owner, owner->resumes == 1);
    deliver_all(1, 10, "s", NULL);
    ck_assert_str_eq(events_of("s"), numbers(1, 10));
    end();
}
END_TEST

START_TEST(R3_what_is_written_when_the_right_to_transactions_goes_is_not_written_again)
{
    begin_open();
    server_do(&server, "SET bad text");
    server_do(&server, "ACL SETUSER default -multi");
    for (uint64_t n = 1; n <= 3; n++)
        owner_give_one(owner, n, n == 2 ? "bad" : "s", NULL);
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "no_permission");
    server_do(&server, "ACL SETUSER default +@all");
    OWNER_WAIT(owner, owner->resumes == 2);
    for (uint64_t n = owner->position + 1; n <= 4; n++)
        owner_give_one(owner, n, n == 2 ? "bad" : "s", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_PERMANENT);
    ck_assert_str_eq(events_of("s"), "1 3 4 ");
    end();
}
END_TEST

/* A stream that can take no more: XADD fails by itself, and a person must act. */
static void exhaust(const char *stream)
{
    server_do(&server, "XADD %s 18446744073709551615-18446744073709551615 body {\"n\":0}", stream);
}

START_TEST(R3_a_reply_that_was_read_counts_although_the_connection_is_left)
{
    begin_open();
    exhaust("s");
    server_do(&server, "ACL SETUSER default -watch");
    owner_give_one(owner, 1, "s", NULL);
    owner_give_one(owner, 2, "other", NULL);
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    server_do(&server, "ACL SETUSER default +@all");
    server_do(&server, "DEL s");
    OWNER_WAIT(owner, owner->resumes == 2);
    deliver_all(owner->position + 1, 1, "s", NULL);
    ck_assert_str_eq(events_of("s"), "1 ");
    ck_assert_str_eq(events_of("other"), "2 ");
    end();
}
END_TEST

START_TEST(passwords_are_held_until_they_are_right)
{
    begin();
    server_do(&server, "CONFIG SET requirepass right");
    server_do(&server, "AUTH right");
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "no_auth");
    owner_close(owner);
    owner->state = HS_SINK_STATE_COUNT;
    options.password = "wrong-secret";
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "wrong_password");
    ck_assert_ptr_null(strstr(owner->detail, "wrong-secret"));
    server_do(&server, "CONFIG SET requirepass wrong-secret");
    OWNER_WAIT(owner, owner->state == HS_SINK_UP);
    ck_assert_uint_eq(owner->resumes, 1);
    end();
}
END_TEST

/* Blocked, and left: by the next connection a proxy or a name may lead to the master. */
START_TEST(a_master_that_is_demoted_holds_until_it_is_promoted)
{
    begin_open();
    owner_give_range(owner, 1, 2, "s");
    drained();
    server_do(&server, "REPLICAOF 127.0.0.1 1");
    owner_give_one(owner, 3, "s", NULL);
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "read_only");
    ck_assert_ptr_nonnull(strstr(owner->detail, "point `url` at the master, or promote this one"));
    ck_assert_int_eq(owner_end(owner, 3, 0)->outcome, HS_BLOCKED);
    ck_assert_int_eq(owner_give_one(owner, 3, "s", NULL), HS_SUBMIT_FULL);
    wait_for_connections(3);
    server_do(&server, "REPLICAOF NO ONE");
    OWNER_WAIT(owner, owner->resumes == 2);
    ck_assert_uint_eq(owner->position, 2);
    owner_give_range(owner, 3, 3, "s");
    drained();
    ck_assert_str_eq(events_of("s"), "1 2 3 ");
    ck_assert_str_eq(owner->trail, "connecting:start up blocked:read_only up ");
    end();
}
END_TEST

START_TEST(a_replica_is_held_from_the_start_and_resumes_when_it_is_promoted)
{
    begin();
    server_do(&server, "REPLICAOF 127.0.0.1 1");
    if (_i == 1) /* it does not even read */
        server_do(&server, "CONFIG SET replica-serve-stale-data no");
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "read_only");
    wait_for_connections(3);
    server_do(&server, "REPLICAOF NO ONE");
    OWNER_WAIT(owner, owner->resumes == 1);
    ck_assert_str_eq(owner->trail, "connecting:start blocked:read_only up ");
    end();
}
END_TEST

START_TEST(a_cursor_that_is_none_is_held_and_left_alone)
{
    begin();
    server_do(&server, "SET " CURSOR " %s", "12 13");
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "cursor_damaged");
    ck_assert_uint_eq(owner->resumes, 0);
    server_do(&server, "DEL " CURSOR);
    OWNER_WAIT(owner, owner->resumes == 1);
    owner_close(owner);
    server_do(&server, "DEL " CURSOR);
    server_do(&server, "SADD " CURSOR " x"); /* not even a text */
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "cursor_damaged");
    ck_assert_ptr_nonnull(strstr(owner->detail, CURSOR ": the cursor's key holds something else"));
    ck_assert_ptr_nonnull(strstr(owner->detail, "set another `cursor_key`"));
    server_do(&server, "DEL " CURSOR);
    OWNER_WAIT(owner, owner->resumes == 2);
    end();
}
END_TEST

START_TEST(a_server_that_is_down_at_first_is_waited_for)
{
    begin();
    server_kill(&server);
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, strcmp(owner->reason, "connect") == 0);
    ck_assert_int_eq(owner->state, HS_SINK_CONNECTING);
    ck_assert_int_eq(owner_give_one(owner, 1, "s", NULL), HS_SUBMIT_FULL);
    server_start(&server);
    OWNER_WAIT(owner, owner->resumes == 1);
    owner_give_range(owner, 1, 1, "s");
    drained();
    ck_assert_str_eq(events_of("s"), "1 ");
    end();
}
END_TEST

START_TEST(closing_in_every_stage_tells_nothing)
{
    begin();
    owner_open(owner, &options.sink);
    owner_close(owner); /* waiting */
    owner_open(owner, &options.sink);
    owner_turn(owner);
    owner_close(owner); /* connecting */
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1);
    owner_give_one(owner, 1, "s", NULL);
    owner_close(owner); /* gathered */
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 2);
    owner_give_one(owner, 1, "s", NULL);
    hs_sink_push(owner->sink);
    owner_give_one(owner, 2, "s", NULL);
    owner_close(owner); /* on its way */
    ck_assert_uint_eq(owner->ended, 0);
    end();
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("redis sink outcomes");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_key_of_another_type_fails_alone);
    tcase_add_test(tcase, the_cursor_does_not_confirm_a_dead_letter_before_the_owner_does);
    tcase_add_test(tcase, out_of_memory_is_held_and_nothing_behind_it_passes);
    tcase_add_test(tcase, a_user_without_the_right_is_held);
    tcase_add_loop_test(tcase, R3_without_the_right_to_transactions_nothing_is_written, 0, 2);
    tcase_add_test(tcase,
                   R3_what_is_written_when_the_right_to_transactions_goes_is_not_written_again);
    tcase_add_test(tcase, R3_a_reply_that_was_read_counts_although_the_connection_is_left);
    tcase_add_test(tcase, passwords_are_held_until_they_are_right);
    tcase_add_test(tcase, a_master_that_is_demoted_holds_until_it_is_promoted);
    tcase_add_loop_test(tcase, a_replica_is_held_from_the_start_and_resumes_when_it_is_promoted, 0,
                        2);
    tcase_add_test(tcase, a_cursor_that_is_none_is_held_and_left_alone);
    tcase_add_test(tcase, a_server_that_is_down_at_first_is_waited_for);
    tcase_add_test(tcase, closing_in_every_stage_tells_nothing);
    Suite *suite = suite_create("redis sink outcomes");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
