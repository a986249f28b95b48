/* Forward: see forward.h. A single reader does everything: to send letters again it goes back to
 * the first of them, and skips letters that were sent and not lost. */
#include "forward.h"

#include "cells.h"
#include "letter_message.h"
#include "letters.h"
#include "server_mark.h"
#include "window.h"

#include <event2/event.h>
#include <hookstream/clock.h>
#include <hookstream/heartbeat.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* The sink's name: names of configured sinks cannot contain a dot. */
#define SINK_NAME "dead_letters.forward"
#define IN_FLIGHT_MAX 1024u /* letters sent but not confirmed */
#define TICK_NS HS_PUMP_SAVE_NS

struct hs_forward {
    struct hs_dead_letters *letters;
    struct hs_metrics *metrics;
    struct hs_letter_maker *maker;
    struct hs_arena *arena;                /* of the options */
    const struct hs_sink_options *options; /* its sink's, but for what only one may have */
    struct hs_letter_reader *reader;
    struct hs_window window; /* numbers of letters; one message each */
    struct hs_sink *sink;

    uint64_t read_number; /* the last letter sent or skipped */
    uint64_t again_until; /* up to here also letters that were forwarded before they were moved */
    bool may_send;        /* the sink asked to resume */
    bool must_rewind;     /* the reader is past letters that must be sent again */
    unsigned failures;    /* consecutive retries */
    bool blocked;         /* the last failure needs an operator */
    bool moved;           /* as in a pump */
    struct hs_server_mark mark;

    pthread_t thread;
    bool started;
    struct event_base *base;
    struct hs_wakeup wakeup; /* signalled by the dead letters' store and by stop */
    struct event *on_wakeup, *on_tick, *on_retry, *on_turn;
    _Atomic uint64_t stop_by_ns;

    /* Read by others. */
    pthread_mutex_t lock; /* guards the next three */
    enum hs_sink_state state;
    char reason[48], detail[400];
    _Atomic uint64_t oldest_wall_ns, in_flight, confirmed;

    _Atomic bool unsaved; /* the last save of the cursor failed */

    struct hs_counter *forwarded, *save_errors;
    struct hs_cells cells;
};

/* ---- Helpers ---- */

static void turn_soon(struct hs_forward *forward)
{
    static const struct timeval now = {0, 0};
    if (!evtimer_pending(forward->on_turn, NULL))
        evtimer_add(forward->on_turn, &now);
}

static void retry_later(struct hs_forward *forward)
{
    uint64_t least = forward->blocked ? HS_PUMP_BLOCKED_LEAST_NS : HS_PUMP_RETRY_LEAST_NS;
    uint64_t most = forward->blocked ? HS_PUMP_BLOCKED_MOST_NS : HS_PUMP_RETRY_MOST_NS;
    if (evtimer_pending(forward->on_retry, NULL))
        return;
    unsigned doublings = forward->failures > 16 ? 16 : forward->failures;
    uint64_t wait = least << doublings > most ? most : least << doublings;
    forward->failures++;
    struct timeval after = hs_clock_timeval(wait);
    evtimer_add(forward->on_retry, &after);
}

static void set_state(struct hs_forward *forward, enum hs_sink_state state, const char *reason,
                      const char *detail)
{
    pthread_mutex_lock(&forward->lock);
    forward->state = state;
    snprintf(forward->reason, sizeof(forward->reason), "%s", reason ? reason : "");
    snprintf(forward->detail, sizeof(forward->detail), "%s", detail ? detail : "");
    pthread_mutex_unlock(&forward->lock);
}

/* This letter is never forwarded. */
static void pass_over(struct hs_forward *forward, uint64_t number, const char *reason,
                      const char *detail)
{
    hs_cells_count(&forward->cells, forward->metrics, HS_METRIC_dead_letters_unforwarded_total,
                   reason, "", "");
    hs_log_limited(HS_LOG_ERROR, "dead_letter_unforwarded",
                   "a dead letter cannot be forwarded and is skipped; it stays among the dead "
                   "letters",
                   HS_F("letter", "%" PRIu64, number), HS_F("reason", "%s", reason),
                   HS_F("detail", "%s", detail));
}

/* Makes the letter from this number on the reader's next one. */
static bool seek(struct hs_forward *forward, uint64_t number)
{
    if (hs_letter_reader_seek(forward->reader, number) == 0)
        return true;
    hs_log_limited(HS_LOG_ERROR, "journal_read", "cannot read the dead letters; check the disk",
                   HS_F("sink", "%s", SINK_NAME), HS_F("error", "%s", hs_error_text()));
    forward->must_rewind = true;
    retry_later(forward);
    return false;
}

/* ---- Sending ---- */

/* Letters before this number that should be sent again are no longer in the store. */
static void forget_gone(struct hs_forward *forward, uint64_t before)
{
    struct hs_window *window = &forward->window;
    for (uint64_t at = window->head; window->again_count > 0 && at < window->tail; at++) {
        struct hs_window_entry *entry = hs_window_at(window, at);
        if (entry->sequence >= before)
            return;
        if (entry->again != 0)
            hs_window_done(window, entry, entry->open);
    }
}

/* Returns false if the sink is full. */
static bool give(struct hs_forward *forward, const struct hs_letter *letter)
{
    struct hs_window *window = &forward->window;
    struct hs_window_entry *entry = hs_window_find(window, letter->number);
    bool known = letter->number <= forward->read_number; /* it is read again */
    if (entry != NULL ? entry->again == 0 : known)
        return true;
    const struct hs_message *message;
    const char *reason;
    if (hs_letter_make(forward->maker, letter, &message, &reason) < 0) {
        pass_over(forward, letter->number, reason, hs_error_text());
        hs_sink_leave_out(forward->sink, letter->number, 1);
        if (entry != NULL)
            hs_window_done(window, entry, entry->open);
        return true;
    }
    struct hs_parcel parcel = {letter->number, message, 1};
    if (hs_sink_submit(forward->sink, &parcel) == HS_SUBMIT_FULL)
        return false;
    if (entry == NULL)
        entry = hs_window_push(window, letter->number, 1);
    entry->received_wall_ns = letter->event.received_wall_ns;
    hs_window_given(window, entry, 1);
    return true;
}

static uint64_t first_again(const struct hs_window *window)
{
    for (uint64_t at = window->head; at < window->tail; at++)
        if (hs_window_at(window, at)->again != 0)
            return hs_window_at(window, at)->sequence;
    HS_ASSERT(false); /* the caller has checked that there is one */
    return 0;
}

/* Reads and sends until the sink or the window is full, or all letters were read. */
static void give_all(struct hs_forward *forward)
{
    struct hs_window *window = &forward->window;
    uint64_t durable = hs_journal_durable(forward->letters->journal);
    while (window->again_count > 0 || hs_window_count(window) < IN_FLIGHT_MAX) {
        struct hs_letter letter;
        int got = hs_letter_reader_next(forward->reader, &letter);
        if (got < 0) {
            (void)seek(forward, forward->read_number + 1);
            retry_later(forward);
            forward->must_rewind = window->again_count > 0;
            return;
        }
        forget_gone(forward, got == 0 ? UINT64_MAX : letter.number);
        if (got == 0) {
            if (durable > forward->read_number)
                forward->read_number = durable;
            return;
        }
        bool had = letter.forwarded && letter.number > forward->again_until;
        if (!had && !give(forward, &letter)) {
            (void)seek(forward, letter.number);
            return;
        }
        if (letter.number > forward->read_number)
            forward->read_number = letter.number;
    }
}

static void fill(struct hs_forward *forward)
{
    if (!forward->may_send || evtimer_pending(forward->on_retry, NULL))
        return;
    if (forward->must_rewind) {
        bool again = forward->window.again_count > 0;
        if (!seek(forward, again ? first_again(&forward->window) : forward->read_number + 1))
            return;
        forward->must_rewind = false;
    }
    give_all(forward);
    hs_sink_push(forward->sink);
}

/* ---- Settling ---- */

static void settle(struct hs_forward *forward)
{
    struct hs_window *window = &forward->window;
    while (hs_window_done_head(window) != NULL)
        hs_window_pop(window);
    bool empty = hs_window_is_empty(window);
    const struct hs_window_entry *head = empty ? NULL : hs_window_at(window, window->head);
    uint64_t position = empty ? forward->read_number : head->sequence - 1;
    hs_sink_skip(forward->sink, position);
    struct hs_cursor *forwarded = forward->letters->forwarded;
    if (position > hs_cursor_position(forwarded))
        hs_cursor_move(forwarded, position);
    else
        hs_cursor_keep(forwarded, position); /* if it fell back: keeps only what it lacks (F2) */
    atomic_store_explicit(&forward->oldest_wall_ns, empty ? 0 : head->received_wall_ns,
                          memory_order_relaxed);
    atomic_store_explicit(&forward->in_flight, hs_window_count(window), memory_order_relaxed);
}

/* F2: letters that are no longer in the store (retried, discarded or dropped) are not waited
 * for. */
static void follow_the_store(struct hs_forward *forward)
{
    struct hs_window *window = &forward->window;
    uint64_t gone = hs_cursor_position(forward->letters->hold);
    for (uint64_t at = window->head; at < window->tail; at++) {
        struct hs_window_entry *entry = hs_window_at(window, at);
        if (entry->sequence <= gone)
            hs_window_done(window, entry, entry->open);
    }
    if (gone > forward->read_number)
        forward->read_number = gone;
}

static bool is_done(const struct hs_forward *forward)
{
    uint64_t by = atomic_load(&forward->stop_by_ns);
    if (by == 0)
        return false;
    return hs_clock_monotonic_ns() >= by || forward->state != HS_SINK_UP ||
           hs_cursor_position(forward->letters->forwarded) >=
               hs_journal_durable(forward->letters->journal);
}

/* ---- The loop's events ---- */

static void turn(struct hs_forward *forward)
{
    fill(forward);
    settle(forward);
    if (is_done(forward))
        event_base_loopbreak(forward->base);
}

static void on_turn(evutil_socket_t file, short what, void *context)
{
    turn(context);
}

static void on_wakeup(evutil_socket_t file, short what, void *context)
{
    struct hs_forward *forward = context;
    hs_wakeup_clear(&forward->wakeup);
    hs_wakeup_arm(&forward->wakeup);
    turn(forward);
}

static void save(struct hs_forward *forward)
{
    int code = hs_cursor_save(forward->letters->forwarded);
    atomic_store(&forward->unsaved, code < 0);
    if (code == 0)
        return;
    hs_counter_add(forward->save_errors, 1);
    hs_log_limited(HS_LOG_ERROR, "cursor_save",
                   "cannot save how far dead letters are forwarded; some may come again",
                   HS_F("error", "%s", hs_error_text()));
}

static void on_tick(evutil_socket_t file, short what, void *context)
{
    struct hs_forward *forward = context;
    hs_heartbeat();
    follow_the_store(forward);
    turn(forward);
    save(forward);
}

/* ---- The sink's callbacks ---- */

static void on_room(void *context)
{
    turn_soon(context);
}

static void on_state(void *context, enum hs_sink_state state, const char *reason,
                     const char *detail)
{
    struct hs_forward *forward = context;
    bool waits = forward->blocked && forward->window.head < forward->window.tail;
    if (state == HS_SINK_UP && waits && forward->state == HS_SINK_BLOCKED)
        return; /* a connection alone proves nothing of a letter that waits for an operator */
    hs_log(state == HS_SINK_UP || state == HS_SINK_STOPPED ? HS_LOG_INFO : HS_LOG_WARN,
           "sink state", HS_F("sink", "%s", SINK_NAME),
           HS_F("state", "%s", hs_sink_state_name(state)),
           HS_F("reason", "%s", reason ? reason : ""), HS_F("detail", "%s", detail ? detail : ""));
    set_state(forward, state, reason, detail);
}

static void failed_for_now(struct hs_forward *forward, struct hs_window_entry *entry,
                           enum hs_outcome outcome, const char *reason, const char *detail)
{
    hs_window_again(&forward->window, entry, 1);
    forward->must_rewind = true;
    if (outcome == HS_BLOCKED) {
        forward->blocked = true;
        set_state(forward, HS_SINK_BLOCKED, reason, detail);
    }
    hs_log_limited(outcome == HS_BLOCKED ? HS_LOG_ERROR : HS_LOG_WARN, "forward_retry",
                   outcome == HS_BLOCKED ? "dead letters are not forwarded until an operator "
                                           "fixes this"
                                         : "a dead letter was not taken; it is sent again",
                   HS_F("letter", "%" PRIu64, entry->sequence), HS_F("reason", "%s", reason),
                   HS_F("detail", "%s", detail));
    retry_later(forward);
}

static void on_completed(void *context, uint64_t sequence, unsigned part, enum hs_outcome outcome,
                         const char *reason, const char *detail)
{
    struct hs_forward *forward = context;
    struct hs_window_entry *entry = hs_window_find(&forward->window, sequence);
    if (entry == NULL || entry->open == 0)
        return; /* the server's own position confirmed it, or it was removed */
    turn_soon(forward);
    reason = reason ? reason : "unknown";
    detail = detail ? detail : "";
    if (outcome != HS_DELIVERED && outcome != HS_PERMANENT) {
        failed_for_now(forward, entry, outcome, reason, detail);
        return;
    }
    hs_window_done(&forward->window, entry, entry->open);
    if (outcome == HS_PERMANENT) {
        pass_over(forward, sequence, reason, detail);
        return;
    }
    hs_cursor_give(forward->letters->forwarded, sequence);
    hs_server_mark_set(&forward->mark);
    if (forward->moved)
        hs_cursor_settle_at(forward->letters->forwarded, hs_sink_place(forward->options));
    forward->moved = false;
    hs_counter_add(forward->forwarded, 1);
    atomic_fetch_add_explicit(&forward->confirmed, 1, memory_order_relaxed);
    forward->failures = 0;
    if (forward->blocked) {
        forward->blocked = false;
        on_state(forward, HS_SINK_UP, "", "");
    }
}

/* The store is an older copy: the server has letters with numbers that are still to come. */
static bool is_ahead(struct hs_forward *forward, uint64_t last)
{
    if (hs_cursor_hear_server(forward->letters->forwarded, last, forward->read_number))
        return false;
    hs_server_mark_clear(&forward->mark);
    on_state(forward, HS_SINK_BLOCKED, "cursor_ahead",
             "it has letters that this store does not have: the store is an older copy. To "
             "continue from here remove the cursor on the server, and restart");
    return true;
}

/* The server lost what it had after this letter. A letter that was forwarded and then moved has a
 * higher number now: it is unknown which of those the server still has. */
static void go_back(struct hs_forward *forward, uint64_t number)
{
    hs_cursor_keep(forward->letters->forwarded, number);
    hs_window_clear(&forward->window);
    forward->read_number = number;
    forward->again_until = hs_journal_durable(forward->letters->journal);
}

/* The number of letters still kept that the server had after number `first`. */
static uint64_t count_lost(struct hs_forward *forward, uint64_t first, uint64_t last)
{
    struct hs_letter_reader *reader;
    struct hs_letter letter;
    uint64_t count = 0;
    if (hs_letter_reader_open(forward->letters, first + 1, &reader) < 0)
        return 0;
    while (hs_letter_reader_next(reader, &letter) > 0) {
        hs_heartbeat();
        count += letter.number <= last || letter.forwarded;
    }
    hs_letter_reader_close(reader);
    return count;
}

/* Returns the number of letters counted. */
static uint64_t count_loss(struct hs_forward *forward, uint64_t first, uint64_t last,
                           const char *outcome)
{
    uint64_t lost = count_lost(forward, first, last);
    hs_counter_add(
        hs_metrics_counter(forward->metrics, HS_METRIC_sink_cursor_lost_total, SINK_NAME), 1);
    if (lost > 0)
        hs_counter_add(hs_metrics_counter(forward->metrics, HS_METRIC_sink_cursor_lost_events_total,
                                          SINK_NAME, outcome),
                       lost);
    return lost;
}

/* An exactly-once sink's server reports its own position, which takes precedence. */
static void take_position(struct hs_forward *forward, uint64_t position, uint64_t last)
{
    struct hs_window *window = &forward->window;
    for (uint64_t at = window->head; at < window->tail; at++) {
        struct hs_window_entry *entry = hs_window_at(window, at);
        if (entry->sequence <= position)
            hs_window_done(window, entry, entry->open);
    }
    if (position == 0 ||
        (forward->moved && position < hs_cursor_position(forward->letters->forwarded)))
        return;
    if (position < forward->read_number && hs_cursor_lost(forward->letters->forwarded, last)) {
        uint64_t until = hs_cursor_position(forward->letters->forwarded);
        uint64_t lost = count_loss(forward, last, until, "replayed");
        hs_log(HS_LOG_WARN,
               "the sink lost dead letters that it had confirmed; those that are still "
               "kept are sent again",
               HS_F("sink", "%s", SINK_NAME), HS_F("has", "%" PRIu64, position),
               HS_F("letters", "%" PRIu64, lost));
        go_back(forward, position);
    } else if (position > forward->read_number) {
        forward->read_number = position;
    }
}

/* The server may have lost letters with its cursor: the kept ones are sent again, unless the sink's
 * options say otherwise. */
static void server_forgot(struct hs_forward *forward)
{
    uint64_t first = forward->mark.first, last = hs_cursor_position(forward->letters->forwarded);
    if (!forward->mark.is_set || forward->moved || last <= first)
        return;
    bool replay = forward->options->on_cursor_lost == HS_CURSOR_LOST_REPLAY;
    uint64_t lost = count_loss(forward, first, last, replay ? "replayed" : "left");
    hs_log(HS_LOG_WARN,
           replay ? "the server has lost the cursor of the dead letters that it was given: those "
                    "that are kept are sent again"
                  : "the server has lost the cursor of the dead letters that it was given, and "
                    "perhaps the letters: they are not sent again",
           HS_F("sink", "%s", SINK_NAME), HS_F("reason", HS_PUMP_CURSOR_MISSING),
           HS_F("first", "%" PRIu64, first + 1), HS_F("last", "%" PRIu64, last),
           HS_F("letters", "%" PRIu64, lost));
    if (!replay)
        return;
    go_back(forward, first);
}

static bool on_resume(void *context, uint64_t position, uint64_t last)
{
    struct hs_forward *forward = context;
    bool gone = last == HS_SINK_CURSOR_GONE;
    last = gone ? 0 : last;
    forward->may_send = !is_ahead(forward, last);
    if (!forward->may_send)
        return false;
    if (gone)
        server_forgot(forward);
    else if (position > 0)
        hs_server_mark_set(&forward->mark);
    take_position(forward, position, last);
    hs_cursor_give(forward->letters->forwarded, last);
    for (uint64_t at = forward->window.head; at < forward->window.tail; at++) {
        struct hs_window_entry *entry = hs_window_at(&forward->window, at);
        hs_window_again(&forward->window, entry, entry->open);
    }
    forward->must_rewind = true;
    evtimer_del(forward->on_retry);
    turn_soon(forward);
    return true;
}

/* ---- Life ---- */

static void *run(void *context)
{
    struct hs_forward *forward = context;
    prctl(PR_SET_NAME, "hs-forward");
    hs_heartbeat_begin("hs-forward", 0);
    hs_heartbeat_work("forwarding dead letters");
    turn_soon(forward);
    event_base_loop(forward->base, 0);
    hs_heartbeat_end(); /* closing may wait for a broker */
    settle(forward);
    hs_sink_close(forward->sink); /* on this thread, to which it belongs */
    forward->sink = NULL;
    save(forward);
    on_state(forward, HS_SINK_STOPPED, "", "");
    return NULL;
}

static int open_events(struct hs_forward *forward)
{
    int code = hs_wakeup_init(&forward->wakeup);
    if (code < 0)
        return code;
    forward->base = event_base_new();
    if (forward->base == NULL)
        return hs_fail(-ENOMEM, "cannot create an event loop for " SINK_NAME);
    forward->on_wakeup =
        event_new(forward->base, forward->wakeup.file, EV_READ | EV_PERSIST, on_wakeup, forward);
    forward->on_tick = event_new(forward->base, -1, EV_PERSIST, on_tick, forward);
    forward->on_retry = evtimer_new(forward->base, on_turn, forward);
    forward->on_turn = evtimer_new(forward->base, on_turn, forward);
    if (forward->on_wakeup == NULL || forward->on_tick == NULL || forward->on_retry == NULL ||
        forward->on_turn == NULL)
        return hs_fail(-ENOMEM, "cannot create the events of " SINK_NAME);
    struct timeval tick = hs_clock_timeval(TICK_NS);
    if (event_add(forward->on_wakeup, NULL) < 0 || event_add(forward->on_tick, &tick) < 0)
        return hs_fail(-EIO, "cannot watch the events of " SINK_NAME);
    return 0;
}

static int open_way(struct hs_forward *forward, const struct hs_delivery_spec *spec,
                    const struct hs_node *target)
{
    forward->maker = hs_letter_maker_create(spec->config, target, spec->sinks);
    if (forward->maker == NULL)
        return hs_fail(-EINVAL, "dead_letters.forward cannot be compiled");
    forward->arena = hs_arena_create();
    forward->options = hs_sink_options_for_second(
        hs_children_at(spec->sinks, hs_letter_maker_sink(forward->maker)), "dead-letters",
        forward->arena);
    hs_window_init(&forward->window);
    forward->moved =
        hs_cursor_is_moved_to(forward->letters->forwarded, hs_sink_place(forward->options));
    forward->read_number = hs_cursor_position(forward->letters->forwarded);
    if (hs_sink_place(forward->options) != 0)
        hs_server_mark_open(&forward->mark, forward->letters->journal, "forward", 0);
    int code = hs_letter_reader_open(forward->letters, forward->read_number + 1, &forward->reader);
    if (code < 0)
        return code;
    struct hs_sink_host host = {
        .context = forward,
        .completed = on_completed,
        .room = on_room,
        .state = on_state,
        .resume = on_resume,
    };
    /* By the store's identity: a cursor on the server counts the store's numbers. */
    return hs_sink_open(forward->base, SINK_NAME, hs_journal_identity(forward->letters->journal),
                        forward->options, &host, &forward->sink);
}

int hs_forward_start(const struct hs_delivery_spec *spec, const struct hs_node *target,
                     struct hs_forward **ret_forward)
{
    HS_ASSERT(spec->letters->forwarded != NULL);
    struct hs_forward *forward = hs_alloc(sizeof(*forward));
    forward->letters = spec->letters;
    forward->metrics = spec->metrics;
    forward->wakeup.file = -1;
    pthread_mutex_init(&forward->lock, NULL);
    forward->save_errors =
        hs_metrics_counter(spec->metrics, HS_METRIC_cursor_save_errors_total, SINK_NAME);
    forward->forwarded = hs_metrics_counter(spec->metrics, HS_METRIC_dead_letters_forwarded_total);
    int code = open_events(forward);
    if (code == 0)
        code = open_way(forward, spec, target);
    if (code == 0) {
        hs_dead_letters_subscribe(forward->letters, &forward->wakeup);
        hs_wakeup_arm(&forward->wakeup);
        int failed = pthread_create(&forward->thread, NULL, run, forward);
        forward->started = failed == 0;
        if (failed != 0)
            code = hs_fail_errno(failed, "cannot start the thread of " SINK_NAME);
    }
    if (code < 0) {
        hs_forward_free(forward);
        return code;
    }
    *ret_forward = forward;
    return 0;
}

void hs_forward_ask_stop(struct hs_forward *forward, uint64_t stop_by_ns)
{
    atomic_store(&forward->stop_by_ns, stop_by_ns);
    hs_wakeup_tell(&forward->wakeup);
}

void hs_forward_join(struct hs_forward *forward)
{
    if (!forward->started)
        return;
    if (atomic_load(&forward->stop_by_ns) == 0)
        hs_forward_ask_stop(forward, 1);
    pthread_join(forward->thread, NULL);
    forward->started = false;
}

void hs_forward_free(struct hs_forward *forward)
{
    if (forward == NULL)
        return;
    hs_forward_join(forward);
    hs_dead_letters_unsubscribe(forward->letters, &forward->wakeup);
    hs_sink_close(forward->sink);
    hs_letter_reader_close(forward->reader);
    struct event *const events[] = {forward->on_wakeup, forward->on_tick, forward->on_retry,
                                    forward->on_turn};
    for (size_t i = 0; i < HS_ARRAY_SIZE(events); i++)
        if (events[i] != NULL)
            event_free(events[i]);
    if (forward->base != NULL)
        event_base_free(forward->base);
    hs_wakeup_close(&forward->wakeup);
    hs_letter_maker_free(forward->maker);
    hs_window_free(&forward->window);
    hs_cells_free(&forward->cells);
    hs_server_mark_close(&forward->mark);
    pthread_mutex_destroy(&forward->lock);
    hs_arena_free(forward->arena);
    free(forward);
}

void hs_forward_status(struct hs_forward *forward, struct hs_pump_status *ret_status)
{
    uint64_t durable = hs_journal_durable(forward->letters->journal);
    uint64_t position = hs_cursor_position(forward->letters->forwarded);
    uint64_t oldest = atomic_load_explicit(&forward->oldest_wall_ns, memory_order_relaxed);
    uint64_t now = hs_clock_wall_ns();
    *ret_status = (struct hs_pump_status){
        .name = SINK_NAME,
        .kind = hs_sink_kind_name(forward->options),
        .unsaved = atomic_load(&forward->unsaved),
        .position = position,
        .lag_events = durable > position ? durable - position : 0,
        .lag_seconds = oldest != 0 && now > oldest ? (double)(now - oldest) / 1e9 : 0,
        .in_flight = atomic_load_explicit(&forward->in_flight, memory_order_relaxed),
        .delivered = atomic_load_explicit(&forward->confirmed, memory_order_relaxed),
    };
    pthread_mutex_lock(&forward->lock);
    ret_status->state = forward->state;
    memcpy(ret_status->reason, forward->reason, sizeof(ret_status->reason));
    memcpy(ret_status->detail, forward->detail, sizeof(ret_status->detail));
    pthread_mutex_unlock(&forward->lock);
}
