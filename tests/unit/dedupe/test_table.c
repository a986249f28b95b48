/* Table: compared with a plain list of entries added, expired and removed, with few hashes so that
 * every chain is crowded. */
#include "hs_test.h"
#include "sanitized.h"
#include "table.h"

#define HASHES 600u
#define IDS (200000u / ONE_IN)
#define HOURLY (1000u / ONE_IN)
#define WINDOW 48u

static uint64_t draw(uint64_t *random, uint64_t below)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (*random * UINT64_C(0x2545F4914F6CDD1D) >> 16) % below;
}

/* Crowded: many share a home, also at the table's start and end. Number 0 is all zeros. */
static struct hs_hash128 hash_of(uint64_t number)
{
    static const uint64_t homes[] = {0, UINT64_MAX, UINT64_MAX / 2, UINT64_MAX - 1, 12345};
    return number == 0 ? (struct hs_hash128){0, 0}
                       : (struct hs_hash128){homes[number % HS_ARRAY_SIZE(homes)], number};
}

struct model {
    bool there[HASHES];
    uint32_t hours[HASHES];
    uint32_t hour;
};

static bool model_has(const struct model *model, uint64_t number)
{
    return model->there[number] && model->hour - model->hours[number] <= WINDOW;
}

static void compare(const struct hs_id_table *table, const struct model *model)
{
    size_t live = 0;
    for (uint64_t number = 0; number < HASHES; number++) {
        live += model_has(model, number);
        ck_assert_msg(hs_id_table_has(table, hash_of(number)) == model_has(model, number),
                      "hash %d in hour %d, put in %d", (int)number, (int)model->hour,
                      (int)model->hours[number]);
    }
    ck_assert_uint_eq(table->live, live);
    ck_assert_uint_le(table->live, table->used);
    ck_assert_uint_le(table->used * 100, table->capacity * HS_TABLE_LOAD_PERCENT);
}

START_TEST(it_holds_what_a_list_would)
{
    uint64_t random = 88172645463325252u + (uint64_t)_i;
    struct hs_id_table table;
    struct model model = {.hour = 400000};
    hs_id_table_init(&table, WINDOW);
    hs_id_table_advance(&table, model.hour);
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t number = draw(&random, HASHES), what = draw(&random, 100);
        if (what < 60) {
            uint32_t hour = model.hour - (uint32_t)draw(&random, WINDOW + 10);
            hs_id_table_put(&table, hash_of(number), hour);
            if (model.hour - hour <= WINDOW) {
                model.there[number] = true;
                model.hours[number] = hour;
            }
        } else if (what < 90) {
            hs_id_table_remove(&table, hash_of(number));
            model.there[number] = false;
        } else if (what < 92) {
            model.hour += (uint32_t)draw(&random, draw(&random, 10) == 0 ? 700 : 5);
            hs_id_table_advance(&table, model.hour);
            for (uint64_t j = 0; j < HASHES; j++)
                model.there[j] = model_has(&model, j);
        } else {
            ck_assert(hs_id_table_has(&table, hash_of(number)) == model_has(&model, number));
        }
        if (i % 500 == 0)
            compare(&table, &model);
    }
    compare(&table, &model);
    hs_id_table_free(&table);
}
END_TEST

START_TEST(an_id_is_there_for_the_window_and_not_an_hour_of_the_next_255_longer)
{
    struct hs_id_table table;
    hs_id_table_init(&table, WINDOW);
    hs_id_table_advance(&table, 1000);
    hs_id_table_put(&table, hash_of(1), 1000);
    for (uint32_t hour = 1001; hour < 1600; hour++) {
        hs_id_table_advance(&table, hour);
        ck_assert_msg(hs_id_table_has(&table, hash_of(1)) == (hour <= 1000 + WINDOW), "hour %u",
                      hour);
    }
    /* The same in one step, as for a shard that saw nothing in between. */
    for (uint32_t step = 1; step < 600; step++) {
        hs_id_table_put(&table, hash_of(2), table.hour);
        hs_id_table_put(&table, hash_of(3), table.hour - WINDOW);
        hs_id_table_advance(&table, table.hour + step);
        ck_assert(hs_id_table_has(&table, hash_of(2)) == (step <= WINDOW));
        ck_assert(!hs_id_table_has(&table, hash_of(3)));
    }
    hs_id_table_free(&table);
}
END_TEST

START_TEST(a_clock_that_steps_back_forgets_nothing)
{
    struct hs_id_table table;
    hs_id_table_init(&table, WINDOW);
    hs_id_table_advance(&table, 1000);
    hs_id_table_put(&table, hash_of(1), 1000);
    hs_id_table_advance(&table, 990);
    ck_assert(hs_id_table_has(&table, hash_of(1)));
    ck_assert_uint_eq(table.hour, 1000);
    /* Far back: it was wrong before, and nothing may stay for that long. */
    hs_id_table_advance(&table, 500);
    ck_assert(hs_id_table_has(&table, hash_of(1)));
    hs_id_table_advance(&table, 500 + WINDOW);
    ck_assert(hs_id_table_has(&table, hash_of(1)));
    hs_id_table_advance(&table, 501 + WINDOW);
    ck_assert(!hs_id_table_has(&table, hash_of(1)));
    hs_id_table_free(&table);
}
END_TEST

static struct hs_hash128 spread(uint64_t number)
{
    return hs_hash128(hs_slice(&number, sizeof(number)), 1);
}

START_TEST(a_steady_stream_takes_no_more_memory_than_a_window_of_it)
{
    struct hs_id_table table;
    hs_id_table_init(&table, WINDOW);
    size_t most = 0;
    for (uint32_t hour = 1; hour < 600; hour++) {
        hs_id_table_advance(&table, hour);
        for (uint64_t i = 0; i < HOURLY; i++)
            hs_id_table_put(&table, spread(hour * HOURLY + i), hour);
        most = table.capacity > most ? table.capacity : most;
    }
    ck_assert_uint_eq(table.live, HOURLY * (WINDOW + 1));
    ck_assert_uint_lt(most, HOURLY * (WINDOW + 1) * 14 / 10);
    hs_id_table_free(&table);
}
END_TEST

START_TEST(it_grows_by_a_quarter_and_a_reserve_spares_that)
{
    struct hs_id_table table;
    hs_id_table_init(&table, WINDOW);
    hs_id_table_advance(&table, 100);
    for (uint64_t i = 0; i < IDS; i++) {
        hs_id_table_put(&table, spread(i), 100);
        ck_assert_uint_le(table.capacity * 100, (i + 1) * 130 + 250000);
    }
    for (uint64_t i = 0; i < IDS; i++)
        ck_assert(hs_id_table_has(&table, spread(i)));
    for (uint64_t i = IDS; i < 2 * IDS; i++)
        ck_assert(!hs_id_table_has(&table, spread(i)));
    hs_id_table_reserve(&table, 2 * IDS);
    const void *pages = table.hashes;
    for (uint64_t i = IDS; i < 2 * IDS; i++)
        hs_id_table_put(&table, spread(i), 100);
    ck_assert_ptr_eq(pages, table.hashes);
    for (uint64_t i = 0; i < 2 * IDS; i++)
        ck_assert(hs_id_table_has(&table, spread(i)));
    hs_id_table_free(&table);
}
END_TEST

START_TEST(an_empty_table_answers)
{
    struct hs_id_table table;
    hs_id_table_init(&table, WINDOW);
    ck_assert(!hs_id_table_has(&table, hash_of(1)));
    hs_id_table_remove(&table, hash_of(1));
    hs_id_table_prefetch(&table, hash_of(1));
    hs_id_table_advance(&table, 5);
    hs_id_table_free(&table);
}
END_TEST

HS_TEST_MAIN("dedupe table", it_holds_what_a_list_would,
             an_id_is_there_for_the_window_and_not_an_hour_of_the_next_255_longer,
             a_clock_that_steps_back_forgets_nothing,
             a_steady_stream_takes_no_more_memory_than_a_window_of_it,
             it_grows_by_a_quarter_and_a_reserve_spares_that, an_empty_table_answers)
