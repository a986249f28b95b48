/* crowd: good requests beside slow and idle connections, for the benchmark of the door.
 *
 *   crowd PORT REQUESTS_FILE PHASE ATTACKERS ADDRESSES RATE
 *
 * REQUESTS_FILE has the good requests, each after its size in 4 bytes. Each is sent on a connection
 * of its own, one after the other; with a RATE that is not 0 they are due by the clock, and latency
 * counts from when one was due. Meanwhile a
 * thread holds ATTACKERS connections from ADDRESSES source addresses of 127.0.1.0/24 (0: no own
 * address), sends what PHASE says, one byte a second more where that is a phase of waiting, and
 * connects again what was closed. Loopback only. Prints one line of JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ATTACKERS_MAX 15000
#define REQUESTS_MAX 100000
#define RECONNECTS_MAX 2000 /* a second */
#define SECOND UINT64_C(1000000000)

static struct sockaddr_in server;
static const char *phase;
static int attackers, addresses;
static int links[ATTACKERS_MAX];
static char opening[64 << 10];
static size_t opening_size;
static int drips;
static _Atomic int stop, standing, again;

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static void wait_until(uint64_t due)
{
    struct timespec t = {(time_t)(due / SECOND), (long)(due % SECOND)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

static void make_opening(void)
{
    static const struct {
        const char *name, *text;
        size_t filler;
        int times, drips;
    } rows[] = {
        {"connect", "", 0, 1, 0},
        {"head", "POST /w HTTP/1.1\r\nHost: t\r\nX: ", 0, 1, 1},
        {"big-head", "POST /w HTTP/1.1\r\nHost: t\r\nX: ", 15000, 1, 1},
        {"body", "POST /w HTTP/1.1\r\nHost: t\r\nContent-Length: 900\r\n\r\n{", 0, 1, 1},
        {"big-body", "POST /w HTTP/1.1\r\nHost: t\r\nContent-Length: 1048576\r\n\r\n{", 10000, 1,
         1},
        {"chunked", "POST /w HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n{",
         0, 1, 1},
        {"unread", "GET /w HTTP/1.1\r\nHost: t\r\n\r\n", 0, 300, 0},
        {"continue",
         "POST /w HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 900\r\n\r\n", 0, 1,
         0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].name, phase) != 0)
            continue;
        size_t size = strlen(rows[i].text);
        for (int k = 0; k < rows[i].times; k++, opening_size += size)
            memcpy(opening + opening_size, rows[i].text, size);
        memset(opening + opening_size, 'y', rows[i].filler);
        opening_size += rows[i].filler;
        drips = rows[i].drips;
        return;
    }
    fprintf(stderr, "crowd: no such phase: %s\n", phase);
    exit(2);
}

static int attach(int i)
{
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0)
        return -1;
    int small = 2048;
    if (strcmp(phase, "unread") == 0)
        (void)setsockopt(file, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    struct sockaddr_in own = {.sin_family = AF_INET};
    if (addresses > 0) {
        int on = 1;
        (void)setsockopt(file, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
        own.sin_addr.s_addr = htonl(0x7f000100u + 1u + (unsigned)(i % addresses));
        (void)bind(file, (struct sockaddr *)&own, sizeof(own));
    }
    if (connect(file, (struct sockaddr *)&server, sizeof(server)) < 0) {
        (void)close(file);
        return -1;
    }
    (void)fcntl(file, F_SETFL, O_NONBLOCK);
    (void)send(file, opening, opening_size, MSG_NOSIGNAL);
    return file;
}

/* false: the server has closed it. What it sends is left unread but for the end. */
static int is_open(int file)
{
    char byte;
    ssize_t got = recv(file, &byte, 1, MSG_PEEK);
    if (got > 0 && strcmp(phase, "unread") != 0 && strcmp(phase, "continue") != 0)
        return 0; /* an answer: it was refused */
    return got > 0 || (got < 0 && errno == EAGAIN);
}

static void *attack(void *context)
{
    for (int i = 0; i < attackers; i++)
        links[i] = attach(i);
    atomic_store(&standing, 1);
    for (uint64_t due = now_ns() + SECOND; !atomic_load(&stop); due += SECOND) {
        int budget = RECONNECTS_MAX;
        for (int i = 0; i < attackers && !atomic_load(&stop); i++) {
            if (links[i] >= 0 && drips && send(links[i], "y", 1, MSG_NOSIGNAL) < 0 &&
                errno != EAGAIN) {
                (void)close(links[i]);
                links[i] = -1;
            }
            if (links[i] >= 0 && !is_open(links[i])) {
                (void)close(links[i]);
                links[i] = -1;
            }
            if (links[i] < 0 && budget-- > 0) {
                links[i] = attach(i);
                atomic_fetch_add(&again, 1);
            }
        }
        while (now_ns() < due && !atomic_load(&stop))
            wait_until(now_ns() + SECOND / 50);
    }
    for (int i = 0; i < attackers; i++)
        if (links[i] >= 0)
            (void)close(links[i]);
    return context;
}

/* The status of the answer, 0 when there was none. */
static int exchange(const char *request, size_t size)
{
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, status = 0;
    struct timeval patience = {10, 0};
    (void)setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    (void)setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    char answer[512];
    if (file >= 0 && connect(file, (struct sockaddr *)&server, sizeof(server)) == 0 &&
        send(file, request, size, MSG_NOSIGNAL) == (ssize_t)size) {
        ssize_t got = recv(file, answer, sizeof(answer), 0);
        if (got > 12 && memcmp(answer, "HTTP/1.1 ", 9) == 0)
            status = (answer[9] - '0') * 100 + (answer[10] - '0') * 10 + answer[11] - '0';
    }
    if (file >= 0)
        (void)close(file);
    return status;
}

static int compare(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return a < b ? -1 : a > b;
}

int main(int argc, char **argv)
{
    if (argc != 7)
        return 2;
    server = (struct sockaddr_in){.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    phase = argv[3];
    attackers = (int)strtol(argv[4], NULL, 10);
    addresses = (int)strtol(argv[5], NULL, 10);
    uint64_t rate = strtoull(argv[6], NULL, 10);
    if (attackers > ATTACKERS_MAX || addresses > 250)
        return 2;
    FILE *file = fopen(argv[2], "rbe");
    if (file == NULL)
        return 2;
    static char *requests[REQUESTS_MAX];
    static uint32_t sizes[REQUESTS_MAX];
    static uint64_t took[REQUESTS_MAX];
    size_t count = 0;
    while (count < REQUESTS_MAX && fread(&sizes[count], 4, 1, file) == 1) {
        requests[count] = malloc(sizes[count]);
        if (requests[count] == NULL || fread(requests[count], sizes[count], 1, file) != 1)
            return 2;
        count++;
    }
    make_opening();
    pthread_t thread;
    if (pthread_create(&thread, NULL, attack, NULL) != 0)
        return 2;
    while (!atomic_load(&standing))
        wait_until(now_ns() + SECOND / 100);
    size_t good = 0, none = 0;
    uint64_t start = now_ns();
    for (size_t i = 0; i < count; i++) {
        uint64_t due = rate > 0 ? start + i * SECOND / rate : now_ns();
        wait_until(due);
        int status = exchange(requests[i], sizes[i]);
        took[i] = now_ns() - due;
        good += status / 100 == 2;
        none += status == 0;
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    atomic_store(&stop, 1);
    (void)pthread_join(thread, NULL);
    qsort(took, count, sizeof(took[0]), compare);
    printf("{\"good\":%zu,\"refused\":%zu,\"unanswered\":%zu,\"p50_us\":%.0f,\"p99_us\":%.0f,"
           "\"max_us\":%.0f,\"again\":%d,\"seconds\":%.2f}\n",
           good, count - good - none, none, (double)took[count / 2] / 1e3,
           (double)took[count * 99 / 100] / 1e3, (double)took[count - 1] / 1e3, atomic_load(&again),
           seconds);
    return 0;
}
