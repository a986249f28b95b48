/* Kafka client: the producer's life: opened, and rebuilt when it cannot continue. The helper thread
 * makes the librdkafka calls that would block. kafka.c handles the messages. */
#include "kafka.h"
#include "config.h"

#include <event2/event.h>
#include <hookstream/clock.h>
#include <hookstream/hash.h>
#include <hookstream/log.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <syslog.h>
#include <unistd.h>

#define REBUILD_LEAST_MS 100u
#define REBUILD_MOST_MS 5000u
#define BURIAL_LOOK_MS 20u /* the helper signals us; this covers a missed signal */
#define ASK_AGAIN_MS 1000u /* while connecting */
#define STUCK_MS 2000u     /* delay from a broker's error to the check of what waits for it */
#define FATAL_TEXT_MAX 512u

static void after(struct event *timer, uint64_t ms)
{
    struct timeval time = hs_clock_timeval(ms * HS_NS_PER_MS);
    HS_IGNORE(event_add(timer, &time)); /* fails only without memory, which ends us anyway */
}

/* ---- Topics ---- */

static void forget_topics(struct hs_kafka *kafka)
{
    for (size_t i = 0; i < HS_KAFKA_TOPICS; i++) {
        struct hs_kafka_topic *topic = &kafka->topics[i];
        if (topic->handle != NULL)
            rd_kafka_topic_destroy(topic->handle);
        free(topic->name);
        *topic = (struct hs_kafka_topic){0};
    }
}

static bool is_topic(const struct hs_kafka_topic *topic, struct hs_slice name)
{
    return topic->handle != NULL && hs_slice_equal(name, hs_slice(topic->name, topic->size));
}

/* Looks in the few slots its hash gives; the oldest of those is replaced. */
rd_kafka_topic_t *hs_kafka_topic(struct hs_kafka *kafka, struct hs_slice name)
{
    size_t set = hs_keyed_hash(name, 0) % (HS_KAFKA_TOPICS / HS_KAFKA_TOPIC_WAYS);
    struct hs_kafka_topic *places = &kafka->topics[set * HS_KAFKA_TOPIC_WAYS];
    for (size_t i = 0; i < HS_KAFKA_TOPIC_WAYS; i++)
        if (is_topic(&places[i], name))
            return places[i].handle;
    char *text = hs_slice_dup(name);
    rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka->rk, text, NULL);
    if (handle == NULL) {
        free(text);
        return NULL;
    }
    struct hs_kafka_topic *last = &places[HS_KAFKA_TOPIC_WAYS - 1];
    if (last->handle != NULL)
        rd_kafka_topic_destroy(last->handle); /* its messages keep it as long as they need it */
    free(last->name);
    memmove(&places[1], &places[0], (HS_KAFKA_TOPIC_WAYS - 1) * sizeof(*places));
    places[0] = (struct hs_kafka_topic){text, name.size, handle};
    return handle;
}

/* ---- State ---- */

void hs_kafka_is_up(struct hs_kafka *kafka)
{
    if (kafka->txn != NULL && (!kafka->txn->resumed || kafka->txn->blocked))
        return;
    kafka->rebuilds = 0;
    kafka->refused_ns = 0;
    kafka->broker_error[0] = kafka->stuck[0] = '\0';
    if (kafka->sink.state != HS_SINK_UP)
        hs_sink_set_state(&kafka->sink, HS_SINK_UP, "", "");
}

void hs_kafka_ask(struct hs_kafka *kafka)
{
    if (kafka->stage == HS_KAFKA_OPEN)
        hs_kafka_helper_ask(&kafka->helper, kafka->rk);
}

static void hold(struct hs_kafka *kafka, const struct hs_failure *failure, const char *text)
{
    char detail[FATAL_TEXT_MAX + 128];
    snprintf(detail, sizeof(detail), "%s: %s", failure->words, text);
    hs_sink_set_state(&kafka->sink, HS_SINK_BLOCKED, failure->label, detail);
}

void hs_kafka_begin_connecting(struct hs_kafka *kafka, const char *label, const char *text)
{
    char brokers[HS_KAFKA_BROKERS_TEXT], detail[HS_KAFKA_BROKERS_TEXT + 384];
    if (kafka->sink.state == HS_SINK_BLOCKED)
        return;
    hs_kafka_config_brokers(kafka->options, brokers);
    snprintf(detail, sizeof(detail), "%s: %.120s%s%.200s", brokers, text,
             kafka->broker_error[0] != '\0' ? ": " : "", kafka->broker_error);
    hs_sink_set_state(&kafka->sink, HS_SINK_CONNECTING, label, detail);
}

static void fatal(struct hs_kafka *kafka)
{
    char text[FATAL_TEXT_MAX];
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(kafka->rk, text, sizeof(text));
    const struct hs_failure *failure = &hs_kafka_error(code)->failure;
    if (kafka->txn != NULL) {
        hs_kafka_txn_fatal(kafka->txn, code, text);
        return;
    }
    hs_log_limited(HS_LOG_WARN, "kafka_fatal", "the Kafka producer cannot go on and is rebuilt",
                   HS_F("sink", "%s", kafka->sink.name),
                   HS_F("error", "%s", rd_kafka_err2name(code)), HS_F("detail", "%s", text));
    if (failure->outcome == HS_BLOCKED) {
        hold(kafka, failure, text);
        kafka->refused_ns = hs_clock_monotonic_ns();
    }
    hs_kafka_rebuild(kafka, true);
}

/* A refused producer ends soon after it was opened. */
static bool is_refused(const struct hs_kafka *kafka)
{
    uint64_t quiet_ns = 2 * REBUILD_MOST_MS * UINT64_C(1000000);
    return kafka->refused_ns != 0 && hs_clock_monotonic_ns() - kafka->refused_ns < quiet_ns;
}

void hs_kafka_client_error(struct hs_kafka *kafka, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const char *text = rd_kafka_event_error_string(event);
    const struct hs_failure *failure = &hs_kafka_error(code)->failure;
    /* A refused producer reports that and not _FATAL, but cannot continue either. */
    if (code == RD_KAFKA_RESP_ERR__FATAL || rd_kafka_fatal_error(kafka->rk, NULL, 0) != 0) {
        fatal(kafka);
    } else if (failure->outcome == HS_BLOCKED) {
        hold(kafka, failure, text);
        after(kafka->on_ask, ASK_AGAIN_MS);
    } else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        hs_kafka_begin_connecting(kafka, failure->label, text);
        after(kafka->on_ask, ASK_AGAIN_MS);
    }
    /* One broker of several: librdkafka retries it by itself. Its message, such as "Connection
     * refused", is the reason once no broker is left. */
    else {
        snprintf(kafka->broker_error, sizeof(kafka->broker_error), "%s", text);
        snprintf(kafka->stuck, sizeof(kafka->stuck), "%s", text);
        if (!evtimer_pending(kafka->on_ask, NULL))
            after(kafka->on_ask, STUCK_MS);
    }
}

/* The state reports brokers that come and go: these lines are for debugging. */
void hs_kafka_client_log(struct hs_kafka *kafka, rd_kafka_event_t *event)
{
    static const char *const noise[] = {"FAIL",   "ERROR", "REQTMOUT",
                                        "GETPID", "FATAL", "TERMINATE"};
    const char *facility, *text;
    int level;
    if (rd_kafka_event_log(event, &facility, &text, &level) != 0)
        return;
    bool quiet = level > LOG_WARNING;
    for (size_t i = 0; i < HS_ARRAY_SIZE(noise); i++)
        quiet = quiet || strcmp(facility, noise[i]) == 0;
    if (strcmp(facility, "FAIL") == 0 || strcmp(facility, "REQTMOUT") == 0)
        snprintf(kafka->last_log, sizeof(kafka->last_log), "%s", text);
    if (quiet)
        hs_log(HS_LOG_DEBUG, "librdkafka", HS_F("sink", "%s", kafka->sink.name),
               HS_F("facility", "%s", facility), HS_F("text", "%s", text));
    else
        hs_log_limited(HS_LOG_WARN, "librdkafka", "librdkafka has a warning",
                       HS_F("sink", "%s", kafka->sink.name), HS_F("facility", "%s", facility),
                       HS_F("text", "%s", text));
}

/* ---- One producer ---- */

static int open_producer(struct hs_kafka *kafka)
{
    rd_kafka_conf_t *conf;
    int code = hs_kafka_config_make(kafka->options, kafka->next_alone > 0,
                                    kafka->txn != NULL ? kafka->txn->id : NULL, &conf);
    if (code < 0)
        return code;
    char text[FATAL_TEXT_MAX];
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    if (rk == NULL) {
        rd_kafka_conf_destroy(conf);
        bool invalid = rd_kafka_last_error() == RD_KAFKA_RESP_ERR__INVALID_ARG;
        hs_kafka_config_name_files(kafka->options, text, sizeof(text));
        return hs_fail(invalid ? -EINVAL : -EAGAIN, "cannot make a Kafka producer: %s", text);
    }
    static const uint64_t one = 1; /* the value an eventfd takes */
    kafka->rk = rk;
    kafka->queue = rd_kafka_queue_get_main(rk);
    HS_IGNORE(rd_kafka_set_log_queue(rk, kafka->queue)); /* fails only without log.queue */
    rd_kafka_queue_io_event_enable(kafka->queue, kafka->file, &one, sizeof(one));
    kafka->alone = kafka->next_alone;
    kafka->next_alone = 0;
    kafka->drop_at_end = kafka->announced = false;
    kafka->opened_ns = hs_clock_monotonic_ns();
    hs_kafka_set_stage(kafka, HS_KAFKA_OPEN);
    return 0;
}

/* Releases everything of the producer's except itself; the caller destroys it. */
static rd_kafka_t *let_go(struct hs_kafka *kafka)
{
    rd_kafka_t *rk = kafka->rk;
    if (rk == NULL)
        return NULL;
    forget_topics(kafka);
    rd_kafka_queue_io_event_enable(kafka->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(kafka->queue);
    kafka->queue = NULL;
    kafka->rk = NULL;
    hs_kafka_set_stage(kafka, HS_KAFKA_CLOSED);
    return rk;
}

void hs_kafka_rebuild(struct hs_kafka *kafka, bool at_once)
{
    if (kafka->stage == HS_KAFKA_CLOSED)
        return;
    hs_kafka_set_stage(kafka, HS_KAFKA_ENDING);
    kafka->drop_at_end = kafka->drop_at_end || at_once;
    hs_kafka_maybe_end(kafka);
}

void hs_kafka_maybe_end(struct hs_kafka *kafka)
{
    if (kafka->stage == HS_KAFKA_ENDING && (kafka->drop_at_end || kafka->sink.in_flight == 0))
        event_active(kafka->on_rebuild, EV_TIMEOUT, 0);
}

/* ---- Events of the loop ---- */

static void end_producer(struct hs_kafka *kafka)
{
    if (kafka->txn != NULL && hs_kafka_helper_is_working(&kafka->helper)) {
        after(kafka->on_rebuild, BURIAL_LOOK_MS); /* it uses this producer */
        return;
    }
    if (kafka->alone > 0 && kafka->next_alone == 0)
        kafka->next_alone = kafka->alone; /* not all were judged */
    uint64_t wait_ms = 0;
    if (kafka->drop_at_end)
        wait_ms = hs_sink_backoff_ms(kafka->rebuilds++, REBUILD_LEAST_MS, REBUILD_MOST_MS);
    if (kafka->txn != NULL && kafka->txn->fenced)
        wait_ms = HS_KAFKA_LOOK_MS;
    if (kafka->txn != NULL)
        hs_kafka_txn_ended(kafka->txn);
    hs_kafka_helper_bury(&kafka->helper, let_go(kafka));
    hs_kafka_forget(kafka);
    after(kafka->on_rebuild, wait_ms);
}

void hs_kafka_client_open_after(struct hs_kafka *kafka, uint64_t ms)
{
    HS_ASSERT(kafka->stage == HS_KAFKA_CLOSED);
    after(kafka->on_rebuild, ms);
}

static void start_connecting(struct hs_kafka *kafka)
{
    char brokers[HS_KAFKA_BROKERS_TEXT], detail[HS_KAFKA_BROKERS_TEXT + 64];
    hs_kafka_config_brokers(kafka->options, brokers);
    snprintf(detail, sizeof(detail), "%s: no broker has answered yet", brokers);
    hs_sink_set_state(&kafka->sink, HS_SINK_CONNECTING, "start", detail);
}

static void announce(struct hs_kafka *kafka)
{
    kafka->announced = true;
    if (kafka->sink.state == HS_SINK_STATE_COUNT ||
        (kafka->sink.state == HS_SINK_BLOCKED && strcmp(kafka->sink.reason, "no_client") == 0))
        start_connecting(kafka);
    if (kafka->txn != NULL) {
        hs_kafka_txn_start(kafka->txn); /* the owner continues after the cursor was read */
        return;
    }
    hs_kafka_ask(kafka);
    (void)kafka->sink.host.resume(kafka->sink.host.context, 0, 0);
}

static void begin_producer(struct hs_kafka *kafka)
{
    if (kafka->txn != NULL && !hs_kafka_txn_may_open(kafka->txn))
        return;
    struct hs_kafka_answer stale;
    HS_IGNORE(hs_kafka_helper_answer(&kafka->helper, &stale)); /* of the previous producer */
    if (open_producer(kafka) == 0) {
        announce(kafka);
        return;
    }
    /* A file that a property names may appear, and the other sinks continue meanwhile. */
    hs_sink_set_state(&kafka->sink, HS_SINK_BLOCKED, "no_client", hs_error_text());
    after(kafka->on_rebuild, REBUILD_MOST_MS);
}

static void on_rebuild(evutil_socket_t file, short what, void *context)
{
    struct hs_kafka *kafka = context;
    if (kafka->stage == HS_KAFKA_ENDING)
        end_producer(kafka);
    else if (kafka->stage == HS_KAFKA_OPEN && !kafka->announced)
        announce(kafka);
    else if (kafka->stage == HS_KAFKA_CLOSED && hs_kafka_helper_is_burying(&kafka->helper))
        after(kafka->on_rebuild, BURIAL_LOOK_MS);
    else if (kafka->stage == HS_KAFKA_CLOSED)
        begin_producer(kafka);
}

static void take_answer(struct hs_kafka *kafka)
{
    struct hs_kafka_answer answer;
    if (!hs_kafka_helper_answer(&kafka->helper, &answer) || kafka->stage != HS_KAFKA_OPEN)
        return;
    bool well = hs_kafka_watch_answered(kafka, &answer);
    if (well && !is_refused(kafka))
        hs_kafka_is_up(kafka);
    else if (kafka->sink.state != HS_SINK_UP)
        after(kafka->on_ask, ASK_AGAIN_MS);
}

static void on_file(evutil_socket_t file, short what, void *context)
{
    struct hs_kafka *kafka = context;
    uint64_t count;
    HS_IGNORE(read(file, &count, sizeof(count))); /* empty: an earlier read took it */
    take_answer(kafka);
    if (kafka->txn != NULL && hs_kafka_helper_finished(&kafka->helper))
        hs_kafka_txn_finished(kafka->txn);
    hs_kafka_drain(kafka);
}

static void on_later(evutil_socket_t file, short what, void *context)
{
    hs_kafka_drain(context);
}

static void on_ask(evutil_socket_t file, short what, void *context)
{
    hs_kafka_ask(context);
}

/* ---- Life ---- */

int hs_kafka_client_init(struct hs_kafka *kafka, const struct hs_sink_spec *spec)
{
    kafka->file = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (kafka->file < 0)
        return hs_fail_errno(errno, "cannot make an eventfd");
    kafka->on_file = event_new(spec->base, kafka->file, EV_READ | EV_PERSIST, on_file, kafka);
    kafka->on_later = event_new(spec->base, -1, 0, on_later, kafka);
    kafka->on_rebuild = event_new(spec->base, -1, 0, on_rebuild, kafka);
    kafka->on_ask = event_new(spec->base, -1, 0, on_ask, kafka);
    if (kafka->on_file == NULL || kafka->on_later == NULL || kafka->on_rebuild == NULL ||
        kafka->on_ask == NULL || event_add(kafka->on_file, NULL) < 0)
        return hs_fail(-ENOMEM, "cannot make the events of the sink %s", spec->name);
    /* Properties that can never work are refused here; the loop makes the producer. */
    rd_kafka_conf_t *conf;
    int code = hs_kafka_config_make(kafka->options, false, NULL, &conf);
    if (code < 0)
        return code;
    rd_kafka_conf_destroy(conf);
    code = hs_kafka_watch_init(kafka, spec);
    if (code == 0)
        code = hs_kafka_helper_start(&kafka->helper, kafka->file);
    if (code == 0)
        event_active(kafka->on_rebuild, EV_TIMEOUT, 0);
    return code;
}

void hs_kafka_client_close(struct hs_kafka *kafka)
{
    if (kafka->txn != NULL)
        hs_kafka_txn_close(kafka->txn);
    rd_kafka_t *rk = let_go(kafka);
    hs_kafka_helper_stop(&kafka->helper);
    if (rk != NULL)
        rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    struct event *events[] = {kafka->on_file, kafka->on_later, kafka->on_rebuild, kafka->on_ask,
                              kafka->on_watch};
    for (size_t i = 0; i < HS_ARRAY_SIZE(events); i++)
        if (events[i] != NULL)
            event_free(events[i]);
    if (kafka->file >= 0)
        close(kafka->file);
}
