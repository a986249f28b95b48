/* Base: the words every module is written in: slices, error codes with their message, and
 * small arithmetic that cannot overflow. Knows nothing of any other module.
 * Threads: everything here is either a pure function or local to the calling thread. */
#ifndef HOOKSTREAM_BASE_H
#define HOOKSTREAM_BASE_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The caller must look at the result; to ignore one on purpose write (void) and why. */
#define HS_MUST_CHECK __attribute__((warn_unused_result))
/* Runs a function whose failure is of no consequence here; the line says why. */
#define HS_IGNORE(call)                                                                            \
    do {                                                                                           \
        __typeof__(call) hs_ignored_ = (call);                                                     \
        (void)hs_ignored_;                                                                         \
    } while (0)
#define HS_PRINTF(at, first) __attribute__((__format__(__printf__, at, first)))

#define HS_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define HS_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define HS_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Bytes that belong to somebody else. Not terminated by NUL; may hold any byte. `data` may
 * be NULL only when `size` is 0. */
struct hs_slice {
    const char *data;
    size_t size;
};

#define HS_SLICE(literal) ((struct hs_slice){"" literal, sizeof(literal) - 1})
#define HS_SLICE_NONE ((struct hs_slice){NULL, 0})
/* For printf("%.*s", HS_SLICE_ARG(s)): at most 64 KiB of it. */
#define HS_SLICE_ARG(s) (int)((s).size > 65536 ? 65536 : (s).size), ((s).data ? (s).data : "")

static inline struct hs_slice hs_slice(const void *data, size_t size)
{
    return (struct hs_slice){data, size};
}

static inline struct hs_slice hs_slice_text(const char *text)
{
    return (struct hs_slice){text, text ? strlen(text) : 0}; /* strlen: the caller's own text */
}

static inline bool hs_slice_equal(struct hs_slice a, struct hs_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool hs_slice_starts_with(struct hs_slice s, struct hs_slice prefix)
{
    return s.size >= prefix.size &&
           (prefix.size == 0 || memcmp(s.data, prefix.data, prefix.size) == 0);
}

/* Compares as ASCII without regard to case (RFC 9110, 5.1: field names). */
bool hs_slice_equal_nocase(struct hs_slice a, struct hs_slice b);

/* Without the spaces and tabs at both ends. */
struct hs_slice hs_slice_trim(struct hs_slice s);

/* Reads a decimal number of digits only, no sign, no space, at least one digit.
 * 0; -EINVAL: not digits only; -ERANGE: larger than `max`. */
HS_MUST_CHECK int hs_slice_to_u64(struct hs_slice s, uint64_t max, uint64_t *ret_value);

/* The name out of `names` that is nearest to `word` by edit distance, or NULL when none is
 * near enough to be worth suggesting. For "did you mean". */
const char *hs_nearest_name(struct hs_slice word, const char *const *names, size_t count);

/* Errors. A function that can fail returns 0 or a negative errno value and leaves the
 * words in the calling thread: made where the fault is known, logged once, by whoever
 * decides what to do. The text stays until the next hs_fail() on the thread. */

/* Sets the thread's error text and returns `code` (negative), so that callers write
 * `return hs_fail(-EINVAL, "...")`. */
int hs_fail(int code, const char *format, ...) HS_PRINTF(2, 3);

/* As hs_fail(), with ": <what errno says>" after the text; returns -errno_value. */
int hs_fail_errno(int errno_value, const char *format, ...) HS_PRINTF(2, 3);

/* Puts "where: " before the text of the last hs_fail(), such as the option it is about; returns
 * code. */
int hs_fail_in(int code, const char *where);

/* The text of the thread's last hs_fail(); never NULL. */
const char *hs_error_text(void);

/* a + b and a * b that stop at UINT64_MAX instead of wrapping. */
static inline uint64_t hs_add_sat(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static inline uint64_t hs_mul_sat(uint64_t a, uint64_t b)
{
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* Assertions state preconditions and are for bugs only. They stay on in release: the
 * journal makes a crash cheap and a wrong cursor dear. */
#define HS_ASSERT(condition)                                                                       \
    do {                                                                                           \
        if (HS_UNLIKELY(!(condition)))                                                             \
            hs_assert_failed(#condition, __FILE__, __LINE__);                                      \
    } while (0)
_Noreturn void hs_assert_failed(const char *condition, const char *file, int line);

/* Allocation that does not return without memory: the program ends with a message, since
 * every buffer that the outside can grow has its own ceiling (hs_buffer) and what remains
 * is small. Zeroed. */
void *hs_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *hs_alloc_array(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2)));
void *hs_realloc_array(void *memory, size_t count, size_t size);
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
