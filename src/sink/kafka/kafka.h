/* Kafka sink, private: one producer and its state. kafka.c accepts parcels and reports the outcomes
 * of messages; client.c opens and rebuilds the producer; stage.c keeps its stages; watch.c detects
 * missing confirmations; txn.h is what `exactly_once` adds. */
#ifndef HS_SINK_KAFKA_H
#define HS_SINK_KAFKA_H

#include "errors.h"
#include "helper.h"
#include "txn.h"
#include "kind.h"
#include "options.h"

#include <hookstream/buffer.h>
#include <librdkafka/rdkafka.h>

struct event;

#define HS_KAFKA_TOPICS 64u /* handles kept; a dropped topic only has to be opened again */
#define HS_KAFKA_TOPIC_WAYS 8u
#define HS_KAFKA_TOPIC_TEXT 250u /* Kafka's names have 249 characters at most */

struct hs_kafka_topic {
    char *name;
    size_t size;
    rd_kafka_topic_t *handle;
};

/* A message that the producer refused at once; reported from the loop, never within submit. */
struct hs_kafka_refused {
    uint64_t sequence;
    unsigned part;
    rd_kafka_resp_err_t error;
    char topic[HS_KAFKA_TOPIC_TEXT];
};

/* The rest of a parcel after the queue filled up in the middle of it. */
struct hs_kafka_rest {
    struct hs_arena *arena; /* NULL: nothing is left */
    uint64_t sequence;
    struct hs_message *messages;
    size_t count, next;
};

/* The producer is in exactly one stage. Names and transitions are in stage.c. */
enum hs_kafka_stage {
    HS_KAFKA_CLOSED, /* no producer, before the first or between two; nothing is in flight */
    HS_KAFKA_OPEN,   /* the producer accepts messages */
    HS_KAFKA_ENDING, /* to be replaced: accepts no new parcel; what is in flight ends, or is dropped
                      * with `drop_at_end` */
};
#define HS_KAFKA_STAGE_COUNT (HS_KAFKA_ENDING + 1)

struct hs_kafka {
    struct hs_sink sink;
    const struct hs_kafka_options *options;

    enum hs_kafka_stage stage;
    rd_kafka_t *rk; /* NULL when CLOSED */
    rd_kafka_queue_t *queue;
    struct hs_kafka_topic topics[HS_KAFKA_TOPICS];

    int file; /* eventfd: reports or an answer are there */
    struct event *on_file, *on_later, *on_rebuild, *on_ask, *on_watch;
    struct hs_kafka_helper helper;
    char broker_error[200]; /* librdkafka's last message about a broker; "": none */
    /* The same, if nothing has arrived since: everything may be waiting for that broker. "":
     * nothing is. */
    char stuck[200];
    char last_log[200]; /* librdkafka's last log line about a failing broker; "": none */
    bool watching;      /* on_watch is set: something awaits confirmation */
    uint64_t moved_ns;  /* time of the last confirmation, or of the start of the wait */
    uint64_t opened_ns; /* when this producer was made */
    uint64_t expire_ms; /* without a confirmation for this long the producer is replaced */
    /* When a producer last ended for a reason that an operator must fix; 0: a message arrived
     * since. Metadata are answered all the same, so they do not prove that it is fixed. */
    uint64_t refused_ns;
    unsigned rebuilds; /* in a row without a delivery, for the backoff */
    size_t alone;      /* messages that this producer still sends one per batch; 0: full batches */
    size_t next_alone; /* the same for the next producer */
    bool drop_at_end;  /* ENDING: do not wait for what is in flight */
    bool announced;    /* the owner knows of this producer */

    struct hs_kafka_txn *txn; /* with `exactly_once`, else NULL */

    struct hs_kafka_refused refused[HS_PARCEL_MESSAGES_MAX];
    size_t refused_count;
    struct hs_kafka_rest rest;
    bool owes_room; /* FULL was returned */
    size_t room_at; /* room again once the load falls to this */
};

/* row.c */
extern const struct hs_sink_kind hs_kafka_kind;

/* kafka.c */
HS_MUST_CHECK int hs_kafka_open(const struct hs_sink_spec *spec, struct hs_sink **ret_sink);
/* Forgets messages that were submitted and have not ended. */
void hs_kafka_forget(struct hs_kafka *kafka);
/* Handles the producer's reports; called when its queue signals them. */
void hs_kafka_drain(struct hs_kafka *kafka);

/* probe.c: see hs_sink_probe(). */
void hs_kafka_probe(const struct hs_probe *probe, const struct hs_sink_options *sink,
                    const struct hs_probe_place *places, size_t count);

/* stage.c */
const char *hs_kafka_stage_name(enum hs_kafka_stage stage);
bool hs_kafka_stage_allows(enum hs_kafka_stage from, enum hs_kafka_stage to);
/* Only this assigns `stage`. Asserts that the transition is allowed. */
void hs_kafka_set_stage(struct hs_kafka *kafka, enum hs_kafka_stage stage);

/* rest.c */
/* Copies the parcel's messages from `from` on; there must be no rest. */
void hs_kafka_rest_keep(struct hs_kafka_rest *rest, const struct hs_parcel *parcel, size_t from);
void hs_kafka_rest_drop(struct hs_kafka_rest *rest);

/* client.c */
HS_MUST_CHECK int hs_kafka_client_init(struct hs_kafka *kafka, const struct hs_sink_spec *spec);
void hs_kafka_client_close(struct hs_kafka *kafka);
/* The handle of a topic, or NULL: see rd_kafka_last_error(). */
rd_kafka_topic_t *hs_kafka_topic(struct hs_kafka *kafka, struct hs_slice name);
/* Ends this producer and opens another: at once, or when everything in flight has ended. */
void hs_kafka_rebuild(struct hs_kafka *kafka, bool at_once);
/* Opens a producer after this delay; there is none now. */
void hs_kafka_client_open_after(struct hs_kafka *kafka, uint64_t ms);
/* Called when in_flight fell while ENDING. */
void hs_kafka_maybe_end(struct hs_kafka *kafka);
/* The cluster answered or took a message: the fault is over. */
void hs_kafka_is_up(struct hs_kafka *kafka);
/* Asks whether a broker answers; the answer goes to hs_kafka_watch_answered(). */
void hs_kafka_ask(struct hs_kafka *kafka);
/* No broker answers. A fault that an operator must fix may be the cause, and stays the reason. */
void hs_kafka_begin_connecting(struct hs_kafka *kafka, const char *label, const char *text);
/* An error that belongs to no message. */
void hs_kafka_client_error(struct hs_kafka *kafka, rd_kafka_event_t *event);
void hs_kafka_client_log(struct hs_kafka *kafka, rd_kafka_event_t *event);

/* watch.c: submitted messages are confirmed, or the state reports within 10 s that they are not. */
HS_MUST_CHECK int hs_kafka_watch_init(struct hs_kafka *kafka, const struct hs_sink_spec *spec);
/* Something was given to the producer: awaits its confirmation. Cheap when repeated. */
void hs_kafka_watch(struct hs_kafka *kafka);
/* The cluster confirmed something. */
void hs_kafka_moved(struct hs_kafka *kafka);
/* Takes the cluster's answer to hs_kafka_ask(). True: no fault was found. */
bool hs_kafka_watch_answered(struct hs_kafka *kafka, const struct hs_kafka_answer *answer);

#endif
