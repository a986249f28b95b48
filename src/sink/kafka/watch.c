/* Kafka watch: checks that messages given to the producer are confirmed. librdkafka waits for a
 * broker without limit and does not report one that accepts connections and never answers. So the
 * time since the last confirmation counts here. With `exactly_once` a producer without progress is
 * replaced: librdkafka keeps the address of the transactions' coordinator. */
#include "kafka.h"

#include <event2/event.h>
#include <hookstream/clock.h>
#include <hookstream/log.h>
#include <stdio.h>

#define LOOK_MS 1000u
#define STALL_MS 10000u /* nothing confirmed for this long: the state reports it */
#define DOUBT_MS 3000u  /* the same of a transaction: are its topics still there? */
#define RENEW_MS 20000u /* the same with `exactly_once`: a new producer finds the coordinator */
/* The same without: by then a broker may soon forget the producer (producer.id.expiration.ms, 24 h
 * by default). It would accept a later request of it before an earlier one, which librdkafka then
 * counts as delivered. A new producer sends everything unconfirmed. */
#define EXPIRE_MS 3600000u

static uint64_t ms_since(uint64_t ns)
{
    return (hs_clock_monotonic_ns() - ns) / 1000000;
}

/* Whether an answer of the cluster is outstanding. */
static bool waits(const struct hs_kafka *kafka)
{
    if (kafka->stage != HS_KAFKA_OPEN)
        return false;
    if (kafka->txn == NULL)
        return kafka->sink.in_flight > 0;
    switch (kafka->txn->stage) {
    case HS_KAFKA_TXN_STARTING:
    case HS_KAFKA_TXN_READING:
    case HS_KAFKA_TXN_SEALING:
    case HS_KAFKA_TXN_COMMITTING:
    case HS_KAFKA_TXN_ABORTING:
        return true;
    case HS_KAFKA_TXN_OPEN:
        return rd_kafka_outq_len(kafka->rk) > 0; /* the others wait for the commit, not for Kafka */
    case HS_KAFKA_TXN_CLOSED:
    case HS_KAFKA_TXN_LOOKING:
    case HS_KAFKA_TXN_FENCED:
        return false;
    }
    return false;
}

static bool is_stalled(const struct hs_kafka *kafka)
{
    return waits(kafka) && ms_since(kafka->moved_ns) >= STALL_MS;
}

/* The cluster answers, but a broker that it names is unreachable, and something waits for it:
 * usually its advertised address is not reachable from here. */
static bool is_stuck(const struct hs_kafka *kafka)
{
    bool waits = kafka->sink.in_flight > 0 || (kafka->txn != NULL && !kafka->txn->resumed);
    return waits && kafka->stuck[0] != '\0';
}

static void say_stuck(struct hs_kafka *kafka)
{
    char detail[512];
    if (kafka->sink.state == HS_SINK_BLOCKED)
        return;
    if (kafka->stuck[0] != '\0')
        snprintf(detail, sizeof(detail),
                 "the cluster answers, but names a broker that is not reached (look at its "
                 "advertised.listeners): %s",
                 kafka->stuck);
    else
        snprintf(detail, sizeof(detail),
                 "the cluster answers, but has confirmed nothing for %u s: a broker that it names "
                 "accepts connections and does not answer (look at its advertised.listeners), or "
                 "replicas are not in sync%s%s",
                 STALL_MS / 1000, kafka->last_log[0] != '\0' ? ": " : "", kafka->last_log);
    hs_sink_set_state(&kafka->sink, HS_SINK_CONNECTING,
                      kafka->stuck[0] != '\0' ? "broker_unreachable" : "no_confirmation", detail);
}

static void renew_if_in_vain(struct hs_kafka *kafka)
{
    if (kafka->txn != NULL && waits(kafka) && ms_since(kafka->moved_ns) >= RENEW_MS &&
        ms_since(kafka->opened_ns) >= RENEW_MS)
        hs_kafka_txn_stalled(kafka->txn);
}

bool hs_kafka_watch_answered(struct hs_kafka *kafka, const struct hs_kafka_answer *answer)
{
    if (answer->error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (is_stalled(kafka))
            hs_kafka_begin_connecting(kafka, hs_kafka_error(answer->error)->failure.label,
                                      "no broker answers");
        return false;
    }
    if (kafka->txn != NULL && answer->topic_missing)
        hs_kafka_txn_topic_missing(kafka->txn);
    if (!is_stuck(kafka) && !is_stalled(kafka))
        return true;
    say_stuck(kafka);
    renew_if_in_vain(kafka);
    return false;
}

static void renew_if_it_may_expire(struct hs_kafka *kafka)
{
    if (kafka->txn != NULL || !waits(kafka) || ms_since(kafka->moved_ns) < kafka->expire_ms)
        return;
    hs_log_limited(HS_LOG_WARN, "kafka_expire",
                   "Kafka confirmed nothing for long and may forget the producer: a new one sends "
                   "what is unconfirmed",
                   HS_F("sink", "%s", kafka->sink.name));
    hs_kafka_moved(kafka);
    hs_kafka_rebuild(kafka, true);
}

void hs_kafka_moved(struct hs_kafka *kafka)
{
    kafka->moved_ns = hs_clock_monotonic_ns();
}

static void look_again(struct hs_kafka *kafka)
{
    static const struct timeval time = {LOOK_MS / 1000, LOOK_MS % 1000 * 1000};
    HS_IGNORE(event_add(kafka->on_watch, &time)); /* fails only without memory */
}

void hs_kafka_watch(struct hs_kafka *kafka)
{
    if (kafka->watching)
        return;
    kafka->watching = true;
    hs_kafka_moved(kafka);
    look_again(kafka);
}

/* Between two producers there is no progress either. */
static void on_watch(evutil_socket_t file, short what, void *context)
{
    struct hs_kafka *kafka = context;
    bool fenced = kafka->txn != NULL && kafka->txn->stage == HS_KAFKA_TXN_FENCED;
    if (fenced || (kafka->stage == HS_KAFKA_OPEN && !waits(kafka))) {
        kafka->watching = false;
        return;
    }
    bool doubts = kafka->txn != NULL && kafka->txn->stage == HS_KAFKA_TXN_COMMITTING &&
                  ms_since(kafka->moved_ns) >= DOUBT_MS;
    if (doubts || is_stalled(kafka))
        hs_kafka_ask(kafka);
    renew_if_it_may_expire(kafka);
    look_again(kafka);
}

int hs_kafka_watch_init(struct hs_kafka *kafka, const struct hs_sink_spec *spec)
{
    kafka->expire_ms = EXPIRE_MS;
    kafka->on_watch = event_new(spec->base, -1, 0, on_watch, kafka);
    return kafka->on_watch != NULL
               ? 0
               : hs_fail(-ENOMEM, "cannot make the events of the sink %s", spec->name);
}
