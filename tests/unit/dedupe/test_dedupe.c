/* Dedupe: which ids are known, from when to when. */
#include "dedupe_help.h"
#include "sanitized.h"

START_TEST(D1_an_id_is_known_from_its_append_on_and_after_a_kill)
{
    struct house *house = house_create(1);
    house_start(house);
    house_expect(house, 1, 50, false);
    house_fill(house, 1, 50);
    house_expect(house, 1, 50, true);
    house_expect(house, 51, 99, false);
    ck_assert_uint_eq(hs_dedupe_count(house->dedupe), 50);
    house_kill(house);
    house_start(house);
    house_expect(house, 1, 50, true);
    house_expect(house, 51, 99, false);
    ck_assert_uint_eq(hs_dedupe_count(house->dedupe), 50);
    house_free(house);
}
END_TEST

START_TEST(the_same_id_of_another_source_is_another)
{
    struct house *house = house_create(2);
    house_start(house);
    struct hs_dedupe_claim claim;
    const struct hs_slice pairs[][2] = {
        {HS_SLICE("a"), HS_SLICE("bc")}, {HS_SLICE("ab"), HS_SLICE("c")},
        {HS_SLICE(""), HS_SLICE("abc")}, {HS_SLICE("abc"), HS_SLICE("")},
        {HS_SLICE("b"), HS_SLICE("bc")},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(pairs); i++) {
        ck_assert_int_eq(
            hs_dedupe_begin(house->dedupe, pairs[i][0], pairs[i][1], house->now, &claim),
            HS_DEDUPE_NEW);
        hs_dedupe_end(house->dedupe, &claim, true, house->now);
    }
    for (size_t i = 0; i < HS_ARRAY_SIZE(pairs); i++)
        ck_assert_int_eq(
            hs_dedupe_begin(house->dedupe, pairs[i][0], pairs[i][1], house->now, &claim),
            HS_DEDUPE_SEEN);
    house_free(house);
}
END_TEST

START_TEST(a_long_id_counts_to_its_last_byte)
{
    struct house *house = house_create(3);
    house_start(house);
    char *id = malloc(60000);
    memset(id, 'x', 60000);
    struct hs_dedupe_claim claim;
    for (size_t size = 500; size <= 60000; size += 59500 / 7) {
        ck_assert_int_eq(hs_dedupe_begin(house->dedupe, HS_SLICE("source"), hs_slice(id, size),
                                         house->now, &claim),
                         HS_DEDUPE_NEW);
        hs_dedupe_end(house->dedupe, &claim, true, house->now);
        ck_assert_int_eq(hs_dedupe_begin(house->dedupe, HS_SLICE("source"), hs_slice(id, size),
                                         house->now, &claim),
                         HS_DEDUPE_SEEN);
    }
    free(id);
    house_free(house);
}
END_TEST

START_TEST(D2_what_the_journal_refused_is_not_known)
{
    struct house *house = house_create(4);
    house_start(house);
    hs_journal_stop(house->journal);
    uint64_t sequence;
    ck_assert_int_eq(house_take(house, 1, &sequence), -ESHUTDOWN);
    house_expect(house, 1, 1, false);
    house_free(house);
}
END_TEST

START_TEST(D2_what_failed_on_its_way_to_the_disk_is_not_known)
{
    struct house *house = house_create(5);
    house_start(house);
    house_fill(house, 1, 10);
    model_hold_syncs(house->disk, true);
    uint64_t first, sequence, retry;
    ck_assert_int_eq(house_take(house, 11, &first), 1);
    model_await_held(house->disk);
    for (uint64_t number = 12; number <= 20; number++)
        ck_assert_int_eq(house_take(house, number, &sequence), 1);
    /* A retry in the meantime waits for the same sequence. */
    ck_assert_int_eq(house_take(house, 15, &retry), 0);
    ck_assert_int_eq(hs_journal_outcome(house->journal, retry), HS_JOURNAL_PENDING);
    model_fail_at(house->disk, MODEL_SYNC, ".hsj", 1, 1, EIO);
    model_hold_syncs(house->disk, false);
    ck_assert_int_eq(hs_journal_wait(house->journal, first), HS_JOURNAL_FAILED);
    ck_assert_int_eq(hs_journal_wait(house->journal, retry), HS_JOURNAL_FAILED);
    house_expect(house, 11, 20, false);
    house_expect(house, 1, 10, true);
    /* A retry of an event that was durable before is answered so, although the journal is
     * broken. */
    ck_assert_int_eq(house_take(house, 3, &retry), 0);
    ck_assert_int_eq(hs_journal_wait(house->journal, retry), HS_JOURNAL_DURABLE);
    house_free(house);
}
END_TEST

struct racer {
    struct house *house;
    atomic_bool *go;
    uint64_t taken, seen, lost;
};

#define RACERS 4
#define RACED 3000u

static void *race(void *context)
{
    struct racer *racer = context;
    AWAIT(atomic_load(racer->go));
    for (uint64_t number = 1; number <= RACED; number++) {
        uint64_t sequence;
        int code = house_take(racer->house, number, &sequence);
        racer->taken += code == 1;
        racer->seen += code == 0;
        if (hs_journal_wait(racer->house->journal, sequence) != HS_JOURNAL_DURABLE)
            racer->lost++;
    }
    return NULL;
}

START_TEST(D3_of_equal_ids_that_arrive_at_once_one_is_new)
{
    struct house *house = house_create(6);
    house->options.segment_size = 1 << 20;
    house_start(house);
    atomic_bool go = false;
    pthread_t threads[RACERS];
    struct racer racers[RACERS];
    for (size_t i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){house, &go, 0, 0, 0};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    atomic_store(&go, true);
    uint64_t taken = 0, seen = 0;
    for (size_t i = 0; i < RACERS; i++) {
        pthread_join(threads[i], NULL);
        taken += racers[i].taken;
        seen += racers[i].seen;
        ck_assert_uint_eq(racers[i].lost, 0);
    }
    ck_assert_uint_eq(taken, RACED);
    ck_assert_uint_eq(seen, RACED * (RACERS - 1));
    ck_assert_uint_eq(hs_journal_durable(house->journal), RACED);
    house_free(house);
}
END_TEST

/* Retries of events whose batches fail: an event reported as durable must be in the journal. */
static void *retry(void *context)
{
    struct racer *racer = context;
    struct house *house = racer->house;
    while (!atomic_load(racer->go)) {
        uint64_t sequence, number = hs_journal_last(house->journal) % 50 + 1000;
        int code = house_take(house, number, &sequence);
        if (code < 0)
            continue;
        enum hs_journal_outcome outcome = hs_journal_wait(house->journal, sequence);
        if (outcome != HS_JOURNAL_DURABLE)
            continue;
        racer->taken++;
        /* It was safe when this was reported: then it must stay known. */
        racer->lost += !house_knows(house, number);
    }
    return NULL;
}

START_TEST(D2_nobody_takes_a_failed_event_for_a_safe_one)
{
    struct house *house = house_create(7);
    house->options.segment_size = 1 << 20;
    house_start(house);
    for (unsigned round = 0; round < 3; round++) {
        atomic_bool stop = false;
        pthread_t threads[RACERS];
        struct racer racers[RACERS];
        model_fail_at(house->disk, MODEL_SYNC, ".hsj", 4, 1, EIO);
        for (size_t i = 0; i < RACERS; i++) {
            racers[i] = (struct racer){house, &stop, 0, 0, 0};
            ck_assert_int_eq(pthread_create(&threads[i], NULL, retry, &racers[i]), 0);
        }
        const char *reason;
        AWAIT(!hs_journal_writable(house->journal, &reason));
        AWAIT(hs_journal_writable(house->journal, &reason));
        atomic_store(&stop, true);
        for (size_t i = 0; i < RACERS; i++) {
            pthread_join(threads[i], NULL);
            ck_assert_uint_eq(racers[i].lost, 0);
        }
        for (uint64_t number = 1000; number < 1050; number++) {
            struct id_text id;
            hs_dedupe_forget(house->dedupe, HS_SLICE("fanfare"), id_of(&id, number));
        }
    }
    house_free(house);
}
END_TEST

START_TEST(an_id_is_forgotten_after_the_window)
{
    struct house *house = house_create(8);
    house_start(house);
    house_fill(house, 1, 20);
    house->now += 48 * HOUR_NS;
    house_expect(house, 1, 20, true);
    house->now += HOUR_NS;
    house_expect(house, 1, 20, false);
    ck_assert_uint_le(hs_dedupe_count(house->dedupe), 20);
    house_fill(house, 1, 20);
    house_expect(house, 1, 20, true);
    ck_assert_uint_eq(hs_dedupe_count(house->dedupe), 20);
    /* Two weeks without events, so that the marks have wrapped around. */
    house->now += 255 * HOUR_NS;
    house_expect(house, 1, 20, false);
    house->now += 40 * HOUR_NS;
    house_expect(house, 1, 20, false);
    house_free(house);
}
END_TEST

START_TEST(flawed_events_have_no_id)
{
    struct house *house = house_create(9);
    house_start(house);
    struct hs_event event = {.received_wall_ns = house->now,
                             .flaw = HS_EVENT_NOT_JSON,
                             .source = HS_SLICE("fanfare"),
                             .body = HS_SLICE("{")};
    uint64_t sequence;
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(hs_journal_append(house->journal, &event, &sequence), 0);
    ck_assert_int_eq(hs_journal_wait(house->journal, sequence), HS_JOURNAL_DURABLE);
    house_fill(house, 1, 3);
    house_kill(house);
    house_start(house);
    ck_assert_uint_eq(hs_dedupe_count(house->dedupe), 3);
    house_free(house);
}
END_TEST

START_TEST(in_memory_it_leaves_no_files)
{
    struct house *house = house_create(10);
    house->options.store = HS_STORE_MEMORY;
    house_start(house);
    house_fill(house, 1, 1000);
    house_expect(house, 1, 1000, true);
    hs_journal_stop(house->journal);
    struct hs_id_file file;
    ck_assert_int_eq(hs_id_file_look(house->dedupe, 1, 50, &file), -ENOENT);
    house_free(house);
}
END_TEST

#define MANY (1000000u / ONE_IN)

START_TEST(many_ids_are_each_known_once)
{
    struct house *house = house_create(11);
    house->options.store = HS_STORE_MEMORY;
    house->options.segment_size = 1 << 20;
    house_start(house);
    struct hs_dedupe_claim claim;
    struct id_text id;
    for (uint64_t number = 0; number < MANY; number++) {
        ck_assert_int_eq(hs_dedupe_begin(house->dedupe, HS_SLICE("fanfare"), id_of(&id, number),
                                         house->now, &claim),
                         HS_DEDUPE_NEW);
        hs_dedupe_end(house->dedupe, &claim, true, house->now);
    }
    ck_assert_uint_eq(hs_dedupe_count(house->dedupe), MANY);
    house_expect(house, 0, MANY - 1, true);
    house_expect(house, MANY, MANY + 100000 / ONE_IN, false);
    /* For a million ids at most 24 bytes each, and the first page of each shard. */
    size_t bytes = 0;
    for (size_t i = 0; i < HS_DEDUPE_SHARDS; i++)
        bytes += house->dedupe->shards[i].table.pages_size;
    ck_assert(SANITIZED || bytes < 24 * MANY + HS_DEDUPE_SHARDS * 4096);
    house_free(house);
}
END_TEST

HS_TEST_MAIN("dedupe", D1_an_id_is_known_from_its_append_on_and_after_a_kill,
             the_same_id_of_another_source_is_another, a_long_id_counts_to_its_last_byte,
             D2_what_the_journal_refused_is_not_known,
             D2_what_failed_on_its_way_to_the_disk_is_not_known,
             D3_of_equal_ids_that_arrive_at_once_one_is_new,
             D2_nobody_takes_a_failed_event_for_a_safe_one, an_id_is_forgotten_after_the_window,
             flawed_events_have_no_id, in_memory_it_leaves_no_files, many_ids_are_each_known_once)
