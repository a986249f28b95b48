/* Room: what max_size and retain allow, what holds segments back (J5), cursors. */
#include "journal_help.h"

static struct hs_cursor *open_cursor(struct bench *bench, const char *name,
                                     enum hs_cursor_start start)
{
    struct hs_cursor *cursor;
    int code = hs_cursor_open(bench->journal, name, start, &cursor);
    ck_assert_msg(code == 0, "%s", hs_error_text());
    return cursor;
}

/* Appends until max_size refuses; gives the last sequence. */
static uint64_t fill(struct bench *bench, uint64_t number)
{
    uint64_t last = hs_journal_last(bench->journal), before, sequence;
    /* While a segment begins it may count twice for a moment: full is what is full at rest. */
    do {
        before = last;
        int code;
        for (; (code = append_number(bench->journal, number, &sequence)) == 0; number++)
            last = sequence;
        ck_assert_int_eq(code, -ENOSPC);
        ck_assert_int_eq(hs_journal_wait(bench->journal, last), HS_JOURNAL_DURABLE);
    } while (last > before);
    return last;
}

static uint64_t bytes_on_disk(struct bench *bench)
{
    pthread_mutex_lock(&bench->disk->lock);
    uint64_t bytes = 0;
    for (size_t i = 0; i < bench->disk->cached.count; i++)
        if (strstr(bench->disk->cached.items[i].path, "/segments/") != NULL)
            bytes += bench->disk->files[bench->disk->cached.items[i].file]->cache_size;
    pthread_mutex_unlock(&bench->disk->lock);
    return bytes;
}

START_TEST(J5_nothing_goes_that_a_cursor_has_not_passed)
{
    struct bench *bench = bench_create(1);
    bench->options.max_size = 8 * HELP_SEGMENT;
    bench->options.retain_ns = 0;
    bench_start(bench);
    struct hs_cursor *slow = open_cursor(bench, "slow", HS_CURSOR_FROM_OLDEST);
    struct hs_cursor *fast = open_cursor(bench, "fast", HS_CURSOR_FROM_OLDEST);
    hs_journal_allow_removal(bench->journal);
    uint64_t last = fill(bench, 1);
    ck_assert_uint_le(bytes_on_disk(bench), bench->options.max_size);
    const char *reason;
    ck_assert(!hs_journal_writable(bench->journal, &reason));
    ck_assert_str_eq(reason,
                     "journal.max_size is reached and no sink made room: see which sink is behind");
    hs_cursor_move(fast, last);
    ck_assert_int_eq(hs_cursor_save(fast), 0);
    hs_cursor_move(slow, last); /* and not saved */
    bench_expect(bench, 1, 1, last);
    for (unsigned i = 0; i < 20; i++) {
        hs_keeper_wake(bench->journal);
        sched_yield();
        ck_assert_uint_eq(hs_journal_oldest(bench->journal), 1);
    }
    ck_assert(!bench_writable(bench));
    ck_assert_int_eq(hs_cursor_save(slow), 0);
    AWAIT(bench_writable(bench));
    AWAIT(hs_journal_oldest(bench->journal) > 1);
    uint64_t sequence = 0;
    for (uint64_t number = last + 1; number <= last + 50; number++)
        AWAIT(append_number(bench->journal, number, &sequence) == 0);
    ck_assert_uint_eq(sequence, last + 50);
    ck_assert_uint_le(bytes_on_disk(bench), bench->options.max_size);
    hs_cursor_close(slow);
    hs_cursor_close(fast);
    bench_free(bench);
}
END_TEST

/* The segment in use has room for a small event still: who sends large ones is refused. */
START_TEST(a_journal_that_refused_a_large_event_is_full)
{
    struct bench *bench = bench_create(16);
    bench->options.segment_size = 64 << 10;
    bench->options.max_size = 4 * bench->options.segment_size;
    bench_start(bench);
    struct hs_cursor *cursor = open_cursor(bench, "sink", HS_CURSOR_FROM_OLDEST);
    hs_journal_allow_removal(bench->journal);
    static const char body[24 << 10];
    struct hs_event event = {.received_wall_ns = 1,
                             .source = HS_SLICE("source"),
                             .id = HS_SLICE("id"),
                             .type = HS_SLICE("type"),
                             .body = hs_slice(body, sizeof(body))};
    uint64_t last = 0;
    int code;
    do { /* while a segment begins it may count twice for a moment */
        while ((code = hs_journal_append(bench->journal, &event, &last)) == 0)
            continue;
        ck_assert_int_eq(code, -ENOSPC);
        ck_assert_int_eq(hs_journal_wait(bench->journal, last), HS_JOURNAL_DURABLE);
    } while (hs_journal_append(bench->journal, &event, &last) == 0);
    ck_assert(!bench_writable(bench));
    event.body.size = 10; /* finds a place, and the journal is no less full for that */
    ck_assert_int_eq(hs_journal_append(bench->journal, &event, &last), 0);
    ck_assert_int_eq(hs_journal_wait(bench->journal, last), HS_JOURNAL_DURABLE);
    ck_assert(!bench_writable(bench));
    hs_cursor_move(cursor, last);
    ck_assert_int_eq(hs_cursor_save(cursor), 0);
    AWAIT(bench_writable(bench));
    event.body.size = sizeof(body);
    ck_assert_int_eq(hs_journal_append(bench->journal, &event, &last), 0);
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

START_TEST(J5_nothing_goes_before_every_cursor_could_be_opened)
{
    struct bench *bench = bench_create(2);
    bench->options.retain_ns = 0;
    bench_start(bench);
    bench_append(bench, 1, 100);
    for (unsigned i = 0; i < 20; i++) {
        hs_keeper_wake(bench->journal);
        sched_yield();
        ck_assert_uint_eq(hs_journal_oldest(bench->journal), 1);
    }
    hs_journal_allow_removal(bench->journal);
    AWAIT(hs_journal_oldest(bench->journal) > 50);
    bench_free(bench);
}
END_TEST

/* Takes segments only when `ready`; notes what it was told. */
struct taker {
    atomic_bool ready;
    atomic_uint asked;
    uint64_t next; /* first sequence that it should be told of */
};

static bool take_segment(void *context, uint64_t first, uint64_t last)
{
    struct taker *taker = context;
    atomic_fetch_add(&taker->asked, 1);
    if (!atomic_load(&taker->ready))
        return false;
    ck_assert_uint_eq(first, taker->next);
    taker->next = last + 1;
    return true;
}

START_TEST(a_finished_segment_stays_until_the_watcher_took_it)
{
    struct bench *bench = bench_create(4);
    struct taker taker = {.next = 1};
    bench->options.retain_ns = 0;
    bench->watcher = (struct hs_journal_watcher){.context = &taker, .sealed = take_segment};
    bench_start(bench);
    hs_journal_allow_removal(bench->journal);
    bench_append(bench, 1, 100);
    AWAIT((hs_keeper_wake(bench->journal), atomic_load(&taker.asked) > 10));
    ck_assert_uint_eq(hs_journal_oldest(bench->journal), 1);
    atomic_store(&taker.ready, true);
    AWAIT((hs_keeper_wake(bench->journal), hs_journal_oldest(bench->journal) > 50));
    hs_journal_stop(bench->journal);
    ck_assert_uint_eq(taker.next, 101); /* the last one, too */
    bench_free(bench);
}
END_TEST

START_TEST(delivered_events_stay_for_retain_while_there_is_room)
{
    struct bench *bench = bench_create(5);
    bench_start(bench);
    hs_journal_allow_removal(bench->journal);
    struct made made;
    uint64_t sequence = 0;
    for (uint64_t number = 1; number <= 200; number++) {
        make_event(&made, number);
        /* The first half is old. */
        made.event.received_wall_ns = number <= 100 ? 1 : UINT64_MAX / 2;
        ck_assert_int_eq(hs_journal_append(bench->journal, &made.event, &sequence), 0);
    }
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_DURABLE);
    AWAIT((hs_keeper_wake(bench->journal), hs_journal_oldest(bench->journal) > 80));
    for (unsigned i = 0; i < 20; i++) {
        hs_keeper_wake(bench->journal);
        sched_yield();
        ck_assert_uint_le(hs_journal_oldest(bench->journal), 101);
    }
    bench_free(bench);
}
END_TEST

START_TEST(max_size_cuts_retain_short_oldest_first)
{
    struct bench *bench = bench_create(6);
    bench->options.max_size = 8 * HELP_SEGMENT;
    bench->options.retain_ns = UINT64_MAX;
    bench_start(bench);
    struct hs_cursor *cursor = open_cursor(bench, "sink", HS_CURSOR_FROM_OLDEST);
    hs_journal_allow_removal(bench->journal);
    for (uint64_t number = 1; number <= 1000; number++) {
        uint64_t sequence;
        AWAIT(bench_writable(bench));
        AWAIT(append_number(bench->journal, number, &sequence) == 0);
        ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_DURABLE);
        hs_cursor_move(cursor, sequence);
        ck_assert_int_eq(hs_cursor_save(cursor), 0);
        ck_assert_uint_le(bytes_on_disk(bench), bench->options.max_size);
    }
    uint64_t oldest = hs_journal_oldest(bench->journal);
    ck_assert_uint_gt(oldest, 800); /* about what 8 segments hold is left */
    ck_assert_uint_lt(oldest, 990);
    bench_expect(bench, 1, oldest, 1000);
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

START_TEST(a_full_journal_stays_as_large_over_restarts)
{
    struct bench *bench = bench_create(7);
    bench->options.max_size = 6 * HELP_SEGMENT;
    bench_start(bench);
    struct hs_cursor *cursor = open_cursor(bench, "sink", HS_CURSOR_FROM_OLDEST);
    uint64_t last = fill(bench, 1), sequence;
    hs_cursor_close(cursor);
    for (unsigned i = 0; i < 5; i++) {
        bench_close(bench);
        bench_start(bench);
        if (append_number(bench->journal, 1, &sequence) == 0) /* the last one was cut */
            last = fill(bench, 1);
        ck_assert_uint_le(bytes_on_disk(bench), bench->options.max_size);
    }
    ck_assert_int_eq(append_number(bench->journal, 1, &sequence), -ENOSPC);
    cursor = open_cursor(bench, "sink", HS_CURSOR_FROM_OLDEST);
    hs_cursor_move(cursor, last);
    ck_assert_int_eq(hs_cursor_save(cursor), 0);
    hs_journal_allow_removal(bench->journal);
    AWAIT(bench_writable(bench));
    bench_append(bench, last + 1, last + 10);
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

/* Of a full disk one delivered segment after the other goes to make room; of a full journal only
 * what the next one needs, and the rest stays for `retain`. */
START_TEST(a_full_journal_is_not_taken_for_a_full_disk)
{
    struct bench *bench = bench_create(8);
    bench->options.max_size = 8 * HELP_SEGMENT;
    bench->options.retain_ns = UINT64_MAX;
    bench_start(bench);
    struct hs_cursor *cursor = open_cursor(bench, "sink", HS_CURSOR_FROM_OLDEST);
    hs_journal_allow_removal(bench->journal);
    uint64_t last = fill(bench, 1);
    for (unsigned i = 0; i < 20; i++) {
        hs_keeper_wake(bench->journal);
        sched_yield();
        ck_assert(!atomic_load(&bench->journal->disk_full));
    }
    hs_cursor_move(cursor, last);
    ck_assert_int_eq(hs_cursor_save(cursor), 0);
    AWAIT(bench_writable(bench));
    for (unsigned i = 0; i < 20; i++) {
        hs_keeper_wake(bench->journal);
        sched_yield();
        ck_assert(!atomic_load(&bench->journal->disk_full));
        ck_assert_uint_ge(bytes_on_disk(bench), bench->options.max_size - 2 * HELP_SEGMENT);
    }
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

START_TEST(a_cursor_that_nobody_opened_holds_nothing_back)
{
    struct bench *bench = bench_create(8);
    bench->options.retain_ns = 0;
    bench_start(bench);
    hs_cursor_close(open_cursor(bench, "gone", HS_CURSOR_FROM_OLDEST));
    hs_journal_allow_removal(bench->journal);
    bench_append(bench, 1, 100);
    AWAIT((hs_keeper_wake(bench->journal), hs_journal_oldest(bench->journal) > 50));
    bench_free(bench);
}
END_TEST

START_TEST(J5_after_a_cursor_closed_nothing_goes)
{
    struct bench *bench = bench_create(12);
    bench->options.retain_ns = 0;
    bench_start(bench);
    struct hs_cursor *behind = open_cursor(bench, "behind", HS_CURSOR_FROM_OLDEST);
    struct hs_cursor *done = open_cursor(bench, "done", HS_CURSOR_FROM_OLDEST);
    hs_journal_allow_removal(bench->journal);
    bench_append(bench, 1, 100);
    hs_cursor_move(done, 100);
    ck_assert_int_eq(hs_cursor_save(done), 0);
    /* As at a start that fails halfway: one sink is closed and the other not yet. */
    hs_cursor_close(behind);
    for (unsigned i = 0; i < 50; i++) {
        hs_keeper_wake(bench->journal);
        sched_yield();
        ck_assert_uint_eq(hs_journal_oldest(bench->journal), 1);
    }
    hs_cursor_close(done);
    bench_free(bench);
}
END_TEST

START_TEST(J5_what_a_sink_lost_is_kept_until_it_has_it_again)
{
    struct bench *bench = bench_create(13);
    bench->options.retain_ns = 0;
    bench_start(bench);
    struct hs_cursor *cursor = open_cursor(bench, "sink", HS_CURSOR_FROM_OLDEST);
    bench_append(bench, 1, 100);
    hs_cursor_move(cursor, 90);
    ck_assert_int_eq(hs_cursor_save(cursor), 0);
    hs_cursor_keep(cursor, 0);
    hs_journal_allow_removal(bench->journal);
    for (unsigned i = 0; i < 50; i++) {
        hs_keeper_wake(bench->journal);
        sched_yield();
        ck_assert_uint_eq(hs_journal_oldest(bench->journal), 1);
    }
    hs_cursor_move(cursor, 100);
    ck_assert_int_eq(hs_cursor_save(cursor), 0);
    AWAIT((hs_keeper_wake(bench->journal), hs_journal_oldest(bench->journal) > 50));
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

START_TEST(a_cursor_begins_where_it_was_told_and_stays_where_it_was_saved)
{
    struct bench *bench = bench_create(9);
    bench_start(bench);
    bench_append(bench, 1, 20);
    struct hs_cursor *now = open_cursor(bench, "now", HS_CURSOR_FROM_NOW);
    struct hs_cursor *oldest = open_cursor(bench, "oldest", HS_CURSOR_FROM_OLDEST);
    ck_assert_uint_eq(hs_cursor_position(now), 20);
    ck_assert_uint_eq(hs_cursor_position(oldest), 0);
    struct hs_cursor *second;
    ck_assert_int_eq(hs_cursor_open(bench->journal, "now", HS_CURSOR_FROM_NOW, &second), -EINVAL);
    hs_cursor_move(oldest, 7);
    ck_assert_int_eq(hs_cursor_save(oldest), 0);
    hs_cursor_move(oldest, 9);
    model_cut_after(bench->disk, 1);
    hs_cursor_close(oldest);
    hs_cursor_close(now);
    bench_close(bench);
    model_power_cut(bench->disk);
    bench_start(bench);
    /* What they begin with counts for new ones only. */
    oldest = open_cursor(bench, "oldest", HS_CURSOR_FROM_NOW);
    now = open_cursor(bench, "now", HS_CURSOR_FROM_OLDEST);
    ck_assert_uint_eq(hs_cursor_position(oldest), 7);
    ck_assert_uint_eq(hs_cursor_position(now), 20);
    hs_cursor_close(oldest);
    hs_cursor_close(now);
    bench_free(bench);
}
END_TEST

START_TEST(names_of_cursors_are_names_of_files)
{
    struct bench *bench = bench_create(10);
    bench_start(bench);
    const char *const bad[] = {
        "",    "a/b",      "..\\",
        "a b", "\xc3\xa4", "a234567890123456789012345678901234567890123456789012345678901234"};
    struct hs_cursor *cursor;
    for (size_t i = 0; i < HS_ARRAY_SIZE(bad); i++)
        ck_assert_int_eq(hs_cursor_open(bench->journal, bad[i], HS_CURSOR_FROM_NOW, &cursor),
                         -EINVAL);
    const char *const good[] = {"a", "kafka-1_B.x",
                                "a23456789012345678901234567890123456789012345678901234567890123"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(good); i++)
        hs_cursor_close(open_cursor(bench, good[i], HS_CURSOR_FROM_NOW));
    bench_free(bench);
}
END_TEST

START_TEST(a_damaged_cursor_begins_with_the_oldest)
{
    struct bench *bench = bench_create(11);
    bench_start(bench);
    bench_append(bench, 1, 20);
    hs_cursor_close(open_cursor(bench, "sink", HS_CURSOR_FROM_NOW));
    model_damage(bench->disk, "/j/cursors/sink.cursor", 9, "\xff", 1);
    struct hs_cursor *cursor = open_cursor(bench, "sink", HS_CURSOR_FROM_NOW);
    ck_assert_uint_eq(hs_cursor_position(cursor), 0);
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

START_TEST(what_a_server_confirmed_is_kept_with_the_cursor)
{
    struct bench *bench = bench_create(13);
    bench_start(bench);
    bench_append(bench, 1, 20);
    struct hs_cursor *cursor = open_cursor(bench, "sink", HS_CURSOR_FROM_OLDEST);
    hs_cursor_move(cursor, 10);
    hs_cursor_give(cursor, 8); /* 9 and 10 were left out */
    hs_cursor_give(cursor, 7);
    hs_cursor_close(cursor);
    cursor = open_cursor(bench, "sink", HS_CURSOR_FROM_OLDEST);
    ck_assert(!hs_cursor_lost(cursor, 8));
    ck_assert(hs_cursor_lost(cursor, 7));
    /* What is to be given again, the next start gives, should this one not come to it. */
    hs_cursor_keep(cursor, 4);
    hs_cursor_close(cursor);
    cursor = open_cursor(bench, "sink", HS_CURSOR_FROM_OLDEST);
    ck_assert_uint_eq(hs_cursor_position(cursor), 4);
    ck_assert(hs_cursor_lost(cursor, 7));
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

START_TEST(who_subscribed_to_cursors_is_told_of_moves)
{
    struct bench *bench = bench_create(12);
    bench_start(bench);
    bench_append(bench, 1, 5);
    struct hs_wakeup told, other;
    ck_assert_int_eq(hs_wakeup_init(&told), 0);
    ck_assert_int_eq(hs_wakeup_init(&other), 0);
    struct hs_cursor *cursor = open_cursor(bench, "sink", HS_CURSOR_FROM_OLDEST);
    hs_journal_subscribe_cursors(bench->journal, &told);
    hs_journal_subscribe(bench->journal, &other);
    hs_cursor_move(cursor, 3);
    ck_assert(!atomic_load(&told.armed));
    ck_assert(atomic_load(&other.armed));
    hs_wakeup_arm(&told);
    hs_journal_unsubscribe(bench->journal, &told);
    hs_cursor_move(cursor, 4);
    ck_assert(atomic_load(&told.armed));
    hs_journal_unsubscribe(bench->journal, &other);
    hs_cursor_close(cursor);
    hs_wakeup_close(&told);
    hs_wakeup_close(&other);
    bench_free(bench);
}
END_TEST

HS_TEST_MAIN("journal room", J5_nothing_goes_that_a_cursor_has_not_passed,
             a_journal_that_refused_a_large_event_is_full,
             J5_nothing_goes_before_every_cursor_could_be_opened,
             a_finished_segment_stays_until_the_watcher_took_it,
             delivered_events_stay_for_retain_while_there_is_room,
             max_size_cuts_retain_short_oldest_first, a_full_journal_stays_as_large_over_restarts,
             a_full_journal_is_not_taken_for_a_full_disk,
             a_cursor_that_nobody_opened_holds_nothing_back, J5_after_a_cursor_closed_nothing_goes,
             J5_what_a_sink_lost_is_kept_until_it_has_it_again,
             a_cursor_begins_where_it_was_told_and_stays_where_it_was_saved,
             names_of_cursors_are_names_of_files, a_damaged_cursor_begins_with_the_oldest,
             who_subscribed_to_cursors_is_told_of_moves,
             what_a_server_confirmed_is_kept_with_the_cursor)
