/* How fast a sink takes a backlog: gives N events of 511 bytes with the headers that a Kafka
 * message of ours has, as fast as there is room, and waits until all are confirmed. Prints
 * events a second, CPU microseconds an event (of this whole process, making the parcels
 * included), and peak resident memory.
 *
 *     sink_drain kafka BROKER TOPIC [EVENTS [RATE [PROPERTY=VALUE]...]]
 *     sink_drain kafka_once BROKER TOPIC [EVENTS [RATE [PROPERTY=VALUE]...]]
 *     sink_drain redis URL STREAM [EVENTS [RATE]]
 *
 * kafka_once: in transactions of TRANSACTION_MESSAGES (from the environment, else 10000) or
 * 100 ms. RATE is in events a second, given every millisecond; 0, as it is without one: a backlog.
 */
#include <event2/event.h>
#include <hookstream/clock.h>
#include <hookstream/hash.h>
#include <hookstream/sink_kind.h>
#include "kafka/options.h"
#include "redis/options.h"
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#define BODY_BYTES 511u
#define EVENTS_DEFAULT 1000000u
#define TURN_EVENTS 1024u /* as the pump of delivery does */
#define PROPERTIES_MAX 16u

static struct event_base *base;
static struct hs_sink *sink;
static struct event *on_fill;
static const char *destination;
static uint64_t wanted, given, confirmed, failed, wakeups, rate, begin_ns;
static char body[BODY_BYTES + 1];
static const struct hs_redis_target target; /* begins as that of any kind */

static struct hs_message make_message(uint64_t sequence, char *id)
{
    snprintf(id, 33, "whk_%028llx", (unsigned long long)sequence);
    memcpy(body + 8, id, 32);
    struct hs_message message = {
        .destination = hs_slice_text(destination),
        .key = hs_slice(id, 32),
        .body = hs_slice(body, BODY_BYTES),
        .timestamp_ms = 1760000000000,
        .target = &target.target,
        .header_count = 5,
        .headers = {{HS_SLICE("webhook-id"), hs_slice(id, 32)},
                    {HS_SLICE("webhook-type"), HS_SLICE("queue.consumer.admitted")},
                    {HS_SLICE("webhook-timestamp"), HS_SLICE("2026-11-23T09:15:00.000Z")},
                    {HS_SLICE("organization-id"), HS_SLICE("org_01HXYZ8JK3M4N5P6Q7R8S9T0AB")},
                    {HS_SLICE("content-type"), HS_SLICE("application/json")}},
    };
    return message;
}

static bool is_redis;

/* How many may be given by now. */
static uint64_t due(void)
{
    if (rate == 0)
        return wanted;
    double seconds = (double)(hs_clock_monotonic_ns() - begin_ns) / 1e9;
    uint64_t count = (uint64_t)(seconds * (double)rate);
    return count < wanted ? count : wanted;
}

static void turn_again(void)
{
    static const struct timeval millisecond = {0, 1000};
    if (rate == 0)
        event_active(on_fill, EV_TIMEOUT, 0);
    else
        event_add(on_fill, &millisecond);
}

static void on_turn(evutil_socket_t file, short what, void *context)
{
    wakeups++;
    uint64_t most = due();
    for (unsigned i = 0; i < TURN_EVENTS && given < most; i++) {
        char id[33];
        struct hs_message message = make_message(given + 1, id);
        if (is_redis)
            message.header_count = 0;
        struct hs_parcel parcel = {given + 1, &message, 1};
        if (hs_sink_submit(sink, &parcel) == HS_SUBMIT_FULL) {
            hs_sink_push(sink);
            return;
        }
        given++;
    }
    hs_sink_push(sink);
    if (given < wanted)
        turn_again();
}

static void completed(void *context, uint64_t sequence, unsigned part, enum hs_outcome outcome,
                      const char *reason, const char *detail)
{
    confirmed++;
    if (outcome != HS_DELIVERED && failed++ == 0)
        fprintf(stderr, "%s: %s (%s)\n", hs_outcome_name(outcome), reason, detail);
    if (confirmed == wanted)
        event_base_loopbreak(base);
}

static void room(void *context)
{
    event_active(on_fill, EV_TIMEOUT, 0);
}

static struct rusage begin_usage;

static void state(void *context, enum hs_sink_state now, const char *reason, const char *detail)
{
    fprintf(stderr, "%s %s %s\n", hs_sink_state_name(now), reason, detail);
    if (now == HS_SINK_UP && begin_ns == 0) {
        begin_ns = hs_clock_monotonic_ns();
        getrusage(RUSAGE_SELF, &begin_usage);
        event_active(on_fill, EV_TIMEOUT, 0);
    }
}

static void resume(void *context, uint64_t position, uint64_t last)
{
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void report(void)
{
    double wall = (double)(hs_clock_monotonic_ns() - begin_ns) / 1e9;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime) -
                 seconds_of(begin_usage.ru_utime) - seconds_of(begin_usage.ru_stime);
    printf("%llu events, %llu failed: %.0f events/s, %.2f us CPU an event, %.1f MiB peak, "
           "%llu turns, %ld switches\n",
           (unsigned long long)wanted, (unsigned long long)failed, (double)wanted / wall,
           cpu / (double)wanted * 1e6, (double)usage.ru_maxrss / 1024, (unsigned long long)wakeups,
           usage.ru_nvcsw - begin_usage.ru_nvcsw);
}

int main(int count, char **arguments)
{
    if (count < 4) {
        fprintf(stderr, "usage: sink_drain kafka BROKER TOPIC [EVENTS [RATE [PROPERTY=VALUE]...]]\n"
                        "       sink_drain kafka_once BROKER TOPIC [EVENTS [RATE ...]]\n"
                        "       sink_drain redis URL STREAM [EVENTS [RATE]]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    static struct hs_pair properties[PROPERTIES_MAX];
    const char *brokers[] = {arguments[2]};
    struct hs_kafka_options options = {.sink.kind = HS_SINK_INDEX_kafka,
                                       .brokers = {.items = brokers, .count = 1},
                                       .properties = {.items = properties},
                                       .exactly_once = strcmp(arguments[1], "kafka_once") == 0,
                                       .cursor_topic = "hookstream-cursors",
                                       .transaction_messages = 10000,
                                       .transaction_ns = 100000000};
    struct hs_redis_options redis = {
        .sink.kind = HS_SINK_INDEX_redis, .url = arguments[2], .cursor_key = "bench:cursor"};
    const char *messages = getenv("TRANSACTION_MESSAGES");
    if (messages != NULL)
        options.transaction_messages = strtoull(messages, NULL, 10);
    is_redis = strcmp(arguments[1], "redis") == 0;
    destination = arguments[3];
    wanted = count > 4 ? strtoull(arguments[4], NULL, 10) : EVENTS_DEFAULT;
    rate = count > 5 ? strtoull(arguments[5], NULL, 10) : 0;
    for (int i = 6; i < count && options.properties.count < PROPERTIES_MAX; i++) {
        char *equals = strchr(arguments[i], '=');
        if (equals == NULL)
            return 2;
        *equals = '\0';
        properties[options.properties.count++] =
            (struct hs_pair){.name = arguments[i], .value = equals + 1};
    }
    memset(body, 'x', BODY_BYTES);
    memcpy(body, "{\"id\": \"", 8);
    for (size_t i = 40; i < BODY_BYTES; i++) /* compresses about as an event does */
        body[i] = "{\"type\":\"queue.consumer.admitted\",\"data\":{\"queueId\":\"que_"[i * 7 % 57];
    base = event_base_new();
    on_fill = event_new(base, -1, 0, on_turn, NULL);
    struct hs_sink_host host = {NULL, completed, room, state, resume};
    char identity[37];
    hs_random_uuid(identity);
    if (hs_sink_open(base, "bench", identity, is_redis ? &redis.sink : &options.sink, &host,
                     &sink) < 0) {
        fprintf(stderr, "%s\n", hs_error_text());
        return 1;
    }
    event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
    report();
    hs_sink_close(sink);
    event_free(on_fill);
    event_base_free(base);
    return failed == 0 ? 0 : 1;
}
