/* Buffers that double up to their ceiling and latch their first failure. */
#include <hookstream/buffer.h>

#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAPACITY 256u

void hs_buffer_init(struct hs_buffer *buffer, size_t ceiling)
{
    *buffer = (struct hs_buffer){.ceiling = ceiling};
}

void hs_buffer_free(struct hs_buffer *buffer)
{
    if (buffer == NULL)
        return;
    free(buffer->data);
    hs_buffer_init(buffer, buffer->ceiling);
}

void hs_buffer_clear(struct hs_buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
}

char *hs_buffer_reserve(struct hs_buffer *buffer, size_t size)
{
    if (buffer->failed || size > buffer->ceiling - buffer->size) {
        buffer->failed = true;
        return NULL;
    }
    size_t wanted = buffer->size + size;
    if (wanted > buffer->capacity || buffer->data == NULL) {
        size_t capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_CAPACITY;
        while (capacity < wanted)
            capacity = capacity > buffer->ceiling / 2 ? buffer->ceiling : capacity * 2;
        if (capacity > buffer->ceiling && buffer->ceiling >= wanted && buffer->ceiling > 0)
            capacity = buffer->ceiling;
        buffer->data = hs_realloc_array(buffer->data, capacity, 1);
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

void hs_buffer_grow(struct hs_buffer *buffer, size_t capacity)
{
    HS_ASSERT(capacity >= buffer->size && capacity <= buffer->ceiling);
    buffer->data = hs_realloc_array(buffer->data, capacity, 1);
    buffer->capacity = capacity;
}

void hs_buffer_commit(struct hs_buffer *buffer, size_t size)
{
    if (buffer->failed)
        return;
    HS_ASSERT(size <= buffer->capacity - buffer->size);
    buffer->size += size;
}

void hs_buffer_append(struct hs_buffer *buffer, const void *data, size_t size)
{
    if (size == 0)
        return;
    char *at = hs_buffer_reserve(buffer, size);
    if (at == NULL)
        return;
    memcpy(at, data, size);
    buffer->size += size;
}

void hs_buffer_append_byte(struct hs_buffer *buffer, char byte)
{
    hs_buffer_append(buffer, &byte, 1);
}

void hs_buffer_append_slice(struct hs_buffer *buffer, struct hs_slice s)
{
    hs_buffer_append(buffer, s.data, s.size);
}

void hs_buffer_append_text(struct hs_buffer *buffer, const char *text)
{
    hs_buffer_append_slice(buffer, hs_slice_text(text));
}

void hs_buffer_append_u64(struct hs_buffer *buffer, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    hs_buffer_append(buffer, digits + at, sizeof(digits) - at);
}

void hs_buffer_printf(struct hs_buffer *buffer, const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    char *at = size >= 0 ? hs_buffer_reserve(buffer, (size_t)size + 1) : NULL;
    if (at != NULL) {
        vsnprintf(at, (size_t)size + 1, format, again);
        buffer->size += (size_t)size;
    }
    va_end(again);
}

int hs_buffer_status(const struct hs_buffer *buffer)
{
    if (buffer->failed)
        return hs_fail(-ENOSPC, "more than %zu bytes", buffer->ceiling);
    return 0;
}
