/* Crashes: after a power cut or a kill at any call, every letter that was called durable is
 * listed until it was removed (L1), and none that was removed is listed again (L2). */
#include "crash_cases.h"
#include "letters.h"

#include "../journal/model_disk.h"
#include <hookstream/clock.h>
#include <hookstream/metrics.h>
#include <inttypes.h>

#define CASES 500u
#define RUNS 4u
#define LETTERS_MAX 2000u

enum fate { FATE_NONE, FATE_MAYBE, FATE_THERE, FATE_MAYBE_GONE, FATE_GONE };

struct story {
    uint64_t seed;
    struct model_disk *disk;
    struct hs_metrics *metrics;
    struct hs_journal *journal;
    struct hs_dead_letters *letters;
    uint64_t next;                 /* of the ids of letters */
    enum fate fates[LETTERS_MAX];  /* by id */
    uint64_t numbers[LETTERS_MAX]; /* by id */
};

static bool open_all(struct story *story)
{
    struct hs_journal_options outer = {.path = "/j", .max_size = 1 << 20, .segment_size = 16384};
    /* The least there is: the fewer bytes, the more cases. */
    struct hs_dead_letters_options options = {
        .max_size = 64 << 20, .retain_ns = UINT64_MAX / 2, .body_max = 1024, .segment_size = 4096};
    int code = hs_journal_open(model_table(story->disk), &outer, story->metrics, &story->journal);
    if (code < 0)
        story->journal = NULL;
    return code == 0 &&
           hs_dead_letters_open(story->journal, &options, story->metrics, &story->letters) == 0;
}

static void close_all(struct story *story)
{
    hs_dead_letters_close(story->letters);
    hs_journal_close(story->journal);
    story->letters = NULL;
    story->journal = NULL;
}

static uint64_t id_of(const struct hs_letter *letter)
{
    uint64_t id = 0;
    ck_assert_int_eq(hs_slice_to_u64(letter->event.id, LETTERS_MAX, &id), 0);
    return id;
}

/* Reads all there are and holds them against what is known. false: the power went meanwhile. */
static bool check(struct story *story)
{
    bool listed[LETTERS_MAX] = {false};
    struct hs_letter_reader *reader;
    struct hs_letter letter;
    uint64_t count = 0;
    if (hs_letter_reader_open(story->letters, 1, &reader) < 0)
        return false;
    int code;
    while ((code = hs_letter_reader_next(reader, &letter)) > 0) {
        uint64_t id = id_of(&letter);
        ck_assert_msg(!listed[id], "case %" PRIu64 ": letter %" PRIu64 " twice", story->seed, id);
        listed[id] = true;
        count++;
        story->numbers[id] = letter.number;
    }
    hs_letter_reader_close(reader);
    if (code < 0)
        return false;
    ck_assert_uint_eq(count, hs_dead_letters_count(story->letters));
    /* A crash damages nothing that was safe, and is never told as if it had. */
    ck_assert_msg(hs_counter_value(story->letters->lost) == 0,
                  "case %" PRIu64 ": %" PRIu64 " letters count as lost", story->seed,
                  hs_counter_value(story->letters->lost));
    for (uint64_t id = 1; id < story->next; id++) {
        enum fate *fate = &story->fates[id];
        ck_assert_msg(listed[id] ? *fate != FATE_GONE : *fate != FATE_THERE,
                      "case %" PRIu64 ": letter %" PRIu64 " is %s", story->seed, id,
                      listed[id] ? "back" : "lost");
        *fate = listed[id] ? FATE_THERE : FATE_GONE;
    }
    return true;
}

static bool put_some(struct story *story)
{
    uint64_t first = story->next, ticket = 0;
    for (uint64_t n = 1 + model_draw(story->disk, 12); n > 0 && story->next < LETTERS_MAX; n--) {
        char id[24];
        static const char body[900] = "b";
        snprintf(id, sizeof(id), "%" PRIu64, story->next);
        struct hs_event event = {.received_wall_ns = hs_clock_wall_ns(),
                                 .id = hs_slice_text(id),
                                 .type = HS_SLICE("order.created"),
                                 .body = hs_slice(body, sizeof(body))};
        struct hs_dead_letter_reason why = {.reason = "too_large"};
        if (hs_dead_letters_put(story->letters, &event, &why, &ticket) < 0)
            break;
        story->fates[story->next] = FATE_MAYBE;
        story->numbers[story->next++] = ticket;
    }
    if (story->next == first ||
        hs_journal_wait(story->letters->journal, ticket) != HS_JOURNAL_DURABLE)
        return false;
    for (uint64_t id = first; id < story->next; id++)
        story->fates[id] = FATE_THERE;
    return true;
}

static bool remove_some(struct story *story)
{
    uint64_t numbers[LETTERS_MAX];
    size_t count = 0;
    uint64_t every = 1 + model_draw(story->disk, 4);
    for (uint64_t id = 1; id < story->next; id++)
        if (story->fates[id] == FATE_THERE && model_draw(story->disk, every) == 0) {
            story->fates[id] = FATE_MAYBE_GONE;
            numbers[count++] = story->numbers[id];
        }
    if (hs_dead_letters_remove(story->letters, numbers, count) < 0)
        return false;
    for (uint64_t id = 1; id < story->next; id++)
        if (story->fates[id] == FATE_MAYBE_GONE)
            story->fates[id] = FATE_GONE;
    return true;
}

static void run(struct story *story)
{
    if (model_draw(story->disk, 5) > 0)
        model_cut_after(story->disk, 1 + model_draw(story->disk, 120));
    if (!open_all(story) || !check(story))
        return;
    for (unsigned i = 0; i < 20; i++)
        if (!(model_draw(story->disk, 3) == 0 ? remove_some(story) : put_some(story)))
            return;
}

static void tell(uint64_t seed)
{
    struct story *story = calloc(1, sizeof(*story));
    story->seed = seed;
    story->disk = model_create(seed);
    story->metrics = hs_metrics_create();
    story->next = 1;
    for (unsigned i = 0; i < RUNS; i++) {
        run(story);
        close_all(story);
        crash_end_run(story->disk);
    }
    ck_assert_msg(open_all(story), "case %" PRIu64 ": %s", seed, hs_error_text());
    ck_assert(check(story));
    close_all(story);
    hs_metrics_free(story->metrics);
    model_free(story->disk);
    free(story);
}

START_TEST(L1_L2_hold_whenever_the_power_goes)
{
    crash_tell_part(_i, CASES, tell);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("power cuts");
    tcase_add_loop_test(tcase, L1_L2_hold_whenever_the_power_goes, 0, CRASH_PARTS);
    return crash_main("dead letters crash", tcase);
}
