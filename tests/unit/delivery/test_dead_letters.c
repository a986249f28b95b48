/* Proves L1 and L2 for the dead letters, and their bounds. */
#include "hs_test.h"
#include "letters.h"

#include "../journal/model_disk.h"
#include <hookstream/clock.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define HOUR_NS (UINT64_C(3600) * HS_NS_PER_SECOND)

static struct model_disk *disk;
static struct hs_metrics *metrics;
static struct hs_journal *journal;
static struct hs_dead_letters *letters;
static struct hs_dead_letters_options options;

static void open_all(void)
{
    struct hs_journal_options outer = {.path = "/j", .max_size = 1 << 24, .segment_size = 65536};
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

static void begin(void)
{
    disk = model_create(1);
    options = (struct hs_dead_letters_options){
        .max_size = 16 << 20, .retain_ns = 24 * HOUR_NS, .body_max = 1 << 20};
    open_all();
}

static void end(void)
{
    close_all();
    model_free(disk);
}

static void reopen(void)
{
    close_all();
    open_all();
}

/* As after kill -9. */
static void kill_and_open(void)
{
    model_cut_after(disk, 1);
    close_all();
    model_revive(disk);
    open_all();
}

/* Puts a letter of this reason of the event `id`, received so long ago; its number. */
static uint64_t put_for(const char *reason, const char *id, uint64_t age_ns, size_t body_size)
{
    char *body = calloc(1, body_size + 1);
    memset(body, 'b', body_size);
    struct hs_event event = {
        .sequence = 77,
        .received_wall_ns = hs_clock_wall_ns() - age_ns,
        .source = HS_SLICE("fanfare"),
        .id = hs_slice_text(id),
        .type = HS_SLICE("order.created"),
        .body = hs_slice(body, body_size),
        .headers = {{HS_SLICE("traceparent"), HS_SLICE("00-1")}},
        .header_count = 1,
    };
    struct hs_dead_letter_reason why = {
        .reason = reason, .detail = "words", .route = "orders", .sink = "kafka", .attempts = 3};
    uint64_t ticket;
    int code = hs_dead_letters_put(letters, &event, &why, &ticket);
    free(body);
    ck_assert_msg(code == 0, "%s", hs_error_text());
    ck_assert_int_eq(hs_journal_wait(letters->journal, ticket), HS_JOURNAL_DURABLE);
    return ticket;
}

static uint64_t put(const char *id, uint64_t age_ns, size_t body_size)
{
    return put_for("too_large", id, age_ns, body_size);
}

/* The ids of all letters, each with a space behind. */
static const char *list(void)
{
    static char text[4096];
    size_t size = 0;
    struct hs_letter_reader *reader;
    struct hs_letter letter;
    text[0] = '\0';
    ck_assert_int_eq(hs_letter_reader_open(letters, 1, &reader), 0);
    while (hs_letter_reader_next(reader, &letter) > 0 && size < sizeof(text) - 64)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%.*s ",
                                 HS_SLICE_ARG(letter.event.id));
    hs_letter_reader_close(reader);
    return text;
}

static unsigned count_listed(void)
{
    unsigned count = 0;
    for (const char *at = list(); (at = strchr(at, ' ')) != NULL; at++)
        count++;
    return count;
}

/* Of the series with these labels. */
static double metric(const char *series)
{
    struct hs_buffer page;
    hs_buffer_init(&page, 1 << 20);
    hs_metrics_render(metrics, &page);
    hs_buffer_append_byte(&page, '\0');
    char line[128];
    snprintf(line, sizeof(line), "\nhookstream_%s ", series);
    const char *at = strstr(page.data, line);
    ck_assert_msg(at != NULL, "no metric %s", series);
    double value = strtod(at + strlen(line), NULL);
    hs_buffer_free(&page);
    return value;
}

START_TEST(a_letter_is_read_as_it_was_put)
{
    begin();
    uint64_t number = put("a", 0, 100);
    struct hs_letter_reader *reader;
    struct hs_letter letter;
    ck_assert_int_eq(hs_letter_reader_open(letters, 1, &reader), 0);
    ck_assert_int_eq(hs_letter_reader_next(reader, &letter), 1);
    ck_assert_uint_eq(letter.number, number);
    ck_assert_uint_eq(letter.event.sequence, 77);
    ck_assert_uint_eq(letter.attempts, 3);
    ck_assert(hs_slice_equal(letter.reason, HS_SLICE("too_large")));
    ck_assert(hs_slice_equal(letter.detail, HS_SLICE("words")));
    ck_assert(hs_slice_equal(letter.route, HS_SLICE("orders")));
    ck_assert(hs_slice_equal(letter.sink, HS_SLICE("kafka")));
    ck_assert_uint_eq(letter.event.body.size, 100);
    ck_assert_uint_eq(letter.event.header_count, 1);
    ck_assert(hs_slice_equal(letter.event.headers[0].name, HS_SLICE("traceparent")));
    ck_assert_int_eq(hs_letter_reader_next(reader, &letter), 0);
    hs_letter_reader_close(reader);
    end();
}
END_TEST

START_TEST(L1_L2_what_was_removed_stays_away_and_the_rest_stays)
{
    begin();
    uint64_t numbers[6];
    const char *const ids[] = {"a", "b", "c", "d", "e", "f"};
    for (size_t i = 0; i < 6; i++)
        numbers[i] = put(ids[i], 0, 10);
    const uint64_t some[] = {numbers[1], numbers[2], numbers[4]};
    ck_assert_int_eq(hs_dead_letters_remove(letters, some, 3), 3);
    ck_assert_str_eq(list(), "a d f ");
    ck_assert_uint_eq(hs_dead_letters_count(letters), 3);
    ck_assert_int_eq(hs_dead_letters_remove(letters, some, 3), 0);
    kill_and_open();
    ck_assert_str_eq(list(), "a d f ");
    ck_assert_uint_eq(hs_dead_letters_count(letters), 3);
    ck_assert_int_eq(hs_dead_letters_remove(letters, &numbers[0], 1), 1);
    ck_assert_uint_eq(hs_cursor_position(letters->hold), numbers[2]);
    put("g", 0, 10);
    reopen();
    ck_assert_str_eq(list(), "d f g ");
    const uint64_t beyond[] = {numbers[3], 1000000};
    ck_assert_int_eq(hs_dead_letters_remove(letters, beyond, 2), 1);
    ck_assert_str_eq(list(), "f g ");
    end();
}
END_TEST

START_TEST(L2_a_removal_that_cannot_be_written_is_none)
{
    begin();
    uint64_t number = put("a", 0, 10);
    model_fail_at(disk, MODEL_SYNC, ".hsj", 1, 1, EIO);
    ck_assert_int_lt(hs_dead_letters_remove(letters, &number, 1), 0);
    ck_assert_str_eq(list(), "a ");
    ck_assert_uint_eq(hs_dead_letters_count(letters), 1);
    reopen();
    ck_assert_uint_eq(hs_dead_letters_count(letters), 1);
    end();
}
END_TEST

START_TEST(when_all_are_gone_their_room_is_free)
{
    begin();
    uint64_t numbers[20];
    for (size_t i = 0; i < 20; i++)
        numbers[i] = put("big", 0, 1 << 20);
    struct hs_segment_info *segments;
    size_t count;
    ck_assert_int_eq(hs_dead_letters_remove(letters, numbers, 20), 20);
    do {
        hs_journal_segments(letters->journal, &segments, &count);
        free(segments);
        sched_yield();
    } while (count > 2);
    ck_assert_str_eq(list(), "");
    end();
}
END_TEST

static void tidy_an_hour_later(void)
{
    letters->tidied_ns = 0;
    letters->aged_since_ns -= HOUR_NS;
    hs_dead_letters_tidy(letters);
}

START_TEST(what_is_too_old_is_dropped_and_counted)
{
    begin();
    put("old", 25 * HOUR_NS, 10);
    put("older", 26 * HOUR_NS, 10);
    put("young", 23 * HOUR_NS, 10);
    hs_dead_letters_tidy(letters);
    ck_assert_str_eq(list(), "old older young ");
    tidy_an_hour_later();
    ck_assert_str_eq(list(), "young ");
    ck_assert_uint_eq(hs_dead_letters_count(letters), 1);
    ck_assert(metric("dead_letters_dropped_total{limit=\"retain\"}") == 2);
    kill_and_open();
    ck_assert_str_eq(list(), "young ");
    end();
}
END_TEST

START_TEST(a_clock_that_was_wrong_drops_nothing)
{
    begin();
    put("old", 25 * HOUR_NS, 10);
    hs_dead_letters_tidy(letters);
    put("young", 23 * HOUR_NS, 10);
    letters->options.retain_ns = 22 * HOUR_NS; /* as if the clock were two hours ahead */
    tidy_an_hour_later();
    ck_assert_str_eq(list(), "young ");
    tidy_an_hour_later();
    letters->options.retain_ns = 24 * HOUR_NS; /* and now is right */
    tidy_an_hour_later();
    ck_assert_str_eq(list(), "young ");
    end();
}
END_TEST

START_TEST(what_is_too_much_is_dropped_oldest_first)
{
    begin();
    for (unsigned i = 0; i < 20; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n%u", i);
        put(id, 0, 1 << 20);
    }
    ck_assert_uint_eq(hs_dead_letters_count(letters), 20);
    hs_dead_letters_tidy(letters);
    ck_assert(metric("dead_letters_dropped_total{limit=\"max_size\"}") > 0);
    uint64_t left = hs_dead_letters_count(letters);
    ck_assert_uint_lt(left, 20);
    ck_assert_uint_ge(left, 10);
    ck_assert_ptr_nonnull(strstr(list(), "n19 "));
    ck_assert_ptr_null(strstr(list(), "n0 "));
    reopen();
    ck_assert_uint_eq(hs_dead_letters_count(letters), left);
    end();
}
END_TEST

/* Flips a bit of the record that has the text. */
static bool damage_now(const char *text)
{
    for (size_t i = 0; i < disk->cached.count; i++) {
        struct model_file *file = disk->files[disk->cached.items[i].file];
        const char *path = disk->cached.items[i].path;
        char *at = strstr(path, "dead-letters/segments") == NULL
                       ? NULL
                       : memmem(file->cache, file->cache_size, text, strlen(text));
        if (at == NULL)
            continue;
        char flipped = *at ^ 1;
        model_damage(disk, path, (size_t)(at - file->cache), &flipped, 1);
        return true;
    }
    return false;
}

/* With the disk's lock: the keeper may be at work. */
static void damage(const char *text)
{
    pthread_mutex_lock(&disk->lock);
    bool found = damage_now(text);
    pthread_mutex_unlock(&disk->lock);
    ck_assert_msg(found, "no record has %s", text);
}

START_TEST(a_letter_that_is_damaged_before_the_start_is_lost_loudly)
{
    begin();
    put("first", 0, 10);
    uint64_t removed = put("removed", 0, 10);
    put("middle", 0, 10);
    put("last", 0, 10);
    ck_assert_int_eq(hs_dead_letters_remove(letters, &removed, 1), 1);
    damage("middle");
    damage("removed"); /* what was taken out is not missed */
    reopen();
    ck_assert_str_eq(list(), "first last ");
    ck_assert_uint_eq(hs_dead_letters_count(letters), 2);
    ck_assert(metric("dead_letters_lost_total") == 1);
    ck_assert(metric("journal_damaged_total{journal=\"dead_letters\"}") == 1); /* side by side */
    ck_assert(metric("journal_damaged_total{journal=\"events\"}") == 0);
    damage("last");
    reopen();
    ck_assert_str_eq(list(), "first ");
    ck_assert(metric("dead_letters_lost_total") == 2);
    put("new", 0, 10);
    reopen();
    ck_assert_str_eq(list(), "first new ");
    ck_assert_uint_eq(hs_dead_letters_count(letters), 2);
    ck_assert(metric("dead_letters_lost_total") == 2);
    end();
}
END_TEST

START_TEST(a_letter_that_is_damaged_while_it_is_kept_is_lost_loudly)
{
    begin();
    put("first", 0, 10);
    put("middle", 0, 10);
    put("last", 0, 10);
    damage("middle");
    ck_assert_uint_eq(hs_dead_letters_count(letters), 3);
    ck_assert_str_eq(list(), "first last ");
    ck_assert_uint_eq(hs_dead_letters_count(letters), 2);
    ck_assert(metric("dead_letters_lost_total") == 1);
    ck_assert_str_eq(list(), "first last "); /* counted once, whoever reads */
    ck_assert(metric("dead_letters_lost_total") == 1);
    ck_assert(metric("dead_letters") == 2);
    end();
}
END_TEST

START_TEST(letters_of_a_file_that_is_gone_are_lost_loudly)
{
    begin();
    put("first", 0, 10);
    put("second", 0, 10);
    reopen(); /* begins a file */
    put("third", 0, 10);
    close_all();
    model_name_drop(&disk->cached, "/j/dead-letters/segments/00000000000000000001.hsj");
    open_all();
    ck_assert_str_eq(list(), "third ");
    ck_assert_uint_eq(hs_dead_letters_count(letters), 1);
    ck_assert(metric("dead_letters_lost_total") == 2);
    end();
}
END_TEST

START_TEST(writes_of_letters_that_fail_are_counted)
{
    begin();
    put("first", 0, 10);
    model_fail_at(disk, MODEL_SYNC, "dead-letters/segments/0", 1, 1, EIO);
    struct hs_event event = {.body = HS_SLICE("b")};
    struct hs_dead_letter_reason why = {.reason = "too_large"};
    uint64_t ticket;
    ck_assert_int_eq(hs_dead_letters_put(letters, &event, &why, &ticket), 0);
    ck_assert_int_eq(hs_journal_wait(letters->journal, ticket), HS_JOURNAL_FAILED);
    ck_assert(metric("journal_errors_total{journal=\"dead_letters\",operation=\"sync\"}") == 1);
    ck_assert(metric("journal_errors_total{journal=\"events\",operation=\"sync\"}") == 0);
    end();
}
END_TEST

/* What tidying logs. */
static const char *tidy_says(void)
{
    static char text[16384];
    int pipes[2], kept = dup(STDERR_FILENO);
    ck_assert_int_eq(pipe(pipes), 0);
    dup2(pipes[1], STDERR_FILENO);
    letters->tidied_ns = 0;
    hs_dead_letters_tidy(letters);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(pipes[1]);
    ssize_t size = read(pipes[0], text, sizeof(text) - 1);
    text[size > 0 ? size : 0] = '\0';
    close(pipes[0]);
    return text;
}

START_TEST(a_warning_comes_at_80_percent_of_the_size)
{
    begin();
    put("a", 0, 1 << 20);
    ck_assert_ptr_null(strstr(tidy_says(), "dead_letters_limit"));
    ck_assert(metric("dead_letters_max_bytes") == 16 << 20);
    while (hs_letters_bytes(letters) <= (16 << 20) / 100 * 80)
        put("b", 0, 1 << 20);
    const char *said = tidy_says();
    ck_assert_msg(strstr(said, "level=warn") && strstr(said, "cause=dead_letters_limit") &&
                      strstr(said, "limit=dead_letters.max_size"),
                  "%s", said);
    ck_assert(metric("dead_letters_bytes") > 0.8 * metric("dead_letters_max_bytes"));
    ck_assert(metric("dead_letters_dropped_total{limit=\"max_size\"}") == 0);
    end();
}
END_TEST

START_TEST(a_warning_comes_at_90_percent_of_the_age)
{
    begin();
    uint64_t number = put("a", 21 * HOUR_NS, 10); /* of 24 */
    ck_assert_ptr_null(strstr(tidy_says(), "dead_letters_limit"));
    ck_assert_int_eq(hs_dead_letters_remove(letters, &number, 1), 1);
    put("b", 22 * HOUR_NS, 10);
    const char *said = tidy_says();
    ck_assert_msg(strstr(said, "level=warn") && strstr(said, "cause=dead_letters_limit") &&
                      strstr(said, "limit=dead_letters.retain"),
                  "%s", said);
    ck_assert(metric("dead_letters_oldest_seconds") > 0.9 * metric("dead_letters_retain_seconds"));
    ck_assert(metric("dead_letters_dropped_total{limit=\"retain\"}") == 0);
    end();
}
END_TEST

START_TEST(the_age_of_the_oldest_letter_is_told)
{
    begin();
    ck_assert(metric("dead_letters_oldest_seconds") == 0);
    ck_assert(metric("dead_letters_retain_seconds") == 24 * 3600);
    uint64_t first = put("a", 2 * HOUR_NS, 10);
    put("b", 1 * HOUR_NS, 10);
    double age = metric("dead_letters_oldest_seconds");
    ck_assert_msg(age >= 7200 && age < 7300, "%g", age);
    ck_assert_int_eq(hs_dead_letters_remove(letters, &first, 1), 1);
    age = metric("dead_letters_oldest_seconds");
    ck_assert_msg(age >= 3600 && age < 3700, "%g", age);
    reopen();
    hs_dead_letters_tidy(letters);
    age = metric("dead_letters_oldest_seconds");
    ck_assert_msg(age >= 3600 && age < 3700, "%g", age);
    end();
}
END_TEST

START_TEST(the_largest_event_fits)
{
    begin();
    close_all();
    options.body_max = 16 << 20;
    options.max_size = 64 << 20;
    open_all();
    put("large", 0, 16 << 20);
    ck_assert_str_eq(list(), "large ");
    end();
}
END_TEST

START_TEST(a_number_set_holds_what_was_added)
{
    struct hs_number_set set = {.base = 100};
    ck_assert(hs_number_set_has(&set, 99)); /* below the base all are gone */
    ck_assert(!hs_number_set_has(&set, 100));
    for (uint64_t number = 100; number < 5000; number += 7)
        ck_assert(hs_number_set_add(&set, number));
    for (uint64_t number = 100; number < 6000; number++)
        ck_assert(hs_number_set_has(&set, number) == (number < 5000 && (number - 100) % 7 == 0));
    ck_assert(!hs_number_set_add(&set, 107));
    ck_assert(!hs_number_set_add(&set, 3));
    hs_number_set_free(&set);
}
END_TEST

static void expect_all_important(void)
{
    for (unsigned i = 0; i < 5; i++) {
        char id[24];
        snprintf(id, sizeof(id), "important%u ", i);
        const char *at = strstr(list(), id);
        ck_assert_msg(at != NULL, "%s is gone: %s", id, list());
        ck_assert_msg(strstr(at + 1, id) == NULL, "%s is there twice: %s", id, list());
    }
}

/* In all it is three times what fits, and what is important was there first. */
static void flood(void)
{
    for (unsigned i = 0; i < 5; i++) {
        char id[24];
        snprintf(id, sizeof(id), "important%u", i);
        put_for("no_route", id, 0, 1000);
    }
    for (unsigned i = 0; i < 48; i++) {
        char id[24];
        snprintf(id, sizeof(id), "f%u", i);
        put_for("not_json", id, 0, 1 << 20);
        letters->tidied_ns = 0;
        hs_dead_letters_tidy(letters);
    }
}

START_TEST(a_flood_of_one_kind_pushes_out_no_other)
{
    begin();
    flood();
    expect_all_important();
    ck_assert_ptr_nonnull(strstr(list(), "f47 "));
    ck_assert_ptr_null(strstr(list(), "f0 "));
    uint64_t left = hs_dead_letters_count(letters);
    ck_assert_uint_ge(left, 5 + 8);
    ck_assert_uint_le(hs_letters_bytes(letters), options.max_size + (8u << 20));
    ck_assert(metric("dead_letters_evicted_total{source=\"fanfare\",reason=\"not_json\"}") ==
              (double)(5 + 48 - left));
    reopen();
    ck_assert_uint_eq(hs_dead_letters_count(letters), left);
    expect_all_important();
    end();
}
END_TEST

/* More than the store has room for in all, without a minute between. */
START_TEST(a_flood_is_dropped_as_it_is_written)
{
    begin();
    hs_dead_letters_tidy(letters);
    for (unsigned i = 0; i < 48; i++) {
        put_for("not_json", "flood", 0, 1 << 20);
        hs_dead_letters_tidy(letters);
        ck_assert_uint_le(hs_letters_bytes(letters), options.max_size + (8u << 20));
    }
    end();
}
END_TEST

START_TEST(the_age_of_a_letter_that_was_moved_is_told)
{
    begin();
    put_for("no_route", "important", 2 * HOUR_NS, 1000);
    for (unsigned i = 0; i < 20; i++)
        put_for("not_json", "flood", 0, 1 << 20);
    hs_dead_letters_tidy(letters);
    ck_assert_uint_gt(hs_dead_letters_number(letters, 1), 1);
    double age = metric("dead_letters_oldest_seconds");
    ck_assert_msg(age >= 7200 && age < 7300, "%g", age);
    reopen();
    hs_dead_letters_tidy(letters);
    age = metric("dead_letters_oldest_seconds");
    ck_assert_msg(age >= 7200 && age < 7300, "%g", age);
    uint64_t number = put("older", 3 * HOUR_NS, 10);
    age = metric("dead_letters_oldest_seconds");
    ck_assert_msg(age >= 3 * 3600, "%g", age);
    ck_assert_int_eq(hs_dead_letters_remove(letters, &number, 1), 1);
    age = metric("dead_letters_oldest_seconds");
    ck_assert_msg(age >= 7200 && age < 7300, "%g", age);
    end();
}
END_TEST

START_TEST(a_letter_that_was_moved_is_removed_as_any_other)
{
    begin();
    flood();
    struct hs_letter_reader *reader;
    struct hs_letter letter;
    uint64_t number = 0;
    ck_assert_int_eq(hs_letter_reader_open(letters, 1, &reader), 0);
    while (number == 0 && hs_letter_reader_next(reader, &letter) > 0)
        if (hs_slice_equal(letter.event.id, HS_SLICE("important3")))
            number = letter.number;
    ck_assert_uint_gt(number, 5);
    ck_assert_uint_eq(letter.event.sequence, 77);
    ck_assert(hs_slice_equal(letter.reason, HS_SLICE("no_route")));
    ck_assert_uint_eq(letter.event.header_count, 1);
    hs_letter_reader_close(reader);
    uint64_t before = hs_dead_letters_count(letters);
    ck_assert_int_eq(hs_dead_letters_remove(letters, &number, 1), 1);
    reopen();
    ck_assert_ptr_null(strstr(list(), "important3 "));
    ck_assert_uint_eq(hs_dead_letters_count(letters), before - 1);
    end();
}
END_TEST

/* A retry reads a letter, sends it again and removes it: in between it may be moved. */
START_TEST(L2_a_letter_that_is_moved_before_its_removal_is_removed)
{
    begin();
    uint64_t first = put_for("no_route", "important", 0, 1000);
    for (unsigned i = 0; i < 20; i++)
        put_for("not_json", "flood", 0, 1 << 20);
    hs_dead_letters_tidy(letters);
    ck_assert_ptr_nonnull(strstr(list(), "important "));
    uint64_t number = hs_dead_letters_number(letters, first);
    ck_assert_uint_gt(number, first);
    uint64_t before = hs_dead_letters_count(letters);
    ck_assert_int_eq(hs_dead_letters_remove(letters, &first, 1), 1);
    ck_assert_ptr_null(strstr(list(), "important "));
    ck_assert_uint_eq(hs_dead_letters_count(letters), before - 1);
    reopen();
    ck_assert_ptr_null(strstr(list(), "important "));
    const uint64_t both[] = {first, number};
    ck_assert_int_eq(hs_dead_letters_remove(letters, both, 2), 0);
    end();
}
END_TEST

START_TEST(what_letters_take_beside_their_bodies_counts_as_room)
{
    begin();
    close_all();
    options.body_max = 1 << 10;
    open_all();
    char detail[HS_DEAD_LETTER_TEXT_MAX], value[HS_EVENT_HEADER_VALUE_MAX];
    memset(detail, 'd', sizeof(detail));
    detail[sizeof(detail) - 1] = '\0';
    memset(value, 'v', sizeof(value));
    struct hs_event event = {.id = HS_SLICE("id"), .body = HS_SLICE("b")};
    for (event.header_count = 0; event.header_count < 5; event.header_count++)
        event.headers[event.header_count] =
            (struct hs_header){HS_SLICE("traceparent"), hs_slice(value, sizeof(value))};
    struct hs_dead_letter_reason why = {.reason = "not_json", .detail = detail};
    uint64_t ticket = 0;
    for (unsigned i = 0; i < 24000; i++) { /* three times what fits */
        int code = hs_dead_letters_put(letters, &event, &why, &ticket);
        ck_assert_msg(code == 0, "letter %u: %s", i, hs_error_text());
        if (i % 500 != 499)
            continue;
        ck_assert_int_eq(hs_journal_wait(letters->journal, ticket), HS_JOURNAL_DURABLE);
        letters->tidied_ns = 0;
        hs_dead_letters_tidy(letters);
    }
    ck_assert_uint_le(hs_letters_bytes(letters), options.max_size + (8u << 20));
    ck_assert(metric("dead_letters_dropped_total{limit=\"max_size\"}") > 0);
    end();
}
END_TEST

START_TEST(a_copy_that_cannot_be_written_leaves_its_letter)
{
    begin();
    put_for("no_route", "important", 0, 1000);
    for (unsigned i = 0; i < 17; i++)
        put_for("not_json", "flood", 0, 1 << 20);
    model_fail_at(disk, MODEL_SYNC, "dead-letters/segments/0", 1, 1, EIO);
    hs_dead_letters_tidy(letters);
    ck_assert_ptr_nonnull(strstr(list(), "important "));
    ck_assert_uint_eq(hs_dead_letters_count(letters), count_listed());
    reopen();
    ck_assert_ptr_nonnull(strstr(list(), "important "));
    ck_assert_uint_eq(hs_dead_letters_count(letters), count_listed());
    end();
}
END_TEST

START_TEST(letters_of_two_threads_are_noted_in_any_order)
{
    struct hs_letter_kinds *kinds = calloc(1, sizeof(*kinds));
    const struct hs_event record = {.source = HS_SLICE("s"), .body = HS_SLICE("b")};
    hs_letter_kinds_add(kinds, 1001, HS_SLICE("r"), &record);
    hs_letter_kinds_add(kinds, 1000, HS_SLICE("r"), &record);
    ck_assert_ptr_nonnull(hs_letter_kinds_of(kinds, 1000));
    ck_assert_ptr_nonnull(hs_letter_kinds_of(kinds, 1001));
    ck_assert_uint_eq(kinds->kinds[0].count, 2);
    hs_letter_kinds_free(kinds);
    free(kinds);
}
END_TEST

START_TEST(of_many_moves_the_latest_are_known)
{
    struct hs_letter_moves moves = {0};
    const uint64_t all = HS_LETTER_MOVES_MAX + 10;
    for (uint64_t i = 1; i <= all; i++)
        hs_letter_moves_add(&moves, i, i + all);
    hs_letter_moves_add(&moves, all + all, 3 * all);
    ck_assert_uint_eq(hs_letter_moves_find(&moves, all), 3 * all); /* moved twice */
    ck_assert_uint_eq(hs_letter_moves_find(&moves, all - 1), all + all - 1);
    ck_assert_uint_eq(hs_letter_moves_find(&moves, 1), 1);
    ck_assert_uint_eq(hs_letter_moves_find(&moves, 9 * all), 9 * all);
    hs_letter_moves_free(&moves);
}
END_TEST

START_TEST(what_is_shared_among_kinds_leaves_small_ones_alone)
{
    struct hs_letter_kinds *kinds = calloc(1, sizeof(*kinds));
    static const size_t sizes[] = {100 << 10, 800 << 10, 3 << 20};
    static const char body[3 << 20];
    for (uint64_t i = 0; i < 3; i++) {
        char reason[8];
        snprintf(reason, sizeof(reason), "r%u", (unsigned)i);
        const struct hs_event record = {.source = HS_SLICE("s"), .body = {body, sizes[i]}};
        hs_letter_kinds_add(kinds, 10 + i, hs_slice_text(reason), &record);
    }
    ck_assert_uint_eq(hs_letter_kinds_share(kinds, 8 << 20), UINT64_MAX);
    uint64_t share = hs_letter_kinds_share(kinds, 2 << 20);
    ck_assert_uint_gt(share, 800 << 10);
    ck_assert_uint_lt(share, 2 << 20);
    share = hs_letter_kinds_share(kinds, 1 << 20);
    ck_assert_uint_gt(share, 400 << 10);
    ck_assert_uint_lt(share, 800 << 10);
    hs_letter_kinds_remove(kinds, 12);
    hs_letter_kinds_remove(kinds, 12);
    ck_assert_ptr_null(hs_letter_kinds_of(kinds, 12));
    ck_assert_uint_eq(hs_letter_kinds_share(kinds, 1 << 20), UINT64_MAX);
    hs_letter_kinds_forget_below(kinds, 12);
    ck_assert_str_eq(kinds->kinds[1].reason, "r1");
    hs_letter_kinds_free(kinds);
    free(kinds);
}
END_TEST

HS_TEST_MAIN(
    "dead letters", a_flood_of_one_kind_pushes_out_no_other, a_flood_is_dropped_as_it_is_written,
    the_age_of_a_letter_that_was_moved_is_told, a_letter_that_was_moved_is_removed_as_any_other,
    L2_a_letter_that_is_moved_before_its_removal_is_removed,
    what_letters_take_beside_their_bodies_counts_as_room,
    a_copy_that_cannot_be_written_leaves_its_letter, letters_of_two_threads_are_noted_in_any_order,
    of_many_moves_the_latest_are_known, what_is_shared_among_kinds_leaves_small_ones_alone,
    a_letter_is_read_as_it_was_put, L1_L2_what_was_removed_stays_away_and_the_rest_stays,
    L2_a_removal_that_cannot_be_written_is_none, when_all_are_gone_their_room_is_free,
    what_is_too_old_is_dropped_and_counted, what_is_too_much_is_dropped_oldest_first,
    a_clock_that_was_wrong_drops_nothing, a_letter_that_is_damaged_before_the_start_is_lost_loudly,
    a_letter_that_is_damaged_while_it_is_kept_is_lost_loudly,
    letters_of_a_file_that_is_gone_are_lost_loudly, writes_of_letters_that_fail_are_counted,
    a_warning_comes_at_80_percent_of_the_size, a_warning_comes_at_90_percent_of_the_age,
    the_age_of_the_oldest_letter_is_told, the_largest_event_fits, a_number_set_holds_what_was_added)
