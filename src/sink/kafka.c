/* Kafka: an idempotent librdkafka producer in the sink's event loop. Delivery reports and
 * errors come through the producer's main queue, which makes an eventfd readable when it is
 * no longer empty. A message's sequence and part travel as its opaque, so that a message
 * needs no memory of its own here. After a fatal error the producer is made anew.
 *
 * A broker refuses a whole batch for one message in it that is too large or invalid, and
 * librdkafka then fails every message of the batch. So what comes back so is sent again one
 * message at a time, and only what is refused alone is refused for good. */
#include "kafka.h"

#include <event2/event.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The opaque: part in the low bits, sequence above. */
#define PART_BITS 5u
_Static_assert(HS_PARCEL_MESSAGES_MAX == 1u << PART_BITS, "a part fits the opaque");
_Static_assert(sizeof(uintptr_t) == 8, "a sequence fits the opaque");

#define TOPICS_MAX 256u  /* handles kept */
#define DRAIN_MAX 64u    /* events of the queue in one turn */
#define REPORTS_MAX 512u /* messages taken out of an event at once */
#define REFUSED_MAX 64u  /* messages that produce itself refused, until they are told */

struct refused {
    uint64_t sequence;
    unsigned part;
    rd_kafka_resp_err_t code;
};

struct kafka {
    struct hs_sink sink;
    rd_kafka_t *producer;
    rd_kafka_queue_t *queue;
    int file; /* eventfd of the queue */
    struct event *on_queue, *on_later;
    struct {
        char *name;
        rd_kafka_topic_t *handle;
    } topics[TOPICS_MAX];
    size_t topic_count, topic_turn;
    size_t in_flight;
    bool full;  /* a parcel was turned away; tell when there is room */
    bool begun; /* resume was told */
    /* Of a parcel that was taken in part before the queue was full: what is in already. */
    uint64_t partial_sequence;
    uint32_t partial_parts;
    struct refused refused[REFUSED_MAX];
    size_t refused_count;
    uint64_t alone_until; /* up to this sequence one message is in flight at a time */
    bool alone;           /* the one in flight was sent so */
    enum hs_sink_state state;
};

/* ---- States ---- */

static void set_state(struct kafka *kafka, enum hs_sink_state state, const char *reason,
                      const char *detail)
{
    if (kafka->state == state)
        return;
    kafka->state = state;
    kafka->sink.host.state(kafka->sink.host.context, state, reason, detail);
}

/* librdkafka's own lines: what matters of them arrives as errors, too. */
static void on_log(const rd_kafka_t *producer, int level, const char *facility, const char *text)
{
    hs_log_limited(level <= 4 ? HS_LOG_WARN : HS_LOG_DEBUG, "librdkafka", "librdkafka says",
                   HS_F("facility", "%s", facility), HS_F("text", "%s", text));
}

/* ---- The client ---- */

static int make_producer(struct kafka *kafka)
{
    rd_kafka_conf_t *conf;
    int code = hs_kafka_configure(kafka->sink.options, NULL, &conf);
    if (code < 0)
        return code;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
    rd_kafka_conf_set_log_cb(conf, on_log);
    char why[512];
    kafka->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (kafka->producer == NULL) {
        rd_kafka_conf_destroy(conf);
        return hs_fail(-EINVAL, "cannot make a Kafka producer: %s", why);
    }
    kafka->queue = rd_kafka_queue_get_main(kafka->producer);
    static const uint64_t one = 1;
    rd_kafka_queue_io_event_enable(kafka->queue, kafka->file, &one, sizeof(one));
    return 0;
}

static void drop_topics(struct kafka *kafka)
{
    for (size_t i = 0; i < kafka->topic_count; i++) {
        rd_kafka_topic_destroy(kafka->topics[i].handle);
        free(kafka->topics[i].name);
    }
    kafka->topic_count = 0;
}

static void *destroy(void *producer)
{
    rd_kafka_destroy(producer);
    return NULL;
}

/* Ends the producer; what is in flight is dropped, and is sent again from the journal. The
 * end itself joins threads that may be in a system call, so it gets a thread of its own,
 * which is waited for only at the end of the sink. */
static void drop_producer(struct kafka *kafka, bool wait)
{
    if (kafka->producer == NULL)
        return;
    drop_topics(kafka);
    rd_kafka_queue_io_event_enable(kafka->queue, -1, NULL, 0);
    rd_kafka_purge(kafka->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                        RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_queue_destroy(kafka->queue);
    pthread_t thread;
    if (wait || pthread_create(&thread, NULL, destroy, kafka->producer) != 0)
        rd_kafka_destroy(kafka->producer);
    else
        pthread_detach(thread);
    kafka->producer = NULL;
    kafka->queue = NULL;
    kafka->in_flight = 0;
    kafka->refused_count = 0;
    kafka->partial_parts = 0;
    kafka->partial_sequence = 0;
    kafka->full = kafka->alone = false;
}

/* A fatal error ends an idempotent producer for good: the next one begins where the cursor
 * is. */
static void rebuild(struct kafka *kafka)
{
    char why[512];
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(kafka->producer, why, sizeof(why));
    hs_log(HS_LOG_WARN,
           "the Kafka producer ended and is made anew; what was not confirmed is "
           "sent again",
           HS_F("sink", "%s", kafka->sink.name), HS_F("error", "%s", rd_kafka_err2name(fatal)),
           HS_F("detail", "%s", why));
    set_state(kafka, HS_SINK_CONNECTING, "fatal", why);
    drop_producer(kafka, false);
    if (make_producer(kafka) < 0) {
        /* It could be made before, so this is the system's limits: tried again. */
        hs_log_limited(HS_LOG_ERROR, "kafka_rebuild", "cannot make a Kafka producer; trying again",
                       HS_F("error", "%s", hs_error_text()));
        struct timeval second = {1, 0};
        evtimer_add(kafka->on_later, &second);
        return;
    }
    kafka->sink.host.resume(kafka->sink.host.context, 0);
}

/* ---- Producing ---- */

static rd_kafka_topic_t *find_topic(struct kafka *kafka, struct hs_slice name)
{
    for (size_t i = 0; i < kafka->topic_count; i++)
        if (hs_slice_equal(hs_slice_text(kafka->topics[i].name), name))
            return kafka->topics[i].handle;
    HS_AUTO_FREE char *text = hs_slice_dup(name);
    rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka->producer, text, NULL);
    if (handle == NULL)
        return NULL;
    size_t at = kafka->topic_count;
    if (at == TOPICS_MAX) {
        /* More topics than places: each in turn makes room. A handle in use lives on. */
        at = kafka->topic_turn++ % TOPICS_MAX;
        rd_kafka_topic_destroy(kafka->topics[at].handle);
        free(kafka->topics[at].name);
    } else {
        kafka->topic_count++;
    }
    kafka->topics[at].name = hs_slice_dup(name);
    kafka->topics[at].handle = handle;
    return handle;
}

static rd_kafka_headers_t *make_headers(const struct hs_message *message)
{
    if (message->header_count == 0)
        return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(message->header_count);
    for (size_t i = 0; i < message->header_count; i++) {
        const struct hs_header *header = &message->headers[i];
        /* Fails only without memory or for a NULL name. */
        (void)rd_kafka_header_add(headers, header->name.data, (ssize_t)header->name.size,
                                  header->value.data, (ssize_t)header->value.size);
    }
    return headers;
}

static rd_kafka_resp_err_t produce(struct kafka *kafka, uint64_t sequence,
                                   const struct hs_message *message)
{
    rd_kafka_topic_t *topic = find_topic(kafka, message->destination);
    if (topic == NULL)
        return rd_kafka_last_error();
    void *opaque = (void *)(uintptr_t)(sequence << PART_BITS | message->part);
    rd_kafka_headers_t *headers = make_headers(message);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        kafka->producer, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)message->body.data, message->body.size),
        RD_KAFKA_V_KEY(message->key.data, message->key.size),
        RD_KAFKA_V_TIMESTAMP((int64_t)message->timestamp_ms), RD_KAFKA_V_OPAQUE(opaque),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && headers != NULL)
        rd_kafka_headers_destroy(headers);
    return code;
}

/* Completions are never told from within submit: they are noted and told in a turn of their
 * own. */
static void note_refused(struct kafka *kafka, uint64_t sequence, unsigned part,
                         rd_kafka_resp_err_t code)
{
    kafka->refused[kafka->refused_count++] = (struct refused){sequence, part, code};
    event_active(kafka->on_later, EV_TIMEOUT, 0);
}

static enum hs_submit kafka_submit(struct hs_sink *sink, const struct hs_parcel *parcel)
{
    struct kafka *kafka = (struct kafka *)sink;
    uint32_t done = kafka->partial_sequence == parcel->sequence ? kafka->partial_parts : 0;
    for (size_t i = 0; i < parcel->count; i++) {
        const struct hs_message *message = &parcel->messages[i];
        if (done >> message->part & 1)
            continue;
        bool alone = parcel->sequence <= kafka->alone_until;
        bool room = kafka->producer != NULL && kafka->refused_count < REFUSED_MAX &&
                    !((alone || kafka->alone) && kafka->in_flight > 0);
        rd_kafka_resp_err_t code =
            room ? produce(kafka, parcel->sequence, message) : RD_KAFKA_RESP_ERR__QUEUE_FULL;
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            kafka->partial_sequence = parcel->sequence;
            kafka->partial_parts = done;
            kafka->full = true;
            return HS_SUBMIT_FULL;
        }
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            note_refused(kafka, parcel->sequence, message->part, code);
        kafka->in_flight++;
        kafka->alone = alone;
        done |= (uint32_t)1 << message->part;
    }
    kafka->partial_sequence = 0;
    kafka->partial_parts = 0;
    return HS_SUBMIT_ACCEPTED;
}

/* ---- Completing ---- */

static void complete(struct kafka *kafka, uint64_t sequence, unsigned part,
                     rd_kafka_resp_err_t code, enum hs_outcome outcome)
{
    const struct hs_error_class *class = hs_kafka_classify(code);
    char detail[256] = "";
    if (outcome != HS_DELIVERED)
        snprintf(detail, sizeof(detail), "%s%s%s", rd_kafka_err2str(code),
                 class->advice[0] != '\0' ? "; " : "", class->advice);
    kafka->in_flight--;
    kafka->sink.host.completed(kafka->sink.host.context, sequence, part, outcome, class->reason,
                               detail);
}

/* A message that the broker refused may only have been in bad company. */
static enum hs_outcome judge(struct kafka *kafka, uint64_t sequence, rd_kafka_resp_err_t code)
{
    enum hs_outcome outcome = hs_kafka_classify(code)->outcome;
    if (outcome != HS_PERMANENT || kafka->alone)
        return outcome;
    if (sequence > kafka->alone_until)
        kafka->alone_until = sequence;
    return HS_TRANSIENT;
}

static void take_reports(struct kafka *kafka, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *reports[REPORTS_MAX];
    size_t count;
    while ((count = rd_kafka_event_message_array(event, reports, REPORTS_MAX)) > 0) {
        for (size_t i = 0; i < count; i++) {
            uint64_t opaque = (uint64_t)(uintptr_t)reports[i]->_private;
            if (reports[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR)
                set_state(kafka, HS_SINK_UP, "", "");
            uint64_t sequence = opaque >> PART_BITS;
            complete(kafka, sequence, opaque & (HS_PARCEL_MESSAGES_MAX - 1), reports[i]->err,
                     judge(kafka, sequence, reports[i]->err));
        }
    }
}

/* Says whether any broker is in touch; there is no other way to hear that one came back
 * while nothing is sent. */
static void take_statistics(struct kafka *kafka, const char *json)
{
    if (strstr(json, "\"state\":\"UP\"") != NULL)
        set_state(kafka, HS_SINK_UP, "", "");
    else if (kafka->state == HS_SINK_UP)
        set_state(kafka, HS_SINK_CONNECTING, "no_broker", "no broker is in touch");
}

/* false: the producer is gone, and its queue with it. */
static bool take_error(struct kafka *kafka, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        rd_kafka_event_destroy(event);
        rebuild(kafka);
        return false;
    }
    const struct hs_error_class *class = hs_kafka_classify(code);
    if (class->outcome == HS_HELD)
        set_state(kafka, HS_SINK_HOLDING, class->reason, rd_kafka_event_error_string(event));
    else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        set_state(kafka, HS_SINK_CONNECTING, class->reason, rd_kafka_event_error_string(event));
    rd_kafka_event_destroy(event);
    return true;
}

static void tell_room(struct kafka *kafka)
{
    if (!kafka->full || kafka->producer == NULL)
        return;
    kafka->full = false;
    kafka->sink.host.room(kafka->sink.host.context);
}

static void drain(struct kafka *kafka)
{
    for (unsigned i = 0; i < DRAIN_MAX && kafka->queue != NULL; i++) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(kafka->queue, 0);
        if (event == NULL)
            break;
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) {
            if (!take_error(kafka, event))
                return;
            continue;
        }
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
            take_reports(kafka, event);
        else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_STATS)
            take_statistics(kafka, rd_kafka_event_stats(event));
        rd_kafka_event_destroy(event);
        if (i + 1 == DRAIN_MAX)
            event_active(kafka->on_later, EV_TIMEOUT, 0);
    }
    tell_room(kafka);
}

static void on_queue(evutil_socket_t file, short what, void *context)
{
    struct kafka *kafka = context;
    uint64_t count;
    ssize_t size = read(kafka->file, &count, sizeof(count)); /* nothing there is fine */
    (void)size;
    drain(kafka);
}

/* The first resume, refused messages, a queue that was not drained to its end, and a
 * producer that could not be made. */
static void on_later(evutil_socket_t file, short what, void *context)
{
    struct kafka *kafka = context;
    if (!kafka->begun) {
        kafka->begun = true;
        kafka->sink.host.resume(kafka->sink.host.context, 0);
    }
    if (kafka->producer == NULL) {
        if (make_producer(kafka) == 0) {
            kafka->sink.host.resume(kafka->sink.host.context, 0);
        } else {
            struct timeval second = {1, 0};
            evtimer_add(kafka->on_later, &second);
        }
        return;
    }
    while (kafka->refused_count > 0) {
        struct refused refused = kafka->refused[0];
        memmove(kafka->refused, kafka->refused + 1,
                --kafka->refused_count * sizeof(kafka->refused[0]));
        /* What produce itself refuses was looked at on its own. */
        complete(kafka, refused.sequence, refused.part, refused.code,
                 hs_kafka_classify(refused.code)->outcome);
    }
    drain(kafka);
}

/* ---- Life ---- */

static void kafka_close(struct hs_sink *sink)
{
    struct kafka *kafka = (struct kafka *)sink;
    if (kafka->on_queue != NULL)
        event_free(kafka->on_queue);
    if (kafka->on_later != NULL)
        event_free(kafka->on_later);
    drop_producer(kafka, true);
    if (kafka->file >= 0)
        close(kafka->file);
    free(kafka);
}

static int kafka_open(struct hs_sink *common, const char *identity, struct hs_sink **ret_sink)
{
    struct kafka *kafka = hs_alloc(sizeof(*kafka));
    kafka->sink = *common;
    kafka->state = HS_SINK_CONNECTING;
    kafka->file = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int code = kafka->file < 0 ? hs_fail_errno(errno, "cannot make an eventfd") : 0;
    if (code == 0)
        code = make_producer(kafka);
    if (code == 0) {
        kafka->on_queue =
            event_new(common->base, kafka->file, EV_READ | EV_PERSIST, on_queue, kafka);
        kafka->on_later = evtimer_new(common->base, on_later, kafka);
        if (kafka->on_queue == NULL || kafka->on_later == NULL ||
            event_add(kafka->on_queue, NULL) < 0)
            code = hs_fail(-ENOMEM, "cannot make the events of the sink %s", common->name);
    }
    if (code < 0) {
        kafka_close(&kafka->sink);
        return code;
    }
    /* librdkafka queues while no broker is in touch, so parcels are welcome at once. */
    event_active(kafka->on_later, EV_TIMEOUT, 0);
    *ret_sink = &kafka->sink;
    return 0;
}

static size_t kafka_in_flight(const struct hs_sink *sink)
{
    return ((const struct kafka *)sink)->in_flight;
}

static void kafka_check(struct hs_config *config, const char *name,
                        const struct hs_sink_options *options)
{
    rd_kafka_conf_t *conf;
    const struct hs_node *brokers = hs_node_get(options->node, "brokers");
    /* That it is missing was said already. */
    if (brokers != NULL && options->brokers.count == 0)
        hs_config_error(config, brokers,
                        "sink `%s` needs at least one broker, such as [kafka:9092]", name);
    if (hs_kafka_configure(options, config, &conf) < 0)
        hs_config_error(config, options->node, "sink `%s`: %s", name, hs_error_text());
    else
        rd_kafka_conf_destroy(conf);
}

const struct hs_sink_type hs_kafka_type = {
    .open = kafka_open,
    .submit = kafka_submit,
    .in_flight = kafka_in_flight,
    .close = kafka_close,
    .check = kafka_check,
};
