/* Base: slices, numbers, error messages, allocation, and the nearest name. */
#include <hookstream/base.h>

#include <hookstream/log.h>
#include <stdio.h>
#include <stdlib.h>

#define ERROR_TEXT_MAX 1024u
#define NAME_MAX_COMPARED 64u

static _Thread_local char error_text[ERROR_TEXT_MAX];

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool hs_slice_equal_nocase(struct hs_slice a, struct hs_slice b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

struct hs_slice hs_slice_trim(struct hs_slice s)
{
    while (s.size > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s.data++;
        s.size--;
    }
    while (s.size > 0 && (s.data[s.size - 1] == ' ' || s.data[s.size - 1] == '\t'))
        s.size--;
    return s;
}

int hs_slice_to_u64(struct hs_slice s, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (s.size == 0)
        return hs_fail(-EINVAL, "a number needs at least one digit");
    for (size_t i = 0; i < s.size; i++) {
        unsigned digit = (unsigned char)s.data[i] - (unsigned)'0';
        if (digit > 9)
            return hs_fail(-EINVAL, "a number consists of digits only");
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return hs_fail(-ERANGE, "the number is too large");
    }
    if (value > max)
        return hs_fail(-ERANGE, "the number is too large");
    *ret_value = value;
    return 0;
}

/* ---- The nearest name ---- */

/* Treats `-` and `_`, and upper and lower case, as equal: users mix them up. */
static char folded(char c)
{
    return c == '-' ? '_' : lower(c);
}

/* Damerau-Levenshtein distance (optimal string alignment), up to NAME_MAX_COMPARED bytes. */
static size_t distance(struct hs_slice a, struct hs_slice b)
{
    size_t rows[3][NAME_MAX_COMPARED + 1];
    for (size_t k = 0; k <= b.size; k++)
        rows[0][k] = k;
    for (size_t i = 1; i <= a.size; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t k = 1; k <= b.size; k++) {
            char x = folded(a.data[i - 1]), y = folded(b.data[k - 1]);
            size_t best = above[k - 1] + (x != y);
            if (above[k] + 1 < best)
                best = above[k] + 1;
            if (row[k - 1] + 1 < best)
                best = row[k - 1] + 1;
            if (i > 1 && k > 1 && x == folded(b.data[k - 2]) && folded(a.data[i - 2]) == y &&
                above2[k - 2] + 1 < best)
                best = above2[k - 2] + 1;
            row[k] = best;
        }
    }
    return rows[a.size % 3][b.size];
}

const char *hs_nearest_name(struct hs_slice word, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t least = SIZE_MAX;
    if (word.size > NAME_MAX_COMPARED)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct hs_slice name = hs_slice_text(names[i]);
        if (name.size > NAME_MAX_COMPARED)
            continue;
        size_t far = distance(word, name);
        if (far < least) {
            least = far;
            best = names[i];
        }
    }
    size_t allowed = word.size / 3 > 1 ? word.size / 3 : 1;
    return least <= allowed ? best : NULL;
}

/* ---- Errors ---- */

int hs_fail(int code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(error_text, sizeof(error_text), format, list);
    va_end(list);
    return code;
}

int hs_fail_in(int code, const char *where)
{
    char text[sizeof(error_text)];
    memcpy(text, error_text, sizeof(text));
    return hs_fail(code, "%s: %s", where, text);
}

int hs_fail_errno(int errno_value, const char *format, ...)
{
    char why[128];
    const char *words = strerror_r(errno_value, why, sizeof(why));
    va_list list;
    va_start(list, format);
    int size = vsnprintf(error_text, sizeof(error_text), format, list);
    va_end(list);
    if (size >= 0 && (size_t)size < sizeof(error_text))
        snprintf(error_text + size, sizeof(error_text) - (size_t)size, ": %s", words);
    return -errno_value;
}

const char *hs_error_text(void)
{
    return error_text;
}

void hs_assert_failed(const char *condition, const char *file, int line)
{
    char words[512];
    snprintf(words, sizeof(words),
             "hookstream: bug: `%s` does not hold at %s:%d; ending, the journal is safe", condition,
             file, line);
    hs_log_last_words(words);
    abort();
}

/* ---- Memory ---- */

static _Noreturn void no_memory(void)
{
    hs_log_last_words("hookstream: out of memory; ending, the journal is safe");
    abort();
}

void *hs_alloc(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);
    if (memory == NULL)
        no_memory();
    return memory;
}

void *hs_alloc_array(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (memory == NULL)
        no_memory();
    return memory;
}

void *hs_realloc_array(void *memory, size_t count, size_t size)
{
    void *moved = reallocarray(memory, count > 0 ? count : 1, size > 0 ? size : 1);
    if (moved == NULL)
        no_memory();
    return moved;
}

char *hs_strdup(const char *text)
{
    return hs_slice_dup(hs_slice_text(text));
}

char *hs_slice_dup(struct hs_slice s)
{
    char *copy = hs_alloc(s.size + 1);
    if (s.size > 0)
        memcpy(copy, s.data, s.size);
    return copy;
}
