/* Pump, second part: handles the results of messages (confirmed, to be sent again, or dead letters)
 * and reports them to the operator. */
#include "pump.h"

#include <event2/event.h>
#include <hookstream/clock.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>

/* Up to this distance the second reader walks forward instead of seeking. */
#define WALK_MAX 256u

void hs_pump_turn_soon(struct hs_pump *pump)
{
    static const struct timeval now = {0, 0};
    if (!evtimer_pending(pump->on_fill, NULL))
        evtimer_add(pump->on_fill, &now);
}

void hs_pump_mark_dirty(struct hs_pump *pump)
{
    pump->dirty = true;
    hs_pump_turn_soon(pump);
}

static uint64_t backoff_ns(const struct hs_pump *pump)
{
    uint64_t least = pump->blocked ? HS_PUMP_BLOCKED_LEAST_NS : HS_PUMP_RETRY_LEAST_NS;
    uint64_t most = pump->blocked ? HS_PUMP_BLOCKED_MOST_NS : HS_PUMP_RETRY_MOST_NS;
    unsigned doublings = pump->failures > 16 ? 16 : pump->failures;
    uint64_t wait = least << doublings;
    return wait > most ? most : wait;
}

void hs_pump_schedule_retry(struct hs_pump *pump, bool at_once)
{
    if (evtimer_pending(pump->on_retry, NULL))
        return;
    uint64_t wait = at_once ? 0 : backoff_ns(pump);
    if (!at_once)
        pump->failures++;
    struct timeval after = hs_clock_timeval(wait);
    evtimer_add(pump->on_retry, &after);
}

int hs_pump_reread(struct hs_pump *pump, uint64_t sequence, struct hs_event *ret_event)
{
    int code = 0;
    if (pump->again_reader == NULL)
        code = hs_reader_open(pump->journal, sequence, &pump->again_reader);
    else if (sequence <= pump->again_sequence || sequence - pump->again_sequence > WALK_MAX)
        code = hs_reader_seek(pump->again_reader, sequence);
    while (code >= 0) {
        code = hs_reader_next(pump->again_reader, ret_event);
        if (code == -EBADMSG) {
            struct hs_reader_loss loss = hs_reader_loss(pump->again_reader);
            code = 0;
            if (loss.first <= sequence && sequence <= loss.last)
                code = hs_fail(-ENODATA, "the record of event %" PRIu64 " is damaged", sequence);
            continue;
        }
        if (code <= 0)
            break;
        pump->again_sequence = ret_event->sequence;
        if (ret_event->sequence == sequence)
            return 1;
        if (ret_event->sequence > sequence)
            code = hs_fail(-ENODATA, "event %" PRIu64 " is no longer in the journal", sequence);
    }
    pump->again_sequence = 0;
    hs_log_limited(HS_LOG_ERROR, "journal_reread",
                   code == -ENODATA ? "an event is damaged in the journal and was not delivered: "
                                      "check the disk"
                                    : "cannot read an event again; the sink waits",
                   HS_F("sink", "%s", pump->name), HS_F("sequence", "%" PRIu64, sequence),
                   HS_F("error", "%s", code < 0 ? hs_error_text() : "not durable"));
    return code;
}

/* ---- Dead letters ---- */

static const char *route_name(const struct hs_window_entry *entry)
{
    return entry->route->name;
}

static void note_buried(struct hs_pump *pump, const struct hs_window_entry *entry)
{
    pump->buried[pump->buried_count++ % HS_PUMP_BURIED] =
        (struct hs_buried){entry->sequence, entry->lettered};
}

/* Which of the event's parts are safe as dead letters. */
static uint32_t buried_parts(const struct hs_pump *pump, uint64_t sequence)
{
    uint32_t parts = 0;
    for (uint64_t i = 0; i < pump->buried_count && i < HS_PUMP_BURIED; i++)
        if (pump->buried[i].sequence == sequence)
            parts |= pump->buried[i].parts;
    return parts;
}

bool hs_pump_bury(struct hs_pump *pump, struct hs_window_entry *entry, uint32_t parts,
                  const struct hs_event *event, const char *reason, const char *detail)
{
    if ((parts & ~buried_parts(pump, entry->sequence)) == 0) {
        entry->ticket = 1; /* that of a letter which is long durable: it does not count as
                            * delivered */
        hs_window_done(&pump->window, entry, parts);
        hs_pump_mark_dirty(pump);
        return true;
    }
    /* An entry waits for one ticket at a time; the event's other parts follow then. */
    if (entry->lettered != 0) {
        hs_window_again(&pump->window, entry, parts);
        hs_pump_schedule_retry(pump, false);
        return false;
    }
    struct hs_dead_letter_reason why = {
        .reason = reason,
        .detail = detail,
        .route = route_name(entry),
        .sink = pump->name,
        .attempts = entry->attempts + 1,
    };
    hs_log_limited(HS_LOG_WARN, "dead_letter", "an event cannot be delivered and is a dead letter",
                   HS_F("sink", "%s", pump->name), HS_F("route", "%s", why.route),
                   HS_F("event", "%.*s", HS_SLICE_ARG(event->id)),
                   HS_F("type", "%.*s", HS_SLICE_ARG(event->type)), HS_F("reason", "%s", reason),
                   HS_F("detail", "%s", detail ? detail : ""));
    uint64_t ticket;
    if (hs_dead_letters_put(pump->letters, event, &why, &ticket) < 0) {
        hs_log_limited(HS_LOG_ERROR, "dead_letters_full",
                       "cannot write a dead letter; the sink waits, check the disk",
                       HS_F("sink", "%s", pump->name), HS_F("error", "%s", hs_error_text()));
        hs_window_again(&pump->window, entry, parts);
        hs_pump_schedule_retry(pump, false);
        return false;
    }
    hs_cells_count(&pump->cells, pump->metrics, HS_METRIC_dead_letters_total, why.route, reason,
                   "");
    if (strcmp(reason, "transform") == 0 || strcmp(reason, "template") == 0)
        hs_cells_count(&pump->cells, pump->metrics, HS_METRIC_transform_failed_total, why.route, "",
                       "");
    hs_window_lettered(&pump->window, entry, parts, ticket);
    return true;
}

void hs_pump_check_letters(struct hs_pump *pump)
{
    const struct hs_window *window = &pump->window;
    for (uint64_t at = window->head; window->lettered_count > 0 && at < window->tail; at++) {
        struct hs_window_entry *entry = hs_window_at(window, at);
        if (entry->lettered == 0)
            continue;
        switch (hs_dead_letters_outcome(pump->letters, entry->ticket)) {
        case HS_JOURNAL_PENDING:
            break;
        case HS_JOURNAL_DURABLE:
            note_buried(pump, entry);
            hs_window_done(&pump->window, entry, entry->lettered);
            pump->dirty = true;
            break;
        case HS_JOURNAL_FAILED:
            hs_window_again(&pump->window, entry, entry->lettered);
            hs_pump_schedule_retry(pump, false);
            break;
        }
    }
}

/* ---- Outcomes ---- */

static void set_state(struct hs_pump *pump, enum hs_sink_state state, const char *reason,
                      const char *detail)
{
    pthread_mutex_lock(&pump->lock);
    pump->state = state;
    if (state == HS_SINK_UP)
        pump->away_since_ns = 0;
    else if (pump->away_since_ns == 0)
        pump->away_since_ns = hs_clock_monotonic_ns();
    snprintf(pump->reason, sizeof(pump->reason), "%s", reason ? reason : "");
    snprintf(pump->detail, sizeof(pump->detail), "%s", detail ? detail : "");
    pthread_mutex_unlock(&pump->lock);
}

static enum hs_log_level level_of(enum hs_sink_state state)
{
    switch (state) {
    case HS_SINK_BLOCKED:
        return HS_LOG_ERROR;
    case HS_SINK_CONNECTING:
        return HS_LOG_WARN;
    case HS_SINK_UP:
    case HS_SINK_STOPPED:
    case HS_SINK_STATE_COUNT:
        break;
    }
    return HS_LOG_INFO;
}

static uint64_t behind(const struct hs_pump *pump)
{
    uint64_t durable = hs_journal_durable(pump->journal);
    uint64_t position = hs_cursor_position(pump->cursor);
    return durable > position ? durable - position : 0;
}

/* A sink that comes up has no message of its own: reports how long it was away, and how much is
 * waiting. */
static void log_up(const struct hs_pump *pump)
{
    uint64_t away_ns = hs_clock_monotonic_ns() - pump->away_since_ns;
    uint64_t events = behind(pump);
    hs_log(HS_LOG_INFO, "sink state", HS_F("sink", "%s", pump->name), HS_F("state", "up"),
           HS_F("reason", "%s", ""),
           HS_F("detail", "up%s after %.1f s, %" PRIu64 " event%s to go",
                pump->was_up ? " again" : "", (double)away_ns / 1e9, events,
                events == 1 ? "" : "s"));
}

static bool is_news(const struct hs_pump *pump, enum hs_sink_state state, const char *reason)
{
    uint64_t suppressed;
    if (pump->state != state)
        return true;
    if (strcmp(pump->reason, reason) == 0)
        return false;
    /* Reasons for being blocked may alternate from message to message. */
    return state != HS_SINK_BLOCKED || hs_log_admit("sink_blocked", &suppressed);
}

/* Other events may go well meanwhile: those for a topic that is there, say. */
static bool is_still_blocked(const struct hs_pump *pump)
{
    if (!pump->blocked || pump->blocked_sequence == 0)
        return false;
    const struct hs_window_entry *entry = hs_window_find(&pump->window, pump->blocked_sequence);
    return entry != NULL && entry->open != 0;
}

/* A connection alone proves nothing of an event that waits for an operator. */
static bool is_unproven(const struct hs_pump *pump, enum hs_sink_state state)
{
    return state == HS_SINK_UP && pump->state == HS_SINK_BLOCKED &&
           (pump->unmade || is_still_blocked(pump));
}

/* The one line about a state, whether the sink told it or a message that came back. */
void hs_pump_sink_state(void *context, enum hs_sink_state state, const char *reason,
                        const char *detail)
{
    struct hs_pump *pump = context;
    if (is_unproven(pump, state))
        return;
    bool news = is_news(pump, state, reason ? reason : "");
    if (news && state == HS_SINK_UP)
        log_up(pump);
    else if (news)
        hs_log(level_of(state), "sink state", HS_F("sink", "%s", pump->name),
               HS_F("state", "%s", hs_sink_state_name(state)),
               HS_F("reason", "%s", reason ? reason : ""),
               HS_F("detail", "%s", detail ? detail : ""));
    set_state(pump, state, reason, detail);
    pump->was_up = pump->was_up || state == HS_SINK_UP;
}

void hs_pump_recovered(struct hs_pump *pump)
{
    if (pump->moved)
        hs_cursor_settle_at(pump->cursor, hs_sink_place(pump->options));
    pump->moved = false;
    if (is_still_blocked(pump))
        return;
    pump->failures = 0;
    if (pump->blocked) {
        pump->blocked = false;
        hs_pump_sink_state(pump, HS_SINK_UP, "", "");
    }
}

static void failed_for_now(struct hs_pump *pump, struct hs_window_entry *entry, uint32_t parts,
                           enum hs_outcome outcome, const char *reason, const char *detail)
{
    entry->attempts++;
    hs_window_again(&pump->window, entry, parts);
    if (outcome == HS_BLOCKED) {
        pump->blocked = true;
        pump->blocked_sequence = entry->sequence;
        hs_pump_sink_state(pump, HS_SINK_BLOCKED, reason, detail);
    } else {
        hs_log_limited(HS_LOG_WARN, "sink_retry",
                       "the sink did not take an event; it is sent again",
                       HS_F("sink", "%s", pump->name), HS_F("route", "%s", route_name(entry)),
                       HS_F("sequence", "%" PRIu64, entry->sequence), HS_F("reason", "%s", reason),
                       HS_F("detail", "%s", detail));
    }
    hs_pump_schedule_retry(pump, false);
}

void hs_pump_hold(struct hs_pump *pump, struct hs_window_entry *entry, uint32_t parts,
                  const char *reason, const char *detail)
{
    pump->unmade = true;
    hs_cells_count(&pump->cells, pump->metrics, HS_METRIC_sink_failed_total, pump->name,
                   hs_outcome_name(HS_BLOCKED), reason);
    failed_for_now(pump, entry, parts, HS_BLOCKED, reason, detail);
    pump->blocked_sequence = 0; /* making it ends that */
}

void hs_pump_completed(void *context, uint64_t sequence, unsigned part, enum hs_outcome outcome,
                       const char *reason, const char *detail)
{
    struct hs_pump *pump = context;
    struct hs_window_entry *entry = hs_window_find(&pump->window, sequence);
    uint32_t bit = (uint32_t)1 << part;
    /* A part that is not open was already confirmed by the server's own position. */
    if (entry == NULL || (entry->open & bit) == 0)
        return;
    if (!pump->dirty)
        hs_pump_mark_dirty(pump);
    if (outcome == HS_DELIVERED) {
        hs_window_done(&pump->window, entry, bit);
        hs_cursor_give(pump->cursor, sequence);
        if (sequence < pump->refill.until && sequence > pump->refill.from)
            pump->refill.from = sequence;
        hs_server_mark_set(&pump->mark);
        if (!pump->unmade)
            hs_pump_recovered(pump);
        return;
    }
    reason = reason ? reason : "unknown";
    detail = detail ? detail : "";
    hs_cells_count(&pump->cells, pump->metrics, HS_METRIC_sink_failed_total, pump->name,
                   hs_outcome_name(outcome), reason);
    if (outcome != HS_PERMANENT) {
        failed_for_now(pump, entry, bit, outcome, reason, detail);
        return;
    }
    struct hs_event event;
    if (hs_pump_reread(pump, sequence, &event) > 0)
        (void)hs_pump_bury(pump, entry, bit, &event, reason, detail); /* otherwise sent again */
    else
        failed_for_now(pump, entry, bit, HS_TRANSIENT, "journal", hs_error_text());
}

/* ---- Read by others ---- */

void hs_pump_status(struct hs_pump *pump, struct hs_pump_status *ret_status)
{
    pthread_mutex_lock(&pump->lock);
    uint64_t away_since_ns = pump->away_since_ns;
    ret_status->state = pump->state;
    memcpy(ret_status->reason, pump->reason, sizeof(ret_status->reason));
    memcpy(ret_status->detail, pump->detail, sizeof(ret_status->detail));
    if (pump->state == HS_SINK_UP && pump->reason[0] == '\0' && pump->note.detail[0] != '\0') {
        snprintf(ret_status->reason, sizeof(ret_status->reason), HS_PUMP_CURSOR_MISSING);
        memcpy(ret_status->detail, pump->note.detail, sizeof(ret_status->detail));
    }
    pthread_mutex_unlock(&pump->lock);
    uint64_t oldest = atomic_load_explicit(&pump->oldest_wall_ns, memory_order_relaxed);
    uint64_t now = hs_clock_wall_ns();
    uint64_t monotonic = hs_clock_monotonic_ns();
    ret_status->away_ns = away_since_ns != 0 ? monotonic - away_since_ns : 0;
    uint64_t still = monotonic - atomic_load_explicit(&pump->progress_ns, memory_order_relaxed);
    ret_status->name = pump->name;
    ret_status->kind = pump->kind_name;
    ret_status->position = hs_cursor_position(pump->cursor);
    ret_status->lag_events = behind(pump);
    ret_status->in_flight = atomic_load_explicit(&pump->in_flight, memory_order_relaxed);
    ret_status->lag_seconds = oldest != 0 && now > oldest ? (double)(now - oldest) / 1e9 : 0;
    ret_status->delivered = atomic_load_explicit(&pump->delivered_count, memory_order_relaxed);
    ret_status->unsaved = atomic_load_explicit(&pump->unsaved, memory_order_relaxed);
    ret_status->stuck = ret_status->state == HS_SINK_UP && ret_status->in_flight > 0 &&
                        still > HS_PUMP_STUCK_NS && ret_status->lag_seconds > 60;
}
