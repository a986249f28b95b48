/* Dead pump: a simple loop on a thread: reads, examines, stores dead letters, waits until they are
 * safe, moves the cursor. Dead letters are rare, so waiting for each costs little. */
#include "dead_pump.h"
#include "cells.h"
#include "lost.h"
#include "past.h"

#include <hookstream/clock.h>
#include <hookstream/heartbeat.h>
#include <hookstream/log.h>
#include <hookstream/source.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* The cursor's name; no sink can have it (the configuration refuses a leading dot). */
#define CURSOR_NAME ".dead-letters"
#define WAIT_MS 200

struct hs_dead_pump {
    struct hs_journal *journal;
    struct hs_dead_letters *letters;
    struct hs_metrics *metrics;
    struct hs_cursor *cursor;
    struct hs_reader *reader;
    struct hs_router *router;
    struct hs_past *past; /* or NULL: the routes have not changed */
    const struct hs_children *sources;
    struct hs_work *work;
    struct hs_cells cells;
    struct hs_counter *lost, *save_errors;
    struct hs_counter **sampled_out; /* per route; NULL: it has no sample */
    struct hs_wakeup wakeup;
    pthread_t thread;
    bool started;
    _Atomic uint64_t stop_by_ns;
    _Atomic bool unsaved; /* the last save of the cursor failed */
    _Atomic bool failing; /* a letter could not be written */
};

/* The fault of an event that is not an envelope: determined again, since the record does not
 * contain it. */
static void say_flaw(const struct hs_dead_pump *pump, const struct hs_event *event,
                     char *ret_detail, size_t size)
{
    struct hs_envelope envelope;
    const struct hs_scheme *scheme = hs_source_scheme_of(pump->sources, event->source);
    bool flawed = hs_envelope_read(scheme, event->body, &envelope) != HS_EVENT_VALID;
    snprintf(ret_detail, size, "%s", flawed ? hs_error_text() : "");
}

/* Why the event is a dead letter, or NULL: some sink gets it or it must be dropped. */
static const char *why_dead(struct hs_dead_pump *pump, const struct hs_event *event,
                            char *ret_detail, size_t size)
{
    ret_detail[0] = '\0';
    if (event->flaw != HS_EVENT_VALID) {
        say_flaw(pump, event, ret_detail, size);
        return hs_event_flaw_name(event->flaw);
    }
    hs_work_begin(pump->work, event);
    const struct hs_route *route;
    int found = hs_router_match(pump->router, pump->work, &route);
    if (found < 0) { /* a `when` could not be evaluated for it */
        snprintf(ret_detail, size, "%s", hs_error_text());
        return "not_matched";
    }
    if (found > 0 && !hs_route_samples(route, event))
        hs_counter_add(pump->sampled_out[route->index], 1);
    bool wanted = hs_router_default(pump->router) == HS_DEFAULT_DEAD_LETTER;
    bool dead = (found == 0 && wanted) || hs_past_was_unrouted(pump->past, pump->work);
    return dead ? "no_route" : NULL;
}

static bool is_over(const struct hs_dead_pump *pump)
{
    uint64_t by = atomic_load(&pump->stop_by_ns);
    return by != 0 && hs_clock_monotonic_ns() >= by;
}

/* Stores the letter and waits until it is safe; retries until it is, or until the stop. */
static bool bury(struct hs_dead_pump *pump, const struct hs_event *event, const char *reason,
                 const char *detail)
{
    struct hs_dead_letter_reason why = {.reason = reason, .detail = detail, .attempts = 0};
    while (!is_over(pump)) {
        hs_heartbeat();
        uint64_t ticket;
        if (hs_dead_letters_put(pump->letters, event, &why, &ticket) == 0) {
            enum hs_journal_outcome outcome = HS_JOURNAL_PENDING;
            while (outcome == HS_JOURNAL_PENDING && !is_over(pump)) {
                struct pollfd wait = {.fd = pump->wakeup.file, .events = POLLIN};
                hs_heartbeat(); /* the letters' committer has a heartbeat of its own */
                hs_wakeup_arm(&pump->wakeup);
                outcome = hs_dead_letters_outcome(pump->letters, ticket);
                if (outcome == HS_JOURNAL_PENDING && poll(&wait, 1, WAIT_MS) > 0)
                    hs_wakeup_clear(&pump->wakeup);
            }
            if (outcome == HS_JOURNAL_DURABLE) {
                atomic_store(&pump->failing, false);
                hs_dead_letters_tidy(pump->letters); /* a flood does not outrun it */
                return true;
            }
        }
        atomic_store(&pump->failing, true);
        hs_dead_letters_tidy(pump->letters); /* it may be full */
        hs_log_limited(HS_LOG_ERROR, "dead_letters_full",
                       "cannot write a dead letter; retrying, check the disk",
                       HS_F("error", "%s", hs_error_text()));
        struct pollfd wait = {.fd = pump->wakeup.file, .events = 0};
        (void)poll(&wait, 1, WAIT_MS); /* a pause, nothing is awaited */
    }
    return false;
}

static bool look_at(struct hs_dead_pump *pump, const struct hs_event *event)
{
    char detail[HS_DEAD_LETTER_TEXT_MAX];
    const char *reason = why_dead(pump, event, detail, sizeof(detail));
    if (reason != NULL) {
        if (!bury(pump, event, reason, detail))
            return false;
        hs_cells_count(&pump->cells, pump->metrics, HS_METRIC_dead_letters_total, "", reason, "");
        hs_log_limited(HS_LOG_WARN, "dead_letter", "an event is a dead letter",
                       HS_F("reason", "%s", reason), HS_F("detail", "%s", detail),
                       HS_F("event", "%.*s", HS_SLICE_ARG(event->id)),
                       HS_F("type", "%.*s", HS_SLICE_ARG(event->type)));
    }
    return true;
}

/* Examines all durable events. */
static void catch_up(struct hs_dead_pump *pump)
{
    uint64_t done = 0;
    while (!is_over(pump)) {
        struct hs_event event;
        int got = hs_reader_next(pump->reader, &event);
        if (got == -EBADMSG) {
            struct hs_reader_loss loss = hs_reader_loss(pump->reader);
            hs_lost_tell(pump->lost, "dead_letters", loss.first, loss.last);
            done = loss.first <= loss.last ? loss.last : done;
            continue;
        }
        if (got < 0)
            hs_log_limited(HS_LOG_ERROR, "journal_read", "cannot read the journal, check the disk",
                           HS_F("sink", "dead_letters"), HS_F("error", "%s", hs_error_text()));
        if (got <= 0 || !look_at(pump, &event))
            break;
        done = event.sequence;
    }
    if (done > hs_cursor_position(pump->cursor))
        hs_cursor_move(pump->cursor, done);
}

static void save(struct hs_dead_pump *pump)
{
    int code = hs_cursor_save(pump->cursor);
    atomic_store(&pump->unsaved, code < 0);
    if (code == 0)
        return;
    hs_counter_add(pump->save_errors, 1);
    hs_log_limited(HS_LOG_ERROR, "cursor_save", "cannot save a cursor, check the disk",
                   HS_F("sink", "dead_letters"), HS_F("error", "%s", hs_error_text()));
}

static bool is_done(const struct hs_dead_pump *pump)
{
    return is_over(pump) || (atomic_load(&pump->stop_by_ns) != 0 &&
                             hs_cursor_position(pump->cursor) >= hs_journal_durable(pump->journal));
}

static void *run(void *context)
{
    struct hs_dead_pump *pump = context;
    prctl(PR_SET_NAME, "hs-dead-letters");
    hs_heartbeat_begin("hs-dead-letters", 0);
    hs_heartbeat_work("looking for events to set aside");
    while (!is_done(pump)) {
        hs_heartbeat();
        catch_up(pump);
        save(pump);
        hs_dead_letters_tidy(pump->letters);
        /* Nothing waits for this pump, so it polls a few times a second and lets events accumulate.
         * A stop wakes it. */
        struct pollfd wait = {.fd = pump->wakeup.file, .events = POLLIN};
        if (!is_done(pump) && poll(&wait, 1, WAIT_MS) > 0) {
            hs_wakeup_clear(&pump->wakeup);
            hs_wakeup_arm(&pump->wakeup);
        }
    }
    save(pump);
    hs_heartbeat_end();
    return NULL;
}

/* Passes what the journal lost before its first event, even if no event follows. */
static void pass_missing_begin(struct hs_dead_pump *pump)
{
    uint64_t first = hs_cursor_position(pump->cursor) + 1, begin = hs_journal_begin(pump->journal);
    if (first >= begin)
        return;
    hs_journal_lose(pump->journal, first, begin - 1);
    hs_lost_tell(pump->lost, "dead_letters", first, begin - 1);
    hs_cursor_move(pump->cursor, begin - 1);
}

static int open_way(struct hs_dead_pump *pump)
{
    int code = hs_wakeup_init(&pump->wakeup);
    if (code == 0)
        code = hs_cursor_open(pump->journal, CURSOR_NAME, HS_CURSOR_FROM_OLDEST, &pump->cursor);
    if (code == 0)
        code =
            hs_past_open(pump->journal, CURSOR_NAME, hs_cursor_position(pump->cursor), &pump->past);
    if (code == 0)
        code = hs_reader_open(pump->journal, hs_cursor_position(pump->cursor) + 1, &pump->reader);
    if (code < 0)
        return code;
    pump->work = hs_work_create();
    pump->save_errors =
        hs_metrics_counter(pump->metrics, HS_METRIC_cursor_save_errors_total, "dead_letters");
    pump->lost = hs_metrics_counter(pump->metrics, HS_METRIC_sink_lost_total, "dead_letters");
    pass_missing_begin(pump);
    size_t routes = hs_router_count(pump->router);
    pump->sampled_out = hs_alloc_array(routes + 1, sizeof(*pump->sampled_out));
    for (size_t i = 0; i < routes; i++)
        if (hs_router_at(pump->router, i)->sample != 0)
            pump->sampled_out[i] =
                hs_metrics_counter(pump->metrics, HS_METRIC_events_sampled_out_total,
                                   hs_router_at(pump->router, i)->name);
    /* Only the dead letters' own journal wakes it: see run(). */
    hs_dead_letters_subscribe(pump->letters, &pump->wakeup);
    int failed = pthread_create(&pump->thread, NULL, run, pump);
    if (failed != 0)
        return hs_fail_errno(failed, "cannot start the dead letters' thread");
    pump->started = true;
    return 0;
}

int hs_dead_pump_start(const struct hs_delivery_spec *spec, struct hs_router *router,
                       struct hs_dead_pump **ret_pump)
{
    struct hs_dead_pump *pump = hs_alloc(sizeof(*pump));
    pump->journal = spec->journal;
    pump->letters = spec->letters;
    pump->sources = spec->sources;
    pump->metrics = spec->metrics;
    pump->router = router;
    pump->wakeup.file = -1;
    int code = open_way(pump);
    if (code < 0) {
        hs_dead_pump_free(pump);
        return code;
    }
    *ret_pump = pump;
    return 0;
}

void hs_dead_pump_ask_stop(struct hs_dead_pump *pump, uint64_t stop_by_ns)
{
    atomic_store(&pump->stop_by_ns, stop_by_ns);
    hs_wakeup_tell(&pump->wakeup);
}

void hs_dead_pump_join(struct hs_dead_pump *pump)
{
    if (!pump->started)
        return;
    if (atomic_load(&pump->stop_by_ns) == 0)
        hs_dead_pump_ask_stop(pump, 1);
    pthread_join(pump->thread, NULL);
    pump->started = false;
}

void hs_dead_pump_free(struct hs_dead_pump *pump)
{
    if (pump == NULL)
        return;
    hs_dead_pump_join(pump);
    hs_dead_letters_unsubscribe(pump->letters, &pump->wakeup);
    hs_cursor_close(pump->cursor);
    hs_reader_close(pump->reader);
    hs_wakeup_close(&pump->wakeup);
    hs_work_free(pump->work);
    hs_router_free(pump->router);
    hs_past_free(pump->past);
    hs_cells_free(&pump->cells);
    free(pump->sampled_out);
    free(pump);
}

uint64_t hs_dead_pump_position(const struct hs_dead_pump *pump)
{
    return hs_cursor_position(pump->cursor);
}

void hs_dead_pump_status(struct hs_dead_pump *pump, struct hs_pump_status *ret_status)
{
    uint64_t durable = hs_journal_durable(pump->journal);
    uint64_t position = hs_cursor_position(pump->cursor);
    *ret_status = (struct hs_pump_status){
        .name = "dead_letters",
        .kind = "dead_letters",
        .state = atomic_load(&pump->failing) ? HS_SINK_BLOCKED : HS_SINK_UP,
        .unsaved = atomic_load(&pump->unsaved),
        .position = position,
        .lag_events = durable > position ? durable - position : 0,
    };
}
