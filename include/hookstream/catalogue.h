/* Catalogue: the provider's 21 event types as data, and sample events made from it. Events
 * of unknown types are never an error at run time: providers add them.
 * Source: the provider's "Webhook Events" reference. Threads: any; read-only. */
#ifndef HOOKSTREAM_CATALOGUE_H
#define HOOKSTREAM_CATALOGUE_H

#include <hookstream/buffer.h>

struct hs_event_type {
    const char *name;   /* "queue.consumer.admitted" */
    const char *help;   /* one line */
    const char *sample; /* body with placeholders; see samples.c */
};

size_t hs_catalogue_count(void);
const struct hs_event_type *hs_catalogue_at(size_t index);
/* By name, or NULL. */
const struct hs_event_type *hs_catalogue_find(struct hs_slice name);
/* The family's name as a static text if it is one of the catalogue's, else "other": for
 * metric labels. */
const char *hs_catalogue_family(struct hs_slice family);

/* Appends a body of this type that looks real: ids, times and amounts vary with `random`, a
 * state that the caller seeds and that this moves on. `id` is the envelope's id; `now` in ns
 * since 1970. The member order and layout are those of the provider's examples, compact. */
void hs_catalogue_sample(const struct hs_event_type *type, struct hs_slice id, uint64_t now_wall_ns,
                         uint64_t *random, struct hs_buffer *ret_body);

#endif
