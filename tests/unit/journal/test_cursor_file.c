/* Cursor file: each format is read, and a file of another sink is noticed. */
#include "journal_help.h"

#include <hookstream/hash.h>

#define EVENTS 20u

static struct hs_cursor *open_cursor(struct bench *bench, const char *name)
{
    struct hs_cursor *cursor;
    int code = hs_cursor_open(bench->journal, name, HS_CURSOR_FROM_OLDEST, &cursor);
    ck_assert_msg(code == 0, "%s", hs_error_text());
    return cursor;
}

/* A stopped journal: `a` had all events, `b` five. */
static struct bench *filled(uint64_t seed)
{
    struct bench *bench = bench_create(seed);
    bench_start(bench);
    bench_append(bench, 1, EVENTS);
    struct hs_cursor *a = open_cursor(bench, "a"), *b = open_cursor(bench, "b");
    hs_cursor_move(a, EVENTS);
    hs_cursor_move(b, 5);
    hs_journal_allow_removal(bench->journal);
    hs_cursor_close(a);
    hs_cursor_close(b);
    bench_close(bench);
    return bench;
}

static void copy(struct bench *bench, const char *from, const char *to)
{
    const struct model_file *file = model_peek(bench->disk, from);
    HS_AUTO_FREE char *bytes = hs_alloc(file->cache_size);
    memcpy(bytes, file->cache, file->cache_size);
    ck_assert_int_eq(
        hs_disk_replace(model_table(bench->disk), to, hs_slice(bytes, file->cache_size)), 0);
}

static uint64_t position_of(struct bench *bench, const char *name)
{
    struct hs_cursor *cursor = open_cursor(bench, name);
    uint64_t position = hs_cursor_position(cursor);
    hs_cursor_close(cursor);
    return position;
}

static double damages(struct bench *bench)
{
    return bench_metric(bench, "journal_damaged_total{journal=\"events\"}");
}

START_TEST(a_copy_of_another_cursor_is_noticed)
{
    struct bench *bench = filled(1);
    copy(bench, "/j/cursors/a.cursor", "/j/cursors/b.cursor");
    bench_open(bench);
    ck_assert_uint_eq(position_of(bench, "b"), 0);
    ck_assert_uint_eq(position_of(bench, "a"), EVENTS);
    ck_assert(damages(bench) == 1);
    bench_free(bench);
}
END_TEST

START_TEST(two_cursors_that_were_swapped_are_noticed)
{
    struct bench *bench = filled(2);
    copy(bench, "/j/cursors/a.cursor", "/j/cursors/x.cursor");
    copy(bench, "/j/cursors/b.cursor", "/j/cursors/a.cursor");
    copy(bench, "/j/cursors/x.cursor", "/j/cursors/b.cursor");
    model_unlink(bench->disk, "/j/cursors/x.cursor");
    bench_open(bench);
    ck_assert_uint_eq(position_of(bench, "a"), 0);
    ck_assert_uint_eq(position_of(bench, "b"), 0);
    ck_assert(damages(bench) == 2);
    bench_free(bench);
}
END_TEST

START_TEST(a_cursor_moved_onto_that_of_another_sink_is_noticed)
{
    struct bench *bench = filled(3);
    copy(bench, "/j/cursors/a.cursor", "/j/cursors/b.cursor");
    model_unlink(bench->disk, "/j/cursors/a.cursor");
    bench_open(bench);
    ck_assert_uint_eq(position_of(bench, "b"), 0);
    bench_free(bench);
}
END_TEST

START_TEST(another_file_of_the_same_sink_is_no_cursor)
{
    struct bench *bench = filled(4);
    bench_open(bench);
    struct hs_cursor *cursor = open_cursor(bench, "b");
    hs_cursor_settle_at(cursor, 12);
    hs_cursor_close(cursor);
    bench_close(bench);
    copy(bench, "/j/cursors/b.place", "/j/cursors/b.cursor");
    bench_open(bench);
    ck_assert_uint_eq(position_of(bench, "b"), 0);
    bench_free(bench);
}
END_TEST

START_TEST(a_cursor_renamed_with_its_sink_is_read)
{
    struct bench *bench = filled(5);
    copy(bench, "/j/cursors/b.cursor", "/j/cursors/new.cursor");
    model_unlink(bench->disk, "/j/cursors/b.cursor");
    for (unsigned start = 0; start < 2; start++) {
        bench_open(bench);
        ck_assert_uint_eq(position_of(bench, "new"), 5);
        ck_assert(damages(bench) == 0);
        bench_close(bench);
    }
    bench_free(bench);
}
END_TEST

START_TEST(a_copy_for_a_new_sink_is_noticed)
{
    struct bench *bench = filled(6);
    copy(bench, "/j/cursors/a.cursor", "/j/cursors/new.cursor");
    bench_open(bench);
    ck_assert_uint_eq(position_of(bench, "new"), 0);
    ck_assert(damages(bench) == 1);
    bench_free(bench);
}
END_TEST

/* Writes a cursor as an early version did. */
static void write_early(struct bench *bench, unsigned version)
{
    char bytes[32] = "HSCURS\0";
    size_t end = version == 1 ? 16 : 24;
    bytes[7] = (char)version;
    hs_put64(bytes + 8, 12);
    if (version == 2)
        hs_put64(bytes + 16, 11);
    hs_put64(bytes + end, hs_hash64(hs_slice(bytes, end), 0));
    ck_assert_int_eq(
        hs_disk_replace(model_table(bench->disk), "/j/cursors/b.cursor", hs_slice(bytes, end + 8)),
        0);
}

START_TEST(cursors_of_early_formats_are_read_and_written_in_this_one)
{
    for (unsigned version = 1; version <= 2; version++) {
        struct bench *bench = filled(10 + version);
        write_early(bench, version);
        bench_open(bench);
        struct hs_cursor *cursor = open_cursor(bench, "b");
        ck_assert_uint_eq(hs_cursor_position(cursor), 12);
        ck_assert(hs_cursor_lost(cursor, version == 1 ? 11 : 10));
        ck_assert(!hs_cursor_lost(cursor, version == 1 ? 12 : 11));
        hs_cursor_close(cursor);
        bench_close(bench);
        ck_assert_uint_eq(model_peek(bench->disk, "/j/cursors/b.cursor")->cache_size, 104);
        bench_free(bench);
    }
}
END_TEST

START_TEST(a_later_format_is_refused)
{
    struct bench *bench = filled(20);
    struct hs_cursor *cursor;
    bench_open(bench);
    model_damage(bench->disk, "/j/cursors/b.cursor", 7, "\x04", 1);
    ck_assert_int_eq(hs_cursor_open(bench->journal, "b", HS_CURSOR_FROM_NOW, &cursor), -EPROTO);
    ck_assert_ptr_nonnull(strstr(hs_error_text(), "does not know"));
    bench_free(bench);
}
END_TEST

START_TEST(every_byte_of_a_cursor_counts)
{
    struct bench *bench = filled(21);
    const char *path = "/j/cursors/b.cursor";
    struct hs_cursor_marks marks;
    struct model_file *file = model_peek(bench->disk, path);
    for (size_t at = 0; at < file->cache_size; at++) {
        file->cache[at] ^= 1;
        int code = hs_cursor_file_read(model_table(bench->disk), path, &marks);
        ck_assert_msg(code == -EBADMSG || code == -EPROTO, "byte %zu: %d", at, code);
        file->cache[at] ^= 1;
    }
    ck_assert_int_eq(hs_cursor_file_read(model_table(bench->disk), path, &marks), 0);
    bench_free(bench);
}
END_TEST

HS_TEST_MAIN("journal cursor file", a_copy_of_another_cursor_is_noticed,
             two_cursors_that_were_swapped_are_noticed,
             a_cursor_moved_onto_that_of_another_sink_is_noticed,
             another_file_of_the_same_sink_is_no_cursor, a_cursor_renamed_with_its_sink_is_read,
             a_copy_for_a_new_sink_is_noticed,
             cursors_of_early_formats_are_read_and_written_in_this_one, a_later_format_is_refused,
             every_byte_of_a_cursor_counts)
