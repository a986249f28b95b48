/* Kafka sink: parcels in, delivery reports out. A message's opaque is its sequence and part,
 * packed, so that nothing is allocated for it here; librdkafka copies its bytes.
 *
 * K1  A parcel is taken as a whole or not at all: messages that do not fit in the queue are kept in
 *     `rest`, and nothing else is taken before them.
 * K2  While refusals wait to be reported nothing is taken, so that no later message can pass one
 *     that must be sent again.
 * K3  A transient report ends the producer (see errors.c), and everything open is sent again in
 *     order. Later messages that librdkafka had already sent may have passed it: such an error is
 *     one that librdkafka cannot repeat in order itself. */
#include "kafka.h"

#include <event2/event.h>
#include <stdio.h>

#define PART_BITS 5
_Static_assert(HS_PARCEL_MESSAGES_MAX <= 1u << PART_BITS, "a part fits its bits");
_Static_assert(sizeof(void *) == 8, "an opaque holds a sequence and a part");

/* Events of the producer's queue handled in one turn of the loop; one holds up to a batch. */
#define EVENTS_A_TURN 64u
#define REPORTS_AT_ONCE 256u

static void *pack(uint64_t sequence, unsigned part)
{
    return (void *)(uintptr_t)(sequence << PART_BITS | part);
}

static uint64_t packed_sequence(const void *opaque)
{
    return (uint64_t)(uintptr_t)opaque >> PART_BITS;
}

static unsigned packed_part(const void *opaque)
{
    return (unsigned)((uintptr_t)opaque & ((1u << PART_BITS) - 1));
}

static struct hs_kafka *of(struct hs_sink *sink)
{
    return (struct hs_kafka *)sink; /* its first member */
}

/* ---- Producing ---- */

static rd_kafka_headers_t *make_headers(const struct hs_message *message)
{
    if (message->header_count == 0)
        return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(message->header_count);
    for (size_t i = 0; i < message->header_count; i++) {
        const struct hs_header *header = &message->headers[i];
        HS_IGNORE(rd_kafka_header_add(headers, header->name.data, (ssize_t)header->name.size,
                                      header->value.data ? header->value.data : "",
                                      (ssize_t)header->value.size)); /* it cannot fail */
    }
    return headers;
}

static rd_kafka_resp_err_t produce(struct hs_kafka *kafka, uint64_t sequence,
                                   const struct hs_message *message)
{
    rd_kafka_topic_t *topic = hs_kafka_topic(kafka, message->destination);
    if (topic == NULL)
        return rd_kafka_last_error();
    rd_kafka_headers_t *headers = make_headers(message);
    rd_kafka_resp_err_t error = rd_kafka_producev(
        kafka->rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)(message->body.data ? message->body.data : ""),
                         message->body.size),
        RD_KAFKA_V_KEY((void *)(uintptr_t)message->key.data, message->key.size),
        RD_KAFKA_V_TIMESTAMP((int64_t)message->timestamp_ms),
        RD_KAFKA_V_OPAQUE(pack(sequence, message->part)), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_END);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && headers != NULL)
        rd_kafka_headers_destroy(headers);
    return error;
}

static void refuse(struct hs_kafka *kafka, uint64_t sequence, const struct hs_message *message,
                   rd_kafka_resp_err_t error)
{
    HS_ASSERT(kafka->refused_count < HS_ARRAY_SIZE(kafka->refused));
    struct hs_kafka_refused *refused = &kafka->refused[kafka->refused_count++];
    *refused = (struct hs_kafka_refused){sequence, message->part, error, ""};
    snprintf(refused->topic, sizeof(refused->topic), "%.*s", HS_SLICE_ARG(message->destination));
    event_active(kafka->on_later, EV_TIMEOUT, 0);
}

/* The producer cannot take anything any more. */
static bool is_fatal(struct hs_kafka *kafka, rd_kafka_resp_err_t error)
{
    if (error != RD_KAFKA_RESP_ERR__FATAL && error != RD_KAFKA_RESP_ERR__FENCED)
        return false;
    if (kafka->txn != NULL)
        hs_kafka_txn_fatal(kafka->txn, error, "");
    else
        hs_kafka_rebuild(kafka, true);
    return true;
}

/* Produces until the queue is full; returns how many were taken. */
static size_t produce_all(struct hs_kafka *kafka, uint64_t sequence,
                          const struct hs_message *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (kafka->txn != NULL &&
            hs_kafka_progress_is_stored(&kafka->txn->progress, sequence, messages[i].part))
            continue; /* an earlier transaction has it */
        rd_kafka_resp_err_t error = produce(kafka, sequence, &messages[i]);
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL || is_fatal(kafka, error))
            return i;
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
            refuse(kafka, sequence, &messages[i], error);
    }
    return count;
}

/* ---- The rest of a parcel ---- */

/* Produces as much of it as there is room for; the next report makes more. */
static void push_rest(struct hs_kafka *kafka)
{
    struct hs_kafka_rest *rest = &kafka->rest;
    if (rest->arena == NULL || kafka->stage == HS_KAFKA_CLOSED || kafka->drop_at_end ||
        kafka->refused_count > 0)
        return;
    rest->next +=
        produce_all(kafka, rest->sequence, rest->messages + rest->next, rest->count - rest->next);
    if (rest->next == rest->count)
        hs_kafka_rest_drop(&kafka->rest);
}

/* ---- Submit ---- */

/* The producer's load: messages of a transaction stay in flight after it is done with them. */
static size_t load(const struct hs_kafka *kafka)
{
    if (kafka->txn != NULL && kafka->rk != NULL)
        return (size_t)rd_kafka_outq_len(kafka->rk);
    return kafka->sink.in_flight;
}

static enum hs_submit say_full(struct hs_kafka *kafka)
{
    kafka->owes_room = true;
    kafka->room_at = load(kafka) / 4 * 3;
    return HS_SUBMIT_FULL;
}

static enum hs_submit submit(struct hs_sink *sink, const struct hs_parcel *parcel)
{
    struct hs_kafka *kafka = of(sink);
    if (kafka->stage != HS_KAFKA_OPEN || !kafka->announced || kafka->rest.arena != NULL ||
        kafka->refused_count > 0 || (kafka->txn != NULL && !hs_kafka_txn_takes(kafka->txn)))
        return say_full(kafka);
    size_t taken = produce_all(kafka, parcel->sequence, parcel->messages, parcel->count);
    if (taken == 0)
        return say_full(kafka);
    sink->in_flight += parcel->count;
    hs_kafka_watch(kafka);
    if (kafka->txn != NULL)
        hs_kafka_txn_add(kafka->txn, parcel);
    if (taken < parcel->count)
        hs_kafka_rest_keep(&kafka->rest, parcel, taken);
    return HS_SUBMIT_ACCEPTED;
}

static void maybe_room(struct hs_kafka *kafka)
{
    if (!kafka->owes_room || kafka->stage != HS_KAFKA_OPEN || kafka->refused_count > 0 ||
        load(kafka) > kafka->room_at || kafka->rest.arena != NULL ||
        (kafka->txn != NULL && !hs_kafka_txn_takes(kafka->txn)))
        return;
    kafka->owes_room = false;
    kafka->sink.host.room(kafka->sink.host.context);
}

/* ---- How messages ended ---- */

/* One message's fault was reported for a whole batch: everything in flight is sent alone to find
 * it. */
static bool judge_alone(struct hs_kafka *kafka, const struct hs_kafka_error *error, size_t batch)
{
    if (!error->of_batch || batch == 1 || kafka->alone > 0)
        return false;
    if (kafka->next_alone == 0)
        kafka->next_alone = kafka->sink.in_flight;
    return true;
}

static bool is_purged(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__PURGE_QUEUE || code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
           code == RD_KAFKA_RESP_ERR__DESTROY;
}

/* A message that did not arrive. */
struct failed_message {
    uint64_t sequence;
    unsigned part;
    rd_kafka_resp_err_t code;
    const char *topic;
};

/* `refused`: at once, it was never in a batch. */
static void failed(struct hs_kafka *kafka, const struct failed_message *message, size_t batch,
                   bool refused)
{
    uint64_t sequence = message->sequence;
    unsigned part = message->part;
    rd_kafka_resp_err_t code = message->code;
    if (kafka->txn != NULL && is_purged(code))
        return; /* with its transaction, by us: the owner submits it again when it resumes */
    if (kafka->txn != NULL && sequence == 0) {
        hs_kafka_txn_cursor_failed(kafka->txn, code);
        return;
    }
    static const struct hs_failure in_bad_company = {
        HS_TRANSIENT, "batch_refused",
        "the broker refused the batch it was in; it is sent again alone"};
    const struct hs_kafka_error *error = hs_kafka_error(code);
    const struct hs_failure *failure = &error->failure;
    if (judge_alone(kafka, error, batch))
        failure = &in_bad_company;
    char detail[512];
    snprintf(detail, sizeof(detail), "topic %s: %s (%s)", message->topic, failure->words,
             rd_kafka_err2name(code));
    if (kafka->txn != NULL)
        hs_kafka_txn_failed(kafka->txn, sequence, part, failure->outcome, refused);
    else if (failure->outcome == HS_TRANSIENT)
        hs_kafka_rebuild(kafka, true);
    hs_sink_complete(&kafka->sink, sequence, part, failure, detail);
}

static void count_alone(struct hs_kafka *kafka)
{
    if (kafka->alone == 0 || --kafka->alone > 0)
        return;
    if (kafka->txn != NULL)
        hs_kafka_txn_renew(kafka->txn);
    else
        hs_kafka_rebuild(kafka, false);
}

/* In a transaction it counts once that is committed. */
static void arrived(struct hs_kafka *kafka, uint64_t sequence, unsigned part)
{
    hs_kafka_moved(kafka);
    if (kafka->txn != NULL)
        return;
    hs_sink_complete(&kafka->sink, sequence, part, NULL, NULL);
    hs_kafka_is_up(kafka);
}

static void handle_report(struct hs_kafka *kafka, const rd_kafka_message_t *message, size_t batch)
{
    struct failed_message ended = {
        .sequence = packed_sequence(message->_private),
        .part = packed_part(message->_private),
        .code = message->err,
        .topic = rd_kafka_topic_name(message->rkt),
    };
    if (ended.code == RD_KAFKA_RESP_ERR_NO_ERROR)
        arrived(kafka, ended.sequence, ended.part);
    else
        failed(kafka, &ended, batch, false);
    count_alone(kafka);
}

static void handle_reports(struct hs_kafka *kafka, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *messages[REPORTS_AT_ONCE];
    size_t batch = rd_kafka_event_message_count(event), count;
    while ((count = rd_kafka_event_message_array(event, messages, REPORTS_AT_ONCE)) > 0)
        for (size_t i = 0; i < count; i++)
            handle_report(kafka, messages[i], batch);
}

static void handle(struct hs_kafka *kafka, rd_kafka_event_t *event)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        handle_reports(kafka, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        hs_kafka_client_error(kafka, event);
        break;
    case RD_KAFKA_EVENT_LOG:
        hs_kafka_client_log(kafka, event);
        break;
    default:
        break;
    }
    rd_kafka_event_destroy(event);
}

static void tell_refusals(struct hs_kafka *kafka)
{
    size_t count = kafka->refused_count;
    for (size_t i = 0; i < count; i++) {
        const struct hs_kafka_refused *refused = &kafka->refused[i];
        struct failed_message message = {refused->sequence, refused->part, refused->error,
                                         refused->topic};
        failed(kafka, &message, 1, true);
    }
    kafka->refused_count = 0;
}

void hs_kafka_drain(struct hs_kafka *kafka)
{
    tell_refusals(kafka);
    unsigned handled = 0;
    while (kafka->queue != NULL && handled < EVENTS_A_TURN) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(kafka->queue, 0);
        if (event == NULL)
            break;
        handle(kafka, event);
        handled++;
    }
    if (handled == EVENTS_A_TURN)
        event_active(kafka->on_later, EV_TIMEOUT, 0);
    push_rest(kafka);
    if (kafka->txn != NULL)
        hs_kafka_txn_turn(kafka->txn);
    maybe_room(kafka);
    hs_kafka_maybe_end(kafka);
}

void hs_kafka_forget(struct hs_kafka *kafka)
{
    hs_kafka_rest_drop(&kafka->rest);
    kafka->refused_count = 0;
    kafka->sink.in_flight = 0;
    kafka->owes_room = false;
}

/* ---- Open and close ---- */

static void push(struct hs_sink *sink)
{
    (void)sink; /* linger.ms decides, and transaction_time */
}

/* Without transactions Kafka keeps no cursor of ours. */
static void skip(struct hs_sink *sink, uint64_t sequence)
{
    if (of(sink)->txn != NULL)
        hs_kafka_txn_skip(of(sink)->txn, sequence);
}

static void leave_out(struct hs_sink *sink, uint64_t sequence, uint32_t parts)
{
    if (of(sink)->txn != NULL)
        hs_kafka_progress_leave_out(&of(sink)->txn->progress, sequence, parts);
}

static void close_sink(struct hs_sink *sink)
{
    struct hs_kafka *kafka = of(sink);
    hs_kafka_client_close(kafka);
    hs_kafka_forget(kafka);
    hs_kafka_txn_free(kafka->txn);
    free(kafka);
}

static const struct hs_sink_ops ops = {submit, push, skip, leave_out, close_sink};

int hs_kafka_open(const struct hs_sink_spec *spec, struct hs_sink **ret_sink)
{
    struct hs_kafka *kafka = hs_alloc(sizeof(*kafka));
    hs_sink_init(&kafka->sink, &ops, spec);
    kafka->options = hs_kafka_options(spec->options);
    kafka->file = -1;
    int code = hs_kafka_options(spec->options)->exactly_once ? hs_kafka_txn_init(kafka, spec) : 0;
    if (code == 0)
        code = hs_kafka_client_init(kafka, spec);
    if (code < 0) {
        close_sink(&kafka->sink);
        return code;
    }
    *ret_sink = &kafka->sink;
    return 0;
}
