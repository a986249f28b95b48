/* Log queue: a ring of bytes between the threads that log and the writer. The lock is held while
 * one line is copied, never during a write. */
#include "log_queue.h"

#include <hookstream/clock.h>
#include <hookstream/heartbeat.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* How long one attempt waits for room in a pipe or socket. */
#define LOOK_MS 200
/* Between attempts after a failed write: a full disk may have room again. */
#define FAILED_WAIT_NS HS_NS_PER_SECOND
/* How long a failed assertion waits for the lines queued before it. */
#define LAST_WORDS_NS (500 * HS_NS_PER_MS)
#define NAP_NS (5 * HS_NS_PER_MS)

enum mode {
    MODE_DIRECT, /* no writer: written at once */
    MODE_QUEUED, /* the writer runs */
    MODE_CLOSED, /* the writer was abandoned at shutdown: lines are dropped */
};

static char ring[HS_LOG_QUEUE_BYTES];
static struct {
    pthread_mutex_t lock; /* guards everything up to `thread` */
    pthread_cond_t work;  /* the ring is not empty, or the writer should end */
    pthread_cond_t ended; /* the writer has ended */
    enum mode mode;
    size_t head, used; /* of the ring */
    uint64_t missing;  /* lines dropped but not reported yet; while > 0, all lines are dropped */
    bool stopping;     /* write the rest, then end */
    bool abandoned;    /* end without writing the rest */
    bool failing;      /* the last write failed */
    bool gone;         /* the thread has ended */
    pthread_t thread;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};
static _Atomic uint64_t dropped;

uint64_t hs_log_dropped(void)
{
    return atomic_load_explicit(&dropped, memory_order_relaxed);
}

bool hs_log_is_dropping(void)
{
    pthread_mutex_lock(&queue.lock);
    bool dropping = queue.missing > 0;
    pthread_mutex_unlock(&queue.lock);
    return dropping;
}

/* ---- Without the writer ---- */

/* If the log cannot be written, there is nowhere to report that. */
static void write_now(const char *line, size_t size)
{
    while (size > 0) {
        ssize_t written = write(STDERR_FILENO, line, size);
        if (written < 0 && errno == EAGAIN) { /* another process made it non-blocking */
            struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
            (void)poll(&out, 1, LOOK_MS);
            continue;
        }
        if (written < 0 && errno != EINTR)
            return;
        line += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
}

/* ---- The ring; lock held ---- */

static void append(const char *line, size_t size)
{
    size_t tail = (queue.head + queue.used) % sizeof(ring);
    size_t first = sizeof(ring) - tail < size ? sizeof(ring) - tail : size;
    memcpy(ring + tail, line, first);
    memcpy(ring, line + first, size - first);
    queue.used += size;
    if (queue.used == size)
        pthread_cond_signal(&queue.work);
}

/* Copies as many whole lines as fit into one write; the previous write may have taken the beginning
 * of the first. Returns their size. */
static size_t copy_lines(char ret_lines[HS_LOG_LINE_MAX])
{
    size_t size = queue.used < HS_LOG_LINE_MAX ? queue.used : HS_LOG_LINE_MAX;
    size_t first = sizeof(ring) - queue.head < size ? sizeof(ring) - queue.head : size;
    memcpy(ret_lines, ring + queue.head, first);
    memcpy(ret_lines + first, ring, size - first);
    const char *end = size > 0 ? memrchr(ret_lines, '\n', size) : NULL;
    return end != NULL ? (size_t)(end - ret_lines) + 1 : 0;
}

/* Reports a gap where lines were dropped, once half the ring is free. Until then all lines are
 * dropped, so that there is a single gap. */
static void report_missing(void)
{
    if (queue.missing == 0 || queue.used > sizeof(ring) / 2 || queue.failing)
        return;
    char line[HS_LOG_LINE_MAX];
    const struct hs_log_field field = HS_F("dropped", "%" PRIu64, queue.missing);
    queue.missing = 0;
    append(line, hs_log_render(line, HS_LOG_WARN,
                               "log lines were dropped here: stderr was not read, or could not be "
                               "written",
                               &field, 1));
}

void hs_log_put(const char *line, size_t size)
{
    HS_ASSERT(size <= HS_LOG_LINE_MAX);
    pthread_mutex_lock(&queue.lock);
    enum mode mode = queue.mode;
    if (mode == MODE_QUEUED && queue.missing == 0 && size <= sizeof(ring) - queue.used) {
        append(line, size);
    } else if (mode != MODE_DIRECT) {
        queue.missing++;
        atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&queue.lock);
    if (mode == MODE_DIRECT)
        write_now(line, size);
}

/* ---- The writer ---- */

/* Writes some bytes without a long wait. Returns their number, 0 if the reader has no room now, or
 * -errno. */
static ssize_t write_some(const char *lines, size_t size)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    hs_heartbeat_rest(); /* a reader that does not read is not this process's fault */
    if (poll(&out, 1, LOOK_MS) <= 0)
        return 0;
    hs_heartbeat_work("writing the log");
    ssize_t written = write(STDERR_FILENO, lines, size);
    return written >= 0 ? written : errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* Lock held: waits for something to write, or the end. */
static void wait_for_lines(void)
{
    hs_heartbeat_rest();
    while (queue.used == 0 && !queue.stopping)
        pthread_cond_wait(&queue.work, &queue.lock);
}

/* Lock held: waits a while, or until the end. */
static void wait_after_failure(void)
{
    hs_heartbeat_rest();
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(FAILED_WAIT_NS / HS_NS_PER_SECOND);
    int code = 0;
    while (!queue.stopping && code == 0)
        code = pthread_cond_timedwait(&queue.work, &queue.lock, &until);
}

/* Lock held: one step. A failed write is retried with the same bytes, so a line truncated by a full
 * disk is completed. */
static void step(void)
{
    char lines[HS_LOG_LINE_MAX];
    size_t size = copy_lines(lines);
    pthread_mutex_unlock(&queue.lock);
    ssize_t written = write_some(lines, size);
    pthread_mutex_lock(&queue.lock);
    queue.failing = written < 0;
    if (written > 0) {
        queue.head = (queue.head + (size_t)written) % sizeof(ring);
        queue.used -= (size_t)written;
    }
    if (queue.failing)
        wait_after_failure();
}

static void *run(void *context)
{
    prctl(PR_SET_NAME, "hs-log");
    hs_heartbeat_begin("hs-log", 0);
    pthread_mutex_lock(&queue.lock);
    for (;;) {
        report_missing();
        wait_for_lines();
        if (queue.abandoned || (queue.stopping && (queue.used == 0 || queue.failing)))
            break;
        step();
    }
    hs_heartbeat_end();
    queue.gone = true;
    pthread_cond_broadcast(&queue.ended);
    pthread_mutex_unlock(&queue.lock);
    return NULL;
}

/* ---- Its life ---- */

static void init_conditions(void)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&queue.work, &monotonic);
    pthread_cond_init(&queue.ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

int hs_log_start(void)
{
    HS_ASSERT(queue.mode != MODE_QUEUED);
    init_conditions();
    queue.stopping = queue.abandoned = queue.failing = queue.gone = false;
    int failed = pthread_create(&queue.thread, NULL, run, NULL);
    if (failed != 0)
        return hs_fail_errno(failed, "cannot start the log writer thread");
    pthread_mutex_lock(&queue.lock);
    queue.mode = MODE_QUEUED;
    pthread_mutex_unlock(&queue.lock);
    return 0;
}

/* Lock held. Returns whether the writer ended in time. */
static bool wait_for_end(uint64_t ns)
{
    uint64_t until_ns = hs_clock_monotonic_ns() + ns;
    struct timespec until = {(time_t)(until_ns / HS_NS_PER_SECOND),
                             (long)(until_ns % HS_NS_PER_SECOND)};
    int code = 0;
    while (!queue.gone && code == 0)
        code = pthread_cond_timedwait(&queue.ended, &queue.lock, &until);
    return queue.gone;
}

void hs_log_stop(void)
{
    pthread_mutex_lock(&queue.lock);
    if (queue.mode != MODE_QUEUED) {
        pthread_mutex_unlock(&queue.lock);
        return;
    }
    queue.stopping = true;
    pthread_cond_signal(&queue.work);
    bool ended = wait_for_end(HS_LOG_FLUSH_NS);
    queue.abandoned = true;
    ended = ended || wait_for_end(HS_LOG_FLUSH_NS);
    queue.mode = ended && queue.used == 0 ? MODE_DIRECT : MODE_CLOSED;
    queue.used = 0;
    pthread_mutex_unlock(&queue.lock);
    if (ended)
        pthread_join(queue.thread, NULL);
    else
        pthread_detach(queue.thread); /* blocked in a write: it ends with the process */
}

/* ---- The end by an assertion ---- */

/* Waits briefly until the writer has written the queue. Only tries to take the lock: the caller may
 * hold it. */
static bool let_it_write(void)
{
    uint64_t until = hs_clock_monotonic_ns() + LAST_WORDS_NS;
    const struct timespec nap = {0, (long)NAP_NS};
    bool queued = true, empty = false;
    while (!empty && hs_clock_monotonic_ns() < until) {
        if (pthread_mutex_trylock(&queue.lock) == 0) {
            queued = queue.mode == MODE_QUEUED;
            empty = queue.used == 0 || !queued;
            pthread_mutex_unlock(&queue.lock);
        }
        if (!empty)
            (void)nanosleep(&nap, NULL);
    }
    return queued;
}

void hs_log_last_words(const char *words)
{
    char line[HS_LOG_LINE_MAX];
    size_t size = strnlen(words, sizeof(line) - 1);
    bool plain = !let_it_write();
    if (plain) {
        memcpy(line, words, size);
        line[size++] = '\n';
    } else {
        size = hs_log_render(line, HS_LOG_ERROR, words, NULL, 0);
    }
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (plain || poll(&out, 1, 0) > 0)
        write_now(line, size);
}
