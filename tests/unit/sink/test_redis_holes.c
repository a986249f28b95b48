/* What failed by itself inside a transaction is a hole in the Redis sink's cursor (R6): against a
 * real server, whose keys are mended behind the sink's back. */
#include "redis_run.h"

static bool cursor_is(const char *value)
{
    return strcmp(server_get(&server, "GET " CURSOR), value) == 0;
}

/* The key takes no XADD: it holds something else, or its last id is the largest there is. */
static void spoil(int how)
{
    if (how == 0)
        server_do(&server, "SET bad text");
    else
        server_do(&server, "XADD bad 18446744073709551615-18446744073709551615 body {\"n\":0}");
}

/* It has the value, or is given it by what goes out now, not only when nothing else did. */
static bool cursor_becomes(const char *value)
{
    return ((struct hs_redis *)owner->sink)->store.is_out || cursor_is(value);
}

/* Event 2 of 3 failed by itself, and the server knows of it. */
static void make_hole(int how)
{
    begin_open();
    spoil(how);
    owner_give_one(owner, 1, "s", NULL);
    owner_give_one(owner, 2, "bad", NULL);
    owner_give_one(owner, 3, "s", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, how == 0 ? HS_PERMANENT : HS_BLOCKED);
    ck_assert(cursor_becomes("3 1 2:1"));
    OWNER_WAIT(owner, cursor_is("3 1 2:1"));
}

/* Of the events that the server has only the hole is written. */
static void give_hole_again(void)
{
    ck_assert_uint_eq(owner->position, 1);
    owner_give_one(owner, 2, "bad", NULL);
    owner_give_range(owner, 3, 4, "s");
    drained();
}

START_TEST(R6_a_hole_is_written_at_once_and_ends_when_the_owner_needs_nothing_more)
{
    make_hole(_i);
    owner_give_one(owner, 4, "s", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert(cursor_is("4 1 2:1")); /* and goes with every batch */
    hs_sink_skip(owner->sink, 1);
    hs_sink_skip(owner->sink, 4);
    OWNER_WAIT(owner, cursor_is("4 4"));
    end();
}
END_TEST

START_TEST(R6_a_hole_is_written_by_the_next_run_whatever_its_key_is_by_then)
{
    make_hole(_i % 2);
    server_do(&server, "DEL bad");
    if (_i >= 2)
        server_do(&server, "XADD bad * body {\"n\":0}");
    reopen();
    give_hole_again();
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_DELIVERED);
    ck_assert_str_eq(events_of("bad"), _i >= 2 ? "0 2 " : "2 ");
    ck_assert_str_eq(events_of("s"), "1 3 4 ");
    hs_sink_skip(owner->sink, 4);
    OWNER_WAIT(owner, cursor_is("4 4"));
    end();
}
END_TEST

START_TEST(R6_a_hole_that_fails_again_is_told_and_stays_one)
{
    make_hole(0);
    reopen();
    give_hole_again();
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_PERMANENT);
    ck_assert_str_eq(owner_end(owner, 2, 0)->reason, "wrong_type");
    OWNER_WAIT(owner, cursor_is("4 1 2:1"));
    server_do(&server, "DEL bad");
    reopen();
    ck_assert_uint_eq(owner->position, 1);
    owner_give_one(owner, 2, "bad", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_str_eq(events_of("bad"), "2 ");
    end();
}
END_TEST

START_TEST(R6_an_event_that_is_asked_for_and_has_no_stream_is_a_hole)
{
    begin();
    server_do(&server, "SET " CURSOR " %s", "3 1"); /* replies never read */
    spoil(0);
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1);
    owner_give_one(owner, 2, "bad", NULL);
    owner_give_one(owner, 3, "s", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_PERMANENT);
    OWNER_WAIT(owner, cursor_is("3 1 2:1"));
    end();
}
END_TEST

/* Of one event a part failed: it alone is written. */
START_TEST(R6_a_hole_is_a_part_of_an_event)
{
    begin();
    server_do(&server, "SET " CURSOR " %s", "3 2 3:2");
    server_do(&server, "XADD a * body {\"n\":3}");
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1);
    struct hs_message messages[2] = {
        {.destination = HS_SLICE("a"), .body = HS_SLICE("{\"n\":3}"), .target = &owner_target},
        {.part = 1,
         .destination = HS_SLICE("b"),
         .body = HS_SLICE("{\"n\":3}"),
         .target = &owner_target},
    };
    ck_assert_int_eq(owner_give(owner, 3, messages, 2), HS_SUBMIT_ACCEPTED);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_str_eq(events_of("a"), "3 ");
    ck_assert_str_eq(events_of("b"), "3 ");
    ck_assert(cursor_is("3 2"));
    end();
}
END_TEST

/* A connection that ends before the answer: the cursor says whether the hole was written. */
START_TEST(R6_a_hole_is_written_once_though_the_answer_to_that_is_lost)
{
    make_hole(1);
    server_do(&server, "DEL bad");
    if (_i == 1)
        kill(server.pid, SIGSTOP);
    owner_give_one(owner, 2, "bad", NULL);
    hs_sink_push(owner->sink);
    event_base_loop(owner->base, EVLOOP_NONBLOCK); /* writes it, reads nothing */
    for (int i = 0; _i == 0 && !cursor_is("3 1"); i++) {
        ck_assert_int_lt(i, 1000);
        poll(NULL, 0, 5);
    }
    hs_redis_leave((struct hs_redis *)owner->sink, "timeout", "as if no answer came");
    kill(server.pid, SIGCONT);
    OWNER_WAIT(owner, owner->resumes == 2);
    give_hole_again();
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_DELIVERED);
    ck_assert_str_eq(events_of("bad"), "2 ");
    ck_assert_str_eq(events_of("s"), "1 3 4 ");
    end();
}
END_TEST

/* The connection ends before the hole is on the server: the next one writes it before all else. */
START_TEST(R6_a_hole_that_the_server_does_not_know_yet_is_the_first_that_is_written)
{
    begin_open();
    owner_give_range(owner, 1, 3, "s");
    drained();
    hs_redis_progress_fail(&((struct hs_redis *)owner->sink)->progress, 2, 0);
    server_do(&server, "CLIENT KILL TYPE normal");
    OWNER_WAIT(owner, owner->resumes == 2);
    ck_assert_uint_eq(owner->position, 1);
    ck_assert(cursor_becomes("3 1 2:1"));
    OWNER_WAIT(owner, cursor_is("3 1 2:1"));
    end();
}
END_TEST

START_TEST(R6_a_hole_is_not_written_before_the_server_knows_of_it)
{
    begin_open();
    owner_give_range(owner, 1, 3, "s");
    drained();
    hs_redis_progress_fail(&((struct hs_redis *)owner->sink)->progress, 2, 0);
    owner_give_one(owner, 2, "bad", NULL);
    hs_sink_push(owner->sink);
    ck_assert(cursor_becomes("3 1 2:1"));
    drained();
    ck_assert(cursor_is("3 1"));
    ck_assert_str_eq(events_of("bad"), "2 ");
    end();
}
END_TEST

START_TEST(R6_many_holes_let_nothing_pass_until_some_are_settled)
{
    begin_open();
    spoil(0);
    owner_give_range(owner, 1, 70, "bad");
    drained();
    ck_assert_int_eq(owner_give_one(owner, 71, "s", NULL), HS_SUBMIT_FULL);
    hs_sink_skip(owner->sink, 70 - HS_REDIS_HOLES_MOST);
    ck_assert_int_eq(owner_give_one(owner, 71, "s", NULL), HS_SUBMIT_FULL);
    size_t rooms = owner->rooms;
    hs_sink_skip(owner->sink, 70 - HS_REDIS_HOLES_MOST + 1);
    ck_assert_uint_gt(owner->rooms, rooms);
    owner_give_range(owner, 71, 72, "s");
    drained();
    ck_assert_str_eq(events_of("s"), "71 72 ");
    end();
}
END_TEST

START_TEST(R6_as_many_holes_as_there_can_be_are_written_by_the_next_run)
{
    enum { MANY = 2 * HS_REDIS_BATCH_MESSAGES };
    begin_open();
    spoil(0);
    for (uint64_t n = 1; n <= MANY; n++)
        ck_assert_int_eq(owner_give_one(owner, n, "bad", NULL), HS_SUBMIT_ACCEPTED);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_uint_eq(owner->failed, MANY);
    OWNER_WAIT(owner, ((struct hs_redis *)owner->sink)->progress.stored.hole_count == MANY);
    server_do(&server, "DEL bad");
    reopen();
    ck_assert_int_eq(owner_give_one(owner, MANY + 1, "bad", NULL), HS_SUBMIT_FULL);
    owner_give_range(owner, 1, MANY + 1, "bad");
    drained();
    ck_assert_str_eq(events_of("bad"), numbers(1, MANY + 1));
    hs_sink_skip(owner->sink, MANY + 1);
    OWNER_WAIT(owner, cursor_is("2001 2001"));
    end();
}
END_TEST

/* A cursor that cannot be written is written later, and nothing passes until then. */
START_TEST(R6_a_hole_that_cannot_be_stored_holds_what_comes_behind)
{
    begin_open();
    owner_give_range(owner, 1, 3, "s");
    drained();
    server_do(&server, "CONFIG SET maxmemory 1");
    hs_redis_progress_fail(&((struct hs_redis *)owner->sink)->progress, 2, 0);
    owner_give_one(owner, 4, "s", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_str_eq(owner_end(owner, 4, 0)->reason, "oom");
    ck_assert_int_eq(owner->state, HS_SINK_BLOCKED);
    server_do(&server, "CONFIG SET maxmemory 0");
    owner_give_one(owner, 4, "s", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_int_eq(owner->state, HS_SINK_UP);
    ck_assert(cursor_is("4 1 2:1"));
    ck_assert_str_eq(events_of("s"), "1 2 3 4 ");
    ck_assert_uint_eq(owner->resumes, 1);
    end();
}
END_TEST

START_TEST(a_failover_to_a_server_where_the_hole_was_not_written_yet_writes_it)
{
    make_hole(1);
    server_do(&server, "DEL bad");
    owner_give_one(owner, 2, "bad", NULL);
    hs_sink_push(owner->sink);
    drained();
    owner_give_range(owner, 4, 6, "s");
    drained();
    hs_sink_skip(owner->sink, 6);
    OWNER_WAIT(owner, cursor_is("6 6"));
    server_do(&server, "DEL bad"); /* an older copy took over */
    server_do(&server, "SET " CURSOR " %s", "3 1 2:1");
    server_do(&server, "CLIENT KILL TYPE normal");
    OWNER_WAIT(owner, owner->resumes == 2);
    give_hole_again();
    ck_assert_str_eq(events_of("bad"), "2 ");
    end();
}
END_TEST

START_TEST(what_the_owner_says_is_anothers_is_left_as_it_is)
{
    make_hole(0);
    server_do(&server, "SET " CURSOR " %s", "50 50");
    owner->refuses = true;
    server_do(&server, "CLIENT KILL TYPE normal");
    OWNER_WAIT(owner, owner->resumes == 2);
    hs_sink_skip(owner->sink, 1);
    struct timeval longer = {1, 0}; /* than a cursor without a batch waits */
    event_base_loopexit(owner->base, &longer);
    event_base_dispatch(owner->base);
    ck_assert(cursor_is("50 50"));
    end();
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("redis holes");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(
        tcase, R6_a_hole_is_written_at_once_and_ends_when_the_owner_needs_nothing_more, 0, 2);
    tcase_add_loop_test(tcase, R6_a_hole_is_written_by_the_next_run_whatever_its_key_is_by_then, 0,
                        4);
    tcase_add_test(tcase, R6_a_hole_that_fails_again_is_told_and_stays_one);
    tcase_add_test(tcase, what_the_owner_says_is_anothers_is_left_as_it_is);
    tcase_add_test(tcase, R6_an_event_that_is_asked_for_and_has_no_stream_is_a_hole);
    tcase_add_test(tcase, R6_a_hole_is_a_part_of_an_event);
    tcase_add_loop_test(tcase, R6_a_hole_is_written_once_though_the_answer_to_that_is_lost, 0, 2);
    tcase_add_test(tcase, R6_a_hole_that_the_server_does_not_know_yet_is_the_first_that_is_written);
    tcase_add_test(tcase, R6_a_hole_is_not_written_before_the_server_knows_of_it);
    tcase_add_test(tcase, R6_many_holes_let_nothing_pass_until_some_are_settled);
    tcase_add_test(tcase, R6_as_many_holes_as_there_can_be_are_written_by_the_next_run);
    tcase_add_test(tcase, R6_a_hole_that_cannot_be_stored_holds_what_comes_behind);
    tcase_add_test(tcase, a_failover_to_a_server_where_the_hole_was_not_written_yet_writes_it);
    Suite *suite = suite_create("redis holes");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
