/* Kafka rest: a copy of a parcel's messages that did not fit into the producer's queue. */
#include "kafka.h"

static struct hs_slice copy(struct hs_arena *arena, struct hs_slice s)
{
    return s.data == NULL ? s : hs_slice(hs_arena_dup(arena, s), s.size);
}

void hs_kafka_rest_keep(struct hs_kafka_rest *rest, const struct hs_parcel *parcel, size_t from)
{
    struct hs_arena *arena = hs_arena_create();
    size_t count = parcel->count - from;
    struct hs_message *messages = hs_arena_alloc(arena, count * sizeof(*messages));
    for (size_t i = 0; i < count; i++) {
        const struct hs_message *source = &parcel->messages[from + i];
        struct hs_message *target = &messages[i];
        *target = *source;
        target->destination = copy(arena, source->destination);
        target->key = copy(arena, source->key);
        for (size_t h = 0; h < source->header_count; h++) {
            target->headers[h].name = copy(arena, source->headers[h].name);
            target->headers[h].value = copy(arena, source->headers[h].value);
        }
        /* The messages of one event usually share their body. */
        if (i > 0 && source->body.data == source[-1].body.data &&
            source->body.size == source[-1].body.size)
            target->body = messages[i - 1].body;
        else
            target->body = copy(arena, source->body);
    }
    *rest = (struct hs_kafka_rest){arena, parcel->sequence, messages, count, 0};
}

void hs_kafka_rest_drop(struct hs_kafka_rest *rest)
{
    hs_arena_free(rest->arena);
    *rest = (struct hs_kafka_rest){0};
}
