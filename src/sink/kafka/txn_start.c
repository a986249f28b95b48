/* Kafka transactions: how they begin: init_transactions, reading the cursor back, writing our name
 * into it; and how a fenced producer finds out by whom it was fenced. See txn.h. */
#include "kafka.h"
#include "txn.h"

#include <event2/event.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>

#define CALL_MS 500
#define LOOK_MOST_MS 10000u
#define CLOSE_POLL_MS 20

/* ---- Jobs ---- */

void hs_kafka_txn_note(struct hs_kafka_result *result, rd_kafka_error_t *error)
{
    *result = (struct hs_kafka_result){.code = RD_KAFKA_RESP_ERR_NO_ERROR};
    if (error == NULL)
        return;
    result->code = rd_kafka_error_code(error);
    result->again = rd_kafka_error_is_retriable(error);
    snprintf(result->text, sizeof(result->text), "%s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

void hs_kafka_txn_work(struct hs_kafka_txn *txn, enum hs_kafka_txn_stage stage,
                       void (*job)(void *context))
{
    hs_kafka_txn_set_stage(txn, stage);
    txn->job_rk = txn->kafka->rk;
    hs_kafka_watch(txn->kafka);
    hs_kafka_helper_work(&txn->kafka->helper, job, txn);
}

static void init(void *context)
{
    struct hs_kafka_txn *txn = context;
    rd_kafka_error_t *error = rd_kafka_init_transactions(txn->job_rk, CALL_MS);
    if (error == NULL)
        error = rd_kafka_begin_transaction(txn->job_rk); /* local, until it has a message */
    hs_kafka_txn_note(&txn->result, error);
}

static void read_cursor(void *context)
{
    struct hs_kafka_txn *txn = context;
    hs_kafka_read(&txn->read);
}

/* ---- From a new producer to resuming the owner ---- */

void hs_kafka_txn_start(struct hs_kafka_txn *txn)
{
    txn->broken = txn->resumed = txn->fenced = txn->renew = false;
    txn->count = 0;
    hs_kafka_txn_work(txn, HS_KAFKA_TXN_STARTING, init);
}

static void initialised(struct hs_kafka_txn *txn)
{
    struct hs_kafka *kafka = txn->kafka;
    const struct hs_kafka_result *result = &txn->result;
    if (result->code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        hs_kafka_moved(kafka);
        hs_kafka_txn_work(txn, HS_KAFKA_TXN_READING, read_cursor);
        return;
    }
    if (result->again) {
        hs_kafka_txn_work(txn, HS_KAFKA_TXN_STARTING, init);
        return;
    }
    const struct hs_failure *failure = &hs_kafka_error(result->code)->failure;
    char detail[512];
    snprintf(detail, sizeof(detail), "transactional id %s: %s (%s)", txn->id, failure->words,
             result->text);
    hs_sink_set_state(&kafka->sink,
                      failure->outcome == HS_TRANSIENT ? HS_SINK_CONNECTING : HS_SINK_BLOCKED,
                      failure->label, detail);
    hs_kafka_rebuild(kafka, true);
}

/* The record's contents, or NULL: there is none of this journal. -EINVAL and a message. */
static int understand(struct hs_kafka_txn *txn, struct hs_kafka_cursor *cursor,
                      const struct hs_kafka_cursor **ret_cursor)
{
    *ret_cursor = NULL;
    if (!txn->read.found)
        return 0;
    int code = hs_kafka_cursor_parse(hs_slice(txn->read.value, txn->read.size), cursor);
    if (code < 0)
        return code;
    if (strcmp(cursor->journal, txn->journal) == 0)
        *ret_cursor = cursor;
    else
        hs_log(HS_LOG_WARN,
               "the cursor in Kafka is of another journal: it is left aside, and this journal's "
               "own cursor counts",
               HS_F("sink", "%s", txn->kafka->sink.name), HS_F("key", "%s", txn->id),
               HS_F("journal", "%s", cursor->journal));
    return 0;
}

static void cannot_read(struct hs_kafka_txn *txn, const struct hs_failure *failure,
                        const char *text)
{
    hs_sink_set_state(&txn->kafka->sink,
                      failure->outcome == HS_TRANSIENT ? HS_SINK_CONNECTING : HS_SINK_BLOCKED,
                      failure->label, text);
}

static const struct hs_failure damaged = {
    HS_BLOCKED, "cursor_damaged", "look at it, and delete it or set another transactional_id"};

static void was_read(struct hs_kafka_txn *txn)
{
    struct hs_kafka *kafka = txn->kafka;
    struct hs_kafka_cursor found = {.sequence = 0};
    const struct hs_kafka_cursor *cursor;
    if (txn->read.error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        cannot_read(txn, txn->read.failure, txn->read.text);
        hs_kafka_rebuild(kafka, true);
        return;
    }
    if (understand(txn, &found, &cursor) < 0) {
        char text[512];
        snprintf(text, sizeof(text), "the record %s of the topic %s: %s: %s", txn->id,
                 kafka->options->cursor_topic, hs_error_text(), damaged.words);
        cannot_read(txn, &damaged, text);
        hs_kafka_rebuild(kafka, true);
        return;
    }
    snprintf(txn->before, sizeof(txn->before), "%s", txn->read.found ? found.owner : "");
    txn->claimed = cursor != NULL && strcmp(cursor->owner, txn->owner) == 0;
    txn->anothers = txn->read.found && cursor == NULL;
    hs_kafka_progress_begin(&txn->progress, cursor);
    hs_kafka_txn_set_stage(txn, HS_KAFKA_TXN_OPEN);
    if (txn->claimed)
        hs_kafka_txn_resume(txn);
    else
        hs_kafka_txn_seal(txn); /* only our name: a process that we fence sees it there */
}

void hs_kafka_txn_resume(struct hs_kafka_txn *txn)
{
    struct hs_kafka *kafka = txn->kafka;
    txn->resumed = true;
    hs_kafka_moved(kafka);
    kafka->stuck[0] = '\0';
    if (!txn->blocked)
        hs_sink_set_state(&kafka->sink, HS_SINK_UP, "", "");
    uint64_t last = txn->progress.stored;
    (void)kafka->sink.host.resume(kafka->sink.host.context,
                                  hs_kafka_progress_position(&txn->progress),
                                  last == 0 && !txn->anothers ? HS_SINK_CURSOR_GONE : last);
}

/* ---- The fence ---- */

static void hold_fenced(struct hs_kafka_txn *txn, const char *owner)
{
    char text[512];
    hs_kafka_txn_set_stage(txn, HS_KAFKA_TXN_FENCED);
    snprintf(text, sizeof(text),
             "another process took over the transactional.id %s: end it and restart this one, or "
             "give each its own `transactional_id` (it is %s)",
             txn->id, owner);
    hs_sink_set_state(&txn->kafka->sink, HS_SINK_BLOCKED, "fenced", text);
}

/* The cluster ends a transaction that was open when the brokers were away for longer than
 * transaction.timeout.ms, which looks like a fence to us. The cursor's record shows whether another
 * process exists. */
static void looked(struct hs_kafka_txn *txn)
{
    struct hs_kafka_cursor found;
    struct hs_kafka *kafka = txn->kafka;
    if (txn->read.error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        cannot_read(txn, txn->read.failure, txn->read.text);
        hs_kafka_client_open_after(
            kafka, hs_sink_backoff_ms(txn->looks++, HS_KAFKA_LOOK_MS, LOOK_MOST_MS));
        return;
    }
    if (txn->read.found &&
        hs_kafka_cursor_parse(hs_slice(txn->read.value, txn->read.size), &found) == 0 &&
        strcmp(found.owner, txn->owner) != 0 &&
        (txn->claimed || strcmp(found.owner, txn->before) != 0)) {
        hold_fenced(txn, found.owner);
        return;
    }
    hs_log(HS_LOG_WARN, "no other process took over the transactional id: the sink continues",
           HS_F("sink", "%s", kafka->sink.name), HS_F("id", "%s", txn->id));
    txn->fenced = false;
    txn->looks = 0;
    hs_kafka_client_open_after(kafka, 0);
}

bool hs_kafka_txn_may_open(struct hs_kafka_txn *txn)
{
    if (txn->stage == HS_KAFKA_TXN_FENCED || txn->stage == HS_KAFKA_TXN_LOOKING)
        return false;
    if (!txn->fenced)
        return true;
    hs_kafka_txn_work(txn, HS_KAFKA_TXN_LOOKING, read_cursor);
    return false;
}

/* ---- Events ---- */

void hs_kafka_txn_ended(struct hs_kafka_txn *txn)
{
    hs_kafka_txn_set_stage(txn, HS_KAFKA_TXN_CLOSED);
    txn->count = 0;
    txn->resumed = false;
    HS_IGNORE(event_del(txn->on_timer));
}

void hs_kafka_txn_finished(struct hs_kafka_txn *txn)
{
    if (txn->stage != HS_KAFKA_TXN_LOOKING && txn->kafka->stage != HS_KAFKA_OPEN)
        return; /* it is already being rebuilt */
    switch (txn->stage) {
    case HS_KAFKA_TXN_STARTING:
        initialised(txn);
        return;
    case HS_KAFKA_TXN_READING:
        was_read(txn);
        return;
    case HS_KAFKA_TXN_COMMITTING:
        hs_kafka_txn_committed(txn);
        return;
    case HS_KAFKA_TXN_ABORTING:
        hs_kafka_rebuild(txn->kafka, true);
        return;
    case HS_KAFKA_TXN_LOOKING:
        hs_kafka_txn_set_stage(txn, HS_KAFKA_TXN_CLOSED);
        looked(txn);
        return;
    case HS_KAFKA_TXN_CLOSED:
    case HS_KAFKA_TXN_OPEN:
    case HS_KAFKA_TXN_SEALING:
    case HS_KAFKA_TXN_FENCED:
        return;
    }
}

/* An open transaction would block readers until the cluster gives it up. */
void hs_kafka_txn_close(struct hs_kafka_txn *txn)
{
    struct hs_kafka *kafka = txn->kafka;
    atomic_store(&txn->read.stop, true);
    bool open =
        (txn->stage == HS_KAFKA_TXN_OPEN || txn->stage == HS_KAFKA_TXN_SEALING) && txn->count > 0;
    if (open && kafka->stage == HS_KAFKA_OPEN && kafka->rk != NULL)
        hs_kafka_txn_abort(txn);
    while (kafka->helper.started && hs_kafka_helper_is_working(&kafka->helper) &&
           !hs_kafka_helper_finished(&kafka->helper)) {
        /* A commit or abort waits until the reports were taken. */
        rd_kafka_event_t *event =
            kafka->queue != NULL ? rd_kafka_queue_poll(kafka->queue, CLOSE_POLL_MS) : NULL;
        if (event != NULL)
            rd_kafka_event_destroy(event);
        else if (kafka->queue == NULL)
            break; /* the helper's stop waits for it */
    }
}
