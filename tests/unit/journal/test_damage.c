/* Damage: bytes of a journal that are not what was written. Whatever it is, nothing crashes,
 * every record that is whole is read, and what is not is told: by the readers, which a sink
 * hears, and by `journal verify`, which looks from outside. */
#include "journal_help.h"
#include "sanitized.h"

#include <hookstream/clock.h>
#include <hookstream/journal_inspect.h>

#define COARSE (4u * ONE_IN - 3u) /* bytes from one to the next, odd */

#define EVENTS 15u
#define FINDINGS_MAX 64u

/* ---- Looking from outside ---- */

struct found {
    uint64_t events[EVENTS + 10]; /* how often each was given */
    struct hs_journal_totals totals;
    uint64_t damages, notes;
    struct {
        bool damage;
        char file[80];
        uint64_t offset, bytes, first, last;
    } findings[FINDINGS_MAX];
    size_t count;
};

static void on_finding(void *context, const struct hs_journal_finding *finding)
{
    struct found *found = context;
    found->damages += finding->damage;
    found->notes += !finding->damage;
    ck_assert(finding->what[0] != '\0' && finding->advice[0] != '\0');
    if (found->count == FINDINGS_MAX)
        return;
    size_t at = found->count++;
    found->findings[at].damage = finding->damage;
    snprintf(found->findings[at].file, sizeof(found->findings[at].file), "%s", finding->file);
    found->findings[at].offset = finding->offset;
    found->findings[at].bytes = finding->bytes;
    found->findings[at].first = finding->first;
    found->findings[at].last = finding->last;
}

static int on_event(void *context, const struct hs_event *event)
{
    struct found *found = context;
    ck_assert_uint_lt(event->sequence, EVENTS + 10);
    ck_assert(is_event(event, event->sequence));
    found->events[event->sequence]++;
    return 0;
}

static struct found walk(struct bench *bench)
{
    struct found found = {.count = 0};
    const struct hs_journal_walk walk = {
        .to = UINT64_MAX, .context = &found, .event = on_event, .finding = on_finding};
    int code = hs_journal_walk(model_table(bench->disk), "/j", &walk, &found.totals);
    ck_assert_msg(code == 0, "%s", hs_error_text());
    return found;
}

static struct found verify(struct bench *bench)
{
    struct found found = {.count = 0};
    int code = hs_journal_verify(model_table(bench->disk), "/j", on_finding, &found, &found.totals);
    ck_assert_msg(code == 0, "%s", hs_error_text());
    ck_assert_uint_eq(found.totals.damages, found.damages);
    return found;
}

/* ---- A journal of three segments, and its readers ---- */

static uint64_t segment_firsts[8];
static size_t segment_count;

/* Stopped in good order: every byte of its files means something. */
static struct bench *three_segments(void)
{
    struct bench *bench = bench_create(1);
    bench->options.segment_size = 10240;
    bench_start(bench);
    for (uint64_t number = 1; number <= EVENTS; number++)
        bench_append(bench, number, number); /* batches of one */
    struct hs_segment_info *segments;
    hs_journal_segments(bench->journal, &segments, &segment_count);
    ck_assert_uint_ge(segment_count, 3);
    ck_assert_uint_le(segment_count, HS_ARRAY_SIZE(segment_firsts));
    for (size_t i = 0; i < segment_count; i++)
        segment_firsts[i] = segments[i].first;
    free(segments);
    bench_close(bench);
    return bench;
}

struct seen {
    bool events[EVENTS + 10], lost[EVENTS + 10];
    uint64_t damages;
};

/* What a sink is given, and what it is told to have lost. */
static struct seen read_all(struct bench *bench)
{
    struct seen seen = {.damages = 0};
    struct hs_reader *reader;
    struct hs_event event;
    ck_assert_int_eq(hs_reader_open(bench->journal, 1, &reader), 0);
    int code;
    uint64_t before = 0;
    while ((code = hs_reader_next(reader, &event)) != 0) {
        if (code == -EBADMSG) {
            struct hs_reader_loss loss = hs_reader_loss(reader);
            for (uint64_t i = loss.first; i <= loss.last && i < EVENTS + 10; i++)
                seen.lost[i] = true;
            ck_assert_uint_lt(seen.damages++, EVENTS);
            continue;
        }
        ck_assert_msg(code == 1, "%s", hs_error_text());
        ck_assert_uint_gt(event.sequence, before);
        before = event.sequence;
        ck_assert(is_event(&event, before));
        seen.events[before] = true;
    }
    hs_reader_close(reader);
    return seen;
}

/* Which event the byte belongs to; 0: to the header. */
static uint64_t event_of(const struct model_file *file, uint64_t first, size_t at)
{
    size_t size;
    if (at < HS_SEGMENT_HEADER)
        return 0;
    for (size_t i = 0;; i++)
        if (record_at(file, i, &size) + size > at)
            return first + i;
}

START_TEST(every_byte_of_every_segment_may_be_wrong)
{
    struct bench *bench = three_segments();
    for (size_t i = 0; i < segment_count; i++) {
        struct model_file *file = model_peek(bench->disk, segment_of(segment_firsts[i]));
        size_t end = file->cache_size;
        for (size_t at = i; at < end; at += COARSE) {
            uint64_t hit = event_of(file, segment_firsts[i], at);
            char saved = file->cache[at], flip = (char)(1 << (at * 7 % 8));
            file->cache[at] = (char)(saved ^ flip);
            struct found found = walk(bench);
            ck_assert_msg(found.damages == 1 && found.notes == 0,
                          "segment %zu, byte %zu: %" PRIu64 " damages, %" PRIu64 " notes", i, at,
                          found.damages, found.notes);
            for (uint64_t event = 1; event <= EVENTS; event++)
                ck_assert_msg(found.events[event] == (event != hit),
                              "segment %zu, byte %zu: event %" PRIu64, i, at, event);
            ck_assert_str_eq(found.findings[0].file, segment_of(segment_firsts[i]));
            ck_assert_uint_le(found.findings[0].offset, at);
            if (hit > 0) {
                ck_assert_uint_eq(found.findings[0].first, hit);
                ck_assert_uint_eq(found.findings[0].last, hit);
                ck_assert_uint_gt(found.findings[0].offset + found.findings[0].bytes, at);
            }
            file->cache[at] = saved;
        }
    }
    ck_assert_uint_eq(verify(bench).damages, 0);
    bench_free(bench);
}
END_TEST

/* A copy of the folder's files, since a start may cut one. */
static void restore(struct bench *bench, char *copies[8], const size_t sizes[8])
{
    for (size_t i = 0; i < segment_count; i++) {
        struct model_file *file = model_peek(bench->disk, segment_of(segment_firsts[i]));
        model_file_cut(file, 0);
        model_file_write(file, copies[i], sizes[i], 0);
    }
}

static void keep(struct bench *bench, char *copies[8], size_t sizes[8])
{
    for (size_t i = 0; i < segment_count; i++) {
        struct model_file *file = model_peek(bench->disk, segment_of(segment_firsts[i]));
        sizes[i] = file->cache_size;
        copies[i] = malloc(sizes[i]);
        memcpy(copies[i], file->cache, sizes[i]);
    }
}

START_TEST(a_start_and_its_readers_lose_the_damaged_event_and_no_other)
{
    struct bench *bench = three_segments();
    char *copies[8];
    size_t sizes[8];
    keep(bench, copies, sizes);
    for (size_t i = 0; i < segment_count; i++) {
        for (size_t at = 0; at < sizes[i]; at += 5 * COARSE) {
            struct model_file *file = model_peek(bench->disk, segment_of(segment_firsts[i]));
            uint64_t hit = event_of(file, segment_firsts[i], at);
            file->cache[at] ^= (char)(1 << (at * 7 % 8));
            bench_open(bench);
            struct seen seen = read_all(bench), again = read_all(bench);
            for (uint64_t event = 1; event <= EVENTS; event++) {
                ck_assert_msg(seen.events[event] == (event != hit),
                              "segment %zu, byte %zu: event %" PRIu64, i, at, event);
                ck_assert_msg(seen.lost[event] == (event == hit),
                              "segment %zu, byte %zu: event %" PRIu64 " is lost", i, at, event);
                ck_assert(again.lost[event] == seen.lost[event]);
            }
            /* What lies in a header's unused bytes only `verify` sees. Told once, not by each
             * reader. */
            double counted = bench_metric(bench, "journal_damaged_total{journal=\"events\"}");
            ck_assert_msg(hit == 0 || counted == 1, "segment %zu, byte %zu: %g", i, at, counted);
            ck_assert_uint_eq(hs_journal_durable(bench->journal), EVENTS);
            bench_close(bench);
            hs_metrics_free(bench->metrics);
            bench->metrics = hs_metrics_create();
            restore(bench, copies, sizes);
        }
    }
    for (size_t i = 0; i < segment_count; i++)
        free(copies[i]);
    bench_free(bench);
}
END_TEST

/* Bytes from `at` on in the middle of a segment are zeros, as where a sector or a page was
 * lost: it looks like the end of it. */
static void zeroed(size_t segment, size_t size)
{
    struct bench *bench = three_segments();
    char *copies[8];
    size_t sizes[8];
    keep(bench, copies, sizes);
    for (size_t at = HS_SEGMENT_HEADER; at + size < sizes[segment]; at += 512) {
        struct model_file *file = model_peek(bench->disk, segment_of(segment_firsts[segment]));
        uint64_t first = event_of(file, segment_firsts[segment], at);
        uint64_t last = event_of(file, segment_firsts[segment], at + size - 1);
        memset(file->cache + at, 0, size);
        struct found found = walk(bench);
        ck_assert_uint_ge(found.damages, 1);
        bench_open(bench);
        struct seen seen = read_all(bench);
        ck_assert_uint_ge(seen.damages, 1);
        /* An event whose bytes were zeros there anyway is whole. */
        for (uint64_t event = 1; event <= EVENTS; event++) {
            bool hit = event >= first && event <= last;
            ck_assert_msg(hit || seen.events[event], "zeros at %zu: event %" PRIu64, at, event);
            ck_assert(seen.events[event] != seen.lost[event]);
            ck_assert_uint_eq(found.events[event], seen.events[event]);
        }
        bench_close(bench);
        restore(bench, copies, sizes);
    }
    for (size_t i = 0; i < segment_count; i++)
        free(copies[i]);
    bench_free(bench);
}

START_TEST(a_zeroed_sector_is_not_the_end)
{
    for (size_t i = 0; i < 3; i++)
        zeroed(i, 512);
}
END_TEST

START_TEST(a_zeroed_page_is_not_the_end)
{
    for (size_t i = 0; i < 2; i++)
        zeroed(i, 4096);
}
END_TEST

START_TEST(a_header_whose_first_sector_is_lost_is_read_from_its_copy)
{
    struct bench *bench = three_segments();
    memset(model_peek(bench->disk, segment_of(segment_firsts[1]))->cache, 0, 512);
    struct found found = verify(bench);
    ck_assert_uint_eq(found.damages, 1);
    ck_assert_uint_eq(found.totals.lost, 0);
    ck_assert_uint_eq(found.totals.events, EVENTS);
    bench_start(bench);
    ck_assert(bench_metric(bench, "journal_damaged_total{journal=\"events\"}") == 1);
    bench_expect(bench, 1, 1, EVENTS);
    bench_free(bench);
}
END_TEST

START_TEST(a_header_that_is_lost_costs_its_segment_and_says_so)
{
    struct bench *bench = three_segments();
    memset(model_peek(bench->disk, segment_of(segment_firsts[1]))->cache, 0, HS_SEGMENT_HEADER);
    struct found found = verify(bench);
    ck_assert_uint_eq(found.damages, 1);
    ck_assert_uint_eq(found.findings[0].first, segment_firsts[1]);
    ck_assert_uint_eq(found.findings[0].last, segment_firsts[2] - 1);
    bench_open(bench);
    struct seen seen = read_all(bench);
    for (uint64_t event = 1; event <= EVENTS; event++) {
        bool hit = event >= segment_firsts[1] && event < segment_firsts[2];
        ck_assert(seen.lost[event] == hit && seen.events[event] == !hit);
    }
    bench_close(bench);
    /* Set aside it is still there to be told of. */
    ck_assert_uint_eq(verify(bench).damages, 2);
    bench_free(bench);
}
END_TEST

START_TEST(a_file_that_was_cut_short_or_is_gone_is_missed)
{
    for (unsigned gone = 0; gone < 2; gone++) {
        struct bench *bench = three_segments();
        struct model_file *file = model_peek(bench->disk, segment_of(segment_firsts[1]));
        size_t size;
        if (gone)
            model_unlink(bench->disk, segment_of(segment_firsts[1]));
        else
            model_file_cut(file, record_at(file, 1, &size));
        uint64_t first = segment_firsts[1] + (gone ? 0 : 1);
        struct found found = verify(bench);
        ck_assert_uint_eq(found.damages, 1);
        ck_assert_uint_eq(found.findings[0].first, first);
        ck_assert_uint_eq(found.findings[0].last, segment_firsts[2] - 1);
        bench_open(bench);
        struct seen seen = read_all(bench);
        ck_assert_uint_eq(seen.damages, 1);
        for (uint64_t event = 1; event <= EVENTS; event++)
            ck_assert(seen.lost[event] == (event >= first && event < segment_firsts[2]));
        bench_free(bench);
    }
}
END_TEST

START_TEST(damage_in_the_last_batch_before_a_crash_costs_no_whole_record)
{
    struct bench *bench = bench_create(3);
    bench_start(bench);
    bench_append(bench, 1, 3);
    model_cut_after(bench->disk, 1);
    bench_close(bench);
    model_revive(bench->disk);
    /* No later record says that the second had been durable; a flipped bit is no tear. */
    struct model_file *file = model_peek(bench->disk, segment_of(1));
    size_t size, at = record_at(file, 1, &size);
    file->cache[at + 60] ^= 4;
    bench_open(bench);
    ck_assert_uint_eq(hs_journal_durable(bench->journal), 3);
    struct seen seen = read_all(bench);
    ck_assert(seen.events[1] && seen.lost[2] && seen.events[3]);
    bench_free(bench);
}
END_TEST

START_TEST(J4_what_is_void_is_no_damage_and_is_not_given)
{
    struct bench *bench = bench_create(9);
    bench_start(bench);
    bench_append(bench, 1, 3);
    model_fail_at(bench->disk, MODEL_SYNC, NAMED, 1, 1, EIO);
    model_fail_at(bench->disk, MODEL_TRUNCATE, NAMED, 1, 1, EIO);
    uint64_t sequence;
    ck_assert_int_eq(append_number(bench->journal, 4, &sequence), 0);
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_FAILED);
    AWAIT(bench_writable(bench));
    bench_append(bench, 5, 6);
    for (unsigned live = 2; live-- > 0;) {
        struct found found = walk(bench);
        ck_assert_uint_eq(found.count, 0);
        ck_assert_uint_eq(found.totals.events, 5);
        ck_assert_uint_eq(found.events[4], 0);
        ck_assert_uint_eq(verify(bench).count, 0);
        if (live)
            bench_close(bench);
    }
    bench_free(bench);
}
END_TEST

START_TEST(J6_a_torn_tail_is_a_note_and_no_damage)
{
    struct bench *bench = bench_create(4);
    bench_start(bench);
    bench_append(bench, 1, 5);
    model_cut_after(bench->disk, 1);
    bench_close(bench);
    model_revive(bench->disk);
    model_unlink(bench->disk, "/j/mark"); /* it may know of the fifth event already */
    struct model_file *file = model_peek(bench->disk, segment_of(1));
    size_t size, at = record_at(file, 4, &size);
    memset(file->cache + at + size / 2, 0, size - size / 2);
    struct found found = verify(bench);
    ck_assert_uint_eq(found.damages, 0);
    ck_assert_uint_eq(found.notes, 1);
    ck_assert_uint_eq(found.findings[0].offset, at);
    bench_free(bench);
}
END_TEST

static void save_cursor(struct bench *bench, const char *name, uint64_t position)
{
    struct hs_cursor *cursor;
    ck_assert_int_eq(hs_cursor_open(bench->journal, name, HS_CURSOR_FROM_OLDEST, &cursor), 0);
    hs_cursor_move(cursor, position);
    hs_cursor_close(cursor);
}

START_TEST(what_is_too_old_or_before_the_first_wanted_is_not_read)
{
    struct bench *bench = three_segments();
    const uint64_t hour = UINT64_C(3600) * 1000000000, now = hs_clock_wall_ns();
    struct hs_journal_totals totals;
    struct hs_journal_walk walk = {.to = UINT64_MAX, .from = segment_firsts[1]};
    ck_assert_int_eq(hs_journal_walk(model_table(bench->disk), "/j", &walk, &totals), 0);
    ck_assert_uint_eq(totals.first, segment_firsts[1]);
    walk.from = 0;
    walk.to = segment_firsts[1] - 1;
    ck_assert_int_eq(hs_journal_walk(model_table(bench->disk), "/j", &walk, &totals), 0);
    ck_assert_uint_eq(totals.last, walk.to);
    walk.to = UINT64_MAX;
    walk.received_from_ns = now; /* finished a moment ago: the clock may have been set */
    ck_assert_int_eq(hs_journal_walk(model_table(bench->disk), "/j", &walk, &totals), 0);
    ck_assert_uint_eq(totals.events, EVENTS);
    walk.received_from_ns = now + 2 * hour;
    ck_assert_int_eq(hs_journal_walk(model_table(bench->disk), "/j", &walk, &totals), 0);
    ck_assert_uint_eq(totals.first, segment_firsts[segment_count - 1]);
    bench_free(bench);
}
END_TEST

#define ASIDE "/j/segments/aside"

/* When the walk gives the first event the segments of these indices are removed, and the newest one
 * comes if it was set aside. */
struct removing {
    struct found found;
    struct bench *bench;
    size_t first, last;
    bool newest_comes;
};

static int on_event_remove(void *context, const struct hs_event *event)
{
    struct removing *removing = context;
    const struct hs_disk *disk = model_table(removing->bench->disk);
    for (size_t i = removing->first; event->sequence == 1 && i <= removing->last; i++)
        ck_assert_int_eq(hs_disk_unlink(disk, segment_of(segment_firsts[i])), 0);
    if (event->sequence == 1 && removing->newest_comes)
        ck_assert_int_eq(
            disk->rename(disk->context, ASIDE, segment_of(segment_firsts[segment_count - 1])), 0);
    return on_event(&removing->found, event);
}

static void on_finding_remove(void *context, const struct hs_journal_finding *finding)
{
    struct removing *removing = context;
    ck_assert(finding->removed);
    on_finding(&removing->found, finding);
}

/* As the keeper does when the walk is slow. */
static struct found walk_and_remove(size_t first, size_t last, bool newest_comes)
{
    struct removing removing = {
        .bench = three_segments(), .first = first, .last = last, .newest_comes = newest_comes};
    const struct hs_disk *disk = model_table(removing.bench->disk);
    const char *newest = segment_of(segment_firsts[segment_count - 1]);
    if (newest_comes)
        ck_assert_int_eq(disk->rename(disk->context, newest, ASIDE), 0);
    const struct hs_journal_walk walk = {.to = UINT64_MAX,
                                         .context = &removing,
                                         .event = on_event_remove,
                                         .finding = on_finding_remove};
    ck_assert_int_eq(hs_journal_walk(disk, "/j", &walk, &removing.found.totals), 0);
    ck_assert_uint_eq(removing.found.damages, 0);
    bench_free(removing.bench);
    return removing.found;
}

START_TEST(what_is_removed_before_the_walk_comes_to_it_is_told)
{
    struct found found = walk_and_remove(0, 1, false);
    ck_assert_uint_eq(found.notes, 1);
    ck_assert_uint_eq(found.findings[0].first, segment_firsts[1]);
    ck_assert_uint_eq(found.findings[0].last, segment_firsts[2] - 1);
    for (uint64_t n = 1; n <= EVENTS; n++)
        ck_assert_uint_eq(found.events[n], n < segment_firsts[1] || n >= segment_firsts[2]);
    found = walk_and_remove(0, 0, false); /* it is read to its end all the same */
    ck_assert_uint_eq(found.notes, 0);
    ck_assert_uint_eq(found.totals.events, EVENTS);
    found = walk_and_remove(1, segment_count - 1, false); /* nothing is behind them */
    ck_assert_uint_eq(found.notes, 1);
    ck_assert_uint_eq(found.findings[0].first, segment_firsts[1]);
    ck_assert_uint_eq(found.findings[0].last, 0);
}
END_TEST

START_TEST(a_walk_whose_newest_segment_was_removed_goes_on_to_the_newest_one)
{
    bench_free(three_segments()); /* how many there are */
    struct found found = walk_and_remove(1, segment_count - 2, true);
    uint64_t newest = segment_firsts[segment_count - 1];
    ck_assert_uint_eq(found.notes, 1);
    ck_assert_uint_eq(found.findings[0].first, segment_firsts[1]);
    ck_assert_uint_eq(found.findings[0].last, newest - 1);
    for (uint64_t n = 1; n <= EVENTS; n++)
        ck_assert_uint_eq(found.events[n], n < segment_firsts[1] || n >= newest);
}
END_TEST

START_TEST(cursors_and_meta_are_looked_at)
{
    struct bench *bench = three_segments();
    bench_open(bench);
    save_cursor(bench, "good", segment_firsts[1] - 1);
    save_cursor(bench, "bad", 7);
    save_cursor(bench, "past", EVENTS);
    save_cursor(bench, "behind", 0);
    bench_close(bench);
    ck_assert_uint_eq(verify(bench).count, 0);
    model_damage(bench->disk, "/j/cursors/bad.cursor", 10, "\x55", 1);
    struct found found = verify(bench);
    ck_assert_uint_eq(found.damages, 1);
    ck_assert_str_eq(found.findings[0].file, "/j/cursors/bad.cursor");
    /* The newest segment is gone: seen by the cursor that is further, and by the mark. */
    model_unlink(bench->disk, segment_of(segment_firsts[segment_count - 1]));
    found = verify(bench);
    ck_assert_uint_eq(found.damages, 3);
    ck_assert_str_eq(found.findings[1].file, "/j/cursors/past.cursor");
    ck_assert_str_eq(found.findings[2].file, "/j/mark");
    for (size_t i = 1; i <= 2; i++) {
        ck_assert_uint_eq(found.findings[i].first, segment_firsts[segment_count - 1]);
        ck_assert_uint_eq(found.findings[i].last, EVENTS);
    }
    ck_assert_uint_eq(found.totals.lost, EVENTS + 1 - segment_firsts[segment_count - 1]);
    /* The oldest is gone, as when it has aged. */
    model_unlink(bench->disk, segment_of(1));
    found = verify(bench);
    ck_assert_uint_eq(found.damages, 3);
    ck_assert_uint_eq(found.notes, 1);
    model_damage(bench->disk, "/j/meta", 20, "\x55", 1);
    model_damage(bench->disk, "/j/mark", 20, "\x55", 1);
    model_damage(bench->disk, "/j/mark", 4096 + 20, "\x55", 1);
    found = verify(bench);
    ck_assert_uint_eq(found.damages, 4);
    ck_assert_uint_eq(found.totals.lost, 0); /* how far it went nobody knows any more */
    bench_free(bench);
}
END_TEST

START_TEST(what_is_behind_the_journals_beginning_is_known)
{
    struct bench *bench = three_segments();
    model_unlink(bench->disk, segment_of(1));
    bench_open(bench);
    ck_assert_uint_eq(hs_journal_begin(bench->journal), segment_firsts[1]);
    bench_close(bench);
    bench_free(bench);
    bench = bench_create(2);
    bench_start(bench);
    ck_assert_uint_eq(hs_journal_begin(bench->journal), 1);
    bench_free(bench);
}
END_TEST

/* Anything at all: bytes changed, zeroed, copied about, cut off, in any file. */
static void spoil(struct bench *bench)
{
    struct model_disk *disk = bench->disk;
    for (uint64_t times = 1 + model_draw(disk, 4); times > 0; times--) {
        struct model_file *file =
            model_peek(disk, disk->cached.items[model_draw(disk, disk->cached.count)].path);
        if (file == NULL || file->cache_size == 0)
            continue;
        size_t at = model_draw(disk, file->cache_size), from = model_draw(disk, file->cache_size);
        size_t size = 1 + model_draw(disk, model_draw(disk, 2) ? 16 : 5000);
        size = size > file->cache_size - at ? file->cache_size - at : size;
        size = size > file->cache_size - from ? file->cache_size - from : size;
        switch (model_draw(disk, 4)) {
        case 0:
            memset(file->cache + at, 0, size);
            break;
        case 1:
            memmove(file->cache + at, file->cache + from, size);
            break;
        case 2:
            for (size_t i = at; i < at + size; i++)
                file->cache[i] = (char)model_draw(disk, 256);
            break;
        default:
            model_file_cut(file, at);
        }
    }
}

START_TEST(any_damage_is_survived_and_no_event_is_made_up)
{
    for (uint64_t seed = 0; seed < 250; seed += (COARSE + 9) / 10) {
        struct bench *bench = three_segments();
        for (uint64_t i = 0; i < seed; i++)
            (void)model_draw(bench->disk, 2); /* another way each time */
        spoil(bench);
        struct found found = {.count = 0};
        if (hs_journal_verify(model_table(bench->disk), "/j", on_finding, &found, &found.totals) ==
            0)
            found = walk(bench);
        /* meta may be damaged, or say that it is of another version. */
        if (bench_try_open(bench) == 0) {
            struct seen seen = read_all(bench);
            for (uint64_t event = 1; event <= EVENTS; event++)
                ck_assert(!seen.events[event] || !seen.lost[event]);
        }
        bench_free(bench);
    }
}
END_TEST

HS_TEST_MAIN("journal damage", every_byte_of_every_segment_may_be_wrong,
             a_start_and_its_readers_lose_the_damaged_event_and_no_other,
             a_zeroed_sector_is_not_the_end, a_zeroed_page_is_not_the_end,
             a_header_whose_first_sector_is_lost_is_read_from_its_copy,
             a_header_that_is_lost_costs_its_segment_and_says_so,
             a_file_that_was_cut_short_or_is_gone_is_missed,
             damage_in_the_last_batch_before_a_crash_costs_no_whole_record,
             J4_what_is_void_is_no_damage_and_is_not_given, J6_a_torn_tail_is_a_note_and_no_damage,
             what_is_too_old_or_before_the_first_wanted_is_not_read,
             what_is_removed_before_the_walk_comes_to_it_is_told,
             a_walk_whose_newest_segment_was_removed_goes_on_to_the_newest_one,
             cursors_and_meta_are_looked_at, what_is_behind_the_journals_beginning_is_known,
             any_damage_is_survived_and_no_event_is_made_up)
