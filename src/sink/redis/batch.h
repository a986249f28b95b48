/* Redis batch: messages as commands in Redis's protocol, ready to be sent, and their outcomes.
 * Knows no connection.
 *
 * A batch either writes (XADD, inside a transaction) or verifies (TYPE, outside one). It verifies
 * events that the cursor has passed but whose replies were not read: the stream's type shows
 * whether the XADD failed. If one event has parts of both, the batch writes, and the TYPEs are in
 * the transaction. See docs/internals/exactly-once-redis.md. */
#ifndef HS_SINK_REDIS_BATCH_H
#define HS_SINK_REDIS_BATCH_H

#include "kind.h"

#include <hookstream/buffer.h>
#include <hookstream/json.h>

/* A batch is closed at these limits; a single parcel may exceed the bytes. */
#define HS_REDIS_BATCH_MESSAGES 1000u
#define HS_REDIS_BATCH_BYTES (512u << 10)
#define HS_REDIS_BATCH_CEILING (128u << 20)
/* Memory kept by a batch; the rest of an unusually large parcel's is freed. */
#define HS_REDIS_BATCH_KEPT_BYTES (2u << 20)

struct hs_redis_entry {
    uint64_t sequence;
    const struct hs_failure *failure; /* NULL: delivered, as far as known */
    uint32_t command_size;            /* 0: nothing is sent, see `failure` */
    uint32_t name_size;               /* of its key in `names`, if nothing is sent */
    uint32_t part;
};

struct hs_redis_batch {
    struct hs_buffer commands;
    struct hs_buffer names;         /* keys of entries for which nothing is sent */
    struct hs_redis_entry *entries; /* HS_REDIS_BATCH_MESSAGES of them */
    size_t count;
    bool verifies;
};

void hs_redis_batch_init(struct hs_redis_batch *batch);
void hs_redis_batch_free(struct hs_redis_batch *batch);
void hs_redis_batch_clear(struct hs_redis_batch *batch);
bool hs_redis_batch_has_room(const struct hs_redis_batch *batch, size_t messages);
bool hs_redis_batch_is_full(const struct hs_redis_batch *batch);

/* Adds an XADD, or a TYPE to `verify`; there is room. A batch that verifies has only TYPEs; one
 * that writes may have some. A message that cannot be a command becomes a failed entry. `tree` is
 * scratch. */
void hs_redis_batch_add(struct hs_redis_batch *batch, uint64_t sequence,
                        const struct hs_message *message, bool verify, struct hs_json_tree *tree);

/* The key of an entry for messages, escaped and cut. For failed entries only; it walks the
 * batch. */
#define HS_REDIS_KEY_SHOWN 128u
void hs_redis_batch_key(const struct hs_redis_batch *batch, const struct hs_redis_entry *entry,
                        char ret_text[HS_REDIS_KEY_SHOWN]);

/* Appends one command of bulk strings. */
void hs_redis_command(struct hs_buffer *commands, const struct hs_slice *words, size_t count);

#endif
