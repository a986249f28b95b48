/* Buffers that grow up to a ceiling set at creation, and an arena for memory that lives as long as
 * its owner. A run of writes latches its first error; check it once at the end. Threads: a buffer
 * or arena belongs to one thread at a time. */
#ifndef HOOKSTREAM_BUFFER_H
#define HOOKSTREAM_BUFFER_H

#include <hookstream/base.h>

struct hs_buffer {
    char *data;
    size_t size;     /* bytes written */
    size_t capacity; /* bytes allocated */
    size_t ceiling;  /* the buffer never grows beyond this */
    bool failed;     /* a write would have exceeded the ceiling: it and all later ones are
                      * ignored */
};

/* Initialises an empty buffer that may grow to `ceiling` bytes; allocates on the first write. */
void hs_buffer_init(struct hs_buffer *buffer, size_t ceiling);
/* Frees the memory and leaves an empty buffer that may be used again. NULL is fine. */
void hs_buffer_free(struct hs_buffer *buffer);
/* Drops the contents and the error but keeps the memory. */
void hs_buffer_clear(struct hs_buffer *buffer);
/* Reserves room for `size` more bytes. Returns the place to write them, or NULL (and latches the
 * error) past the ceiling. The bytes count only after hs_buffer_commit(). */
char *hs_buffer_reserve(struct hs_buffer *buffer, size_t size);
/* Sets the capacity, which must be at least the current size and at most the ceiling. */
void hs_buffer_grow(struct hs_buffer *buffer, size_t capacity);
/* Adds `size` bytes, written at the place from hs_buffer_reserve(), to the contents. */
void hs_buffer_commit(struct hs_buffer *buffer, size_t size);
/* Appends `size` bytes. */
void hs_buffer_append(struct hs_buffer *buffer, const void *data, size_t size);
/* Appends one byte. */
void hs_buffer_append_byte(struct hs_buffer *buffer, char byte);
/* Appends the bytes of a slice. */
void hs_buffer_append_slice(struct hs_buffer *buffer, struct hs_slice s);
/* Appends a NUL-terminated text, without its NUL. */
void hs_buffer_append_text(struct hs_buffer *buffer, const char *text);
/* Appends a number in decimal. */
void hs_buffer_append_u64(struct hs_buffer *buffer, uint64_t value);
/* Appends formatted text, as printf(3). */
void hs_buffer_printf(struct hs_buffer *buffer, const char *format, ...) HS_PRINTF(2, 3);
/* Returns 0, or -ENOSPC if a write exceeded the ceiling. */
HS_MUST_CHECK int hs_buffer_status(const struct hs_buffer *buffer);

/* What the buffer holds, borrowed until the next write, consume or free. */
static inline struct hs_slice hs_buffer_slice(const struct hs_buffer *buffer)
{
    return (struct hs_slice){buffer->data, buffer->size};
}

/* Memory that is freed all at once. Allocations are zeroed and aligned for any type. */
struct hs_arena;
/* Creates an empty arena; free it with hs_arena_free(). */
struct hs_arena *hs_arena_create(void);
/* Frees the arena and everything allocated from it. NULL is fine. */
void hs_arena_free(struct hs_arena *arena);
/* Allocates zeroed memory that lives as long as the arena. Never returns NULL. */
void *hs_arena_alloc(struct hs_arena *arena, size_t size);
/* Copies a slice into the arena and adds a NUL. */
char *hs_arena_dup(struct hs_arena *arena, struct hs_slice s);
/* Formats a text into the arena, as printf(3). */
char *hs_arena_printf(struct hs_arena *arena, const char *format, ...) HS_PRINTF(2, 3);

#endif
