/* Sender: one event loop; each connection carries one request at a time. Of an answer it parses
 * only the status and the length of the body to skip. */
#include "sender.h"
#include "connect.h"

#include <errno.h>
#include <event2/event.h>
#include <hookstream/buffer.h>
#include <hookstream/clock.h>
#include <hookstream/hash.h>
#include <hookstream/source.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX (HS_SENDER_BODY_MAX + (1u << 20))
#define ANSWER_MAX 16384u
#define PATIENCE_NS (35 * HS_NS_PER_SECOND) /* the provider times out after 30 s */
#define TICK_US 500
#define PROBE_MS 5000u
#define CONNECT_FAILURES_MAX 3u

struct sender;

struct link {
    struct sender *sender;
    int file;
    struct event *on_io;
    short watching; /* EV_READ or EV_WRITE */
    bool busy, connected;
    char id[40];
    uint64_t due_ns;
    struct hs_buffer request;
    size_t request_done;
    char answer[ANSWER_MAX];
    size_t answer_size;
};

struct sender {
    const struct hs_sender_options *options;
    struct hs_sender_result *result;
    const struct addrinfo *address; /* that is connected to */
    struct event_base *base;
    struct event *on_tick;
    struct link *links;
    uint64_t begun_ns, next, run_tag, random, said_ns, said_count;
    unsigned connect_failures;
    bool stopping;
};

/* ---- Latencies: 64 buckets per power of two ---- */

static size_t bucket_of(uint64_t ns)
{
    uint64_t us = ns / 1000;
    if (us < 64)
        return (size_t)us;
    unsigned shift = 63u - (unsigned)__builtin_clzll(us) - 6u;
    size_t bucket = (size_t)(shift + 1) * 64 + (size_t)((us >> shift) & 63);
    return bucket < HS_SENDER_LATENCIES ? bucket : HS_SENDER_LATENCIES - 1;
}

static uint64_t bucket_ns(size_t bucket)
{
    if (bucket < 64)
        return (bucket + 1) * 1000;
    unsigned shift = (unsigned)(bucket / 64) - 1;
    return ((UINT64_C(64) + bucket % 64 + 1) << shift) * 1000;
}

uint64_t hs_sender_percentile(const struct hs_sender_result *result, double part)
{
    uint64_t total = 0, seen = 0;
    for (size_t i = 0; i < HS_SENDER_LATENCIES; i++)
        total += result->latencies[i];
    for (size_t i = 0; i < HS_SENDER_LATENCIES; i++) {
        seen += result->latencies[i];
        if (total > 0 && (double)seen >= part * (double)total)
            return bucket_ns(i) < result->slowest_ns ? bucket_ns(i) : result->slowest_ns;
    }
    return result->slowest_ns;
}

/* ---- One request ---- */

static void make_body(struct link *link, uint64_t now_ns, struct hs_buffer *body)
{
    struct sender *sender = link->sender;
    const struct hs_sender_options *options = sender->options;
    struct hs_slice own = options->body, id = options->body_id;
    if (options->type_count > 0) {
        hs_catalogue_sample(options->types[sender->next % options->type_count], HS_SAMPLE_VARIED,
                            hs_slice_text(link->id), now_ns, &sender->random, body);
    } else if (id.size == 0) {
        hs_buffer_append_slice(body, own);
        snprintf(link->id, sizeof(link->id), "-");
    } else {
        const char *after = id.data + id.size;
        hs_buffer_append(body, own.data, (size_t)(id.data - own.data));
        hs_buffer_printf(body, "\"%s\"", link->id);
        hs_buffer_append(body, after, (size_t)(own.data + own.size - after));
    }
}

static void make_request(struct link *link)
{
    struct sender *sender = link->sender;
    const struct hs_sender_options *options = sender->options;
    uint64_t now_ns = hs_clock_wall_ns();
    char delivery[32], timestamp[24], signature[HS_SIGNATURE_MAX] = "";
    snprintf(delivery, sizeof(delivery), "%016llX%08llX", (unsigned long long)sender->run_tag,
             (unsigned long long)sender->next);
    snprintf(link->id, sizeof(link->id), "whk_%s", delivery);
    int digits = snprintf(timestamp, sizeof(timestamp), "%llu",
                          (unsigned long long)(now_ns / HS_NS_PER_SECOND));
    char place[HS_ADDRESS_TEXT];
    hs_address_print_host_field(options->host, options->port, place);
    struct hs_buffer body;
    hs_buffer_init(&body, REQUEST_MAX);
    make_body(link, now_ns, &body);
    const struct hs_scheme *scheme = options->scheme;
    int code = hs_sign(scheme, options->secret, hs_slice(timestamp, (size_t)digits),
                       hs_buffer_slice(&body), signature);
    hs_buffer_clear(&link->request);
    hs_buffer_printf(&link->request,
                     "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
                     "%.*s: %s\r\n",
                     options->path, place, HS_SLICE_ARG(scheme->signature), signature);
    if (scheme->timestamp.size > 0)
        hs_buffer_printf(&link->request, "%.*s: %s\r\n", HS_SLICE_ARG(scheme->timestamp),
                         timestamp);
    if (scheme->write_headers != NULL)
        scheme->write_headers(delivery, &link->request);
    hs_buffer_printf(&link->request, "Content-Length: %zu\r\n\r\n", body.size);
    hs_buffer_append_slice(&link->request, hs_buffer_slice(&body));
    HS_ASSERT(code == 0 && hs_buffer_status(&body) == 0 && hs_buffer_status(&link->request) == 0);
    hs_buffer_free(&body);
}

static void note(struct link *link, unsigned status)
{
    struct sender *sender = link->sender;
    struct hs_sender_result *result = sender->result;
    uint64_t took = hs_clock_monotonic_ns() - link->due_ns;
    if (status == 0) {
        result->lost++;
    } else {
        result->answered++;
        result->statuses[status < 600 ? status : 599]++;
        result->latencies[bucket_of(took)]++;
        if (took > result->slowest_ns)
            result->slowest_ns = took;
    }
    if (sender->options->ledger != NULL)
        fprintf(sender->options->ledger, "%s %u %llu\n", link->id, status,
                (unsigned long long)(took / 1000));
    link->busy = false;
}

static void watch(struct link *link, short what);
static void begin(struct link *link, uint64_t due_ns);
static void go_on(struct link *link);

static void hang_up(struct link *link)
{
    if (link->on_io != NULL)
        event_free(link->on_io);
    link->on_io = NULL;
    if (link->file >= 0)
        close(link->file);
    link->file = -1;
    link->connected = false;
    link->watching = 0;
}

/* The connection is unusable; its current request got no answer. `error` is 0 if the peer closed
 * it. */
static void fail(struct link *link, int error)
{
    struct sender *sender = link->sender;
    char place[HS_ADDRESS_TEXT], *why = sender->result->why;
    hs_address_print(sender->options->host, sender->options->port, place);
    if (why[0] == '\0' && link->busy)
        snprintf(why, sizeof(sender->result->why), "%s %s: %s",
                 link->connected ? "asked" : "cannot connect to", place,
                 error == 0 ? "it closed the connection without an answer" : strerror(error));
    if (!link->connected && ++sender->connect_failures >= CONNECT_FAILURES_MAX &&
        sender->result->answered == 0) {
        sender->stopping = true;
        event_base_loopbreak(sender->base);
    }
    hang_up(link);
    if (link->busy)
        note(link, 0);
}

/* ---- Answers ---- */

static size_t body_length(const char *head, size_t size)
{
    static const char name[] = "\r\ncontent-length:";
    for (size_t i = 0; i + sizeof(name) < size; i++) {
        if (strncasecmp(head + i, name, sizeof(name) - 1) != 0)
            continue;
        return (size_t)strtoul(head + i + sizeof(name) - 1, NULL, 10);
    }
    return 0;
}

/* Returns true if the whole answer has arrived and was recorded. */
static bool take_answer(struct link *link)
{
    link->answer[link->answer_size] = '\0';
    const char *end = strstr(link->answer, "\r\n\r\n");
    if (end == NULL || link->answer_size < 12)
        return false;
    size_t head = (size_t)(end - link->answer) + 4;
    if (link->answer_size < head + body_length(link->answer, head))
        return false;
    unsigned status = (unsigned)strtoul(link->answer + 9, NULL, 10);
    bool closes = strcasestr(link->answer, "\r\nconnection: close") != NULL ||
                  link->request_done < link->request.size;
    note(link, status);
    if (closes)
        hang_up(link);
    return true;
}

static void read_answer(struct link *link)
{
    ssize_t got =
        recv(link->file, link->answer + link->answer_size, ANSWER_MAX - 1 - link->answer_size, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        fail(link, got < 0 ? errno : 0);
        return;
    }
    link->answer_size += (size_t)got;
    if (link->busy && take_answer(link))
        go_on(link);
}

static void write_request(struct link *link)
{
    if (!link->connected) {
        int error = 0;
        socklen_t size = sizeof(error);
        getsockopt(link->file, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            fail(link, error);
            return;
        }
        link->connected = true;
    }
    ssize_t put = send(link->file, link->request.data + link->request_done,
                       link->request.size - link->request_done, MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN && errno != EINTR) {
        watch(link, EV_READ); /* a body that is too large is answered before all of it was sent */
        return;
    }
    link->request_done += put > 0 ? (size_t)put : 0;
    watch(link, link->request_done < link->request.size ? EV_WRITE : EV_READ);
}

static void on_io(evutil_socket_t file, short what, void *context)
{
    struct link *link = context;
    if (what & EV_WRITE)
        write_request(link);
    else
        read_answer(link);
}

static void watch(struct link *link, short what)
{
    if (link->watching == what)
        return;
    if (link->on_io != NULL)
        event_free(link->on_io);
    link->on_io =
        event_new(link->sender->base, link->file, (short)(what | EV_PERSIST), on_io, link);
    HS_ASSERT(link->on_io != NULL && event_add(link->on_io, NULL) == 0);
    link->watching = what;
}

/* ---- Starting requests ---- */

static int open_link(struct link *link)
{
    const struct addrinfo *address = link->sender->address;
    link->file = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->file < 0)
        return -errno;
    int one = 1;
    setsockopt(link->file, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(link->file, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS)
        return -errno;
    return 0;
}

static void begin(struct link *link, uint64_t due_ns)
{
    struct sender *sender = link->sender;
    link->busy = true;
    link->due_ns = due_ns;
    link->request_done = link->answer_size = 0;
    make_request(link);
    sender->next++;
    sender->result->sent++;
    if (link->file < 0 && open_link(link) < 0) {
        fail(link, errno);
        return;
    }
    if (!link->connected)
        watch(link, EV_WRITE);
    else
        write_request(link);
}

/* When the next request is due: with a rate, by the clock alone. */
static uint64_t due_of(const struct sender *sender, uint64_t number)
{
    return sender->begun_ns + number * HS_NS_PER_SECOND / sender->options->rate;
}

/* The link is idle: starts the next request if there is one and it is due. */
static void go_on(struct link *link)
{
    struct sender *sender = link->sender;
    if (sender->stopping || sender->next >= sender->options->count)
        return;
    uint64_t now = hs_clock_monotonic_ns();
    if (sender->options->rate == 0)
        begin(link, now);
    else if (due_of(sender, sender->next) <= now)
        begin(link, due_of(sender, sender->next));
}

static void say_progress(struct sender *sender, uint64_t now)
{
    if (!sender->options->progress || now - sender->said_ns < HS_NS_PER_SECOND)
        return;
    uint64_t answered = sender->result->answered;
    fprintf(stderr, "\r%llu of %llu answered, %llu/s ", (unsigned long long)answered,
            (unsigned long long)sender->options->count,
            (unsigned long long)((answered - sender->said_count) * HS_NS_PER_SECOND /
                                 (now - sender->said_ns)));
    sender->said_ns = now;
    sender->said_count = answered;
}

static void on_tick(evutil_socket_t file, short what, void *context)
{
    struct sender *sender = context;
    uint64_t now = hs_clock_monotonic_ns();
    bool busy = false;
    for (uint64_t i = 0; i < sender->options->connections && !sender->stopping; i++) {
        struct link *link = &sender->links[i];
        if (link->busy && now > link->due_ns + PATIENCE_NS)
            fail(link, ETIMEDOUT);
        if (!link->busy)
            go_on(link);
        busy = busy || link->busy;
    }
    say_progress(sender, now);
    if (!busy && sender->next >= sender->options->count)
        event_base_loopbreak(sender->base);
}

/* ---- The whole ---- */

/* Of several addresses the first that accepts connections; if none does, the first is reported. */
static void choose_address(struct sender *sender, const struct addrinfo *list)
{
    sender->address = list;
    if (list->ai_next == NULL)
        return;
    int file = hs_connect_any(list, PROBE_MS, &sender->address);
    if (file >= 0)
        close(file);
}

static int run_loop(struct sender *sender)
{
    sender->base = event_base_new();
    if (sender->base == NULL)
        return hs_fail(-ENOMEM, "cannot create an event loop");
    sender->links = hs_alloc_array(sender->options->connections, sizeof(*sender->links));
    for (uint64_t i = 0; i < sender->options->connections; i++) {
        sender->links[i] = (struct link){.sender = sender, .file = -1};
        hs_buffer_init(&sender->links[i].request, REQUEST_MAX);
    }
    sender->on_tick = event_new(sender->base, -1, EV_PERSIST, on_tick, sender);
    struct timeval tick = {0, TICK_US};
    if (sender->on_tick == NULL || event_add(sender->on_tick, &tick) < 0)
        return hs_fail(-ENOMEM, "cannot create a timer");
    sender->begun_ns = sender->said_ns = hs_clock_monotonic_ns();
    on_tick(-1, 0, sender);
    event_base_dispatch(sender->base);
    sender->result->nanoseconds = hs_clock_monotonic_ns() - sender->begun_ns;
    if (sender->options->progress && sender->said_count > 0)
        fputc('\n', stderr);
    if (!sender->stopping)
        return 0;
    char place[HS_ADDRESS_TEXT];
    hs_address_print(sender->options->host, sender->options->port, place);
    return hs_fail(-ECONNREFUSED, "cannot connect to %s; is hookstream running?", place);
}

int hs_sender_run(const struct hs_sender_options *options, struct hs_sender_result *ret_result)
{
    *ret_result = (struct hs_sender_result){0};
    struct sender sender = {.options = options, .result = ret_result, .random = options->seed};
    hs_random_bytes(&sender.run_tag, sizeof(sender.run_tag));
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    char port[8];
    snprintf(port, sizeof(port), "%u", (unsigned)options->port);
    struct addrinfo *found;
    int code = getaddrinfo(options->host, port, &hints, &found);
    if (code != 0)
        return hs_fail(-EHOSTUNREACH, "%s: %s", options->host, gai_strerror(code));
    choose_address(&sender, found);
    code = run_loop(&sender);
    for (uint64_t i = 0; sender.links != NULL && i < options->connections; i++) {
        hang_up(&sender.links[i]);
        hs_buffer_free(&sender.links[i].request);
    }
    if (sender.on_tick != NULL)
        event_free(sender.on_tick);
    if (sender.base != NULL)
        event_base_free(sender.base);
    freeaddrinfo(found);
    free(sender.links);
    return code;
}
