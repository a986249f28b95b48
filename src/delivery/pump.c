/* Pump: the loop of one sink. Reads, sends, settles; pump_outcome.c handles failures. */
#include "pump.h"

#include "lost.h"

#include <event2/event.h>
#include <hookstream/clock.h>
#include <hookstream/heartbeat.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* Limit of events read per turn of the loop, so that the sink's own events get their turn. */
#define FILL_MAX 1024u
/* One in this many transformations is timed. */
#define TIMED_EVERY 64u

/* ---- Sending ---- */

static uint32_t all_parts(unsigned parts)
{
    return parts >= 32 ? UINT32_MAX : ((uint32_t)1 << parts) - 1;
}

static int make_timed(struct hs_pump *pump, const struct hs_route *route, uint64_t sequence,
                      uint32_t parts, const char **ret_reason)
{
    if (sequence % TIMED_EVERY != 0)
        return hs_parcel_make(&pump->maker, route, pump->work, parts, ret_reason);
    uint64_t begin = hs_clock_monotonic_ns();
    int code = hs_parcel_make(&pump->maker, route, pump->work, parts, ret_reason);
    hs_histogram_observe(pump->transform_seconds[route->index],
                         (double)(hs_clock_monotonic_ns() - begin) / 1e9, 1);
    return code;
}

/* Offers the current parcel. Returns false if the sink is full. */
static bool offer(struct hs_pump *pump, uint64_t sequence)
{
    struct hs_parcel parcel = {sequence, pump->maker.messages, pump->maker.count};
    pump->stalled = hs_sink_submit(pump->sink, &parcel) == HS_SUBMIT_FULL;
    return !pump->stalled;
}

const struct hs_route hs_pump_rerouted = {.name = ""};

static bool bury_rerouted(struct hs_pump *pump, struct hs_window_entry *entry,
                          const struct hs_event *event)
{
    hs_sink_leave_out(pump->sink, entry->sequence, entry->open);
    return hs_pump_bury(pump, entry, entry->open, event, "rerouted",
                        "it waited for this sink when the routes changed, and the current ones "
                        "do not name it");
}

/* No current route takes the event to this sink. */
static void pass_over(struct hs_pump *pump, const struct hs_event *event)
{
    if (!hs_past_was_for(pump->past, pump->work))
        return;
    struct hs_window_entry *entry = hs_window_push(&pump->window, event->sequence, 1);
    entry->received_wall_ns = event->received_wall_ns;
    entry->route = &hs_pump_rerouted;
    (void)bury_rerouted(pump, entry, event); /* otherwise sent again */
}

/* Handles parts whose messages cannot be made. Returns false if they must be tried again. */
static bool not_made(struct hs_pump *pump, struct hs_window_entry *entry, uint32_t parts,
                     const struct hs_event *event, int code, const char *reason)
{
    if (code == -EAGAIN) {
        hs_pump_hold(pump, entry, parts, reason, hs_error_text());
        return false;
    }
    hs_sink_leave_out(pump->sink, entry->sequence, parts);
    return hs_pump_bury(pump, entry, parts, event, reason, hs_error_text());
}

/* Handles an event that was read: skips it, dead-letters it, or sends it. */
static void take_up(struct hs_pump *pump, const struct hs_event *event)
{
    pump->read_sequence = event->sequence;
    pump->dirty = true;
    if (event->flaw != HS_EVENT_VALID || !hs_resend_is_for(event, pump->name))
        return;
    hs_work_begin(pump->work, event);
    const struct hs_route *route;
    int found = hs_router_match(pump->router, pump->work, &route);
    if (found <= 0 || (route->sinks >> pump->index & 1) == 0 || !hs_route_samples(route, event)) {
        pass_over(pump, event);
        return;
    }
    unsigned parts = hs_parcel_parts(&pump->maker, route);
    const char *reason;
    int code = make_timed(pump, route, event->sequence, all_parts(parts), &reason);
    if (code == 0 && pump->maker.count == 0) {
        hs_counter_add(pump->skipped[route->index], 1);
        pass_over(pump, event);
        return;
    }
    struct hs_window_entry *entry = hs_window_push(&pump->window, event->sequence, parts);
    entry->received_wall_ns = event->received_wall_ns;
    entry->route = route;
    if (code == 0) /* an event that no target takes needs no confirmation */
        hs_window_done(&pump->window, entry, entry->open & ~pump->maker.made);
    if (code < 0) {
        (void)not_made(pump, entry, entry->open, event, code, reason); /* otherwise tried again */
        return;
    }
    (void)offer(pump, event->sequence); /* full: `stalled` keeps the parcel */
}

/* The next event, skipping what the journal lost. */
static int read_next(struct hs_pump *pump, struct hs_event *ret_event)
{
    for (;;) {
        int got = hs_reader_next(pump->reader, ret_event);
        if (got != -EBADMSG)
            return got;
        struct hs_reader_loss loss = hs_reader_loss(pump->reader);
        hs_lost_tell(pump->lost, pump->name, loss.first, loss.last);
        if (loss.first <= loss.last && loss.last > pump->read_sequence) {
            pump->read_sequence = loss.last;
            pump->dirty = true;
        }
    }
}

/* Sends new events until the sink or the window is full or the journal has no more. Returns false
 * if there may be more to do immediately. */
static bool give_new(struct hs_pump *pump)
{
    for (unsigned i = 0; i < FILL_MAX; i++) {
        if (pump->stalled &&
            !offer(pump, hs_window_at(&pump->window, pump->window.tail - 1)->sequence))
            return true;
        if (hs_window_is_full(&pump->window) || pump->window.again_count > 0)
            return true;
        struct hs_event event;
        int got = read_next(pump, &event);
        if (got < 0) {
            hs_log_limited(HS_LOG_ERROR, "journal_read",
                           "cannot read the journal; the sink waits, check the disk",
                           HS_F("sink", "%s", pump->name), HS_F("error", "%s", hs_error_text()));
            hs_pump_schedule_retry(pump, false);
            return true;
        }
        if (got == 0)
            return true;
        take_up(pump, &event);
    }
    return false;
}

/* Sends again, in order, what failed temporarily. Returns false if the sink is full before the
 * end. */
static bool give_again(struct hs_pump *pump)
{
    for (uint64_t at = pump->window.head; pump->window.again_count > 0; at++) {
        HS_ASSERT(at < pump->window.tail);
        struct hs_window_entry *entry = hs_window_at(&pump->window, at);
        if (entry->again == 0)
            continue;
        struct hs_event event;
        int found = hs_pump_reread(pump, entry->sequence, &event);
        if (found == -ENODATA) {
            /* Its record was damaged since it was first read: not a reason to stop forever. */
            hs_lost_tell(pump->lost, pump->name, entry->sequence, entry->sequence);
            entry->lost = true;
            hs_window_done(&pump->window, entry, entry->open);
            continue;
        }
        if (found <= 0) {
            hs_pump_schedule_retry(pump, false);
            return false;
        }
        if (entry->route == &hs_pump_rerouted) {
            if (!bury_rerouted(pump, entry, &event))
                return false;
            continue;
        }
        hs_work_begin(pump->work, &event);
        const char *reason;
        int code = make_timed(pump, entry->route, entry->sequence, entry->again, &reason);
        if (code < 0) {
            if (!not_made(pump, entry, entry->again, &event, code, reason))
                return false;
            continue;
        }
        hs_window_done(&pump->window, entry, entry->again & ~pump->maker.made);
        struct hs_parcel parcel = {entry->sequence, pump->maker.messages, pump->maker.count};
        if (hs_sink_submit(pump->sink, &parcel) == HS_SUBMIT_FULL)
            return false;
        hs_window_given(&pump->window, entry, entry->again);
    }
    return true;
}

static bool waits_for_retry(const struct hs_pump *pump)
{
    return evtimer_pending(pump->on_retry, NULL);
}

static bool is_done(const struct hs_pump *pump);

/* Does what can be done now, then flushes the sink and arms the wakeup. */
static void fill(struct hs_pump *pump)
{
    if (!pump->may_send || waits_for_retry(pump))
        return;
    /* The current parcel belongs to an event after those to be sent again; it is made again with
     * them, so that the maker is free. */
    if (pump->window.again_count > 0 && pump->stalled) {
        struct hs_window_entry *last = hs_window_at(&pump->window, pump->window.tail - 1);
        hs_window_again(&pump->window, last, last->open);
        pump->stalled = false;
    }
    bool rest = true, unmade = pump->unmade;
    pump->unmade = false;
    if (pump->window.again_count == 0 || give_again(pump))
        rest = give_new(pump);
    if (unmade && !pump->unmade)
        hs_pump_recovered(pump);
    hs_sink_push(pump->sink);
    if (!rest)
        hs_pump_turn_soon(pump);
}

/* ---- Settling: the head of the window, the cursor, and what others read ---- */

static void count_done(struct hs_pump *pump, const struct hs_window_entry *entry, uint64_t now_ns)
{
    hs_counter_add(pump->delivered[entry->route->index], 1);
    double seconds =
        now_ns > entry->received_wall_ns ? (double)(now_ns - entry->received_wall_ns) / 1e9 : 0;
    hs_histogram_observe(pump->end_to_end, seconds, 1);
}

/* `popped` events left the window; `delivered` of them reached the sink. */
static void publish(struct hs_pump *pump, uint64_t popped, uint64_t delivered)
{
    const struct hs_window *window = &pump->window;
    uint64_t oldest = 0;
    if (!hs_window_is_empty(window))
        oldest = hs_window_at(window, window->head)->received_wall_ns;
    atomic_store_explicit(&pump->oldest_wall_ns, oldest, memory_order_relaxed);
    atomic_store_explicit(&pump->in_flight, hs_window_count(window), memory_order_relaxed);
    if (popped == 0)
        return;
    uint64_t count = atomic_load_explicit(&pump->delivered_count, memory_order_relaxed);
    atomic_store_explicit(&pump->delivered_count, count + delivered, memory_order_relaxed);
    atomic_store_explicit(&pump->progress_ns, hs_clock_monotonic_ns(), memory_order_relaxed);
}

static void save_cursor(struct hs_pump *pump)
{
    if (pump->save_at != UINT64_MAX)
        pump->save_at = hs_cursor_position(pump->cursor) + HS_PUMP_WINDOW;
    int code = hs_cursor_save(pump->cursor);
    atomic_store_explicit(&pump->unsaved, code < 0, memory_order_relaxed);
    if (code == 0)
        return;
    hs_counter_add(pump->save_errors, 1);
    hs_log_limited(HS_LOG_ERROR, "cursor_save",
                   "cannot save a sink's cursor; events may be redelivered after a crash",
                   HS_F("sink", "%s", pump->name), HS_F("error", "%s", hs_error_text()));
}

static void settle(struct hs_pump *pump)
{
    pump->dirty = false;
    uint64_t now_ns = hs_clock_wall_ns(), popped = 0, delivered = 0;
    const struct hs_window_entry *entry;
    while ((entry = hs_window_done_head(&pump->window)) != NULL) {
        if (entry->ticket == 0 && !entry->lost) {
            count_done(pump, entry, now_ns);
            delivered++;
        }
        hs_window_pop(&pump->window);
        popped++;
    }
    uint64_t position = pump->read_sequence;
    if (!hs_window_is_empty(&pump->window))
        position = hs_window_at(&pump->window, pump->window.head)->sequence - 1;
    hs_sink_skip(pump->sink, position);
    if (position > hs_cursor_position(pump->cursor))
        hs_cursor_move(pump->cursor, position);
    else
        hs_cursor_keep(pump->cursor, position); /* if the sink fell back: releases what it has
                                                 * again */
    if (position >= pump->save_at)
        save_cursor(pump);
    if (position >= pump->note.until || (pump->note.until_delivery && delivered > 0))
        hs_pump_clear_note(pump);
    publish(pump, popped, delivered);
}

/* ---- The loop's events ---- */

static void turn(struct hs_pump *pump)
{
    fill(pump);
    if (pump->dirty)
        settle(pump);
    if (is_done(pump))
        event_base_loopbreak(pump->base);
}

/* Asleep or not, signals after this write to the file. Earlier ones are handled now. */
static void on_wakeup(evutil_socket_t file, short what, void *context)
{
    struct hs_pump *pump = context;
    hs_wakeup_clear(&pump->wakeup);
    hs_wakeup_arm(&pump->wakeup);
    hs_pump_check_letters(pump);
    turn(pump);
}

static void on_turn(evutil_socket_t file, short what, void *context)
{
    turn(context);
}

/* A sink that takes nothing yet has an empty window: determines how long the first event has waited
 * for it. */
static void look_at_oldest(struct hs_pump *pump)
{
    struct hs_event event;
    if (pump->may_send || !hs_window_is_empty(&pump->window) ||
        atomic_load_explicit(&pump->oldest_wall_ns, memory_order_relaxed) != 0 ||
        hs_journal_durable(pump->journal) <= pump->read_sequence)
        return;
    /* What a server that keeps the position has lost shows when it is heard. */
    bool tells = pump->mark.journal == NULL;
    if ((tells ? read_next(pump, &event) : hs_reader_next(pump->reader, &event)) > 0)
        atomic_store_explicit(&pump->oldest_wall_ns, event.received_wall_ns, memory_order_relaxed);
    /* It was only examined: it is read again when the sink takes events. */
    if (hs_reader_seek(pump->reader, pump->read_sequence + 1) < 0)
        hs_log_limited(HS_LOG_ERROR, "journal_read", "cannot read the journal; check the disk",
                       HS_F("sink", "%s", pump->name), HS_F("error", "%s", hs_error_text()));
}

static void on_save(evutil_socket_t file, short what, void *context)
{
    struct hs_pump *pump = context;
    hs_heartbeat();
    look_at_oldest(pump);
    save_cursor(pump);
    turn(pump);
}

/* ---- The sink's callbacks ---- */

static void on_room(void *context)
{
    struct hs_pump *pump = context;
    hs_pump_turn_soon(pump);
}

/* Messages in flight when the connection broke: those that arrived will arrive twice, unless the
 * sink is exactly-once. */
static void count_resent(struct hs_pump *pump, uint32_t parts)
{
    if (parts != 0)
        hs_counter_add(pump->resent, (uint64_t)__builtin_popcount(parts));
}

/* What the journal lost before its first event: passed, also when no event follows. A server that
 * keeps the position itself is heard first: it may have had these events. */
static void pass_missing_begin(struct hs_pump *pump)
{
    uint64_t first = pump->read_sequence + 1, begin = hs_journal_begin(pump->journal);
    if (first >= begin)
        return;
    hs_journal_lose(pump->journal, first, begin - 1);
    hs_lost_tell(pump->lost, pump->name, first, begin - 1);
    pump->read_sequence = begin - 1;
    pump->dirty = true;
}

static bool on_resume(void *context, uint64_t position, uint64_t last)
{
    struct hs_pump *pump = context;
    bool gone = last == HS_SINK_CURSOR_GONE;
    last = gone ? 0 : last;
    pump->may_send = !hs_pump_is_ahead(pump, last);
    pump->stalled = false;
    if (!pump->may_send)
        return false;
    if (gone)
        hs_pump_server_forgot(pump);
    hs_pump_take_position(pump, position, last);
    pass_missing_begin(pump);
    hs_cursor_give(pump->cursor, last);
    for (uint64_t at = pump->window.head; at < pump->window.tail; at++) {
        struct hs_window_entry *entry = hs_window_at(&pump->window, at);
        uint32_t parts = entry->open & ~entry->lettered;
        count_resent(pump, parts & ~entry->again);
        hs_window_again(&pump->window, entry, parts);
    }
    evtimer_del(pump->on_retry);
    pump->dirty = true;
    hs_pump_turn_soon(pump);
    return true;
}

/* ---- Life ---- */

/* While stopping: all durable events are out, or the sink cannot take them now, or time is up. */
static bool is_done(const struct hs_pump *pump)
{
    uint64_t by = atomic_load(&pump->stop_by_ns);
    if (by == 0)
        return false;
    if (hs_clock_monotonic_ns() >= by || pump->state != HS_SINK_UP)
        return true;
    return hs_window_is_empty(&pump->window) &&
           pump->read_sequence >= hs_journal_durable(pump->journal);
}

static void *run(void *context)
{
    struct hs_pump *pump = context;
    char title[16];
    snprintf(title, sizeof(title), "hs-%.11s", pump->name);
    prctl(PR_SET_NAME, title);
    hs_heartbeat_begin(title, 0);
    hs_heartbeat_work("delivering events");
    hs_pump_turn_soon(pump);
    event_base_loop(pump->base, 0);
    /* On this thread, since the sink belongs to it. */
    if (pump->dirty)
        settle(pump);
    hs_heartbeat_end(); /* closing may wait for a broker */
    hs_sink_close(pump->sink);
    pump->sink = NULL;
    if (hs_cursor_save(pump->cursor) < 0)
        hs_log(HS_LOG_ERROR, "cannot save a sink's cursor; events may be redelivered",
               HS_F("sink", "%s", pump->name), HS_F("error", "%s", hs_error_text()));
    hs_pump_sink_state(pump, HS_SINK_STOPPED, "", "");
    return NULL;
}

static int open_events(struct hs_pump *pump)
{
    int code = hs_wakeup_init(&pump->wakeup);
    if (code < 0)
        return code;
    pump->base = event_base_new();
    if (pump->base == NULL)
        return hs_fail(-ENOMEM, "cannot create an event loop for the sink %s", pump->name);
    pump->on_wakeup =
        event_new(pump->base, pump->wakeup.file, EV_READ | EV_PERSIST, on_wakeup, pump);
    pump->on_save = event_new(pump->base, -1, EV_PERSIST, on_save, pump);
    pump->on_retry = evtimer_new(pump->base, on_turn, pump);
    pump->on_fill = evtimer_new(pump->base, on_turn, pump);
    if (pump->on_wakeup == NULL || pump->on_save == NULL || pump->on_retry == NULL ||
        pump->on_fill == NULL)
        return hs_fail(-ENOMEM, "cannot create the events of the sink %s", pump->name);
    struct timeval save = hs_clock_timeval(HS_PUMP_SAVE_NS);
    if (event_add(pump->on_wakeup, NULL) < 0 || event_add(pump->on_save, &save) < 0)
        return hs_fail(-EIO, "cannot watch the events of the sink %s", pump->name);
    return 0;
}

/* Whether some target of the route for the sink does not take every event. */
static bool may_skip(const struct hs_route *route, unsigned sink)
{
    for (size_t i = 0; i < route->target_count; i++) {
        const struct hs_target *target = &route->targets[i];
        if (target->sink == sink && (target->when != NULL || target->sample != 0))
            return true;
    }
    return false;
}

static void open_metrics(struct hs_pump *pump)
{
    size_t count = hs_router_count(pump->router) + 1;
    pump->delivered = hs_alloc_array(count, sizeof(struct hs_counter *));
    pump->skipped = hs_alloc_array(count, sizeof(struct hs_counter *));
    pump->transform_seconds = hs_alloc_array(count, sizeof(struct hs_histogram *));
    for (size_t i = 0; i < count; i++) {
        const char *route = i + 1 < count ? hs_router_at(pump->router, i)->name : "default";
        pump->delivered[i] =
            hs_metrics_counter(pump->metrics, HS_METRIC_sink_delivered_total, pump->name, route);
        if (i + 1 < count && may_skip(hs_router_at(pump->router, i), pump->index))
            pump->skipped[i] =
                hs_metrics_counter(pump->metrics, HS_METRIC_sink_skipped_total, pump->name, route);
        pump->transform_seconds[i] =
            hs_metrics_histogram(pump->metrics, HS_METRIC_transform_seconds, route);
    }
    pump->lost = hs_metrics_counter(pump->metrics, HS_METRIC_sink_lost_total, pump->name);
    pump->save_errors =
        hs_metrics_counter(pump->metrics, HS_METRIC_cursor_save_errors_total, pump->name);
    pump->resent = hs_metrics_counter(pump->metrics, HS_METRIC_sink_resent_total, pump->name);
    pump->end_to_end =
        hs_metrics_histogram(pump->metrics, HS_METRIC_end_to_end_seconds, pump->name);
}

/* A sink whose server does not report its position gets everything after the saved cursor,
 * including what the previous process had sent already (P5). */
static void count_maybe_resent(struct hs_pump *pump)
{
    uint64_t durable = hs_journal_durable(pump->journal);
    uint64_t rest = hs_cursor_is_new(pump->cursor) ? 0 : durable - pump->read_sequence;
    rest = rest < UINT64_C(2) * HS_PUMP_WINDOW ? rest : UINT64_C(2) * HS_PUMP_WINDOW;
    hs_counter_add(hs_metrics_counter(pump->metrics, HS_METRIC_sink_maybe_resent_total, pump->name),
                   rest);
}

static int open_way(struct hs_pump *pump, const struct hs_pump_spec *spec)
{
    enum hs_cursor_start start =
        pump->options->start == HS_START_OLDEST ? HS_CURSOR_FROM_OLDEST : HS_CURSOR_FROM_NOW;
    int code = hs_cursor_open(pump->journal, pump->name, start, &pump->cursor);
    if (code < 0)
        return code;
    uint64_t place = hs_sink_place(pump->options);
    pump->moved = hs_cursor_is_moved_to(pump->cursor, place);
    if (place != 0)
        hs_cursor_expect_server(pump->cursor);
    pump->read_sequence = hs_cursor_position(pump->cursor);
    pump->save_at = place == 0 ? pump->read_sequence + HS_PUMP_WINDOW : UINT64_MAX;
    if (place == 0)
        count_maybe_resent(pump);
    else
        hs_server_mark_open(&pump->mark, pump->journal, pump->name,
                            hs_cursor_is_new(pump->cursor) ? pump->read_sequence : 0);
    pump->note.until = UINT64_MAX;
    if (place == 0)
        pass_missing_begin(pump);
    else /* a retry may come before the server is heard: rather twice than never */
        hs_journal_lose(pump->journal, pump->read_sequence + 1,
                        hs_journal_begin(pump->journal) - 1);
    code = hs_past_open(pump->journal, pump->name, pump->read_sequence, &pump->past);
    if (code == 0)
        code = hs_reader_open(pump->journal, pump->read_sequence + 1, &pump->reader);
    if (code < 0)
        return code;
    pump->work = hs_work_create();
    hs_window_init(&pump->window);
    hs_parcel_maker_init(&pump->maker, spec->delivery->config, pump->index);
    struct hs_sink_host host = {
        .context = pump,
        .completed = hs_pump_completed,
        .room = on_room,
        .state = hs_pump_sink_state,
        .resume = on_resume,
        .known = !hs_cursor_is_new(pump->cursor),
    };
    return hs_sink_open(pump->base, pump->name, hs_journal_identity(pump->journal), pump->options,
                        &host, &pump->sink);
}

int hs_pump_start(const struct hs_pump_spec *spec, struct hs_pump **ret_pump)
{
    struct hs_pump *pump = hs_alloc(sizeof(*pump));
    pump->name = spec->name;
    pump->index = spec->index;
    pump->options = spec->options;
    pump->kind_name = hs_sink_kind_name(spec->options);
    pump->journal = spec->delivery->journal;
    pump->letters = spec->delivery->letters;
    pump->metrics = spec->delivery->metrics;
    pump->router = spec->router;
    pump->wakeup.file = -1;
    pthread_mutex_init(&pump->lock, NULL);
    atomic_store(&pump->progress_ns, hs_clock_monotonic_ns());
    pump->away_since_ns = hs_clock_monotonic_ns(); /* not up yet */
    open_metrics(pump);
    int code = open_events(pump);
    if (code == 0)
        code = open_way(pump, spec);
    if (code == 0) {
        hs_journal_subscribe(pump->journal, &pump->wakeup);
        hs_dead_letters_subscribe(pump->letters, &pump->wakeup);
        int failed = pthread_create(&pump->thread, NULL, run, pump);
        pump->started = failed == 0;
        if (failed != 0)
            code = hs_fail_errno(failed, "cannot start the thread of the sink %s", pump->name);
    }
    if (code < 0) {
        hs_pump_free(pump);
        return code;
    }
    *ret_pump = pump;
    return 0;
}

void hs_pump_ask_stop(struct hs_pump *pump, uint64_t stop_by_ns)
{
    atomic_store(&pump->stop_by_ns, stop_by_ns);
    hs_wakeup_tell(&pump->wakeup);
}

void hs_pump_join(struct hs_pump *pump)
{
    if (!pump->started)
        return;
    if (atomic_load(&pump->stop_by_ns) == 0)
        hs_pump_ask_stop(pump, 1);
    pthread_join(pump->thread, NULL);
    pump->started = false;
}

static void free_event(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

void hs_pump_free(struct hs_pump *pump)
{
    if (pump == NULL)
        return;
    hs_pump_join(pump);
    hs_journal_unsubscribe(pump->journal, &pump->wakeup);
    hs_dead_letters_unsubscribe(pump->letters, &pump->wakeup);
    hs_sink_close(pump->sink);
    hs_cursor_close(pump->cursor);
    hs_reader_close(pump->reader);
    hs_reader_close(pump->again_reader);
    free_event(pump->on_wakeup);
    free_event(pump->on_save);
    free_event(pump->on_retry);
    free_event(pump->on_fill);
    if (pump->base != NULL)
        event_base_free(pump->base);
    hs_wakeup_close(&pump->wakeup);
    hs_parcel_maker_free(&pump->maker);
    hs_window_free(&pump->window);
    hs_work_free(pump->work);
    hs_router_free(pump->router);
    hs_past_free(pump->past);
    pthread_mutex_destroy(&pump->lock);
    hs_cells_free(&pump->cells);
    hs_server_mark_close(&pump->mark);
    free(pump->delivered);
    free(pump->skipped);
    free(pump->transform_seconds);
    free(pump);
}
