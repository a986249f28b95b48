/* Kafka transactions, private: what `exactly_once: true` adds to the producer. Messages go into an
 * open transaction, the cursor's record ends it, and they count as delivered when it is committed.
 * docs/internals/exactly-once-kafka.md explains why that holds.
 *
 *   X1  Messages and the cursor that covers them are in one transaction.
 *   X2  Nothing is sent before the cursor was read back from a cluster that has ended all
 *       older transactions of this transactional.id.
 *   X3  The cursor names every part that it has passed and that is neither in the cluster nor
 *       known to be safe with the owner (a hole).
 *   X4  A process that was replaced by another stops, and does not take the id back.
 *
 * Every failure of a transaction ends the producer: abort, a new producer, X2 again. */
#ifndef HS_SINK_KAFKA_TXN_H
#define HS_SINK_KAFKA_TXN_H

#include "cursor.h"
#include "errors.h"
#include "read.h"

#define HS_KAFKA_TXN_MESSAGES_MAX (16384u + HS_PARCEL_MESSAGES_MAX)
/* Delay between a fence and the check who caused it: a process that takes over has usually read the
 * cursor and put its name there by then. */
#define HS_KAFKA_LOOK_MS 3000u

struct event;
struct hs_kafka;

/* Names and transitions are in stage.c. */
enum hs_kafka_txn_stage {
    HS_KAFKA_TXN_CLOSED,     /* no producer; no message is noted, and the timer is off */
    HS_KAFKA_TXN_STARTING,   /* the helper calls init_transactions, which waits for the cluster */
    HS_KAFKA_TXN_READING,    /* older transactions are ended; the helper reads the cursor (X2) */
    HS_KAFKA_TXN_OPEN,       /* the cursor was read; accepts messages once `resumed` */
    HS_KAFKA_TXN_SEALING,    /* accepts no more; the cursor's record is not produced yet */
    HS_KAFKA_TXN_COMMITTING, /* the cursor's record is produced (X1); the helper commits */
    HS_KAFKA_TXN_ABORTING,   /* the helper aborts; the producer ends after it */
    HS_KAFKA_TXN_LOOKING,    /* no producer: perhaps it was fenced; the helper reads the cursor to
                              * see by whom */
    HS_KAFKA_TXN_FENCED,     /* no producer: another process has the id; never left (X4) */
};
#define HS_KAFKA_TXN_STAGE_COUNT (HS_KAFKA_TXN_FENCED + 1)

/* The result of a librdkafka call. */
struct hs_kafka_result {
    rd_kafka_resp_err_t code;
    bool again; /* it continues in the background and must be called again */
    char text[256];
};

/* A message of the open transaction. */
struct hs_kafka_txn_entry {
    uint64_t sequence;
    uint32_t part;
    bool ended; /* refused at once, and reported */
};

struct hs_kafka_txn {
    struct hs_kafka *kafka;
    enum hs_kafka_txn_stage stage;
    char *id;            /* transactional.id, and the key of the cursor's record */
    const char *journal; /* its identity */
    char owner[37];      /* this process */
    char before[40];     /* the name in the record when it was read; "": none */
    struct hs_kafka_progress progress;
    struct hs_kafka_cursor sending; /* what the open transaction will store */
    struct hs_kafka_txn_entry *entries;
    size_t count;
    bool claimed;  /* the cursor's record names us */
    bool anothers; /* it belonged to another journal */
    bool resumed;  /* the owner knows that it may continue with this producer */
    bool broken;   /* part of it failed: must not be committed */
    bool blocked;  /* an operator must act before a commit can succeed; this was reported */
    bool fenced;   /* perhaps: the producer reported it, or could not reach the coordinator */
    bool renew;    /* replace the producer after this commit */
    unsigned looks;
    struct event *on_timer;
    /* Owned by the helper while it works. */
    rd_kafka_t *job_rk;
    struct hs_kafka_result result;
    struct hs_kafka_read read;
};

/* txn.c: messages, commit, failure. */
HS_MUST_CHECK int hs_kafka_txn_init(struct hs_kafka *kafka, const struct hs_sink_spec *spec);
/* After the helper has stopped. */
void hs_kafka_txn_free(struct hs_kafka_txn *txn);
/* Whether a parcel may be produced now. */
bool hs_kafka_txn_takes(const struct hs_kafka_txn *txn);
/* Records a parcel's messages; each counts as delivered with the commit. */
void hs_kafka_txn_add(struct hs_kafka_txn *txn, const struct hs_parcel *parcel);
/* A message failed and was reported. `refused`: the producer never took it. */
void hs_kafka_txn_failed(struct hs_kafka_txn *txn, uint64_t sequence, unsigned part,
                         enum hs_outcome outcome, bool refused);
/* The cursor's own record failed. */
void hs_kafka_txn_cursor_failed(struct hs_kafka_txn *txn, rd_kafka_resp_err_t code);
/* The producer can never continue. */
void hs_kafka_txn_fatal(struct hs_kafka_txn *txn, rd_kafka_resp_err_t code, const char *text);
/* Nothing was confirmed for too long although the cluster answers: replaces the producer, which
 * finds the coordinator again. */
void hs_kafka_txn_stalled(struct hs_kafka_txn *txn);
/* A topic that the producer writes to does not exist: a commit cannot succeed. */
void hs_kafka_txn_topic_missing(struct hs_kafka_txn *txn);
/* There was progress: seals if the seal was waiting for room. Called after draining the queue. */
void hs_kafka_txn_turn(struct hs_kafka_txn *txn);
void hs_kafka_txn_skip(struct hs_kafka_txn *txn, uint64_t sequence);
/* Ends the open transaction, then replaces the producer. */
void hs_kafka_txn_renew(struct hs_kafka_txn *txn);
/* Ends the open transaction as soon as everything that must precede it is done. */
void hs_kafka_txn_seal(struct hs_kafka_txn *txn);
/* The commit call returned; its outcome is in `result`. */
void hs_kafka_txn_committed(struct hs_kafka_txn *txn);
/* Aborts the open transaction, then replaces the producer. */
void hs_kafka_txn_abort(struct hs_kafka_txn *txn);

/* stage.c */
const char *hs_kafka_txn_stage_name(enum hs_kafka_txn_stage stage);
bool hs_kafka_txn_stage_allows(enum hs_kafka_txn_stage from, enum hs_kafka_txn_stage to);
/* Only this assigns `stage`. Asserts that the transition is allowed. */
void hs_kafka_txn_set_stage(struct hs_kafka_txn *txn, enum hs_kafka_txn_stage stage);

/* txn_start.c: from a new producer to a cursor that was read, and the fence. */
/* There is a new producer. */
void hs_kafka_txn_start(struct hs_kafka_txn *txn);
/* Before a producer is made: false if none may be made now. */
bool hs_kafka_txn_may_open(struct hs_kafka_txn *txn);
/* A job of the helper's is done. */
void hs_kafka_txn_finished(struct hs_kafka_txn *txn);
/* The producer was released. */
void hs_kafka_txn_ended(struct hs_kafka_txn *txn);
/* Aborts what is open and waits for it briefly: the sink closes. */
void hs_kafka_txn_close(struct hs_kafka_txn *txn);
/* The transaction that names us is committed, or was not needed: the owner continues. */
void hs_kafka_txn_resume(struct hs_kafka_txn *txn);
void hs_kafka_txn_work(struct hs_kafka_txn *txn, enum hs_kafka_txn_stage stage,
                       void (*job)(void *context));
void hs_kafka_txn_note(struct hs_kafka_result *result, rd_kafka_error_t *error);

#endif
