/* Kafka transactions: the contents of the open one, its end, and how it fails. See txn.h. */
#include "txn.h"

#include "kafka.h"

#include <event2/event.h>
#include <hookstream/clock.h>
#include <hookstream/hash.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>

#define CALL_MS 500   /* one commit call; it continues and is called again */
#define ABORT_MS 1500 /* best effort: the next producer's init_transactions does the same */
#define IDLE_MS 1000u /* after this the cursor is updated, if no message did it */

/* Replaces the timer's previous setting. */
static void arm(struct hs_kafka_txn *txn, uint64_t ns)
{
    struct timeval time = hs_clock_timeval(ns);
    HS_IGNORE(event_add(txn->on_timer, &time)); /* fails only without memory */
}

/* ---- Calls that block, on the helper's thread ---- */

static void commit(void *context)
{
    struct hs_kafka_txn *txn = context;
    rd_kafka_error_t *error = rd_kafka_commit_transaction(txn->job_rk, CALL_MS);
    if (error == NULL)
        error = rd_kafka_begin_transaction(txn->job_rk); /* local, until it has a message */
    hs_kafka_txn_note(&txn->result, error);
}

static void abort_transaction(void *context)
{
    struct hs_kafka_txn *txn = context;
    hs_kafka_txn_note(&txn->result, rd_kafka_abort_transaction(txn->job_rk, ABORT_MS));
}

/* ---- Taking messages ---- */

/* There is room for one parcel past the limit. */
bool hs_kafka_txn_takes(const struct hs_kafka_txn *txn)
{
    return txn->stage == HS_KAFKA_TXN_OPEN && txn->resumed && !txn->broken &&
           txn->count < txn->kafka->options->transaction_messages &&
           hs_kafka_progress_has_room(&txn->progress);
}

void hs_kafka_txn_add(struct hs_kafka_txn *txn, const struct hs_parcel *parcel)
{
    HS_ASSERT(txn->count + parcel->count <= HS_KAFKA_TXN_MESSAGES_MAX);
    if (txn->count == 0)
        arm(txn, txn->kafka->options->transaction_ns);
    for (size_t i = 0; i < parcel->count; i++)
        txn->entries[txn->count++] =
            (struct hs_kafka_txn_entry){parcel->sequence, parcel->messages[i].part, false};
    if (parcel->sequence > txn->progress.given)
        txn->progress.given = parcel->sequence;
    if (txn->count >= txn->kafka->options->transaction_messages)
        event_active(txn->on_timer, EV_TIMEOUT, 0);
}

/* ---- The end of a transaction ---- */

/* X1: the cursor's record is the transaction's last. */
static rd_kafka_resp_err_t produce_cursor(struct hs_kafka_txn *txn)
{
    struct hs_kafka *kafka = txn->kafka;
    char text[HS_KAFKA_CURSOR_TEXT];
    struct hs_kafka_cursor *cursor = &txn->sending;
    snprintf(cursor->journal, sizeof(cursor->journal), "%s", txn->journal);
    snprintf(cursor->owner, sizeof(cursor->owner), "%s", txn->owner);
    hs_kafka_progress_cursor(&txn->progress, cursor);
    size_t size = hs_kafka_cursor_text(cursor, text);
    rd_kafka_topic_t *topic = hs_kafka_topic(kafka, hs_slice_text(kafka->options->cursor_topic));
    if (topic == NULL)
        return rd_kafka_last_error();
    struct hs_slice key = hs_slice_text(txn->id);
    return rd_kafka_producev(kafka->rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(0),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(text, size),
                             RD_KAFKA_V_KEY((void *)(uintptr_t)key.data, key.size),
                             RD_KAFKA_V_OPAQUE(NULL), RD_KAFKA_V_END);
}

void hs_kafka_txn_seal(struct hs_kafka_txn *txn)
{
    struct hs_kafka *kafka = txn->kafka;
    if (txn->stage == HS_KAFKA_TXN_OPEN)
        hs_kafka_txn_set_stage(txn, HS_KAFKA_TXN_SEALING);
    /* A whole parcel is in one transaction, and refused messages of it are reported first. */
    if (txn->stage != HS_KAFKA_TXN_SEALING || kafka->stage != HS_KAFKA_OPEN ||
        kafka->rest.arena != NULL || kafka->refused_count > 0)
        return;
    rd_kafka_resp_err_t error = produce_cursor(txn);
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        return; /* the next report makes room, and calls turn */
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        hs_kafka_txn_work(txn, HS_KAFKA_TXN_COMMITTING, commit);
    else if (error == RD_KAFKA_RESP_ERR__FATAL || error == RD_KAFKA_RESP_ERR__FENCED)
        hs_kafka_txn_fatal(txn, error, "");
    else
        hs_kafka_txn_cursor_failed(txn, error);
}

void hs_kafka_txn_turn(struct hs_kafka_txn *txn)
{
    if (txn->stage == HS_KAFKA_TXN_SEALING)
        hs_kafka_txn_seal(txn);
}

static void on_timer(evutil_socket_t file, short what, void *context)
{
    struct hs_kafka_txn *txn = context;
    if (txn->stage == HS_KAFKA_TXN_OPEN &&
        (txn->count > 0 || hs_kafka_progress_is_ahead(&txn->progress)))
        hs_kafka_txn_seal(txn);
}

/* The owner may submit nothing for long, but the cursor must be updated all the same. */
static void look_after_cursor(struct hs_kafka_txn *txn)
{
    if (txn->stage != HS_KAFKA_TXN_OPEN || !txn->resumed)
        return;
    if (txn->count == 0 && hs_kafka_progress_is_ahead(&txn->progress) &&
        !event_pending(txn->on_timer, EV_TIMEOUT, NULL))
        arm(txn, IDLE_MS * UINT64_C(1000000));
    if (txn->kafka->owes_room && hs_kafka_txn_takes(txn))
        event_active(txn->kafka->on_later, EV_TIMEOUT, 0);
}

void hs_kafka_txn_skip(struct hs_kafka_txn *txn, uint64_t sequence)
{
    hs_kafka_progress_skip(&txn->progress, sequence);
    look_after_cursor(txn);
}

void hs_kafka_txn_renew(struct hs_kafka_txn *txn)
{
    txn->renew = true;
    hs_kafka_txn_seal(txn);
}

/* Its messages are in the cluster, and so is the cursor that records them. */
static void tell_all(struct hs_kafka_txn *txn)
{
    size_t count = txn->count;
    txn->count = 0;
    for (size_t i = 0; i < count; i++)
        if (!txn->entries[i].ended)
            hs_sink_complete(&txn->kafka->sink, txn->entries[i].sequence, txn->entries[i].part,
                             NULL, NULL);
}

/* A fault that an operator must fix stays reported during retries. */
static void hold_if_told(struct hs_kafka_txn *txn)
{
    const struct hs_failure *failure = &hs_kafka_error(txn->result.code)->failure;
    if (txn->result.code == RD_KAFKA_RESP_ERR_NO_ERROR || failure->outcome == HS_TRANSIENT)
        return;
    char detail[512];
    snprintf(detail, sizeof(detail), "%s: %s", failure->words, txn->result.text);
    txn->blocked = true;
    hs_sink_set_state(&txn->kafka->sink, HS_SINK_BLOCKED, failure->label, detail);
}

void hs_kafka_txn_committed(struct hs_kafka_txn *txn)
{
    struct hs_kafka *kafka = txn->kafka;
    if (txn->result.again && !txn->broken) {
        hs_kafka_txn_work(txn, HS_KAFKA_TXN_COMMITTING, commit);
        return;
    }
    if (txn->result.code != RD_KAFKA_RESP_ERR_NO_ERROR || txn->broken) {
        /* It may be committed all the same: the cursor that is read back will show it (X2). */
        hs_log_limited(HS_LOG_WARN, "kafka_commit",
                       "a Kafka transaction failed; what it did is read back",
                       HS_F("sink", "%s", kafka->sink.name),
                       HS_F("error", "%s", rd_kafka_err2name(txn->result.code)),
                       HS_F("detail", "%s", txn->result.text));
        hold_if_told(txn);
        hs_kafka_txn_abort(txn);
        return;
    }
    txn->blocked = false;
    hs_kafka_moved(kafka);
    hs_kafka_progress_commit(&txn->progress, &txn->sending);
    txn->claimed = true;
    hs_kafka_txn_set_stage(txn, HS_KAFKA_TXN_OPEN);
    if (!txn->resumed) {
        hs_kafka_txn_resume(txn);
        return;
    }
    hs_kafka_is_up(kafka);
    tell_all(txn);
    look_after_cursor(txn);
    if (txn->renew)
        hs_kafka_rebuild(kafka, false);
}

/* ---- Failure ---- */

void hs_kafka_txn_abort(struct hs_kafka_txn *txn)
{
    txn->broken = true;
    if (txn->stage == HS_KAFKA_TXN_COMMITTING && hs_kafka_helper_is_working(&txn->kafka->helper))
        return; /* after the commit has returned */
    if (txn->stage != HS_KAFKA_TXN_OPEN && txn->stage != HS_KAFKA_TXN_SEALING &&
        txn->stage != HS_KAFKA_TXN_COMMITTING)
        return;
    hs_kafka_txn_work(txn, HS_KAFKA_TXN_ABORTING, abort_transaction);
}

static void mark_ended(struct hs_kafka_txn *txn, uint64_t sequence, unsigned part)
{
    for (size_t i = txn->count; i > 0; i--) {
        struct hs_kafka_txn_entry *entry = &txn->entries[i - 1];
        if (entry->sequence == sequence && entry->part == part) {
            entry->ended = true;
            return;
        }
    }
}

void hs_kafka_txn_failed(struct hs_kafka_txn *txn, uint64_t sequence, unsigned part,
                         enum hs_outcome outcome, bool refused)
{
    if (outcome == HS_PERMANENT) {
        hs_kafka_progress_leave_out(&txn->progress, sequence, (uint32_t)1 << part);
        txn->kafka->rebuilds = 0; /* that is progress: the next attempt is without it */
    }
    if (outcome == HS_PERMANENT && refused)
        mark_ended(txn, sequence, part); /* the others stay in the transaction */
    else
        hs_kafka_txn_abort(txn);
}

void hs_kafka_txn_cursor_failed(struct hs_kafka_txn *txn, rd_kafka_resp_err_t code)
{
    const struct hs_failure *failure = &hs_kafka_error(code)->failure;
    char detail[256];
    snprintf(detail, sizeof(detail), "the record of the topic %s: %s (%s)",
             txn->kafka->options->cursor_topic, failure->words, rd_kafka_err2name(code));
    if (failure->outcome != HS_TRANSIENT) {
        txn->blocked = true;
        hs_sink_set_state(&txn->kafka->sink, HS_SINK_BLOCKED, failure->label, detail);
    }
    hs_kafka_txn_abort(txn);
}

void hs_kafka_txn_topic_missing(struct hs_kafka_txn *txn)
{
    if (txn->stage == HS_KAFKA_TXN_COMMITTING || txn->stage == HS_KAFKA_TXN_SEALING)
        hs_kafka_txn_abort(txn);
}

/* X4: another process may have taken over while the coordinator was not reached. */
void hs_kafka_txn_stalled(struct hs_kafka_txn *txn)
{
    hs_log_limited(HS_LOG_WARN, "kafka_stalled",
                   "Kafka confirms nothing: the producer is made again",
                   HS_F("sink", "%s", txn->kafka->sink.name));
    txn->fenced = txn->fenced || txn->claimed;
    if (txn->stage == HS_KAFKA_TXN_STARTING)
        hs_kafka_rebuild(txn->kafka, true);
    else
        hs_kafka_txn_abort(txn);
}

static bool says_fenced(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

void hs_kafka_txn_fatal(struct hs_kafka_txn *txn, rd_kafka_resp_err_t code, const char *text)
{
    char words[256];
    if (code == RD_KAFKA_RESP_ERR__FATAL)
        code = rd_kafka_fatal_error(txn->kafka->rk, words, sizeof(words));
    else
        snprintf(words, sizeof(words), "%s", text);
    hs_log_limited(HS_LOG_WARN, "kafka_fatal", "the Kafka producer cannot go on",
                   HS_F("sink", "%s", txn->kafka->sink.name),
                   HS_F("error", "%s", rd_kafka_err2name(code)), HS_F("detail", "%s", words));
    txn->fenced = txn->fenced || says_fenced(code);
    txn->broken = true;
    const struct hs_failure *failure = &hs_kafka_error(code)->failure;
    if (!says_fenced(code) && failure->outcome == HS_BLOCKED) {
        char detail[512];
        snprintf(detail, sizeof(detail), "transactional id %s: %s (%s)", txn->id, failure->words,
                 words);
        hs_sink_set_state(&txn->kafka->sink, HS_SINK_BLOCKED, failure->label, detail);
    }
    hs_kafka_rebuild(txn->kafka, true);
}

/* ---- Life ---- */

int hs_kafka_txn_init(struct hs_kafka *kafka, const struct hs_sink_spec *spec)
{
    struct hs_kafka_txn *txn = hs_alloc(sizeof(*txn));
    kafka->txn = txn;
    txn->kafka = kafka;
    txn->journal = spec->identity;
    hs_random_uuid(txn->owner);
    const char *id = hs_kafka_options(spec->options)->transactional_id;
    int size = id != NULL ? asprintf(&txn->id, "%s", id)
                          : asprintf(&txn->id, "hookstream-%s-%s", spec->identity, spec->name);
    HS_ASSERT(size > 0); /* out of memory ends the program, as in hs_alloc() */
    txn->entries = hs_alloc_array(HS_KAFKA_TXN_MESSAGES_MAX, sizeof(*txn->entries));
    txn->read.options = hs_kafka_options(spec->options);
    txn->read.key = txn->id;
    txn->on_timer = event_new(spec->base, -1, 0, on_timer, txn);
    return txn->on_timer != NULL
               ? 0
               : hs_fail(-ENOMEM, "cannot make the events of the sink %s", spec->name);
}

void hs_kafka_txn_free(struct hs_kafka_txn *txn)
{
    if (txn == NULL)
        return;
    if (txn->on_timer != NULL)
        event_free(txn->on_timer);
    free(txn->entries);
    free(txn->id);
    free(txn);
}
