/* Proves that a store of dead letters which is full makes room, whatever it is full of. */
#include "hs_test.h"
#include "letters.h"

#include "../../../src/journal/internal.h"
#include "../journal/model_disk.h"
#include <errno.h>
#include <hookstream/clock.h>
#include <poll.h>

#define LETTER (512u << 10)
#define OTHERS 8u /* letters of the kind that is below its share */

#define PATIENCE 3000 /* looks, 10 ms apart */
#define AWAIT(condition)                                                                           \
    for (int look = 0; !(condition); look++) {                                                     \
        ck_assert_msg(look < PATIENCE, "waited too long for " #condition);                         \
        poll(NULL, 0, 10);                                                                         \
    }

static struct model_disk *disk;
static struct hs_metrics *metrics;
static struct hs_journal *journal;
static struct hs_dead_letters *letters;

static void open_all(void)
{
    struct hs_journal_options outer = {.path = "/j", .max_size = 1 << 24, .segment_size = 65536};
    struct hs_dead_letters_options options = {
        .max_size = 16 << 20, .retain_ns = UINT64_MAX / 2, .body_max = 1 << 20};
    metrics = hs_metrics_create();
    ck_assert_int_eq(hs_journal_open(model_table(disk), &outer, metrics, &journal), 0);
    int code = hs_dead_letters_open(journal, &options, metrics, &letters);
    ck_assert_msg(code == 0, "%s", hs_error_text());
}

static void close_all(void)
{
    hs_dead_letters_close(letters);
    hs_journal_close(journal);
    hs_metrics_free(metrics);
}

static int put(const char *reason, const char *id, size_t size)
{
    char *body = calloc(1, size + 1);
    memset(body, 'b', size);
    struct hs_event event = {
        .sequence = 77,
        .received_wall_ns = hs_clock_wall_ns(),
        .source = HS_SLICE("fanfare"),
        .id = hs_slice_text(id),
        .type = HS_SLICE("order.created"),
        .body = hs_slice(body, size),
    };
    struct hs_dead_letter_reason why = {.reason = reason, .route = "orders", .sink = "kafka"};
    uint64_t ticket;
    int code = hs_dead_letters_put(letters, &event, &why, &ticket);
    free(body);
    if (code == 0)
        ck_assert_int_eq(hs_journal_wait(letters->journal, ticket), HS_JOURNAL_DURABLE);
    return code;
}

/* Between two tidyings, which are a minute apart. */
static void fill_up(void)
{
    for (unsigned i = 0; i < OTHERS; i++)
        ck_assert_int_eq(put("no_route", "other", LETTER), 0);
    int code;
    while ((code = put("not_json", "flood", LETTER)) == 0)
        ;
    ck_assert_int_eq(code, -ENOSPC);
}

static void expect_room(void)
{
    AWAIT((letters->tidied_ns = 0, hs_dead_letters_tidy(letters),
           put("not_json", "flood", LETTER) == 0));
}

/* Of these ids, that of no other kind. */
static unsigned count_others(void)
{
    struct hs_letter_reader *reader;
    struct hs_letter letter;
    unsigned count = 0;
    ck_assert_int_eq(hs_letter_reader_open(letters, 1, &reader), 0);
    while (hs_letter_reader_next(reader, &letter) > 0)
        count += hs_slice_equal(letter.event.id, HS_SLICE("other"));
    hs_letter_reader_close(reader);
    return count;
}

static void begin(void)
{
    disk = model_create(1);
    open_all();
    fill_up();
}

static void end(void)
{
    close_all();
    model_free(disk);
}

/* The oldest segments have letters of a kind below its share, and these have to be moved. */
START_TEST(letters_that_come_faster_than_room_is_made_wait_for_it)
{
    begin();
    for (unsigned i = 0; i < 3; i++) {
        expect_room();
        while (put("not_json", "flood", LETTER) == 0)
            ;
    }
    ck_assert_uint_eq(count_others(), OTHERS);
    end();
}
END_TEST

START_TEST(a_store_that_was_full_at_its_end_makes_room_after_a_start)
{
    begin();
    for (unsigned i = 0; i < 5; i++) {
        close_all();
        open_all();
    }
    expect_room();
    ck_assert_uint_eq(count_others(), OTHERS);
    end();
}
END_TEST

START_TEST(letters_are_removed_from_a_store_that_is_full)
{
    begin();
    const uint64_t first[] = {1, 2, 3};
    ck_assert_int_eq(hs_dead_letters_remove(letters, first, 3), 3);
    ck_assert_uint_eq(count_others(), OTHERS - 3);
    end();
}
END_TEST

/* Segments of 4 MiB, each filled up to the largest letter: 1 MiB and its headers. */
START_TEST(the_room_for_letters_covers_headers_copies_and_the_ends_of_segments)
{
    const uint64_t segment = 4 << 20, used = segment - (1 << 20) - (128 << 10);
    struct hs_dead_letters_options options = {.body_max = 1 << 20};
    ck_assert_uint_eq(hs_letters_room_for(&options, 0, 0), 0);
    ck_assert_uint_eq(hs_letters_room_for(&options, 1, 0), segment);
    ck_assert_uint_eq(hs_letters_room_for(&options, used, 0), segment);
    ck_assert_uint_eq(hs_letters_room_for(&options, used + 1, 0), 2 * segment);
    ck_assert_uint_eq(hs_letters_room_for(&options, 0, used / 1024), segment);
    ck_assert_uint_eq(hs_letters_room_for(&options, used, 1), 2 * segment);
    ck_assert_uint_gt(hs_letters_room_for(&options, UINT64_MAX, UINT64_MAX), UINT64_MAX / 4);
    options.copies = 3;
    ck_assert_uint_eq(hs_letters_room_for(&options, used, 0), 3 * segment);
    options.body_max = 8 << 20; /* two of them fit a segment */
    ck_assert_uint_eq(hs_letters_room_for(&options, 1, 0), hs_letters_segment_size(&options));
    ck_assert_uint_eq(hs_letters_segment_size(&options), 2 * ((8 << 20) + (128 << 10)));
}
END_TEST

static uint64_t spare_beside(uint64_t size)
{
    pthread_mutex_lock(&journal->table_lock);
    uint64_t bytes = hs_spare_for(journal, size);
    pthread_mutex_unlock(&journal->table_lock);
    return bytes;
}

/* Beside a segment for which letters need all that the store may still take. */
START_TEST(the_journal_leaves_no_more_than_the_store_may_take)
{
    disk = model_create(1);
    open_all();
    AWAIT(hs_journal_prepared_bytes(letters->journal) > 0);
    uint64_t most = hs_journal_room(letters->journal), spare = 1 << 19;
    ck_assert_uint_eq(spare_beside((uint64_t)1 << 40), most - (4 << 20) + spare);
    ck_assert_uint_eq(spare_beside(1), spare); /* the segment prepared already is enough */
    fill_up();
    ck_assert_uint_lt(spare_beside((uint64_t)1 << 40), most / 2);
    end();
}
END_TEST

static int identify_by_name(void *context, int file, const char *path, struct hs_file_id *ret_id)
{
    bool is_store = strstr(path, "dead-letters") != NULL; /* strstr: the program's own text */
    *ret_id = (struct hs_file_id){.known = true, .device = is_store ? 2 : 1};
    return 0;
}

START_TEST(a_store_on_another_disk_takes_no_room_of_the_journal)
{
    disk = model_create(1);
    struct hs_disk *table = (struct hs_disk *)(uintptr_t)model_table(disk);
    table->identify = identify_by_name;
    open_all();
    ck_assert_ptr_null(journal->copies);
    end();
}
END_TEST

HS_TEST_MAIN("letter room", the_room_for_letters_covers_headers_copies_and_the_ends_of_segments,
             the_journal_leaves_no_more_than_the_store_may_take,
             a_store_on_another_disk_takes_no_room_of_the_journal,
             letters_that_come_faster_than_room_is_made_wait_for_it,
             a_store_that_was_full_at_its_end_makes_room_after_a_start,
             letters_are_removed_from_a_store_that_is_full)
