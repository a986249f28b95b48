/* Crashes: power cuts and kills at any call of any run, several runs of one journal. After
 * each: what was called durable is there, whole and in order (J1, J2, J6); what failed and
 * was mended is not (J4); cursors are where they were saved or further, and hold what they
 * have not passed (J5). */
#include "journal_help.h"

#include "crash_cases.h"

#define CASES 1500u
#define RUNS 4u
#define EVENTS_MAX 4000u

/* What is known of one sequence. */
enum fate { FATE_NONE, FATE_APPENDED, FATE_DURABLE, FATE_FAILED, FATE_VOID };

struct story {
    struct bench *bench;
    uint64_t seed;
    uint64_t next_number;
    struct {
        enum fate fate;
        uint64_t number;
    } events[EVENTS_MAX]; /* by sequence */
    uint64_t top;         /* largest sequence ever given */
    struct hs_cursor *cursor;
    uint64_t saved; /* what the cursor was saved as, for sure */
    bool faulty;    /* a call failed: the mark may not say what was removed */
};

static uint64_t draw(struct story *story, uint64_t below)
{
    return model_draw(story->bench->disk, below);
}

/* ---- Looking ---- */

static void check_event(struct story *story, const struct hs_event *event)
{
    uint64_t sequence = event->sequence;
    ck_assert_uint_lt(sequence, EVENTS_MAX);
    ck_assert_msg(story->events[sequence].fate != FATE_NONE,
                  "case %" PRIu64 ": event %" PRIu64 " was never appended", story->seed, sequence);
    ck_assert_msg(story->events[sequence].fate != FATE_VOID,
                  "case %" PRIu64 ": event %" PRIu64 " is void and was read", story->seed,
                  sequence);
    ck_assert_msg(is_event(event, story->events[sequence].number),
                  "case %" PRIu64 ": event %" PRIu64 " is not what was appended", story->seed,
                  sequence);
}

/* Reads all there is. */
static void check_all(struct story *story)
{
    struct hs_journal *journal = story->bench->journal;
    struct hs_reader *reader;
    struct hs_event event;
    uint64_t from = story->saved + 1, before = 0, durable = hs_journal_durable(journal);
    ck_assert_int_eq(hs_reader_open(journal, 1, &reader), 0);
    int code;
    while ((code = hs_reader_next(reader, &event)) == 1) {
        check_event(story, &event);
        ck_assert_uint_gt(event.sequence, before);
        for (uint64_t lost = before + 1; lost < event.sequence; lost++)
            ck_assert_msg(lost < from || story->events[lost].fate != FATE_DURABLE,
                          "case %" PRIu64 ": event %" PRIu64 " is lost", story->seed, lost);
        before = event.sequence;
        story->events[before].fate = FATE_DURABLE;
    }
    hs_reader_close(reader);
    if (code < 0 && story->bench->disk->dead)
        return; /* the power went meanwhile */
    ck_assert_msg(code == 0, "case %" PRIu64 ": %s", story->seed, hs_error_text());
    ck_assert_uint_le(before, durable);
    for (uint64_t lost = before + 1; lost <= story->top; lost++)
        ck_assert_msg(lost < from || story->events[lost].fate != FATE_DURABLE,
                      "case %" PRIu64 ": event %" PRIu64 " is lost from the end", story->seed,
                      lost);
}

/* Nobody but the keeper removed anything. */
static void check_begin(const struct story *story)
{
    const struct hs_journal *journal = story->bench->journal;
    uint64_t kept_from = journal->mark.kept_from, begin = hs_journal_begin(journal);
    ck_assert_msg(story->faulty || kept_from == 0 || begin <= kept_from,
                  "case %" PRIu64 ": events %" PRIu64 " to %" PRIu64 " were not given up",
                  story->seed, kept_from, begin - 1);
}

static void check_cursor(struct story *story)
{
    uint64_t position = hs_cursor_position(story->cursor);
    ck_assert_msg(position >= story->saved,
                  "case %" PRIu64 ": the cursor went back from %" PRIu64 " to %" PRIu64
                  " of %" PRIu64,
                  story->seed, story->saved, position, hs_journal_durable(story->bench->journal));
    ck_assert_uint_le(position, hs_journal_durable(story->bench->journal));
    /* What could not be saved when it was opened counts for nothing (J5). */
    if (hs_cursor_save(story->cursor) == 0)
        story->saved = position;
}

/* ---- Doing ---- */

static void settle(struct story *story, uint64_t sequence, enum hs_journal_outcome outcome)
{
    story->events[sequence].fate = outcome == HS_JOURNAL_DURABLE ? FATE_DURABLE : FATE_FAILED;
    /* That anything became durable after a failure means that the failure is for good. */
    for (uint64_t i = sequence; outcome == HS_JOURNAL_DURABLE && i-- > 1;)
        if (story->events[i].fate == FATE_FAILED)
            story->events[i].fate = FATE_VOID;
}

/* A few events at once. false: the journal takes no more. */
static bool append_some(struct story *story)
{
    struct hs_journal *journal = story->bench->journal;
    uint64_t count = 1 + draw(story, 8), first = 0, sequence = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t number = ++story->next_number;
        if (append_number(journal, number, &sequence) < 0)
            break;
        first = first == 0 ? sequence : first;
        ck_assert_uint_lt(sequence, EVENTS_MAX);
        ck_assert_msg(story->events[sequence].fate != FATE_DURABLE &&
                          story->events[sequence].fate != FATE_VOID,
                      "case %" PRIu64 ": sequence %" PRIu64 " is used again", story->seed,
                      sequence);
        story->events[sequence].fate = FATE_APPENDED;
        story->events[sequence].number = number;
        story->top = sequence > story->top ? sequence : story->top;
    }
    for (uint64_t i = first; first > 0 && i <= sequence; i++)
        settle(story, i, hs_journal_wait(journal, i));
    return first > 0;
}

static void move_cursor(struct story *story)
{
    uint64_t position = hs_cursor_position(story->cursor);
    uint64_t durable = hs_journal_durable(story->bench->journal);
    position += durable > position ? draw(story, durable - position + 1) : 0;
    hs_cursor_move(story->cursor, position);
    if (hs_cursor_save(story->cursor) == 0)
        story->saved = position;
}

/* One run of the program, that ends by itself or by a cut. */
static void run(struct story *story)
{
    struct bench *bench = story->bench;
    if (draw(story, 5) > 0)
        model_cut_after(bench->disk, 1 + draw(story, draw(story, 2) == 0 ? 40 : 400));
    bool fails = draw(story, 3) == 0;
    story->faulty = story->faulty || fails;
    if (fails)
        model_fail(bench->disk, MODEL_SYNC | MODEL_WRITE | MODEL_FSYNC | MODEL_RENAME,
                   1 + draw(story, 30), 1 + draw(story, 2), EIO);
    if (bench_try_open(bench) < 0)
        return;
    check_begin(story);
    check_all(story);
    int code = hs_cursor_open(bench->journal, "sink", HS_CURSOR_FROM_OLDEST, &story->cursor);
    if (code < 0)
        return;
    check_cursor(story);
    if (hs_journal_start(bench->journal, &bench->watcher) == 0) {
        hs_journal_allow_removal(bench->journal);
        for (unsigned i = 0; i < 25 && append_some(story); i++)
            if (draw(story, 3) == 0)
                move_cursor(story);
    }
    hs_journal_stop(bench->journal);
    hs_cursor_close(story->cursor);
}

static void tell(uint64_t seed)
{
    struct story *story = calloc(1, sizeof(*story));
    struct bench *bench = bench_create(seed);
    story->bench = bench;
    story->seed = seed;
    bench->options.max_size = 12 * HELP_SEGMENT; /* so that segments go, too */
    bench->options.retain_ns = seed % 2 == 0 ? 0 : bench->options.retain_ns;
    for (unsigned i = 0; i < RUNS; i++) {
        run(story);
        bench_close(bench);
        crash_end_run(bench->disk);
    }
    bench_open(bench);
    check_begin(story);
    check_all(story);
    ck_assert_int_eq(hs_cursor_open(bench->journal, "sink", HS_CURSOR_FROM_OLDEST, &story->cursor),
                     0);
    check_cursor(story);
    hs_cursor_close(story->cursor);
    bench_free(bench);
    free(story);
}

START_TEST(J1_J2_J4_J5_J6_hold_whenever_the_power_goes)
{
    crash_tell_part(_i, CASES, tell);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("power cuts");
    tcase_add_loop_test(tcase, J1_J2_J4_J5_J6_hold_whenever_the_power_goes, 0, CRASH_PARTS);
    return crash_main("journal crash", tcase);
}
