/* Proves P1 for the window: the head leaves only when every message of it is done, whatever
 * the order in which messages end. */
#include "hs_test.h"
#include "window.h"

static struct hs_window window;

static struct hs_window_entry *push(uint64_t sequence, unsigned parts)
{
    return hs_window_push(&window, sequence, parts);
}

START_TEST(p1_the_head_waits_for_every_message)
{
    hs_window_init(&window);
    struct hs_window_entry *one = push(1, 2), *two = push(5, 1);
    hs_window_done(&window, two, 1);
    ck_assert_ptr_null(hs_window_done_head(&window));
    hs_window_done(&window, one, 2);
    ck_assert_ptr_null(hs_window_done_head(&window));
    hs_window_done(&window, one, 1);
    ck_assert_uint_eq(hs_window_done_head(&window)->sequence, 1);
    hs_window_pop(&window);
    ck_assert_uint_eq(hs_window_done_head(&window)->sequence, 5);
    hs_window_pop(&window);
    ck_assert(hs_window_is_empty(&window));
    hs_window_free(&window);
}
END_TEST

START_TEST(sequences_with_gaps_are_found)
{
    hs_window_init(&window);
    for (uint64_t i = 0; i < HS_PUMP_WINDOW; i++)
        push(i * 3 + 10, 1);
    ck_assert(hs_window_is_full(&window));
    for (uint64_t i = 0; i < HS_PUMP_WINDOW; i++) {
        ck_assert_uint_eq(hs_window_find(&window, i * 3 + 10)->sequence, i * 3 + 10);
        ck_assert_ptr_null(hs_window_find(&window, i * 3 + 11));
    }
    ck_assert_ptr_null(hs_window_find(&window, 9));
    hs_window_free(&window);
}
END_TEST

START_TEST(the_ring_goes_round)
{
    hs_window_init(&window);
    for (uint64_t i = 1; i <= 5 * HS_PUMP_WINDOW; i++) {
        hs_window_done(&window, push(i, 32), UINT32_MAX);
        ck_assert_uint_eq(hs_window_done_head(&window)->sequence, i);
        hs_window_pop(&window);
    }
    hs_window_free(&window);
}
END_TEST

START_TEST(counts_of_again_and_lettered_are_kept)
{
    hs_window_init(&window);
    struct hs_window_entry *entry = push(1, 3);
    hs_window_again(&window, entry, 1);
    hs_window_again(&window, entry, 2);
    ck_assert_uint_eq(window.again_count, 1);
    hs_window_lettered(&window, entry, 4, 77);
    ck_assert_uint_eq(window.lettered_count, 1);
    hs_window_given(&window, entry, 3);
    ck_assert_uint_eq(window.again_count, 0);
    hs_window_again(&window, entry, 4); /* its letter failed */
    ck_assert_uint_eq(window.lettered_count, 0);
    ck_assert_uint_eq(window.again_count, 1);
    hs_window_done(&window, entry, 7);
    ck_assert_uint_eq(window.again_count, 0);
    ck_assert_ptr_nonnull(hs_window_done_head(&window));
    hs_window_again(&window, entry, 1); /* what is done is not given again */
    ck_assert_uint_eq(window.again_count, 0);
    hs_window_free(&window);
}
END_TEST

HS_TEST_MAIN("delivery window", p1_the_head_waits_for_every_message, sequences_with_gaps_are_found,
             the_ring_goes_round, counts_of_again_and_lettered_are_kept)
