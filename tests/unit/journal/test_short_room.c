/* A disk that is nearly full: smaller segments, nothing written in vain, and what is needed is
 * said. */
#include "journal_help.h"

#include <poll.h>

#define MIB ((uint64_t)1 << 20)
#define LARGE (1500u << 10) /* a body that no segment of 1 MiB has room for */

static _Atomic uint64_t room; /* what the disk says is free */
static atomic_uint reserved, allocated;
static int reserve_error;

static int64_t tell_room(void *context, const char *path)
{
    return (int64_t)room;
}

static int count_reserve(void *context, int file, off_t size)
{
    atomic_fetch_add(&reserved, 1);
    errno = reserve_error;
    return reserve_error != 0 ? -1 : model_allocate(context, file, size);
}

static int count_allocate(void *context, int file, off_t size)
{
    atomic_fetch_add(&allocated, 1);
    return model_allocate(context, file, size);
}

/* Segments of 4 MiB, on a disk of `bytes`. */
static struct bench *create(uint64_t bytes)
{
    struct bench *bench = bench_create(1);
    bench->options.segment_size = 4 * MIB;
    model_limit(bench->disk, bytes);
    struct hs_disk *disk = (struct hs_disk *)(uintptr_t)model_table(bench->disk);
    disk->reserve = count_reserve;
    disk->allocate = count_allocate;
    atomic_store(&reserved, 0);
    atomic_store(&allocated, 0);
    reserve_error = 0;
    return bench;
}

static uint64_t active_size(struct bench *bench)
{
    pthread_mutex_lock(&bench->journal->table_lock);
    uint64_t size = hs_table_active(bench->journal)->size;
    pthread_mutex_unlock(&bench->journal->table_lock);
    return size;
}

static bool has_next(struct bench *bench)
{
    pthread_mutex_lock(&bench->journal->table_lock);
    bool ready = bench->journal->next_ready;
    pthread_mutex_unlock(&bench->journal->table_lock);
    return ready;
}

static unsigned failures(struct bench *bench)
{
    pthread_mutex_lock(&bench->journal->table_lock);
    unsigned count = bench->journal->prepare_failures;
    pthread_mutex_unlock(&bench->journal->table_lock);
    return count;
}

static void append_large(struct bench *bench, size_t size)
{
    struct made made;
    uint64_t sequence;
    char *body = calloc(1, size);
    make_event(&made, 1);
    made.event.body = hs_slice(body, size);
    ck_assert_int_eq(hs_journal_append(bench->journal, &made.event, &sequence), 0);
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_DURABLE);
    free(body);
}

START_TEST(smaller_segments_are_taken_where_the_usual_ones_do_not_fit)
{
    struct bench *bench = create(3 * MIB);
    bench_start(bench);
    ck_assert_uint_eq(active_size(bench), 2 * MIB);
    bench_append(bench, 1, 100);
    bench_expect(bench, 1, 1, 100);
    bench_close(bench);
    model_limit(bench->disk, 64 * MIB);
    bench_start(bench);
    ck_assert_uint_eq(active_size(bench), 4 * MIB);
    bench_append(bench, 101, 200);
    bench_expect(bench, 1, 1, 200);
    bench_free(bench);
}
END_TEST

START_TEST(events_turn_over_small_segments_as_they_do_usual_ones)
{
    struct bench *bench = create(40 * MIB);
    room = 3 * MIB; /* so that every segment is small, however many there are */
    ((struct hs_disk *)(uintptr_t)model_table(bench->disk))->room = tell_room;
    bench_start(bench);
    uint64_t sequence = 0;
    for (uint64_t number = 1; number <= 12000; number++)
        ck_assert_int_eq(append_number(bench->journal, number, &sequence), 0);
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_DURABLE);
    bench_expect(bench, 1, 1, 12000);
    ck_assert_uint_le(active_size(bench), 2 * MIB);
    ck_assert_uint_eq(atomic_load(&bench->journal->turns), 0);
    bench_free(bench);
}
END_TEST

START_TEST(an_event_too_large_for_a_small_segment_gets_a_larger_one)
{
    struct bench *bench = create(40 * MIB);
    room = 3 * MIB / 2;
    ((struct hs_disk *)(uintptr_t)model_table(bench->disk))->room = tell_room;
    bench_start(bench);
    ck_assert_uint_eq(active_size(bench), MIB);
    AWAIT(has_next(bench)); /* as small as this one */
    room = 3 * MIB;
    append_large(bench, LARGE);
    ck_assert_uint_eq(active_size(bench), 2 * MIB);
    bench_append(bench, 1, 10);
    bench_free(bench);
}
END_TEST

START_TEST(an_event_that_finds_no_room_fails_and_others_are_taken)
{
    struct bench *bench = create(40 * MIB);
    room = 3 * MIB / 2;
    ((struct hs_disk *)(uintptr_t)model_table(bench->disk))->room = tell_room;
    bench_start(bench);
    struct made made;
    uint64_t sequence;
    char *body = calloc(1, LARGE);
    make_event(&made, 1);
    made.event.body = hs_slice(body, LARGE);
    ck_assert_int_eq(hs_journal_append(bench->journal, &made.event, &sequence), 0);
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_FAILED);
    AWAIT(bench_writable(bench));
    bench_append(bench, 1, 10);
    free(body);
    bench_free(bench);
}
END_TEST

START_TEST(nothing_is_reserved_or_written_while_there_is_no_room)
{
    struct bench *bench = create(40 * MIB);
    room = MIB; /* not for a segment of 1 MiB and what stays free beside it */
    ((struct hs_disk *)(uintptr_t)model_table(bench->disk))->room = tell_room;
    bench_start(bench);
    const char *reason;
    ck_assert(!hs_journal_writable(bench->journal, &reason));
    ck_assert_ptr_nonnull(strstr(reason, "1.0 MiB are free and at least 1.1 MiB are needed"));
    ck_assert_ptr_nonnull(strstr(reason, "4.5 MiB for one of the usual size"));
    for (unsigned i = 0; i < 50; i++) {
        hs_keeper_wake(bench->journal);
        (void)poll(NULL, 0, 2);
    }
    ck_assert_uint_eq(atomic_load(&reserved), 0);
    ck_assert_uint_eq(atomic_load(&allocated), 0);
    room = 40 * MIB;
    AWAIT(bench_writable(bench));
    bench_append(bench, 1, 10);
    bench_free(bench);
}
END_TEST

/* As under a quota, of which statvfs() knows nothing. */
START_TEST(the_pause_between_tries_grows_where_room_is_not_to_be_seen)
{
    struct bench *bench = create(40 * MIB);
    reserve_error = EDQUOT;
    bench_open(bench);
    bench->journal->mend_wait_ns = 1000;
    ck_assert_int_eq(hs_journal_start(bench->journal, &bench->watcher), 0);
    AWAIT((hs_keeper_wake(bench->journal), failures(bench) == 6));
    /* 3 sizes at each of so many tries; later ones come after the longest pause. */
    ck_assert_uint_ge(atomic_load(&reserved), 18);
    hs_journal_stop(bench->journal);
    bench->journal->mend_wait_ns = UINT64_C(3600) * 1000000000;
    ck_assert(!hs_segment_may_prepare(bench->journal));
    ck_assert_uint_eq(atomic_load(&allocated), 0);
    bench_free(bench);
}
END_TEST

HS_TEST_MAIN("journal short room", smaller_segments_are_taken_where_the_usual_ones_do_not_fit,
             events_turn_over_small_segments_as_they_do_usual_ones,
             an_event_too_large_for_a_small_segment_gets_a_larger_one,
             an_event_that_finds_no_room_fails_and_others_are_taken,
             nothing_is_reserved_or_written_while_there_is_no_room,
             the_pause_between_tries_grows_where_room_is_not_to_be_seen)
