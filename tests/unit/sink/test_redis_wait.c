/* `wait: {replicas: 1}` against a real master and a real replica, which is stopped and let go
 * on (R4): what the replica does not have is not told as delivered, and is not written twice. */
#include "owner.h"
#include "redis/options.h"
#include "redis/redis.h"
#include "redis_server.h"

static struct redis_server master, replica;
static struct hs_redis_options options;
static struct owner *owner;

static void follow(void)
{
    server_do(&replica, "REPLICAOF 127.0.0.1 %d", master.port);
}

static void begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    master = server_create();
    replica = server_create();
    server_do(&master, "CONFIG SET repl-diskless-sync-delay 0");
    options = (struct hs_redis_options){
        .sink.kind = HS_SINK_INDEX_redis,
        .url = master.url,
        .cursor_key = "cur",
        .wait = {.replicas = 1, .timeout_ns = UINT64_C(20000000)},
    };
    owner = owner_create();
}

static void begin_open(void)
{
    begin();
    follow();
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1);
}

static void end(void)
{
    owner_free(owner);
    server_end(&replica);
    server_end(&master);
}

static void drained(void)
{
    OWNER_WAIT(owner, hs_sink_in_flight(owner->sink) == 0);
}

static bool is_held(const char *reason)
{
    return owner->state == HS_SINK_BLOCKED && strcmp(owner->reason, reason) == 0;
}

/* Ten events on the master, of which the replica has none. */
static void give_ten_to_the_master_alone(void)
{
    kill(replica.pid, SIGSTOP);
    owner_give_range(owner, 1, 10, "s");
    OWNER_WAIT(owner, is_held("replicas"));
    ck_assert_str_eq(server_get(&master, "XLEN s"), "10");
    ck_assert_uint_eq(owner->ended, 0);
}

static void expect_ten_once(void)
{
    kill(replica.pid, SIGCONT);
    drained();
    ck_assert_str_eq(server_get(&master, "XLEN s"), "10");
    ck_assert_str_eq(server_get(&replica, "XLEN s"), "10");
    ck_assert_int_eq(owner->state, HS_SINK_UP);
}

START_TEST(what_is_told_as_delivered_is_on_the_replica)
{
    begin_open();
    owner_give_range(owner, 1, 2500, "s");
    drained();
    ck_assert_uint_eq(owner->delivered, 2500);
    ck_assert_str_eq(server_get(&replica, "XLEN s"), "2500");
    end();
}
END_TEST

START_TEST(without_a_replica_nothing_is_taken_and_a_person_is_told)
{
    begin();
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, is_held("replicas"));
    ck_assert_ptr_nonnull(strstr(owner->detail, "0 of 1 replicas"));
    ck_assert_ptr_nonnull(strstr(owner->detail, "wait.replicas"));
    ck_assert_int_eq(owner_give_one(owner, 1, "s", NULL), HS_SUBMIT_FULL);
    ck_assert_uint_eq(owner->resumes, 0);
    follow();
    OWNER_WAIT(owner, owner->resumes == 1);
    ck_assert_int_eq(owner->state, HS_SINK_UP);
    end();
}
END_TEST

START_TEST(a_replica_that_stands_still_is_waited_for)
{
    begin_open();
    give_ten_to_the_master_alone();
    expect_ten_once();
    ck_assert_uint_eq(owner->delivered, 10);
    ck_assert_uint_eq(owner->resumes, 1);
    end();
}
END_TEST

START_TEST(what_is_given_meanwhile_comes_behind)
{
    begin_open();
    give_ten_to_the_master_alone();
    for (uint64_t n = 11; n <= 15; n++)
        ck_assert_int_eq(owner_give_one(owner, n, "s", NULL), HS_SUBMIT_ACCEPTED);
    hs_sink_push(owner->sink);
    kill(replica.pid, SIGCONT);
    drained();
    ck_assert_uint_eq(owner->delivered, 15);
    for (uint64_t n = 1; n <= 15; n++)
        ck_assert_uint_eq(owner->order[n - 1], n);
    ck_assert_str_eq(server_get(&replica, "XLEN s"), "15");
    end();
}
END_TEST

START_TEST(a_new_connection_gives_no_position_that_the_replica_lacks)
{
    begin_open();
    give_ten_to_the_master_alone();
    for (int i = 0; i < 3; i++) {
        server_do(&master, "CLIENT KILL TYPE normal");
        OWNER_WAIT(owner, owner->state == HS_SINK_CONNECTING);
        OWNER_WAIT(owner, is_held("replicas"));
        ck_assert_uint_eq(owner->resumes, 1);
    }
    kill(replica.pid, SIGCONT);
    OWNER_WAIT(owner, owner->resumes == 2);
    ck_assert_uint_eq(owner->position, 10);
    ck_assert_str_eq(server_get(&master, "XLEN s"), "10");
    ck_assert_str_eq(server_get(&replica, "XLEN s"), "10");
    end();
}
END_TEST

START_TEST(a_new_program_gives_no_position_that_the_replica_lacks)
{
    begin_open();
    give_ten_to_the_master_alone();
    owner_close(owner);
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->state == HS_SINK_CONNECTING);
    OWNER_WAIT(owner, is_held("replicas"));
    ck_assert_uint_eq(owner->resumes, 1);
    kill(replica.pid, SIGCONT);
    OWNER_WAIT(owner, owner->resumes == 2);
    ck_assert_str_eq(server_get(&replica, "XLEN s"), "10");
    end();
}
END_TEST

START_TEST(a_message_that_failed_by_itself_is_told_when_the_others_are)
{
    begin_open();
    server_do(&master, "SET bad text");
    kill(replica.pid, SIGSTOP);
    owner_give_one(owner, 1, "s", NULL);
    owner_give_one(owner, 2, "bad", NULL);
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, is_held("replicas"));
    ck_assert_uint_eq(owner->ended, 0);
    kill(replica.pid, SIGCONT);
    drained();
    ck_assert_int_eq(owner_end(owner, 1, 0)->outcome, HS_DELIVERED);
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_PERMANENT);
    ck_assert_str_eq(server_get(&replica, "XLEN s"), "1");
    end();
}
END_TEST

/* What failed by itself is remembered although the connection was lost before the end. */
START_TEST(a_message_that_failed_by_itself_is_verified_after_a_lost_connection)
{
    begin_open();
    server_do(&master, "SET bad text");
    kill(replica.pid, SIGSTOP);
    owner_give_one(owner, 1, "s", NULL);
    owner_give_one(owner, 2, "bad", NULL);
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, is_held("replicas"));
    server_do(&master, "CLIENT KILL TYPE normal");
    kill(replica.pid, SIGCONT);
    OWNER_WAIT(owner, owner->resumes == 2);
    ck_assert_uint_eq(owner->position, 1);
    owner_give_one(owner, 2, "bad", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_PERMANENT);
    ck_assert_str_eq(server_get(&master, "GET bad"), "text");
    end();
}
END_TEST

/* And by the next run, although the replica had none of it and the key was mended since. */
START_TEST(R6_a_hole_is_written_although_the_replica_stands_still)
{
    begin_open();
    server_do(&master, "SET bad text");
    kill(replica.pid, SIGSTOP);
    owner_give_one(owner, 1, "s", NULL);
    owner_give_one(owner, 2, "bad", NULL);
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, strcmp(server_get(&master, "GET cur:0000-identity:test"), "2 1 2:1") == 0);
    OWNER_WAIT(owner, is_held("replicas"));
    ck_assert_uint_eq(owner->ended, 0);
    owner_close(owner);
    server_do(&master, "DEL bad");
    kill(replica.pid, SIGCONT);
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 2);
    ck_assert_uint_eq(owner->position, 1);
    owner_give_one(owner, 2, "bad", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_DELIVERED);
    ck_assert_str_eq(server_get(&replica, "XLEN bad"), "1");
    ck_assert_str_eq(server_get(&replica, "XLEN s"), "1");
    end();
}
END_TEST

/* The same connection: the batch ends when the replica goes on. */
START_TEST(R6_a_hole_that_was_written_meanwhile_ends_no_batch)
{
    begin_open();
    server_do(&master, "SET bad text");
    kill(replica.pid, SIGSTOP);
    owner_give_one(owner, 1, "s", NULL);
    owner_give_one(owner, 2, "bad", NULL);
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, ((struct hs_redis *)owner->sink)->progress.stored.hole_count == 1);
    owner_give_range(owner, 3, 5, "s");
    ck_assert_uint_eq(owner->ended, 0);
    kill(replica.pid, SIGCONT);
    drained();
    ck_assert_uint_eq(owner->resumes, 1);
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_PERMANENT);
    ck_assert_str_eq(server_get(&replica, "XLEN s"), "4");
    end();
}
END_TEST

START_TEST(a_batch_that_was_refused_waits_for_no_replica)
{
    begin_open();
    kill(replica.pid, SIGSTOP);
    server_do(&master, "CONFIG SET maxmemory 1");
    owner_give_one(owner, 1, "s", NULL);
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, owner->ended == 1);
    ck_assert_str_eq(owner_end(owner, 1, 0)->reason, "oom");
    ck_assert(is_held("oom"));
    kill(replica.pid, SIGCONT);
    end();
}
END_TEST

START_TEST(a_user_who_may_not_wait_is_held_and_nothing_comes_twice)
{
    begin_open();
    give_ten_to_the_master_alone();
    server_do(&master, "ACL SETUSER default -wait");
    OWNER_WAIT(owner, is_held("no_permission"));
    kill(replica.pid, SIGCONT);
    ck_assert_uint_eq(owner->ended, 0);
    server_do(&master, "ACL SETUSER default +wait");
    OWNER_WAIT(owner, owner->resumes == 2);
    ck_assert_uint_eq(owner->position, 10);
    ck_assert_str_eq(server_get(&master, "XLEN s"), "10");
    end();
}
END_TEST

START_TEST(a_master_that_is_demoted_while_it_is_asked_is_held)
{
    begin_open();
    give_ten_to_the_master_alone();
    server_do(&master, "REPLICAOF 127.0.0.1 1");
    OWNER_WAIT(owner, is_held("read_only"));
    ck_assert_ptr_nonnull(strstr(owner->detail, "point `url` at the master, or promote this one"));
    ck_assert_uint_eq(owner->ended, 0);
    server_do(&master, "REPLICAOF NO ONE");
    kill(replica.pid, SIGCONT);
    OWNER_WAIT(owner, owner->resumes == 2);
    ck_assert_uint_eq(owner->position, 10);
    ck_assert_str_eq(server_get(&master, "XLEN s"), "10");
    ck_assert_str_eq(server_get(&replica, "XLEN s"), "10");
    end();
}
END_TEST

START_TEST(closing_while_it_waits_tells_nothing)
{
    begin_open();
    give_ten_to_the_master_alone();
    owner_close(owner);
    ck_assert_uint_eq(owner->ended, 0);
    kill(replica.pid, SIGCONT);
    end();
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("redis wait");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_is_told_as_delivered_is_on_the_replica);
    tcase_add_test(tcase, without_a_replica_nothing_is_taken_and_a_person_is_told);
    tcase_add_test(tcase, a_replica_that_stands_still_is_waited_for);
    tcase_add_test(tcase, what_is_given_meanwhile_comes_behind);
    tcase_add_test(tcase, a_new_connection_gives_no_position_that_the_replica_lacks);
    tcase_add_test(tcase, a_new_program_gives_no_position_that_the_replica_lacks);
    tcase_add_test(tcase, a_message_that_failed_by_itself_is_told_when_the_others_are);
    tcase_add_test(tcase, a_message_that_failed_by_itself_is_verified_after_a_lost_connection);
    tcase_add_test(tcase, R6_a_hole_is_written_although_the_replica_stands_still);
    tcase_add_test(tcase, R6_a_hole_that_was_written_meanwhile_ends_no_batch);
    tcase_add_test(tcase, a_batch_that_was_refused_waits_for_no_replica);
    tcase_add_test(tcase, a_user_who_may_not_wait_is_held_and_nothing_comes_twice);
    tcase_add_test(tcase, a_master_that_is_demoted_while_it_is_asked_is_held);
    tcase_add_test(tcase, closing_while_it_waits_tells_nothing);
    Suite *suite = suite_create("redis wait");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
