/* Arena: a list of blocks, each larger than the last up to a bound; freed as one. */
#include <hookstream/buffer.h>

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_SIZE (16u << 10)

struct block {
    struct block *next;
    size_t used, size;
    alignas(max_align_t) char data[];
};

struct hs_arena {
    struct block *blocks; /* the current block first */
};

struct hs_arena *hs_arena_create(void)
{
    return hs_alloc(sizeof(struct hs_arena));
}

void hs_arena_free(struct hs_arena *arena)
{
    if (arena == NULL)
        return;
    for (struct block *block = arena->blocks, *next; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    free(arena);
}

void *hs_arena_alloc(struct hs_arena *arena, size_t size)
{
    HS_ASSERT(size <= SIZE_MAX / 2);
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct block *block = arena->blocks;
    if (block == NULL || rounded > block->size - block->used) {
        size_t room = rounded > BLOCK_SIZE ? rounded : BLOCK_SIZE;
        block = hs_alloc(sizeof(*block) + room);
        block->size = room;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *memory = block->data + block->used;
    block->used += rounded;
    return memory;
}

char *hs_arena_dup(struct hs_arena *arena, struct hs_slice s)
{
    char *copy = hs_arena_alloc(arena, s.size + 1);
    if (s.size > 0)
        memcpy(copy, s.data, s.size);
    return copy;
}

char *hs_arena_printf(struct hs_arena *arena, const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    size_t room = size >= 0 ? (size_t)size + 1 : 1;
    char *text = hs_arena_alloc(arena, room);
    if (size >= 0)
        vsnprintf(text, room, format, again);
    va_end(again);
    return text;
}
