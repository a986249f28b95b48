/* Replay: see replay.h. Events that were themselves resent are skipped: their first copies are in
 * the journal, too. */
#include <hookstream/replay.h>

#include <hookstream/clock.h>
#include <hookstream/heartbeat.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

/* Retry interval if the journal accepts nothing. */
#define WAIT_NS (200 * HS_NS_PER_MS)
/* Maximum length of a sleep, so that a cancel takes effect. */
#define NAP_NS (50 * HS_NS_PER_MS)
/* How many events are appended before the job checks whether they are safe. */
#define UNSURE_MAX 1024u

struct hs_replay {
    struct hs_journal *journal;
    struct hs_resender *resender;
    struct hs_counter *resent;
    pthread_t thread;
    bool joinable;
    atomic_bool cancelled;
    /* The job's, set before its thread starts. */
    struct hs_replay_request request;
    struct hs_type_filter *match;
    char *source, *id, *sink;
    uint64_t began_ns;
    /* Used by its thread: events lost since the last one from a sender, and when that was
     * received. */
    uint64_t lost, before_ns;
    uint64_t unsure[UNSURE_MAX]; /* sequences appended but not known to be durable */
    size_t unsure_count;
    pthread_mutex_t lock; /* guards the status */
    struct hs_replay_status status;
};

const char *hs_replay_state_name(enum hs_replay_state state)
{
    static const char *const names[] = {"none", "running", "done", "cancelled", "failed"};
    return names[state];
}

struct hs_replay *hs_replay_create(struct hs_journal *journal, struct hs_resender *resender,
                                   struct hs_metrics *metrics)
{
    struct hs_replay *replay = hs_alloc(sizeof(*replay));
    replay->journal = journal;
    replay->resender = resender;
    replay->resent = hs_metrics_counter(metrics, HS_METRIC_resent_total, "replay");
    pthread_mutex_init(&replay->lock, NULL);
    return replay;
}

static void forget_request(struct hs_replay *replay)
{
    hs_type_filter_free(replay->match);
    free(replay->source);
    free(replay->id);
    free(replay->sink);
    replay->match = NULL;
    replay->source = replay->id = replay->sink = NULL;
}

static void join(struct hs_replay *replay)
{
    if (replay->joinable)
        pthread_join(replay->thread, NULL);
    replay->joinable = false;
}

void hs_replay_free(struct hs_replay *replay)
{
    if (replay == NULL)
        return;
    hs_replay_cancel(replay);
    join(replay);
    forget_request(replay);
    hs_resender_free(replay->resender);
    pthread_mutex_destroy(&replay->lock);
    free(replay);
}

/* ---- The job ---- */

static void set_detail(struct hs_replay *replay, const char *detail)
{
    pthread_mutex_lock(&replay->lock);
    snprintf(replay->status.detail, sizeof(replay->status.detail), "%s", detail);
    pthread_mutex_unlock(&replay->lock);
}

static void nap(uint64_t ns)
{
    hs_heartbeat();
    struct timespec time = {(time_t)(ns / HS_NS_PER_SECOND), (long)(ns % HS_NS_PER_SECOND)};
    (void)nanosleep(&time, NULL); /* woken early: the caller checks again */
}

/* Waits until the next event is due by the rate. */
static void keep_pace(const struct hs_replay *replay, uint64_t resent)
{
    uint64_t rate = replay->request.rate;
    if (rate == 0)
        return;
    uint64_t due = replay->began_ns + resent / rate * HS_NS_PER_SECOND +
                   resent % rate * HS_NS_PER_SECOND / rate;
    while (!atomic_load(&replay->cancelled)) {
        uint64_t now = hs_clock_monotonic_ns();
        if (now >= due)
            return;
        nap(due - now < NAP_NS ? due - now : NAP_NS);
    }
}

static bool is_wanted(const struct hs_replay *replay, const struct hs_event *event)
{
    const struct hs_replay_request *request = &replay->request;
    return event->flaw == HS_EVENT_VALID && hs_event_resend(event).size == 0 &&
           event->received_wall_ns >= request->since_ns &&
           event->received_wall_ns <= request->until_ns &&
           (replay->source == NULL ||
            hs_slice_equal(event->source, hs_slice_text(replay->source))) &&
           (replay->id == NULL || hs_slice_equal(event->id, hs_slice_text(replay->id))) &&
           (replay->match == NULL || hs_type_filter_takes(replay->match, event->type));
}

/* Appends; waits while the journal is full or failing. 1; 0: no route takes it, or the job was
 * cancelled; -errno. */
static int resend(struct hs_replay *replay, const struct hs_event *event)
{
    struct hs_resend how = {.kind = HS_RESEND_REPLAY, .sink = replay->sink};
    while (!atomic_load(&replay->cancelled)) {
        uint64_t sequence;
        int code = hs_resender_append(replay->resender, event, &how, &sequence);
        if (code == 0) {
            hs_counter_add(replay->resent, 1);
            replay->unsure[replay->unsure_count++] = sequence;
        }
        if (code == 0 || code == -ENOENT)
            return code == 0;
        if (code != -ENOSPC && code != -EROFS && code != -EAGAIN)
            return code;
        set_detail(replay, hs_error_text());
        nap(WAIT_NS);
    }
    return 0;
}

/* Whether it is time to check: the outcome of everything appended is known, or there is much of
 * it. */
static bool is_unsure_enough(const struct hs_replay *replay)
{
    size_t count = replay->unsure_count;
    return count == 0 || count == UNSURE_MAX ||
           hs_journal_outcome(replay->journal, replay->unsure[count - 1]) != HS_JOURNAL_PENDING;
}

/* Waits until everything appended is durable. -EIO: some of it failed (J4). */
static int make_sure(struct hs_replay *replay)
{
    for (size_t i = replay->unsure_count; i-- > 0;) /* the last one waits for all */
        if (hs_journal_wait(replay->journal, replay->unsure[i]) != HS_JOURNAL_DURABLE)
            return hs_fail(-EIO, "the journal could not be written and has lost some of the "
                                 "resent events: check the disk");
    replay->unsure_count = 0;
    pthread_mutex_lock(&replay->lock);
    replay->status.safe = replay->status.at;
    pthread_mutex_unlock(&replay->lock);
    return 0;
}

/* 0, or -errno and a message. */
static int take_up(struct hs_replay *replay, const struct hs_event *event)
{
    bool wanted = is_wanted(replay, event);
    int sent = 0;
    if (wanted && replay->request.dry_run)
        sent = hs_resender_routes(replay->resender, event, replay->sink);
    else if (wanted)
        sent = resend(replay, event);
    if (sent < 0 || (wanted && sent == 0 && atomic_load(&replay->cancelled)))
        return sent;
    pthread_mutex_lock(&replay->lock);
    struct hs_replay_status *status = &replay->status;
    status->at = event->sequence;
    status->looked_at++;
    status->matched += wanted;
    status->resent += sent > 0;
    status->unrouted += wanted && sent == 0;
    uint64_t resent = status->resent;
    if (sent > 0)
        status->detail[0] = '\0';
    pthread_mutex_unlock(&replay->lock);
    if (sent > 0 && !replay->request.dry_run)
        keep_pace(replay, resent);
    return 0;
}

/* The journal logged and counted it; here it counts for the job. */
static void lose(struct hs_replay *replay, struct hs_reader_loss loss)
{
    uint64_t last = loss.last < replay->request.last ? loss.last : replay->request.last;
    if (loss.first <= last)
        replay->lost += last - loss.first + 1;
}

/* Lost events were received at about the time of their neighbours. */
static void count_lost(struct hs_replay *replay, uint64_t after_ns)
{
    const struct hs_replay_request *request = &replay->request;
    bool within = after_ns >= request->since_ns && replay->before_ns <= request->until_ns;
    if (within && replay->lost > 0) {
        pthread_mutex_lock(&replay->lock);
        replay->status.damaged += replay->lost;
        pthread_mutex_unlock(&replay->lock);
    }
    replay->lost = 0;
}

static int walk(struct hs_replay *replay)
{
    struct hs_reader *reader;
    int code = hs_reader_open(replay->journal, replay->request.from, &reader);
    if (code < 0)
        return code;
    while (!atomic_load(&replay->cancelled)) {
        struct hs_event event;
        code = hs_reader_next(reader, &event);
        if (code == -EBADMSG) {
            lose(replay, hs_reader_loss(reader));
            code = 0;
            continue;
        }
        if (code <= 0 || event.sequence > replay->request.last)
            break;
        if (hs_event_resend(&event).size == 0) { /* otherwise its time is that of its first copy */
            count_lost(replay, event.received_wall_ns);
            replay->before_ns = event.received_wall_ns;
        }
        code = is_unsure_enough(replay) ? make_sure(replay) : 0;
        if (code == 0)
            code = take_up(replay, &event);
        if (code < 0)
            break;
    }
    count_lost(replay, UINT64_MAX);
    hs_reader_close(reader);
    int sure = make_sure(replay);
    return code < 0 ? code : sure;
}

static void *run(void *context)
{
    struct hs_replay *replay = context;
    prctl(PR_SET_NAME, "hs-replay");
    hs_heartbeat_begin("hs-replay", 0);
    hs_heartbeat_work("replaying events");
    int code = walk(replay);
    hs_heartbeat_end();
    pthread_mutex_lock(&replay->lock);
    struct hs_replay_status *status = &replay->status;
    status->state = code < 0                          ? HS_REPLAY_FAILED
                    : atomic_load(&replay->cancelled) ? HS_REPLAY_CANCELLED
                                                      : HS_REPLAY_DONE;
    snprintf(status->detail, sizeof(status->detail), "%s", code < 0 ? hs_error_text() : "");
    if (replay->id != NULL && status->matched > 0)
        status->damaged = 0; /* the requested one is not among them */
    struct hs_replay_status end = *status;
    pthread_mutex_unlock(&replay->lock);
    enum hs_log_level level = code < 0 ? HS_LOG_ERROR : end.damaged > 0 ? HS_LOG_WARN : HS_LOG_INFO;
    hs_log(level, "replay ended", HS_F("job", "%" PRIu64, end.number),
           HS_F("state", "%s", hs_replay_state_name(end.state)),
           HS_F("dry_run", "%s", end.dry_run ? "yes" : "no"),
           HS_F("resent", "%" PRIu64, end.resent), HS_F("unrouted", "%" PRIu64, end.unrouted),
           HS_F("damaged", "%" PRIu64, end.damaged), HS_F("at", "%" PRIu64, end.at),
           HS_F("detail", "%s", end.detail));
    return NULL;
}

/* ---- The owner's calls ---- */

static char *copy(const char *text)
{
    if (text == NULL)
        return NULL;
    char *own = strdup(text);
    HS_ASSERT(own != NULL);
    return own;
}

static void take_request(struct hs_replay *replay, const struct hs_replay_request *request)
{
    uint64_t durable = hs_journal_durable(replay->journal);
    forget_request(replay);
    replay->request = *request;
    replay->request.from = request->from > 0 ? request->from : 1;
    /* Events that the job itself appends are not part of it. */
    replay->request.last = request->last < durable ? request->last : durable;
    replay->match = request->match;
    replay->source = copy(request->source);
    replay->id = copy(request->id);
    replay->sink = copy(request->sink);
    replay->began_ns = hs_clock_monotonic_ns();
    replay->lost = replay->before_ns = replay->unsure_count = 0;
    atomic_store(&replay->cancelled, false);
    pthread_mutex_lock(&replay->lock);
    replay->status = (struct hs_replay_status){
        .state = HS_REPLAY_RUNNING,
        .dry_run = request->dry_run,
        .number = replay->status.number + 1,
        .safe = replay->request.from - 1,
        .last = replay->request.last,
    };
    snprintf(replay->status.sink, sizeof(replay->status.sink), "%s",
             request->sink != NULL ? request->sink : "");
    pthread_mutex_unlock(&replay->lock);
}

/* Shows the request, for whoever looks for the cause of resent events. */
static void log_begin(const struct hs_replay *replay, const struct hs_replay_request *request)
{
    struct hs_log_field fields[HS_REPLAY_ASKED_MAX + 1];
    fields[0] = HS_F("job", "%" PRIu64, replay->status.number);
    memcpy(fields + 1, request->asked, request->asked_count * sizeof(fields[0]));
    if (hs_log_enabled(HS_LOG_INFO))
        hs_log_write(HS_LOG_INFO, "replay started", fields, request->asked_count + 1);
}

int hs_replay_start(struct hs_replay *replay, const struct hs_replay_request *request)
{
    pthread_mutex_lock(&replay->lock);
    bool busy = replay->status.state == HS_REPLAY_RUNNING;
    uint64_t at = replay->status.at, last = replay->status.last;
    pthread_mutex_unlock(&replay->lock);
    if (busy)
        return hs_fail(-EBUSY,
                       "a replay is running, at sequence %" PRIu64 " of %" PRIu64
                       ": see `hookstream replay status`, cancel it with `hookstream replay "
                       "cancel`, or wait for its end",
                       at, last);
    join(replay);
    take_request(replay, request);
    log_begin(replay, request);
    int failed = pthread_create(&replay->thread, NULL, run, replay);
    replay->joinable = failed == 0;
    if (failed == 0)
        return 0;
    replay->match = NULL; /* still the caller's */
    pthread_mutex_lock(&replay->lock);
    replay->status.state = HS_REPLAY_FAILED;
    pthread_mutex_unlock(&replay->lock);
    return hs_fail_errno(failed, "cannot start the thread of a replay");
}

void hs_replay_cancel(struct hs_replay *replay)
{
    atomic_store(&replay->cancelled, true);
}

void hs_replay_status(struct hs_replay *replay, struct hs_replay_status *ret_status)
{
    pthread_mutex_lock(&replay->lock);
    *ret_status = replay->status;
    pthread_mutex_unlock(&replay->lock);
}
