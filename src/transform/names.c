/* Names: see names.h. */
#include "names.h"

#include <hookstream/hash.h>
#include <stdlib.h>

#define FIRST_SLOTS 64u
#define SHOWN_MAX 80u

void hs_names_init(struct hs_names *names)
{
    *names = (struct hs_names){.capacity = FIRST_SLOTS};
    hs_buffer_init(&names->bytes, HS_NAMES_BYTES_MAX);
    names->slots = hs_alloc_array(FIRST_SLOTS, sizeof(*names->slots));
}

void hs_names_free(struct hs_names *names)
{
    hs_buffer_free(&names->bytes);
    free(names->slots);
    *names = (struct hs_names){0};
}

/* Appends the decoded text of a name. */
static struct hs_slice decode(struct hs_names *names, struct hs_slice raw)
{
    size_t before = names->bytes.size;
    if (raw.size != 0 && memchr(raw.data, '\\', raw.size) != NULL)
        hs_json_decode_string(hs_slice(raw.data - 1, raw.size + 2), &names->bytes); /* quotes */
    else
        hs_buffer_append_slice(&names->bytes, raw);
    return hs_slice(names->bytes.data + before, names->bytes.size - before);
}

/* The slot of the name, or the free slot where it belongs. */
static struct hs_name *find(struct hs_names *names, struct hs_slice name, uint32_t hash)
{
    size_t mask = names->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct hs_name *slot = &names->slots[i];
        names->probes++;
        if (slot->hash == 0 ||
            (slot->hash == hash &&
             hs_slice_equal(hs_slice(names->bytes.data + slot->offset, slot->size), name)))
            return slot;
    }
}

/* They differ, so that only a free slot is looked for. */
static void grow_to(struct hs_names *names, size_t wanted)
{
    struct hs_name *old = names->slots;
    size_t capacity = names->capacity, mask = wanted - 1;
    names->capacity = wanted;
    names->slots = hs_alloc_array(names->capacity, sizeof(*names->slots));
    for (size_t i = 0; i < capacity; i++) {
        size_t at = old[i].hash & mask;
        if (old[i].hash == 0)
            continue;
        while (names->slots[at].hash != 0)
            at = (at + 1) & mask;
        names->slots[at] = old[i];
    }
    free(old);
}

void hs_names_reserve(struct hs_names *names, size_t count)
{
    size_t wanted = names->capacity;
    while (wanted / 2 <= count)
        wanted *= 2;
    if (wanted > names->capacity)
        grow_to(names, wanted);
}

/* Never 0, which marks a free slot. */
static uint32_t hash_of(struct hs_slice name)
{
    uint32_t hash = (uint32_t)hs_keyed_hash(name, 0);
    return hash != 0 ? hash : 1;
}

uint32_t *hs_names_put(struct hs_names *names, struct hs_slice raw, uint32_t value, bool *ret_new)
{
    if (names->count >= names->capacity / 2)
        grow_to(names, names->capacity * 2);
    struct hs_slice name = decode(names, raw);
    if (hs_buffer_status(&names->bytes) < 0)
        return NULL;
    uint32_t hash = hash_of(name);
    struct hs_name *slot = find(names, name, hash);
    *ret_new = slot->hash == 0;
    if (!*ret_new) {
        names->bytes.size -= name.size;
        return &slot->value;
    }
    *slot = (struct hs_name){(uint32_t)(name.data - names->bytes.data), (uint32_t)name.size, value,
                             hash};
    names->count++;
    return &slot->value;
}

uint32_t hs_names_get(struct hs_names *names, struct hs_slice raw, uint32_t missing)
{
    struct hs_slice name = decode(names, raw);
    if (hs_buffer_status(&names->bytes) < 0)
        return missing;
    const struct hs_name *slot = find(names, name, hash_of(name));
    names->bytes.size -= name.size;
    return slot->hash != 0 ? slot->value : missing;
}

struct hs_slice hs_names_shown(struct hs_slice raw)
{
    size_t size = raw.size;
    if (size > SHOWN_MAX)
        for (size = SHOWN_MAX; size > 0 && ((unsigned char)raw.data[size] & 0xC0) == 0x80; size--)
            ;
    return hs_slice(raw.data, size);
}
