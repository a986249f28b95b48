/* Heartbeats: a slot per thread, with a counter that the thread increments and the watcher
 * compares. */
#include <hookstream/heartbeat.h>

#include <hookstream/clock.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

#define NAME_MAX_BYTES 48u

struct slot {
    /* written by its thread, read by the watcher */
    _Atomic uint64_t beats;
    const char *_Atomic doing; /* NULL: the thread rests */
    /* Guarded by `lock`: */
    char name[NAME_MAX_BYTES];
    unsigned flags;
    bool used;
    uint64_t seen;          /* beats at the last look */
    unsigned still;         /* consecutive looks without a beat */
    uint64_t since_wall_ns; /* time of the first of these looks */
    struct hs_gauge *gauge;
} __attribute__((aligned(64))); /* one cache line each, so that beating threads do not disturb each
                                 * other */

static struct slot slots[HS_HEARTBEATS_MAX];
static size_t slot_count; /* slots used so far */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local struct slot *mine;

static struct {
    pthread_t thread;
    bool running;
    bool stopping;       /* guarded by `lock`, as is the next */
    pthread_cond_t wake; /* signals `stopping` */
    struct hs_metrics *metrics;
} watcher;

/* ---- The thread's side ---- */

void hs_heartbeat(void)
{
    if (mine == NULL)
        return;
    uint64_t beats = atomic_load_explicit(&mine->beats, memory_order_relaxed);
    atomic_store_explicit(&mine->beats, beats + 1, memory_order_relaxed);
}

void hs_heartbeat_resume(const char *doing)
{
    if (mine == NULL)
        return;
    hs_heartbeat();
    atomic_store_explicit(&mine->doing, doing, memory_order_relaxed);
}

void hs_heartbeat_work(const char *doing)
{
    hs_heartbeat_resume(doing);
}

void hs_heartbeat_rest(void)
{
    hs_heartbeat_resume(NULL);
}

const char *hs_heartbeat_pause(void)
{
    if (mine == NULL)
        return NULL;
    const char *doing = atomic_load_explicit(&mine->doing, memory_order_relaxed);
    hs_heartbeat_rest();
    return doing;
}

/* With the lock held: a free slot of this name, or a new one. NULL: none is left. */
static struct slot *find_slot(const char *name)
{
    for (size_t i = 0; i < slot_count; i++)
        if (!slots[i].used && strncmp(slots[i].name, name, NAME_MAX_BYTES - 1) == 0)
            return &slots[i];
    return slot_count < HS_HEARTBEATS_MAX ? &slots[slot_count++] : NULL;
}

void hs_heartbeat_begin(const char *name, unsigned flags)
{
    HS_ASSERT(mine == NULL);
    pthread_mutex_lock(&lock);
    struct slot *slot = find_slot(name);
    if (slot != NULL) {
        snprintf(slot->name, sizeof(slot->name), "%s", name);
        slot->flags = flags;
        slot->used = true;
        slot->still = 0;
        mine = slot;
        hs_heartbeat_work("starting");
    }
    pthread_mutex_unlock(&lock);
    if (slot == NULL)
        hs_log_limited(HS_LOG_WARN, "heartbeats", "more threads than /livez can watch",
                       HS_F("thread", "%s", name));
}

void hs_heartbeat_end(void)
{
    if (mine == NULL)
        return;
    hs_heartbeat_rest();
    pthread_mutex_lock(&lock);
    mine->used = false;
    mine->still = 0;
    pthread_mutex_unlock(&lock);
    mine = NULL;
}

/* ---- The watcher ---- */

/* A slot's state at this look. */
struct standing {
    char name[NAME_MAX_BYTES];
    const char *doing;
    unsigned still;
    bool stuck_now, moves_again;
};

/* Lock held. */
static struct standing look_at(struct slot *slot)
{
    uint64_t beats = atomic_load_explicit(&slot->beats, memory_order_relaxed);
    const char *doing = atomic_load_explicit(&slot->doing, memory_order_relaxed);
    unsigned before = slot->still;
    bool stands = slot->used && doing != NULL && beats == slot->seen;
    slot->still = stands ? before + 1 : 0;
    slot->seen = beats;
    if (slot->still == 1)
        slot->since_wall_ns = hs_clock_wall_ns();
    struct standing standing = {
        .doing = doing,
        .still = stands ? slot->still : before,
        .stuck_now = slot->still == HS_STUCK_LOOKS,
        .moves_again = slot->still == 0 && before >= HS_STUCK_LOOKS,
    };
    memcpy(standing.name, slot->name, sizeof(standing.name));
    return standing;
}

static void log_standing(const struct standing *standing)
{
    if (standing->stuck_now)
        hs_log(HS_LOG_ERROR, "a thread is stuck: it has work and makes no progress; /livez fails",
               HS_F("thread", "%s", standing->name), HS_F("doing", "%s", standing->doing),
               HS_F("seconds", "%u", standing->still));
    else if (standing->moves_again)
        hs_log(HS_LOG_WARN, "a thread that was stuck makes progress again",
               HS_F("thread", "%s", standing->name), HS_F("seconds", "%u", standing->still));
}

void hs_heartbeat_look(void)
{
    pthread_mutex_lock(&lock);
    size_t count = slot_count;
    pthread_mutex_unlock(&lock);
    for (size_t i = 0; i < count; i++) {
        pthread_mutex_lock(&lock);
        struct standing standing = look_at(&slots[i]);
        pthread_mutex_unlock(&lock);
        log_standing(&standing); /* without the lock: it formats */
    }
}

static void *run(void *context)
{
    prctl(PR_SET_NAME, "hs-watcher");
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    pthread_mutex_lock(&lock);
    while (!watcher.stopping) {
        int code = 0;
        until.tv_sec++;
        while (!watcher.stopping && code == 0)
            code = pthread_cond_timedwait(&watcher.wake, &lock, &until);
        pthread_mutex_unlock(&lock);
        hs_heartbeat_look();
        clock_gettime(CLOCK_MONOTONIC, &until); /* missed looks are not made up for */
        pthread_mutex_lock(&lock);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

bool hs_heartbeat_report(unsigned flags, struct hs_buffer *ret_lines)
{
    bool well = true;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < slot_count; i++) {
        const struct slot *slot = &slots[i];
        if (!slot->used || slot->still < HS_STUCK_LOOKS || (slot->flags & flags) != flags)
            continue;
        const char *doing = atomic_load_explicit(&slot->doing, memory_order_relaxed);
        char since[32];
        hs_clock_format(slot->since_wall_ns, since);
        hs_buffer_printf(ret_lines, "thread %s is stuck: no progress for %u s, since %s%s%s\n",
                         slot->name, slot->still, since, doing != NULL ? ": " : "",
                         doing != NULL ? doing : "");
        well = false;
    }
    pthread_mutex_unlock(&lock);
    return well;
}

/* ---- Metrics ---- */

static void collect(void *context)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < slot_count; i++) {
        struct slot *slot = &slots[i];
        if (slot->gauge == NULL)
            slot->gauge =
                hs_metrics_gauge(watcher.metrics, HS_METRIC_thread_still_seconds, slot->name);
        hs_gauge_set(slot->gauge, slot->used ? slot->still : 0);
    }
    pthread_mutex_unlock(&lock);
}

int hs_heartbeat_watch(struct hs_metrics *metrics)
{
    HS_ASSERT(!watcher.running);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&watcher.wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    watcher.metrics = metrics;
    watcher.stopping = false;
    int failed = pthread_create(&watcher.thread, NULL, run, NULL);
    watcher.running = failed == 0;
    if (failed != 0)
        return hs_fail_errno(failed, "cannot start the heartbeat watcher thread");
    hs_metrics_on_collect(metrics, collect, &watcher);
    return 0;
}

void hs_heartbeat_unwatch(void)
{
    if (!watcher.running)
        return;
    hs_metrics_forget(watcher.metrics, &watcher);
    pthread_mutex_lock(&lock);
    watcher.stopping = true;
    pthread_cond_signal(&watcher.wake);
    for (size_t i = 0; i < slot_count; i++)
        slots[i].gauge = NULL; /* its registry is about to be freed */
    pthread_mutex_unlock(&lock);
    pthread_join(watcher.thread, NULL);
    pthread_cond_destroy(&watcher.wake);
    watcher.running = false;
}
