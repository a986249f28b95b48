/* Id files: what outlives the segments, and what damage costs. */
#include "dedupe_help.h"
#include "sanitized.h"

/* Removes the finished segments, as if they had expired: every sink is past them. The ids stay. */
static void drop_segments(struct house *house)
{
    struct hs_journal *journal;
    struct hs_cursor *cursor;
    ck_assert_int_eq(
        hs_journal_open(model_table(house->disk), &house->options, house->metrics, &journal), 0);
    ck_assert_int_eq(hs_cursor_open(journal, "sink", HS_CURSOR_FROM_OLDEST, &cursor), 0);
    hs_cursor_move(cursor, hs_journal_durable(journal));
    hs_cursor_close(cursor);
    hs_journal_close(journal);
    for (char *path; (path = house_file(house, ".hsj")) != NULL; free(path))
        model_unlink(house->disk, path);
}

/* A house that took `count` events and was stopped cleanly. */
static struct house *stopped(uint64_t seed, uint64_t count)
{
    struct house *house = house_create(seed);
    house_start(house);
    house_fill(house, 1, count);
    house_close(house);
    return house;
}

START_TEST(D1_ids_outlive_their_segments)
{
    struct house *house = stopped(1, 500);
    ck_assert_uint_gt(house_files(house, ".hsi"), 3);
    drop_segments(house);
    house_start(house);
    house_expect(house, 1, 500, true);
    house_expect(house, 501, 600, false);
    ck_assert_uint_eq(hs_dedupe_count(house->dedupe), 500);
    house_free(house);
}
END_TEST

START_TEST(a_start_reads_no_segment_that_has_its_file)
{
    struct house *house = stopped(2, 500);
    size_t segments = house_files(house, ".hsj");
    ck_assert_uint_gt(segments, 3);
    house_start(house); /* opens the journal, which reads its last segment */
    house_close(house);
    /* From now on no record of the others can be read. */
    char *path = house_file(house, "00000000000000000001.hsj");
    struct model_file *file = model_peek(house->disk, path);
    memset(file->cache + 4096, 0xff, file->cache_size - 4096);
    house_start(house);
    house_expect(house, 1, 500, true);
    free(path);
    house_free(house);
}
END_TEST

START_TEST(D1_a_crash_between_a_segment_and_its_id_file)
{
    struct house *house = house_create(3);
    atomic_store(&house->write_ids, false); /* the keeper cannot do it */
    house_start(house);
    house_fill(house, 1, 500);
    house_kill(house);
    ck_assert_uint_eq(house_files(house, ".hsi"), 0);
    house_start(house);
    house_expect(house, 1, 500, true);
    house_close(house);
    /* The next run writes the missing files. */
    atomic_store(&house->write_ids, true);
    house_start(house);
    house_close(house);
    ck_assert_uint_ge(house_files(house, ".hsi"), 4);
    drop_segments(house);
    house_start(house);
    house_expect(house, 1, 500, true);
    house_free(house);
}
END_TEST

START_TEST(a_damaged_file_is_made_again_from_its_segment)
{
    struct house *house = stopped(4, 300);
    char *path = house_file(house, ".hsi");
    struct model_file *file = model_peek(house->disk, path);
    size_t size = file->cache_size;
    char *whole = malloc(size);
    memcpy(whole, file->cache, size);
    for (size_t bit = 0; bit < size * 8; bit += 1 + bit % 97) {
        char byte = (char)(whole[bit / 8] ^ (1 << bit % 8));
        file = model_peek(house->disk, path);
        model_damage(house->disk, path, bit / 8, &byte, 1);
        house_start(house);
        house_expect(house, 1, 300, true);
        ck_assert_uint_eq(hs_dedupe_count(house->dedupe), 300);
        house_close(house);
        file = model_peek(house->disk, path);
        ck_assert_ptr_nonnull(file);
        ck_assert_uint_eq(file->cache_size, size);
        ck_assert_msg(memcmp(file->cache, whole, size) == 0, "bit %zu", bit);
    }
    free(whole);
    free(path);
    house_free(house);
}
END_TEST

START_TEST(D2_what_a_finished_segment_lost_since_is_not_known)
{
    struct house *house = stopped(9, 20);
    char *path = house_file(house, ".hsj");
    struct model_file *file = model_peek(house->disk, path);
    /* The last record is missing; all are of one size. */
    model_file_cut(file, 4096 + (file->cache_size - 4096) / 20 * 19);
    house_start(house);
    house_expect(house, 10, 19, true);
    house_expect(house, 20, 20, false);
    free(path);
    house_free(house);
}
END_TEST

START_TEST(a_cut_file_is_made_again_from_its_segment)
{
    for (size_t cut = 0; cut < 400; cut += 13 * ONE_IN) {
        struct house *house = stopped(5, 100);
        char *path = house_file(house, ".hsi");
        model_file_cut(model_peek(house->disk, path), cut);
        house_start(house);
        house_expect(house, 1, 100, true);
        free(path);
        house_free(house);
    }
}
END_TEST

START_TEST(damage_without_the_segment_costs_one_block)
{
    struct house *house = house_create(6);
    house->options.segment_size = 4 << 20;
    house_start(house);
    house_fill(house, 1, 10000); /* one segment, four blocks */
    house_close(house);
    drop_segments(house);
    char *path = house_file(house, ".hsi");
    model_damage(house->disk, path, 56 + 64016 + 5000, "\x55\xaa\x55\xaa", 4);
    house_start(house);
    house_expect(house, 1, 3200, true);
    house_expect(house, 3201, 6400, false);
    house_expect(house, 6401, 10000, true);
    house_close(house);
    drop_segments(house); /* the new journal's first, of the same numbers */
    /* A damaged header does not cost more. */
    model_damage(house->disk, path, 20, "\x55", 1);
    house_start(house);
    ck_assert_uint_eq(hs_dedupe_count(house->dedupe), 6800);
    free(path);
    house_free(house);
}
END_TEST

START_TEST(a_file_of_another_journal_counts_for_nothing)
{
    struct house *house = stopped(7, 100), *other = stopped(8, 200);
    char *path = house_file(house, ".hsi"), *foreign = house_file(other, ".hsi");
    struct model_file *file = model_peek(house->disk, path);
    struct model_file *from = model_peek(other->disk, foreign);
    model_file_cut(file, 0);
    model_file_write(file, from->cache, from->cache_size, 0);
    house_start(house);
    house_expect(house, 1, 100, true);
    ck_assert_uint_eq(hs_dedupe_count(house->dedupe), 100);
    free(path);
    free(foreign);
    house_free(other);
    house_free(house);
}
END_TEST

/* Makes every segment as old as its events: creation time at byte 64 of the header, its
 * checksum at 80 (docs/journal-format.md). */
static void backdate_segments(struct house *house, uint64_t wall_ns)
{
    for (size_t i = 0; i < house->disk->cached.count; i++) {
        const char *path = house->disk->cached.items[i].path;
        if (strstr(path, ".hsj") == NULL)
            continue;
        char *bytes = model_peek(house->disk, path)->cache;
        memcpy(bytes + 64, &wall_ns, 8);
        uint64_t check = hs_hash64(hs_slice(bytes, 80), 0);
        memcpy(bytes + 80, &check, 8);
    }
}

START_TEST(aged_files_go_and_aged_segments_are_not_read)
{
    struct house *house = house_create(9);
    house->now -= 100 * HOUR_NS;
    house->window.window_ns = 200 * HOUR_NS;
    house_start(house);
    house_fill(house, 1, 300);
    house_close(house);
    house->window.window_ns = 48 * HOUR_NS;
    ck_assert_uint_gt(house_files(house, ".hsi"), 3);
    backdate_segments(house, house->now);
    house->now += 100 * HOUR_NS;
    /* Reading one would fail. */
    char *path = house_file(house, "00000000000000000001.hsj");
    model_fail_at(house->disk, MODEL_READ, path, 2, UINT64_MAX, EIO);
    house_start(house);
    ck_assert_uint_eq(hs_dedupe_count(house->dedupe), 300); /* until a genuine request comes */
    house_expect(house, 1, 300, false);
    house_fill(house, 1, 50);
    house_close(house);
    /* All expired files are gone, and none was written for an expired segment. */
    ck_assert_uint_eq(house_files(house, ".hsi"), 1);
    model_heal(house->disk);
    house_start(house);
    ck_assert_uint_eq(hs_dedupe_count(house->dedupe), 50);
    free(path);
    house_free(house);
}
END_TEST

START_TEST(D1_a_clock_that_is_wrong_at_a_start_ages_nothing)
{
    const uint64_t wrong_hours[] = {2, 49, 100, 87600};
    for (unsigned i = 0; i < 2 * HS_ARRAY_SIZE(wrong_hours); i++) {
        struct house *house = house_create(21);
        uint64_t wrong = wrong_hours[i / 2] * HOUR_NS;
        /* The events' time is the right one; the system's clock is ahead of it, or behind. */
        house->now = i % 2 == 0 ? house->now - wrong : house->now + wrong;
        house->options.retain_ns = 0;
        house_start(house);
        house_fill(house, 1, 300);
        size_t files = house_files(house, ".hsi");
        house_close(house);
        backdate_segments(house, house->now);
        for (int start = 0; start < 2; start++) {
            house_start(house);
            hs_journal_allow_removal(
                house->journal); /* all that has aged, for there are no sinks */
            AWAIT(i % 2 == 1 || house_files(house, ".hsj") <= 2);
            ck_assert_uint_eq(hs_dedupe_count(house->dedupe), 300);
            house_kill(house);
        }
        ck_assert_uint_ge(house_files(house, ".hsi"), files);
        house_start(house); /* and the clock is set while it runs */
        house_expect(house, 1, 300, true);
        house->now += 47 * HOUR_NS;
        house_expect(house, 1, 300, true);
        house->now += 3 * HOUR_NS;
        house_expect(house, 1, 300, false);
        house_free(house);
    }
}
END_TEST

static double oldest_seconds(struct house *house)
{
    struct hs_buffer page;
    hs_buffer_init(&page, 1 << 20);
    hs_metrics_render(house->metrics, &page);
    hs_buffer_append_byte(&page, '\0');
    const char *line = "\nhookstream_dedupe_oldest_seconds ", *at = strstr(page.data, line);
    ck_assert_ptr_nonnull(at);
    double value = strtod(at + strlen(line), NULL);
    hs_buffer_free(&page);
    return value;
}

/* A start with metrics of its own, as in a new process. */
static void start_again(struct house *house)
{
    hs_metrics_free(house->metrics);
    house->metrics = hs_metrics_create();
    house_start(house);
}

/* Ten hours, plus the duration of the test. */
#define TEN_HOURS(value) ck_assert((value) >= 36000 && (value) < 36000 + 600)

START_TEST(the_oldest_id_keeps_its_age_over_a_start)
{
    for (int files = 0; files < 2; files++) {
        struct house *house = house_create(20);
        uint64_t real = house->now;
        atomic_store(&house->write_ids, files == 1);
        house_start(house);
        ck_assert(oldest_seconds(house) == 0);
        house->now = real - 10 * HOUR_NS;
        house_fill(house, 1, 300);
        house->now = real;
        house_fill(house, 301, 310);
        TEN_HOURS(oldest_seconds(house));
        house_kill(house);
        ck_assert(files == 1 || house_files(house, ".hsi") == 0);
        backdate_segments(house, real - 10 * HOUR_NS);
        start_again(house);
        TEN_HOURS(oldest_seconds(house));
        house_close(house);
        house->window.window_ns = 8 * HOUR_NS; /* those have expired now */
        start_again(house);
        ck_assert_uint_eq(hs_dedupe_count(house->dedupe), 10);
        ck_assert(oldest_seconds(house) < 3600 + 600);
        house_free(house);
    }
}
END_TEST

START_TEST(a_segment_stays_until_its_ids_are_safe)
{
    struct house *house = house_create(10);
    house->options.retain_ns = 0;
    model_fail_at(house->disk, MODEL_OPEN, ".hsi.new", 1, UINT64_MAX, EIO);
    house_start(house);
    hs_journal_allow_removal(house->journal);
    house_fill(house, 1, 300);
    house_close(house);
    ck_assert_uint_eq(house_files(house, ".hsi"), 0);
    house_start(house);
    ck_assert_uint_eq(hs_journal_oldest(house->journal), 1);
    model_heal(house->disk);
    hs_journal_allow_removal(house->journal);
    AWAIT(hs_journal_oldest(house->journal) > 100);
    house_expect(house, 1, 300, true);
    house_close(house);
    house_start(house);
    house_expect(house, 1, 300, true);
    house_free(house);
}
END_TEST

START_TEST(a_failed_file_leaves_nothing_behind)
{
    struct house *house = house_create(11);
    const unsigned calls[] = {MODEL_OPEN, MODEL_WRITE, MODEL_SYNC, MODEL_RENAME};
    atomic_store(&house->write_ids, false); /* nobody else does */
    house_start(house);
    for (size_t i = 0; i < HS_ARRAY_SIZE(calls); i++)
        model_fail_at(house->disk, calls[i], ".hsi", 1, UINT64_MAX, ENOSPC);
    house_fill(house, 1, 100);
    ck_assert(!hs_dedupe_write_ids(house->dedupe, 1, 100));
    ck_assert_uint_eq(house_files(house, ".hsi"), 0);
    for (size_t i = 0; i < HS_ARRAY_SIZE(calls); i++) {
        model_heal(house->disk);
        model_fail_at(house->disk, calls[i], ".hsi.new", 1, 1, ENOSPC);
        ck_assert(!hs_dedupe_write_ids(house->dedupe, 1, 100));
        ck_assert_uint_eq(house_files(house, ".hsi.new"), 0);
    }
    model_heal(house->disk);
    ck_assert(hs_dedupe_write_ids(house->dedupe, 1, 100));
    ck_assert(hs_dedupe_write_ids(house->dedupe, 101, 100)); /* none */
    house_free(house);
}
END_TEST

/* The seed determines which names a power cut keeps. */
START_TEST(D1_a_kill_before_the_name_of_a_file_is_synced)
{
    for (uint64_t seed = 20; seed < 30; seed++) {
        struct house *house = house_create(seed);
        house->options.retain_ns = 0;
        house_start(house);
        model_fail_at(house->disk, MODEL_FSYNC, "/ids", 1, UINT64_MAX, EIO);
        model_fail_at(house->disk, MODEL_UNLINK, ".hsi", 1, UINT64_MAX, EIO);
        house_fill(house, 1, 300);
        AWAIT(house_files(house, ".hsi") > house_files(house, ".hsi.new"));
        house_kill(house);
        /* The next start finds the file, and its segment is removed; no other file is written,
         * because its sync would cover all names. */
        model_fail_at(house->disk, MODEL_OPEN, ".hsi.new", 1, UINT64_MAX, EIO);
        house_start(house);
        hs_journal_allow_removal(house->journal);
        AWAIT(hs_journal_oldest(house->journal) > 1);
        house_close(house);
        model_power_cut(house->disk);
        house_start(house);
        house_expect(house, 1, 300, true);
        house_free(house);
    }
}
END_TEST

START_TEST(D1_a_file_whose_name_could_not_be_synced_is_not_relied_on)
{
    struct house *house = house_create(12);
    atomic_store(&house->write_ids, false); /* nobody else does */
    house_start(house);
    house_fill(house, 1, 100);
    model_fail_at(house->disk, MODEL_FSYNC, "/ids", 1, 2, EIO);
    ck_assert(!hs_dedupe_write_ids(house->dedupe, 1, 100));
    ck_assert(!hs_dedupe_write_ids(house->dedupe, 1, 100));
    ck_assert(hs_dedupe_write_ids(house->dedupe, 1, 100));
    house_free(house);
}
END_TEST

HS_TEST_MAIN(
    "dedupe id files", D1_ids_outlive_their_segments, a_start_reads_no_segment_that_has_its_file,
    D1_a_crash_between_a_segment_and_its_id_file, a_damaged_file_is_made_again_from_its_segment,
    D2_what_a_finished_segment_lost_since_is_not_known, a_cut_file_is_made_again_from_its_segment,
    damage_without_the_segment_costs_one_block, a_file_of_another_journal_counts_for_nothing,
    aged_files_go_and_aged_segments_are_not_read, D1_a_clock_that_is_wrong_at_a_start_ages_nothing,
    a_segment_stays_until_its_ids_are_safe, the_oldest_id_keeps_its_age_over_a_start,
    a_failed_file_leaves_nothing_behind, D1_a_kill_before_the_name_of_a_file_is_synced,
    D1_a_file_whose_name_could_not_be_synced_is_not_relied_on)
