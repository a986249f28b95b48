/* Buffers that grow up to a ceiling they are born with, and an arena for what lives as long
 * as its owner. A run of writes latches its first error; it is checked once at the end.
 * Threads: a buffer or arena belongs to one thread at a time. */
#ifndef HOOKSTREAM_BUFFER_H
#define HOOKSTREAM_BUFFER_H

#include <hookstream/base.h>

struct hs_buffer {
    char *data;
    size_t size;     /* bytes written */
    size_t capacity; /* bytes allocated */
    size_t ceiling;  /* never grows beyond */
    bool failed;     /* a write would have passed the ceiling: it and all later ones are void */
};

/* An empty buffer that may grow to `ceiling` bytes; allocates on the first write. */
void hs_buffer_init(struct hs_buffer *buffer, size_t ceiling);
/* Frees the memory; the buffer is empty and may be used again. NULL is fine. */
void hs_buffer_free(struct hs_buffer *buffer);
/* Forgets the contents and the error, keeps the memory. */
void hs_buffer_clear(struct hs_buffer *buffer);
/* Room for `size` more bytes: the place to write them, or NULL (and failed) past the
 * ceiling. The bytes count only after hs_buffer_commit(). */
char *hs_buffer_reserve(struct hs_buffer *buffer, size_t size);
/* Makes the capacity this, which is what the buffer holds at least and its ceiling at most. */
void hs_buffer_grow(struct hs_buffer *buffer, size_t capacity);
void hs_buffer_commit(struct hs_buffer *buffer, size_t size);
void hs_buffer_append(struct hs_buffer *buffer, const void *data, size_t size);
void hs_buffer_append_byte(struct hs_buffer *buffer, char byte);
void hs_buffer_append_slice(struct hs_buffer *buffer, struct hs_slice s);
void hs_buffer_append_text(struct hs_buffer *buffer, const char *text);
void hs_buffer_append_u64(struct hs_buffer *buffer, uint64_t value);
void hs_buffer_printf(struct hs_buffer *buffer, const char *format, ...) HS_PRINTF(2, 3);
/* Drops the first `size` bytes. */
void hs_buffer_consume(struct hs_buffer *buffer, size_t size);
/* 0, or -ENOSPC when a write passed the ceiling. */
HS_MUST_CHECK int hs_buffer_status(const struct hs_buffer *buffer);

static inline struct hs_slice hs_buffer_slice(const struct hs_buffer *buffer)
{
    return (struct hs_slice){buffer->data, buffer->size};
}

/* Memory that is freed all at once. Allocations are zeroed and aligned for any type. */
struct hs_arena;
struct hs_arena *hs_arena_create(void);
void hs_arena_free(struct hs_arena *arena);
void *hs_arena_alloc(struct hs_arena *arena, size_t size);
char *hs_arena_dup(struct hs_arena *arena, struct hs_slice s);
char *hs_arena_printf(struct hs_arena *arena, const char *format, ...) HS_PRINTF(2, 3);

#endif
