/* Every error that a Redis answers, through the whole sink, at each place where it can come: what
 * becomes of the event, what an operator reads, and that the sink resumes by itself once Redis
 * answers well again. The server is a script (redis_script.h). */
#include "owner.h"
#include "redis/options.h"
#include "redis/errors.h"
#include "redis_script.h"

#include <signal.h>

static struct script script;
static struct hs_redis_options options;
static struct owner *owner;

static void begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    owner = owner_create();
    script_start(&script, owner->base);
    options = (struct hs_redis_options){
        .sink.kind = HS_SINK_INDEX_redis, .url = script.url, .cursor_key = "cur"};
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
    script_end(&script);
    owner_free(owner);
}

/* ---- The table ---- */

enum fate {
    DEAD,    /* the event is a dead letter at once, the next goes on */
    AGAIN,   /* given again until it is taken, without a person */
    BLOCKED, /* given again too, and a person is told what to do */
};

/* What an operator sees of each error that a Redis gives. */
static const struct row {
    const char *error;
    enum fate fate;
    const char *reason;
    const char *advice; /* in the words that are told */
} rows[] = {
    {"WRONGTYPE Operation against a key holding the wrong kind of value", DEAD, "wrong_type",
     "no stream"},
    {"OOM command not allowed when used memory > 'maxmemory'.", BLOCKED, "oom",
     "raise it, or trim streams"},
    {"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist on "
     "disk.",
     BLOCKED, "misconf", "cannot save to its disk"},
    {"NOAUTH Authentication required.", BLOCKED, "no_auth", "set `password`"},
    {"WRONGPASS invalid username-password pair or user is disabled.", BLOCKED, "wrong_password",
     "refuses the user or the password"},
    {"NOPERM this user has no permissions to run the 'xadd' command", BLOCKED, "no_permission",
     "extend its ACL"},
    {"DENIED Redis is running in protected mode because protected mode is enabled", BLOCKED,
     "denied", "set a password or bind"},
    {"MOVED 3999 127.0.0.1:6381", BLOCKED, "moved", "on another node"},
    {"ASK 3999 127.0.0.1:6381", BLOCKED, "moved", "on another node"},
    {"CROSSSLOT Keys in request don't hash to the same slot", BLOCKED, "cross_slot",
     "one hash tag"},
    {"READONLY You can't write against a read only replica.", BLOCKED, "read_only",
     "point `url` at the master, or promote this one"},
    {"ERR WAIT cannot be used with replica instances.", BLOCKED, "read_only",
     "point `url` at the master, or promote this one"},
    {"ERR unknown command 'XADD', with args beginning with: 's'", BLOCKED, "error",
     "unknown command 'XADD'"},
    {"NOPROTO unsupported protocol version", BLOCKED, "error", "unsupported protocol version"},
    {"FROB of a Redis to come", BLOCKED, "error", "FROB of a Redis to come"},
    {"EXECABORT Transaction discarded because of previous errors.", AGAIN, "aborted", ""},
    {"EXECABORT Transaction discarded because of: OOM command not allowed", BLOCKED, "oom",
     "raise it, or trim streams"},
    {"EXECABORT Transaction discarded because of: READONLY You can't write", BLOCKED, "read_only",
     "point `url` at the master, or promote this one"},
    {"LOADING Redis is loading the dataset in memory", AGAIN, "loading", ""},
    {"BUSY Redis is busy running a script. You can only call SCRIPT KILL", AGAIN, "busy", ""},
    {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", AGAIN,
     "master_down", ""},
    {"UNBLOCKED force unblock from blocking operation, instance state changed", AGAIN, "failover",
     ""},
    {"NOREPLICAS Not enough good replicas to write.", AGAIN, "no_replicas", ""},
    {"CLUSTERDOWN The cluster is down", AGAIN, "cluster_down", ""},
    {"TRYAGAIN Multiple keys request during rehashing of slot", AGAIN, "try_again", ""},
    {"NOGOODSLAVE No suitable replica to promote", AGAIN, "failover", ""},
};

START_TEST(each_row_of_the_sinks_table_is_tested_here)
{
    size_t count;
    const struct hs_redis_error *table = hs_redis_error_table(&count);
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; k < HS_ARRAY_SIZE(rows); k++)
            found = found || hs_redis_error(hs_slice_text(rows[k].error)) == &table[i];
        ck_assert_msg(found, "%s has no row in this test", table[i].prefix);
    }
}
END_TEST

/* ---- An owner, and what it and an operator see ---- */

static bool is_delivered(uint64_t sequence)
{
    const struct owner_end *end = owner_end(owner, sequence, 0);
    return end->ended && end->outcome == HS_DELIVERED;
}

/* Gives 2 to the stream s and 3 to another, as the pump does: again what came back or was
 * forgotten, until that many errors were met. */
static void give_until_errors(unsigned errors)
{
    while (script.errors < errors) {
        if (hs_sink_in_flight(owner->sink) == 0)
            for (uint64_t n = 2; n <= 3; n++)
                if (!is_delivered(n))
                    (void)owner_give_one(owner, n, n == 2 ? "s" : "other", NULL); /* or full */
        hs_sink_push(owner->sink);
        owner_turn(owner);
    }
}

static void give_until_delivered(void)
{
    while (!is_delivered(2) || !is_delivered(3)) {
        if (hs_sink_in_flight(owner->sink) == 0)
            for (uint64_t n = owner->position + 1; n <= 3; n++)
                if (n > 1 && !is_delivered(n))
                    (void)owner_give_one(owner, n, n == 2 ? "s" : "other", NULL); /* or full */
        hs_sink_push(owner->sink);
        owner_turn(owner);
    }
}

/* Event 1 is there, so that whatever follows has once been well. */
static void begin_well(void)
{
    begin();
    open_up();
    owner_give_range(owner, 1, 1, "s");
    OWNER_WAIT(owner, is_delivered(1));
}

static void check_held(const struct row *row)
{
    ck_assert_int_eq(owner->state, HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, row->reason);
    ck_assert_msg(strstr(owner->detail, row->advice) != NULL, "%s: does not say: %s", owner->detail,
                  row->advice);
    ck_assert_ptr_null(strstr(owner->detail, "secret"));
}

static void check_failed(const struct row *row, uint64_t sequence)
{
    const struct owner_end *ended = owner_end(owner, sequence, 0);
    ck_assert(ended->ended);
    ck_assert_int_eq(ended->outcome, row->fate == BLOCKED ? HS_BLOCKED
                                     : row->fate == DEAD  ? HS_PERMANENT
                                                          : HS_TRANSIENT);
    ck_assert_str_eq(ended->reason, row->reason);
}

/* Each event is there once, and nobody has to do anything any more. */
static void check_all_there(void)
{
    ck_assert_str_eq(script_text(&script, "s"), "{\"n\":1} {\"n\":2} ");
    ck_assert_str_eq(script_text(&script, "other"), "{\"n\":3} ");
    OWNER_WAIT(owner, owner->state == HS_SINK_UP);
}

/* ---- A batch that is refused as a whole ---- */

/* With XADD when it is queued, with EXEC at its end: in the middle of the batch, too. */
static void refuse_batch(const struct row *row, const char *command, enum script_place place,
                         unsigned n)
{
    begin_well();
    script_refuse(&script, command, place, n, row->error);
    give_until_errors(1);
    OWNER_WAIT(owner, owner_end(owner, 2, 0)->ended && owner_end(owner, 3, 0)->ended);
    for (uint64_t sequence = 2; sequence <= 3; sequence++)
        check_failed(row, sequence);
    if (row->fate == BLOCKED)
        check_held(row);
    else
        ck_assert_ptr_null(strstr(owner->trail, "blocked"));
    give_until_errors(2); /* it goes on asking */
    ck_assert_str_eq(script_text(&script, "s"), "{\"n\":1} ");
    script_heal(&script);
    give_until_delivered();
    check_all_there();
    end();
}

/* WRONGTYPE is never said of a batch: only doing the command finds it. */
static bool is_of_batches(const struct row *row)
{
    return row->fate != DEAD;
}

START_TEST(an_error_at_queueing_is_of_the_whole_batch)
{
    if (is_of_batches(&rows[_i]))
        refuse_batch(&rows[_i], "XADD", SCRIPT_QUEUED, 1);
}
END_TEST

START_TEST(an_error_of_exec_is_of_the_whole_batch)
{
    if (is_of_batches(&rows[_i]))
        refuse_batch(&rows[_i], "EXEC", SCRIPT_AT_ONCE, 1);
}
END_TEST

/* Of two messages only the second is refused when it is queued: the first is not written either. */
START_TEST(one_that_is_not_queued_takes_the_others_with_it)
{
    begin_well();
    owner_give_one(owner, 2, "s", NULL);
    owner_give_one(owner, 3, "other", NULL);
    script_refuse(&script, "XADD", SCRIPT_QUEUED, 2, "OOM command not allowed");
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, hs_sink_in_flight(owner->sink) == 0);
    for (uint64_t sequence = 2; sequence <= 3; sequence++)
        ck_assert_int_eq(owner_end(owner, sequence, 0)->outcome, HS_BLOCKED);
    ck_assert_str_eq(script_text(&script, "s"), "{\"n\":1} ");
    script_heal(&script);
    give_until_delivered();
    check_all_there();
    end();
}
END_TEST

/* ---- One message of a batch ---- */

/* The rule meets the first XADD that is done, which is event 2's while it is not delivered. */
START_TEST(an_error_of_one_message_is_its_own)
{
    const struct row *row = &rows[_i];
    begin_well();
    script_refuse(&script, "XADD", SCRIPT_DONE, 1, row->error);
    script.rule.last = 1;
    owner_give_one(owner, 2, "s", NULL);
    owner_give_one(owner, 3, "other", NULL);
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, hs_sink_in_flight(owner->sink) == 0);
    check_failed(row, 2);
    ck_assert(is_delivered(3));
    ck_assert_ptr_nonnull(strstr(owner_end(owner, 2, 0)->detail, row->advice));
    if (row->fate == BLOCKED)
        check_held(row);
    else
        ck_assert_str_eq(owner->trail, "connecting:start up ");
    if (row->fate == DEAD) {
        owner_give_range(owner, 4, 4, "s");
        OWNER_WAIT(owner, is_delivered(4));
        ck_assert_str_eq(script_text(&script, "s"), "{\"n\":1} {\"n\":4} ");
    } else {
        give_until_delivered();
        check_all_there();
    }
    ck_assert_uint_eq(script.connections, 1);
    end();
}
END_TEST

/* By the script's own doing: a key that holds a text. */
START_TEST(poison_is_dead_at_once_and_the_next_goes_on)
{
    begin_well();
    script_add(script_key(&script, "bad"), "a text");
    owner_give_one(owner, 2, "bad", NULL);
    owner_give_one(owner, 3, "s", NULL);
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, hs_sink_in_flight(owner->sink) == 0);
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_PERMANENT);
    ck_assert_ptr_nonnull(strstr(owner_end(owner, 2, 0)->detail, "no stream: WRONGTYPE Operation"));
    ck_assert_ptr_nonnull(strstr(owner_end(owner, 2, 0)->detail, "stream "));
    ck_assert(is_delivered(3));
    ck_assert_str_eq(owner->trail, "connecting:start up ");
    ck_assert_str_eq(script_text(&script, "bad"), "a text");
    end();
}
END_TEST

/* ---- The greeting ---- */

static const char *const greetings[] = {"AUTH", "SELECT", "MULTI", "APPEND", "GET", "WATCH"};

/* No event can be blamed here for a key of another type. */
static const struct row of_the_cursor = {"", BLOCKED, "cursor_damaged",
                                         "remove it or set another `cursor_key`"};

/* Loops over rows and commands. */
START_TEST(an_error_of_the_greeting_opens_nothing)
{
    const struct row *row = &rows[(size_t)_i % HS_ARRAY_SIZE(rows)];
    size_t at = (size_t)_i / HS_ARRAY_SIZE(rows);
    begin();
    script_refuse(&script, greetings[at], SCRIPT_AT_ONCE, 1, row->error);
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->states == 2); /* the first is that it begins to connect */
    ck_assert_uint_eq(owner->resumes, 0);
    if (row->fate == AGAIN) {
        ck_assert_int_eq(owner->state, HS_SINK_CONNECTING);
        ck_assert_str_eq(owner->reason, row->reason);
        ck_assert_ptr_nonnull(strstr(owner->detail, "127.0.0.1"));
        ck_assert_ptr_null(strstr(owner->trail, "blocked"));
    } else {
        check_held(row->fate == DEAD ? &of_the_cursor : row);
    }
    script_heal(&script);
    OWNER_WAIT(owner, owner->resumes == 1);
    ck_assert_int_eq(owner->state, HS_SINK_UP);
    ck_assert_uint_eq(script.connections, 2);
    owner_give_range(owner, 1, 1, "s");
    OWNER_WAIT(owner, is_delivered(1));
    end();
}
END_TEST

/* ---- WAIT ---- */

/* The events are written already, so they are not written again, nor told before it is answered. */
START_TEST(an_error_of_wait_writes_nothing_twice)
{
    const struct row *row = &rows[_i];
    begin();
    options.wait = (struct hs_redis_wait_options){1, UINT64_C(20000000)};
    open_up();
    owner_give_range(owner, 1, 1, "s");
    OWNER_WAIT(owner, is_delivered(1));
    script_refuse(&script, "WAIT", SCRIPT_AT_ONCE, 1, row->error);
    owner_give_one(owner, 2, "s", NULL);
    owner_give_one(owner, 3, "other", NULL);
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, script.errors == 2); /* of the batch, and of the next greeting */
    ck_assert_uint_eq(owner->delivered, 1);
    if (row->fate == AGAIN)
        ck_assert(owner->state == HS_SINK_CONNECTING && strcmp(owner->reason, row->reason) == 0);
    else
        check_held(row);
    script_heal(&script);
    OWNER_WAIT(owner, owner->resumes == 2);
    ck_assert_uint_eq(owner->position, 3);
    check_all_there();
    end();
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("redis errors");
    int count = (int)HS_ARRAY_SIZE(rows);
    tcase_add_test(tcase, each_row_of_the_sinks_table_is_tested_here);
    tcase_add_loop_test(tcase, an_error_at_queueing_is_of_the_whole_batch, 0, count);
    tcase_add_loop_test(tcase, an_error_of_exec_is_of_the_whole_batch, 0, count);
    tcase_add_test(tcase, one_that_is_not_queued_takes_the_others_with_it);
    tcase_add_loop_test(tcase, an_error_of_one_message_is_its_own, 0, count);
    tcase_add_test(tcase, poison_is_dead_at_once_and_the_next_goes_on);
    tcase_add_loop_test(tcase, an_error_of_the_greeting_opens_nothing, 0,
                        count * (int)HS_ARRAY_SIZE(greetings));
    tcase_add_loop_test(tcase, an_error_of_wait_writes_nothing_twice, 0, count);
    Suite *suite = suite_create("redis errors");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
