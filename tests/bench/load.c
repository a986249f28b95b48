/* load: an independent load generator for the benchmarks. Signs all requests before it
 * begins, so that while it measures it only writes and reads; every event has an id of its
 * own. One thread, epoll, one request at a time a connection.
 *
 *   load PORT PATH SECRET BODY_FILE CONNECTIONS COUNT [RATE]
 *
 * Without RATE each connection sends its next request when the last was answered (closed
 * loop). With RATE requests are due by the clock, and latency counts from when one was due
 * (open loop): a server that stalls cannot hide it. Prints one line of JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX 2048
#define ID_SIZE 15 /* hex digits after "whk_" */

struct link {
    int file;
    int busy;
    uint64_t due_ns;
    char answer[1024];
    size_t answer_size;
};

struct request {
    uint32_t offset, size;
};

static char *arena;
static struct request *requests;
static uint64_t *latencies;
static uint64_t count, sent, answered, good;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void sign(const char *secret, const char *stamp, const char *body, size_t body_size,
                 char hex[65])
{
    unsigned char digest[32];
    unsigned size;
    char text[REQUEST_MAX];
    int length = snprintf(text, sizeof(text), "%s.%.*s", stamp, (int)body_size, body);
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)text, (size_t)length, digest,
         &size);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static char *read_body(const char *path, size_t *ret_size)
{
    static char body[REQUEST_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        die(path);
    *ret_size = fread(body, 1, sizeof(body) - 1, file);
    fclose(file);
    return body;
}

/* All requests in one block, each signed now. */
static void prepare(const char *port, const char *path, const char *secret, const char *body_path)
{
    size_t body_size;
    char *body = read_body(body_path, &body_size), stamp[24], hex[65];
    char *id = strstr(body, "\"whk_");
    if (id == NULL) {
        fprintf(stderr, "%s has no id that begins with whk_\n", body_path);
        exit(1);
    }
    id += 5;
    uint64_t run;
    if (getrandom(&run, sizeof(run), 0) != sizeof(run))
        die("getrandom");
    snprintf(stamp, sizeof(stamp), "%lld", (long long)time(NULL));
    arena = malloc(count * (body_size + 400));
    requests = malloc(count * sizeof(*requests));
    latencies = malloc(count * sizeof(*latencies));
    if (arena == NULL || requests == NULL || latencies == NULL)
        die("malloc");
    uint64_t at = 0;
    for (uint64_t i = 0; i < count; i++) {
        char text[32];
        snprintf(text, sizeof(text), "%07llX%08llX", (unsigned long long)(run & 0xfffffff),
                 (unsigned long long)i);
        memcpy(id, text, ID_SIZE);
        sign(secret, stamp, body, body_size, hex);
        int size = sprintf(arena + at,
                           "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n"
                           "Content-Type: application/json\r\nUser-Agent: Fanfare-Webhooks/1.0\r\n"
                           "X-Fanfare-Signature: sha256=%s\r\nX-Fanfare-Timestamp: %s\r\n"
                           "X-Fanfare-Retry-Count: 0\r\nContent-Length: %zu\r\n\r\n%.*s",
                           path, port, hex, stamp, body_size, (int)body_size, body);
        if (at + (uint64_t)size > UINT32_MAX) {
            fprintf(stderr, "too many events for one run: at most %llu\n", (unsigned long long)i);
            exit(1);
        }
        requests[i] = (struct request){(uint32_t)at, (uint32_t)size};
        at += (uint64_t)size;
    }
}

static void open_link(struct link *link, int epoll, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    link->file = socket(AF_INET, SOCK_STREAM, 0);
    if (link->file < 0 || connect(link->file, (struct sockaddr *)&address, sizeof(address)) < 0)
        die("connect");
    int one = 1;
    setsockopt(link->file, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    fcntl(link->file, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, link->file, &event) < 0)
        die("epoll_ctl");
}

static void begin(struct link *link, uint64_t due)
{
    const struct request *request = &requests[sent++];
    link->busy = 1;
    link->due_ns = due;
    link->answer_size = 0;
    /* A request fits any socket buffer that was empty. */
    if (send(link->file, arena + request->offset, request->size, MSG_NOSIGNAL) != request->size)
        die("send");
}

/* 1: an answer is whole. */
static int take(struct link *link)
{
    ssize_t got = recv(link->file, link->answer + link->answer_size,
                       sizeof(link->answer) - 1 - link->answer_size, 0);
    if (got <= 0 && errno != EAGAIN)
        die("recv");
    if (got > 0)
        link->answer_size += (size_t)got;
    link->answer[link->answer_size] = '\0';
    if (strstr(link->answer, "\r\n\r\n") == NULL)
        return 0;
    good += link->answer[9] == '2';
    if (link->answer[9] != '2' && answered == good)
        fprintf(stderr, "first answer that is no 2xx: %.200s\n", link->answer);
    latencies[answered++] = now_ns() - link->due_ns;
    link->busy = 0;
    return 1;
}

static int compare(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

static double ms(double part)
{
    uint64_t at = (uint64_t)(part * (double)(answered - 1));
    return (double)latencies[at] / 1e6;
}

static void run(struct link *links, int connections, int epoll, double rate)
{
    uint64_t begun = now_ns();
    struct epoll_event events[512];
    int *idle = malloc(sizeof(int) * (size_t)connections), idle_count = 0;
    for (int i = 0; i < connections; i++) {
        if (rate == 0 && sent < count)
            begin(&links[i], now_ns());
        else
            idle[idle_count++] = i;
    }
    while (answered < count) {
        uint64_t now = now_ns();
        while (rate > 0 && idle_count > 0 && sent < count) {
            uint64_t due = begun + (uint64_t)((double)sent / rate * 1e9);
            if (due > now)
                break;
            begin(&links[idle[--idle_count]], due);
        }
        int ready = epoll_wait(epoll, events, 512, rate > 0 ? 0 : 1000);
        if (rate > 0 && ready == 0) {
            struct timespec pause = {0, 20000};
            nanosleep(&pause, NULL);
        }
        for (int i = 0; i < ready; i++) {
            struct link *link = events[i].data.ptr;
            if (!link->busy || !take(link))
                continue;
            if (rate == 0 && sent < count)
                begin(link, now_ns());
            else if (rate > 0)
                idle[idle_count++] = (int)(link - links);
        }
    }
    double seconds = (double)(now_ns() - begun) / 1e9;
    qsort(latencies, answered, sizeof(*latencies), compare);
    printf("{\"events\": %llu, \"good\": %llu, \"seconds\": %.3f, \"rate\": %.0f, "
           "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, \"max_ms\": %.3f}\n",
           (unsigned long long)answered, (unsigned long long)good, seconds,
           (double)answered / seconds, ms(0.5), ms(0.99), ms(0.999), ms(1));
}

int main(int argc, char **argv)
{
    if (argc < 7) {
        fprintf(stderr, "usage: %s PORT PATH SECRET BODY_FILE CONNECTIONS COUNT [RATE]\n", argv[0]);
        return 2;
    }
    int connections = atoi(argv[5]);
    count = strtoull(argv[6], NULL, 10);
    prepare(argv[1], argv[2], argv[3], argv[4]);
    int epoll = epoll_create1(0);
    struct link *links = calloc((size_t)connections, sizeof(*links));
    for (int i = 0; i < connections; i++)
        open_link(&links[i], epoll, atoi(argv[1]));
    fprintf(stderr, "ready\n");
    run(links, connections, epoll, argc > 7 ? strtod(argv[7], NULL) : 0);
    return good == count ? 0 : 1;
}
