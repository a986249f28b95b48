/* Proves L1 and L2 for the dead letters, and their bounds. */
#include "letters_run.h"

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

HS_TEST_MAIN("dead letters", a_letter_is_read_as_it_was_put,
             L1_L2_what_was_removed_stays_away_and_the_rest_stays,
             L2_a_removal_that_cannot_be_written_is_none, when_all_are_gone_their_room_is_free,
             what_is_too_old_is_dropped_and_counted, what_is_too_much_is_dropped_oldest_first,
             a_clock_that_was_wrong_drops_nothing,
             a_letter_that_is_damaged_before_the_start_is_lost_loudly,
             a_letter_that_is_damaged_while_it_is_kept_is_lost_loudly,
             letters_of_a_file_that_is_gone_are_lost_loudly,
             writes_of_letters_that_fail_are_counted, a_warning_comes_at_80_percent_of_the_size,
             a_warning_comes_at_90_percent_of_the_age, the_age_of_the_oldest_letter_is_told,
             the_largest_event_fits, a_number_set_holds_what_was_added)
