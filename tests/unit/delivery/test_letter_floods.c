/* Floods of dead letters of one kind: which letters stay, and letters that are moved to make room
 * are listed, removed and counted as before (L2). */
#include "letters_run.h"

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

HS_TEST_MAIN("dead letters, floods", a_flood_of_one_kind_pushes_out_no_other,
             a_flood_is_dropped_as_it_is_written, the_age_of_a_letter_that_was_moved_is_told,
             a_letter_that_was_moved_is_removed_as_any_other,
             L2_a_letter_that_is_moved_before_its_removal_is_removed,
             what_letters_take_beside_their_bodies_counts_as_room,
             a_copy_that_cannot_be_written_leaves_its_letter,
             letters_of_two_threads_are_noted_in_any_order, of_many_moves_the_latest_are_known,
             what_is_shared_among_kinds_leaves_small_ones_alone)
