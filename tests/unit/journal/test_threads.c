/* Threads: appenders, readers and cursors at once, with turn-overs, removals and failing
 * syncs under them. Worth most under ThreadSanitizer. */
#include "journal_help.h"

#include <hookstream/log.h>

#define APPENDERS 4u
#define READERS 3u
#define EACH 1500u

struct crowd {
    struct bench *bench;
    atomic_uint appending;
    atomic_bool no_cursors;
    /* By sequence: the number that was appended, 0: none, and what became of it. */
    _Atomic uint64_t numbers[APPENDERS * EACH * 4];
    _Atomic int outcomes[APPENDERS * EACH * 4];
};

struct member {
    struct crowd *crowd;
    unsigned index;
    uint64_t count; /* events that it saw */
};

static void *appender(void *context)
{
    struct member *member = context;
    struct crowd *crowd = member->crowd;
    struct hs_journal *journal = crowd->bench->journal;
    for (uint64_t i = 0; i < EACH; i++) {
        uint64_t number = 1 + member->index * EACH + i, sequence;
        AWAIT(append_number(journal, number, &sequence) == 0);
        ck_assert_uint_lt(sequence, HS_ARRAY_SIZE(crowd->numbers));
        /* J2: nobody else was given it. */
        ck_assert_uint_eq(atomic_exchange(&crowd->numbers[sequence], number), 0);
        if (i % 3 != 0)
            continue;
        enum hs_journal_outcome outcome = hs_journal_wait(journal, sequence);
        atomic_store(&crowd->outcomes[sequence], outcome);
        if (outcome == HS_JOURNAL_DURABLE)
            ck_assert_uint_ge(hs_journal_durable(journal), sequence);
        ck_assert_uint_ge(hs_journal_last(journal) + EACH, 1);
    }
    atomic_fetch_sub(&crowd->appending, 1);
    return NULL;
}

/* Reads all, moves and saves its cursor as a sink does. */
static void *reader(void *context)
{
    struct member *member = context;
    struct crowd *crowd = member->crowd;
    struct hs_journal *journal = crowd->bench->journal;
    struct hs_reader *reader;
    struct hs_cursor *cursor;
    char name[16];
    snprintf(name, sizeof(name), "sink%u", member->index);
    ck_assert_int_eq(hs_cursor_open(journal, name, HS_CURSOR_FROM_OLDEST, &cursor), 0);
    ck_assert_int_eq(hs_reader_open(journal, 1, &reader), 0);
    uint64_t before = 0;
    for (;;) {
        bool over = atomic_load(&crowd->appending) == 0;
        struct hs_event event;
        int code = hs_reader_next(reader, &event);
        ck_assert_msg(code >= 0, "%s", hs_error_text());
        if (code == 0 && over && hs_journal_durable(journal) == hs_journal_last(journal) &&
            before == hs_journal_durable(journal))
            break;
        if (code == 0) {
            sched_yield();
            continue;
        }
        ck_assert_uint_gt(event.sequence, before);
        ck_assert_uint_le(event.sequence, hs_journal_durable(journal)); /* J3 */
        AWAIT(atomic_load(&crowd->numbers[event.sequence]) != 0);
        ck_assert(is_event(&event, atomic_load(&crowd->numbers[event.sequence])));
        ck_assert_int_eq(hs_journal_outcome(journal, event.sequence), HS_JOURNAL_DURABLE);
        for (uint64_t gap = before + 1; gap < event.sequence; gap++)
            ck_assert_int_ne(atomic_load(&crowd->outcomes[gap]), HS_JOURNAL_DURABLE);
        before = event.sequence;
        if (++member->count % 50 != 0)
            continue;
        hs_cursor_move(cursor, before);
        HS_IGNORE(hs_cursor_save(cursor)); /* the disk may fail, on purpose */
    }
    hs_reader_close(reader);
    hs_cursor_close(cursor);
    return NULL;
}

/* Asks all that can be asked. */
static void *onlooker(void *context)
{
    struct member *member = context;
    struct crowd *crowd = member->crowd;
    struct hs_journal *journal = crowd->bench->journal;
    uint64_t durable = 0;
    while (atomic_load(&crowd->appending) > 0) {
        struct hs_segment_info *segments;
        size_t count;
        hs_journal_segments(journal, &segments, &count);
        free(segments);
        uint64_t now = hs_journal_durable(journal);
        ck_assert_uint_ge(now, durable);
        durable = now;
        ck_assert_uint_le(hs_journal_oldest(journal), hs_journal_durable(journal) + 1);
        (void)bench_writable(crowd->bench);
        struct hs_buffer page;
        hs_buffer_init(&page, 1 << 20);
        hs_metrics_render(crowd->bench->metrics, &page);
        hs_buffer_free(&page);
        struct hs_wakeup wakeup;
        ck_assert_int_eq(hs_wakeup_init(&wakeup), 0);
        hs_journal_subscribe(journal, &wakeup);
        hs_journal_subscribe_cursors(journal, &wakeup);
        sched_yield();
        hs_journal_unsubscribe(journal, &wakeup);
        hs_wakeup_close(&wakeup);
    }
    return NULL;
}

/* Lets a sync fail now and then. */
static void *saboteur(void *context)
{
    struct member *member = context;
    struct crowd *crowd = member->crowd;
    while (atomic_load(&crowd->appending) > 0) {
        model_fail_at(crowd->bench->disk, MODEL_SYNC, NAMED, 200, 1, EIO);
        sched_yield();
    }
    return NULL;
}

static void run(bool sabotage)
{
    static struct crowd crowd; /* too large for a stack */
    struct bench *bench = bench_create(1);
    bench->options.max_size = 40 * HELP_SEGMENT;
    bench->options.retain_ns = 0;
    bench->options.commit_window_ns = 100000;
    memset(&crowd, 0, sizeof(crowd));
    crowd.bench = bench;
    atomic_store(&crowd.appending, APPENDERS);
    bench_start(bench);
    pthread_t threads[APPENDERS + READERS + 2];
    struct member members[APPENDERS + READERS + 2] = {{0}};
    size_t count = 0;
    for (unsigned i = 0; i < APPENDERS + READERS + 1 + sabotage; i++, count++) {
        void *(*body)(void *) = i < READERS                ? reader
                                : i < READERS + APPENDERS  ? appender
                                : i == READERS + APPENDERS ? onlooker
                                                           : saboteur;
        members[i] = (struct member){&crowd, i < READERS ? i : i - READERS, 0};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, body, &members[i]), 0);
    }
    /* When every reader has its cursor, segments may go under them. */
    AWAIT((hs_cursor_is_open(bench->journal, "sink0") &&
           hs_cursor_is_open(bench->journal, "sink1") &&
           hs_cursor_is_open(bench->journal, "sink2")));
    hs_journal_allow_removal(bench->journal);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    model_heal(bench->disk);
    if (!sabotage)
        for (size_t i = 0; i < READERS; i++)
            ck_assert_uint_eq(members[i].count, APPENDERS * EACH);
    ck_assert_uint_gt(members[0].count, 100);
    ck_assert_uint_gt(hs_journal_oldest(bench->journal), 100);
    bench_free(bench);
}

START_TEST(all_at_once_each_reader_sees_every_event_in_order)
{
    run(false);
}
END_TEST

START_TEST(all_at_once_while_syncs_fail)
{
    hs_log_configure(HS_LOG_ERROR + 1, HS_LOG_LOGFMT);
    run(true);
}
END_TEST

HS_TEST_MAIN("journal threads", all_at_once_each_reader_sees_every_event_in_order,
             all_at_once_while_syncs_fail)
