/* Names: a set of member names with constant-time lookup: an object of a hundred thousand members
 * must not cost their square. */
#ifndef HS_TRANSFORM_NAMES_H
#define HS_TRANSFORM_NAMES_H

#include <hookstream/json.h>

#define HS_NAMES_BYTES_MAX (64u << 20)

struct hs_name {
    uint32_t offset, size; /* of its decoded text in `bytes` */
    uint32_t value, hash;  /* 0: the slot is free */
};

struct hs_names {
    struct hs_buffer bytes;
    struct hs_name *slots; /* open addressing; a power of two, at most half full */
    size_t capacity, count;
    uint64_t probes; /* slots examined */
};

void hs_names_init(struct hs_names *names);
/* Makes room for so many names, so that the table need not grow on the way. */
void hs_names_reserve(struct hs_names *names, size_t count);
void hs_names_free(struct hs_names *names);
/* The value slot of a name as written between its quotes; a new one has `value`. Valid until the
 * next call. NULL: the names exceed HS_NAMES_BYTES_MAX. */
uint32_t *hs_names_put(struct hs_names *names, struct hs_slice raw, uint32_t value, bool *ret_new);
/* The value of a name, or `missing`. */
uint32_t hs_names_get(struct hs_names *names, struct hs_slice raw, uint32_t missing);

/* The part of a name that messages show: up to 80 bytes, whole characters. */
struct hs_slice hs_names_shown(struct hs_slice raw);

#endif
