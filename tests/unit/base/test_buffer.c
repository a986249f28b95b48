/* Proves: a buffer never exceeds its ceiling and latches the error. */
#include "hs_test.h"

#include <hookstream/buffer.h>
#include <stdint.h>
#include <string.h>

START_TEST(the_ceiling_latches)
{
    struct hs_buffer buffer;
    hs_buffer_init(&buffer, 10);
    hs_buffer_append_text(&buffer, "12345678");
    ck_assert_int_eq(hs_buffer_status(&buffer), 0);
    hs_buffer_append_text(&buffer, "901");
    ck_assert_int_eq(hs_buffer_status(&buffer), -ENOSPC);
    hs_buffer_append_byte(&buffer, '9'); /* would fit, but the error is latched */
    ck_assert_uint_eq(buffer.size, 8);
    ck_assert_uint_le(buffer.capacity, 10);
    hs_buffer_clear(&buffer);
    hs_buffer_append_text(&buffer, "1234567890");
    ck_assert_int_eq(hs_buffer_status(&buffer), 0);
    hs_buffer_free(&buffer);
}
END_TEST

START_TEST(growth_keeps_what_was_written)
{
    struct hs_buffer buffer;
    hs_buffer_init(&buffer, 1 << 20);
    for (unsigned i = 0; i < 10000; i++)
        hs_buffer_printf(&buffer, "%u,", i);
    hs_buffer_append_u64(&buffer, UINT64_MAX);
    ck_assert_int_eq(memcmp(buffer.data, "0,1,2,", 6), 0);
    ck_assert_int_eq(memcmp(buffer.data + buffer.size - 20, "18446744073709551615", 20), 0);
    hs_buffer_free(&buffer);
}
END_TEST

START_TEST(reserve_counts_only_what_is_committed)
{
    struct hs_buffer buffer;
    hs_buffer_init(&buffer, 100);
    char *at = hs_buffer_reserve(&buffer, 50);
    memcpy(at, "abc", 3);
    hs_buffer_commit(&buffer, 3);
    ck_assert_uint_eq(buffer.size, 3);
    ck_assert_ptr_null(hs_buffer_reserve(&buffer, 98));
    ck_assert_int_eq(hs_buffer_status(&buffer), -ENOSPC);
    hs_buffer_free(&buffer);
}
END_TEST

START_TEST(an_arena_gives_zeroed_aligned_memory_of_any_size)
{
    struct hs_arena *arena = hs_arena_create();
    for (size_t size = 1; size < 200000; size = size * 3 + 1) {
        unsigned char *memory = hs_arena_alloc(arena, size);
        ck_assert_uint_eq((uintptr_t)memory % 16, 0);
        for (size_t i = 0; i < size; i++)
            ck_assert_uint_eq(memory[i], 0);
        memset(memory, 0xff, size);
    }
    ck_assert_str_eq(hs_arena_printf(arena, "%s-%d", "a", 1), "a-1");
    ck_assert_str_eq(hs_arena_dup(arena, hs_slice("abcd", 2)), "ab");
    hs_arena_free(arena);
}
END_TEST

HS_TEST_MAIN("base buffers", the_ceiling_latches, growth_keeps_what_was_written,
             reserve_counts_only_what_is_committed,
             an_arena_gives_zeroed_aligned_memory_of_any_size)
