/* Summary: what `journal stat` sees, also beside a running process. */
#include "journal_help.h"

#include <hookstream/journal_inspect.h>
#include <pthread.h>

static struct hs_journal_summary look(struct bench *bench)
{
    struct hs_journal_summary summary;
    int code = hs_journal_summarize(model_table(bench->disk), "/j", &summary);
    ck_assert_msg(code == 0, "%s", hs_error_text());
    return summary;
}

static uint64_t received(uint64_t number)
{
    struct made made;
    make_event(&made, number);
    return made.event.received_wall_ns;
}

START_TEST(it_says_what_there_is)
{
    struct bench *bench = bench_create(1);
    bench_start(bench);
    struct hs_cursor *cursor;
    ck_assert_int_eq(hs_cursor_open(bench->journal, "kafka", HS_CURSOR_FROM_OLDEST, &cursor), 0);
    bench_append(bench, 1, 100);
    hs_cursor_move(cursor, 42);
    ck_assert_int_eq(hs_cursor_save(cursor), 0);
    struct hs_journal_summary summary = look(bench);
    ck_assert_str_eq(summary.identity, hs_journal_identity(bench->journal));
    ck_assert_uint_eq(summary.format, 1);
    ck_assert_uint_eq(summary.first, 1);
    ck_assert_uint_eq(summary.last, 100);
    ck_assert_uint_eq(summary.events, 100);
    ck_assert_uint_gt(summary.segments, 3);
    ck_assert_uint_gt(summary.bytes, 3 * 10000);
    ck_assert_uint_eq(summary.oldest_wall_ns, UINT64_C(1700000000000000000) + 1 * 1000003);
    ck_assert_uint_eq(summary.newest_wall_ns, UINT64_C(1700000000000000000) + 100 * 1000003);
    ck_assert_uint_eq(summary.cursor_count, 1);
    ck_assert_str_eq(summary.cursors[0].name, "kafka");
    ck_assert_uint_eq(summary.cursors[0].position, 42);
    hs_journal_summary_free(&summary);
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

START_TEST(a_new_journal_holds_nothing)
{
    struct bench *bench = bench_create(2);
    bench_start(bench);
    struct hs_journal_summary summary = look(bench);
    ck_assert_uint_eq(summary.events, 0);
    ck_assert_uint_gt(summary.first, summary.last);
    ck_assert_uint_eq(summary.oldest_wall_ns, 0);
    ck_assert_uint_eq(summary.newest_wall_ns, 0);
    hs_journal_summary_free(&summary);
    bench_free(bench);
}
END_TEST

START_TEST(an_empty_last_segment_does_not_hide_the_events)
{
    struct bench *bench = bench_create(3);
    bench_start(bench);
    bench_append(bench, 1, 10);
    bench_close(bench);
    bench_start(bench); /* begins a segment without events */
    struct hs_journal_summary summary = look(bench);
    ck_assert_uint_eq(summary.last, 10);
    ck_assert_uint_eq(summary.events, 10);
    ck_assert_uint_eq(summary.newest_wall_ns, received(10));
    hs_journal_summary_free(&summary);
    bench_free(bench);
}
END_TEST

/* Sends the event of that number again. */
static void resend(struct bench *bench, uint64_t number)
{
    struct made made;
    make_event(&made, number);
    made.event.headers[0] = (struct hs_header){HS_SLICE(HS_RESEND_HEADER), HS_SLICE("replay")};
    made.event.header_count = 1;
    uint64_t sequence;
    ck_assert_int_eq(hs_journal_append(bench->journal, &made.event, &sequence), 0);
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_DURABLE);
}

START_TEST(what_was_sent_again_is_not_the_newest)
{
    struct bench *bench = bench_create(6);
    bench_start(bench);
    bench_append(bench, 1, 50);
    for (unsigned i = 0; i < 3; i++)
        for (uint64_t number = 1; number <= 40; number++) /* segments of nothing else */
            resend(bench, number);
    struct hs_journal_summary summary = look(bench);
    ck_assert_uint_eq(summary.last, 170);
    ck_assert_uint_eq(summary.newest_wall_ns, received(50));
    hs_journal_summary_free(&summary);
    bench_close(bench);
    bench_start(bench);
    bench_append(bench, 60, 60);
    resend(bench, 7);
    summary = look(bench);
    ck_assert_uint_eq(summary.newest_wall_ns, received(60));
    hs_journal_summary_free(&summary);
    bench_free(bench);
}
END_TEST

START_TEST(where_nothing_else_is_kept_it_is)
{
    struct bench *bench = bench_create(7);
    bench_start(bench);
    resend(bench, 9);
    resend(bench, 20);
    resend(bench, 4);
    struct hs_journal_summary summary = look(bench);
    ck_assert_uint_eq(summary.newest_wall_ns, received(20));
    hs_journal_summary_free(&summary);
    bench_free(bench);
}
END_TEST

START_TEST(no_journal_and_an_unknown_one_are_said)
{
    struct bench *bench = bench_create(4);
    struct hs_journal_summary summary;
    ck_assert_int_eq(hs_journal_summarize(model_table(bench->disk), "/j", &summary), -ENOENT);
    ck_assert_str_eq(hs_error_text(), "/j holds no journal");
    bench_start(bench);
    bench_close(bench);
    model_damage(bench->disk, "/j/meta", 7, "\x02", 1);
    ck_assert_int_eq(hs_journal_summarize(model_table(bench->disk), "/j", &summary), -EPROTO);
    bench_free(bench);
}
END_TEST

struct looker {
    struct bench *bench;
    atomic_bool stop;
    uint64_t looks;
};

static void *keep_looking(void *context)
{
    struct looker *looker = context;
    uint64_t last = 0;
    while (!atomic_load(&looker->stop)) {
        struct hs_journal_summary summary = look(looker->bench);
        ck_assert_uint_ge(summary.last, last);
        last = summary.last;
        hs_journal_summary_free(&summary);
        looker->looks++;
    }
    return NULL;
}

START_TEST(segments_may_come_and_go_while_it_looks)
{
    struct bench *bench = bench_create(5);
    struct looker looker = {.bench = bench};
    bench->options.retain_ns = 0;
    bench_start(bench);
    hs_journal_allow_removal(bench->journal);
    bench_append(bench, 1, 20);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, keep_looking, &looker), 0);
    for (uint64_t number = 21; number <= 1500; number++)
        bench_append(bench, number, number);
    atomic_store(&looker.stop, true);
    pthread_join(thread, NULL);
    ck_assert_uint_gt(looker.looks, 3);
    bench_free(bench);
}
END_TEST

HS_TEST_MAIN("journal summary", it_says_what_there_is, a_new_journal_holds_nothing,
             an_empty_last_segment_does_not_hide_the_events, no_journal_and_an_unknown_one_are_said,
             what_was_sent_again_is_not_the_newest, where_nothing_else_is_kept_it_is,
             segments_may_come_and_go_while_it_looks)
