/* Base: the vocabulary of every module: slices, error codes with their message, and saturating
 * arithmetic. Knows nothing of any other module. Threads: everything here is either a pure function
 * or local to the calling thread. */
#ifndef HOOKSTREAM_BASE_H
#define HOOKSTREAM_BASE_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The caller must check the result; to ignore one on purpose, write (void) and the reason. */
#define HS_MUST_CHECK __attribute__((warn_unused_result))
/* Calls a function whose failure does not matter here; a comment on the line gives the reason. */
#define HS_IGNORE(call)                                                                            \
    do {                                                                                           \
        __typeof__(call) hs_ignored_ = (call);                                                     \
        (void)hs_ignored_;                                                                         \
    } while (0)
#define HS_PRINTF(at, first) __attribute__((__format__(__printf__, at, first)))

#define HS_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define HS_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define HS_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Borrowed bytes. Not NUL-terminated; may hold any byte. `data` may be NULL only when `size` is
 * 0. */
struct hs_slice {
    const char *data;
    size_t size;
};

#define HS_SLICE(literal) ((struct hs_slice){"" literal, sizeof(literal) - 1})
#define HS_SLICE_NONE ((struct hs_slice){NULL, 0})
/* For printf("%.*s", HS_SLICE_ARG(s)); prints at most 64 KiB. */
#define HS_SLICE_ARG(s) (int)((s).size > 65536 ? 65536 : (s).size), ((s).data ? (s).data : "")

/* Borrows the bytes. */
static inline struct hs_slice hs_slice(const void *data, size_t size)
{
    return (struct hs_slice){data, size};
}

/* The characters before the NUL, borrowed; NULL: an empty slice. */
static inline struct hs_slice hs_slice_text(const char *text)
{
    return (struct hs_slice){text, text ? strlen(text) : 0}; /* strlen: the program's own text */
}

/* Compares bytes. Empty slices are equal, with or without data. */
static inline bool hs_slice_equal(struct hs_slice a, struct hs_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Whether the first bytes are `prefix`; an empty prefix always is. */
static inline bool hs_slice_starts_with(struct hs_slice s, struct hs_slice prefix)
{
    return s.size >= prefix.size &&
           (prefix.size == 0 || memcmp(s.data, prefix.data, prefix.size) == 0);
}

/* Compares ASCII case-insensitively (RFC 9110, 5.1: field names). */
bool hs_slice_equal_nocase(struct hs_slice a, struct hs_slice b);

/* Strips spaces and tabs from both ends. */
struct hs_slice hs_slice_trim(struct hs_slice s);

/* Parses a decimal number: one or more digits, no sign, no space. Returns 0, -EINVAL for any other
 * character, or -ERANGE if it exceeds `max`. */
HS_MUST_CHECK int hs_slice_to_u64(struct hs_slice s, uint64_t max, uint64_t *ret_value);

/* The entry of `names` nearest to `word` by edit distance, or NULL if none is close enough to
 * suggest. For "did you mean". */
const char *hs_nearest_name(struct hs_slice word, const char *const *names, size_t count);

/* Errors. A function that can fail returns 0 or a negative errno value and leaves a message in a
 * thread-local buffer. The message is made where the fault is known and logged once, by whoever
 * decides what to do. It stays until the next hs_fail() on the thread. */

/* Sets the thread's error text and returns `code` (negative), so that callers write
 * `return hs_fail(-EINVAL, "...")`. */
int hs_fail(int code, const char *format, ...) HS_PRINTF(2, 3);

/* As hs_fail(), with ": <strerror text>" appended; returns -errno_value. */
int hs_fail_errno(int errno_value, const char *format, ...) HS_PRINTF(2, 3);

/* Prefixes the text of the last hs_fail() with "where: ", such as the option concerned; returns
 * code. */
int hs_fail_in(int code, const char *where);

/* The text of the thread's last hs_fail(); never NULL. */
const char *hs_error_text(void);

/* a + b and a * b, saturating at UINT64_MAX instead of wrapping. */
static inline uint64_t hs_add_sat(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* The product, or UINT64_MAX if it overflows. */
static inline uint64_t hs_mul_sat(uint64_t a, uint64_t b)
{
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* Assertions check preconditions and only catch bugs. They stay enabled in release builds: the
 * journal makes a crash cheap, while a wrong cursor loses events. */
#define HS_ASSERT(condition)                                                                       \
    do {                                                                                           \
        if (HS_UNLIKELY(!(condition)))                                                             \
            hs_assert_failed(#condition, __FILE__, __LINE__);                                      \
    } while (0)
/* Logs the failed condition and its place, then aborts. */
_Noreturn void hs_assert_failed(const char *condition, const char *file, int line);

/* Returns zeroed memory. Out of memory ends the program with a message, so it never returns NULL.
 * Every buffer that a peer can grow has its own ceiling (hs_buffer); what remains is small. */
void *hs_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
/* As hs_alloc(), for `count` elements of `size` bytes; a product that overflows ends the
 * program. */
void *hs_alloc_array(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2)));
/* As realloc(3) for `count` elements of `size` bytes; ends the program when out of memory. */
void *hs_realloc_array(void *memory, size_t count, size_t size);
/* A copy of `text`; the caller frees it. */
char *hs_strdup(const char *text) __attribute__((malloc));
/* A NUL-terminated copy of a slice; the caller frees it. */
char *hs_slice_dup(struct hs_slice s) __attribute__((malloc));

/* Scope clean-up: `HS_AUTO_FREE char *path = ...;` frees the memory when the scope ends. */
static inline void hs_auto_free_(void *pointer)
{
    void *memory;
    memcpy(&memory, pointer, sizeof(memory));
    free(memory);
}
#define HS_AUTO_FREE __attribute__((cleanup(hs_auto_free_)))

#endif
