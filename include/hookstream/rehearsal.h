/* Rehearsal: what would happen to one request, without a socket, a journal or a broker. The
 * request is judged, routed, edited and made into messages by the very functions that `run`
 * uses; what each of them said is kept for whoever asks: `explain`, `test`.
 * Threads: a rehearsal belongs to one; its results live until the next one of it, or its end. */
#ifndef HOOKSTREAM_REHEARSAL_H
#define HOOKSTREAM_REHEARSAL_H

#include <hookstream/app.h>
#include <hookstream/judge.h>
#include <hookstream/parcel.h>

struct hs_rehearsal;
/* `config` has no errors; it and `settings` are borrowed for life. -ENOMEM and words. */
HS_MUST_CHECK int hs_rehearsal_create(struct hs_config *config, const struct hs_settings *settings,
                                      struct hs_rehearsal **ret_rehearsal);
void hs_rehearsal_free(struct hs_rehearsal *rehearsal);

struct hs_rehearsal_request {
    size_t source; /* index in the configuration */
    struct hs_slice body;
    uint64_t now_wall_ns;            /* when it is received */
    const struct hs_header *headers; /* as sent; those of the signature too, if not `sign` */
    size_t header_count;
    bool sign;              /* signs it now, */
    struct hs_slice secret; /* with this; data NULL: with the source's first secret */
};

enum hs_rehearsal_end {
    HS_END_DELIVERED,   /* a message at least goes out */
    HS_END_DEAD_LETTER, /* answered 2xx, and kept aside with a reason */
    HS_END_DROPPED,     /* answered 2xx, and no route or target wants it, or a sample left it out */
    HS_END_REFUSED,     /* answered otherwise: the sender tries again */
};

/* One transformation. */
struct hs_rehearsal_step {
    const char *operation;
    unsigned line;                   /* in the configuration */
    const struct hs_condition *when; /* or NULL */
    bool done;                       /* false: its `when` did not hold */
    const char *error;               /* why it failed, or NULL */
    struct hs_slice before, after;   /* the body */
    const struct hs_header *headers; /* that it gave the message, or gave another value */
    size_t header_count;
};

/* One target of the route. */
struct hs_rehearsal_target {
    const struct hs_target *target;
    const char *sink;
    const char *left_out; /* "when", "sample", "condition" (it cannot be asked), or NULL */
    struct hs_rehearsal_step *steps; /* its own transformations, after the route's */
    size_t step_count;
};

struct hs_rehearsal_message {
    const char *sink;
    enum hs_sink_kind kind;
    struct hs_slice destination;
    struct hs_slice key; /* data NULL: none */
    struct hs_header headers[HS_MESSAGE_HEADERS_MAX];
    size_t header_count;
    struct hs_slice body; /* of a file: the line, without its end */
    bool hashed;          /* `hash` decides the partition */
    uint32_t hash;        /* positive */
    const struct hs_target_options *target;
};

#define HS_REHEARSAL_MESSAGES_MAX 256u
struct hs_rehearsal_result {
    struct hs_event event;
    struct hs_judgement judgement;
    const char *secret; /* the name of the one that matched, or NULL */
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
    const char *reason, *detail; /* label and words of what is not delivered, or NULL */
};

/* -EMSGSIZE: the body is larger than the server takes; else 0, whatever the event's fate. */
HS_MUST_CHECK int hs_rehearse(struct hs_rehearsal *rehearsal,
                              const struct hs_rehearsal_request *request,
                              const struct hs_rehearsal_result **ret_result);
/* "delivered", "dead_letter", "dropped", "refused". */
const char *hs_rehearsal_end_name(enum hs_rehearsal_end end);

/* The outcome as a JSON object: answer, end, reason, route, messages. What `test` records. */
void hs_rehearsal_write(const struct hs_rehearsal_result *result, struct hs_buffer *ret_json);

/* ---- The partition of a key ---- */

/* Kafka's murmur2 of a key, made positive: its partition is this modulo their number, as the
 * Java client's DefaultPartitioner and librdkafka's murmur2_random have it. */
uint32_t hs_murmur2(struct hs_slice key);
uint32_t hs_murmur2_positive(struct hs_slice key);

/* ---- Differences ---- */

/* Calls `visit` for each leaf of two JSON texts that is not the same: `before` or `after` is
 * without data where it is not there. Paths as in a configuration. Borrowed for the call.
 * -EINVAL: one of them is no JSON. */
typedef void hs_difference_fn(void *context, const char *path, struct hs_slice before,
                              struct hs_slice after);
HS_MUST_CHECK int hs_json_differences(struct hs_slice before, struct hs_slice after,
                                      hs_difference_fn *visit, void *context);

#endif
