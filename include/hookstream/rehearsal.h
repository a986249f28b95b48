/* Rehearsal: shows what would happen to one request, without a socket, a journal or a broker. The
 * request is judged, routed, edited and made into messages by the same functions that `run` uses;
 * their results are kept for `explain` and `test`. Threads: a rehearsal belongs to one thread; its
 * results live until the next one or until it is freed. */
#ifndef HOOKSTREAM_REHEARSAL_H
#define HOOKSTREAM_REHEARSAL_H

#include <hookstream/app.h>
#include <hookstream/judge.h>
#include <hookstream/parcel.h>

struct hs_rehearsal;
/* Creates a rehearsal. `config` must have no errors; it and `settings` are borrowed for its
 * lifetime. -ENOMEM and a message. */
HS_MUST_CHECK int hs_rehearsal_create(struct hs_config *config, const struct hs_settings *settings,
                                      struct hs_rehearsal **ret_rehearsal);
/* Frees the rehearsal and its last result. NULL is fine. */
void hs_rehearsal_free(struct hs_rehearsal *rehearsal);

struct hs_rehearsal_request {
    size_t source; /* index in the configuration */
    struct hs_slice body;
    uint64_t now_wall_ns;            /* time of receipt */
    const struct hs_header *headers; /* as sent; includes the signature unless `sign` */
    size_t header_count;
    bool sign;              /* signs it now, */
    struct hs_slice secret; /* with this; data NULL: with the source's first secret */
};

enum hs_rehearsal_end {
    HS_END_DELIVERED,   /* at least one message is sent */
    HS_END_DEAD_LETTER, /* answered 2xx and dead-lettered with a reason */
    HS_END_DROPPED,     /* answered 2xx, but no route or target takes it, or a sample excludes it */
    HS_END_REFUSED,     /* answered otherwise: the sender retries */
};

/* One transformation. */
struct hs_rehearsal_step {
    const char *operation;
    unsigned line;                   /* line in the configuration */
    const struct hs_condition *when; /* or NULL */
    bool done;                       /* false: its `when` was false */
    const char *error;               /* why it failed, or NULL */
    struct hs_slice before, after;   /* the body */
    const struct hs_header *headers; /* headers it added to the message or changed */
    size_t header_count;
};

/* One target of the route. */
struct hs_rehearsal_target {
    const struct hs_target *target;
    const char *sink;
    const char *left_out; /* "when", "sample", "condition" (evaluation failed), or NULL */
    struct hs_rehearsal_step *steps; /* its own transformations, after the route's */
    size_t step_count;
};

struct hs_rehearsal_message {
    const char *sink;
    const struct hs_sink_kind *kind;
    struct hs_slice destination;
    struct hs_slice key; /* data NULL: none */
    struct hs_header headers[HS_MESSAGE_HEADERS_MAX];
    size_t header_count;
    struct hs_slice body; /* for a file: the line without its end */
    bool hashed;          /* `hash` decides the partition */
    uint32_t hash;        /* positive */
    const struct hs_target_options *target;
};

#define HS_REHEARSAL_MESSAGES_MAX 256u
struct hs_rehearsal_result {
    struct hs_event event;
    struct hs_judgement judgement;
    const char *secret; /* the name of the matching secret, or NULL */
    struct hs_considered *considered;
    size_t considered_count;
    const struct hs_route *route; /* or NULL */
    struct hs_rehearsal_step *steps;
    size_t step_count;
    uint32_t place, place_in_targets; /* in samples: see hs_sample_place_in_routes() */
    struct hs_rehearsal_target *targets;
    size_t target_count;
    struct hs_rehearsal_message *messages;
    size_t message_count;
    enum hs_rehearsal_end end;
    const char *reason, *detail; /* label and text of why it is not delivered, or NULL */
};

/* Rehearses one request. -EMSGSIZE: the body is larger than the server accepts; otherwise 0,
 * whatever becomes of the event. */
HS_MUST_CHECK int hs_rehearse(struct hs_rehearsal *rehearsal,
                              const struct hs_rehearsal_request *request,
                              const struct hs_rehearsal_result **ret_result);
/* "delivered", "dead_letter", "dropped", "refused". */
const char *hs_rehearsal_end_name(enum hs_rehearsal_end end);

/* The outcome as a JSON object: answer, end, reason, route, messages. What `test` records. */
void hs_rehearsal_write(const struct hs_rehearsal_result *result, struct hs_buffer *ret_json);

/* ---- The partition of a key ---- */

/* Kafka's murmur2 of a key. Made positive and taken modulo the number of partitions it selects the
 * partition, as in the Java client's DefaultPartitioner and librdkafka's murmur2_random. */
uint32_t hs_murmur2(struct hs_slice key);
/* hs_murmur2() with the sign bit cleared, as Kafka does. */
uint32_t hs_murmur2_positive(struct hs_slice key);

/* ---- Differences ---- */

/* Called for each leaf that differs between two JSON texts: `before` or `after` has no data if the
 * leaf is absent there. Paths are written as in a configuration. Arguments are valid only during
 * the call. */
typedef void hs_difference_fn(void *context, const char *path, struct hs_slice before,
                              struct hs_slice after);
/* Compares two JSON texts. -EINVAL: one of them is not JSON. */
HS_MUST_CHECK int hs_json_differences(struct hs_slice before, struct hs_slice after,
                                      hs_difference_fn *visit, void *context);

#endif
