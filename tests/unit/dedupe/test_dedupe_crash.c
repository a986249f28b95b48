/* Crashes: after a power cut or a kill at any call, every event reported as durable is known (D1),
 * and one that never was in the journal is not (D2). Segments are removed as they are delivered, so
 * that only their id files remain. */
#include "dedupe_help.h"

#include "crash_cases.h"

#define CASES 300u
#define RUNS 4u
#define NUMBERS 2000u

enum fate { FATE_NONE, FATE_MAYBE, FATE_DURABLE };

struct story {
    struct house *house;
    uint64_t seed, next;
    enum fate fates[NUMBERS];
};

static void check(struct story *story)
{
    for (uint64_t number = 1; number < NUMBERS; number++) {
        if (story->fates[number] == FATE_MAYBE)
            continue;
        bool known = house_knows(story->house, number);
        ck_assert_msg(known == (story->fates[number] == FATE_DURABLE),
                      "case %" PRIu64 ": event %" PRIu64 " is %sknown", story->seed, number,
                      known ? "" : "not ");
    }
}

static void take_some(struct story *story, struct hs_cursor *cursor)
{
    struct house *house = story->house;
    for (unsigned i = 0; i < 20; i++) {
        uint64_t sequence = 0, first = story->next;
        unsigned count = 1 + (unsigned)model_draw(house->disk, 30);
        while (count-- > 0 && story->next < NUMBERS - 1 &&
               house_take(house, story->next, &sequence) == 1)
            story->fates[story->next++] = FATE_MAYBE;
        if (story->next == first)
            return;
        bool durable = hs_journal_wait(house->journal, sequence) == HS_JOURNAL_DURABLE;
        for (uint64_t number = first; durable && number < story->next; number++)
            story->fates[number] = FATE_DURABLE;
        if (!durable)
            return;
        hs_cursor_move(cursor, sequence);
        HS_IGNORE(hs_cursor_save(cursor)); /* the power may be off */
    }
}

static void run(struct story *story)
{
    struct house *house = story->house;
    if (model_draw(house->disk, 5) > 0)
        model_cut_after(house->disk, 1 + model_draw(house->disk, 600));
    if (house_try_start(house) < 0)
        return;
    check(story);
    struct hs_cursor *cursor;
    if (hs_cursor_open(house->journal, "sink", HS_CURSOR_FROM_OLDEST, &cursor) < 0)
        return;
    hs_journal_allow_removal(house->journal);
    take_some(story, cursor);
    hs_journal_stop(house->journal);
    hs_cursor_close(cursor);
}

static void tell(uint64_t seed)
{
    struct story *story = calloc(1, sizeof(*story));
    struct house *house = house_create(seed);
    story->house = house;
    story->seed = seed;
    story->next = 1;
    house->options.retain_ns = 0;
    for (unsigned i = 0; i < RUNS; i++) {
        run(story);
        house_close(house);
        crash_end_run(house->disk);
    }
    house_start(house);
    check(story);
    house_free(house);
    free(story);
}

START_TEST(D1_D2_hold_whenever_the_power_goes)
{
    crash_tell_part(_i, CASES, tell);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("power cuts");
    tcase_add_loop_test(tcase, D1_D2_hold_whenever_the_power_goes, 0, CRASH_PARTS);
    return crash_main("dedupe crash", tcase);
}
