/* Proves: a working thread without progress is reported after HS_STUCK_LOOKS looks; one that rests,
 * waits or makes progress is not. */
#include "hs_test.h"

#include <hookstream/heartbeat.h>
#include <hookstream/log.h>

static void look(unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        hs_heartbeat_look();
}

static bool well(unsigned flags, const char *names)
{
    struct hs_buffer lines;
    hs_buffer_init(&lines, 65536);
    bool is_well = hs_heartbeat_report(flags, &lines);
    hs_buffer_append_byte(&lines, '\0');
    ck_assert_int_eq(is_well, lines.data[0] == '\0');
    if (names != NULL)
        ck_assert_msg(strstr(lines.data, names) != NULL, "%s", lines.data);
    hs_buffer_free(&lines);
    return is_well;
}

static void begin(unsigned flags)
{
    hs_log_configure(HS_LOG_ERROR + 1,
                     HS_LOG_LOGFMT); /* keeps its log lines out of the test's output */
    hs_heartbeat_begin("hs-test", flags);
    hs_heartbeat_work("testing");
    look(1);
}

START_TEST(work_without_progress_is_stuck_and_named)
{
    begin(0);
    look(HS_STUCK_LOOKS - 1);
    ck_assert(well(0, NULL));
    look(1);
    ck_assert(!well(0, "thread hs-test is stuck: no progress for 10 s"));
    ck_assert(!well(0, ": testing\n"));
    hs_heartbeat();
    look(1);
    ck_assert(well(0, NULL));
    hs_heartbeat_end();
}
END_TEST

START_TEST(rest_is_not_stuck)
{
    begin(0);
    hs_heartbeat_rest();
    look(10 * HS_STUCK_LOOKS);
    ck_assert(well(0, NULL));
    hs_heartbeat_work("testing");
    const char *doing = hs_heartbeat_pause();
    look(10 * HS_STUCK_LOOKS);
    ck_assert(well(0, NULL));
    hs_heartbeat_resume(doing);
    look(1 + HS_STUCK_LOOKS);
    ck_assert(!well(0, "testing"));
    hs_heartbeat_end();
    ck_assert(well(0, NULL)); /* a thread that ended is not stuck */
}
END_TEST

START_TEST(progress_is_not_stuck)
{
    begin(0);
    for (unsigned i = 0; i < 10; i++) {
        hs_heartbeat();
        look(HS_STUCK_LOOKS);
        ck_assert(well(0, NULL));
    }
    hs_heartbeat_end();
}
END_TEST

START_TEST(readiness_asks_for_those_that_accept)
{
    begin(0);
    look(HS_STUCK_LOOKS);
    ck_assert(well(HS_HEARTBEAT_ACCEPTS, NULL));
    ck_assert(!well(0, "hs-test"));
    hs_heartbeat_end();
    begin(HS_HEARTBEAT_ACCEPTS); /* the same name, the same slot */
    look(HS_STUCK_LOOKS);
    ck_assert(!well(HS_HEARTBEAT_ACCEPTS, "hs-test"));
    hs_heartbeat_end();
}
END_TEST

START_TEST(a_thread_that_is_not_watched_may_beat)
{
    hs_heartbeat();
    hs_heartbeat_work("nothing");
    hs_heartbeat_resume(hs_heartbeat_pause());
    hs_heartbeat_end();
    look(2 * HS_STUCK_LOOKS);
    ck_assert(well(0, NULL));
}
END_TEST

HS_TEST_MAIN("base heartbeat", work_without_progress_is_stuck_and_named, rest_is_not_stuck,
             progress_is_not_stuck, readiness_asks_for_those_that_accept,
             a_thread_that_is_not_watched_may_beat)
