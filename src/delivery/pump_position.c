/* Pump, third part: handles the position that the sink's server reports: it has more than this
 * journal sent, less than it confirmed, or no cursor any more. */
#include "pump.h"

#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>

/* The server has events that this journal cannot have sent: the journal is an older copy, or
 * another copy of it is in use. The server would take the numbers of newer events for done, so
 * nothing is sent until an operator has decided. */
bool hs_pump_is_ahead(struct hs_pump *pump, uint64_t last)
{
    if (hs_cursor_hear_server(pump->cursor, last, pump->read_sequence))
        return false;
    hs_server_mark_clear(&pump->mark);
    char words[400];
    snprintf(words, sizeof(words),
             "it has events after %" PRIu64
             " that this journal did not send: the journal is an older copy, or in use twice. If "
             "no other process uses it, remove the sink's cursor on the server and restart to "
             "continue from here",
             hs_cursor_end(pump->cursor));
    hs_pump_sink_state(pump, HS_SINK_BLOCKED, "cursor_ahead", words);
    return true;
}

/* ---- An older cursor ---- */

/* The last event that the sink has confirmed, including one that waits in the window for an earlier
 * one. */
static uint64_t last_confirmed(const struct hs_pump *pump)
{
    uint64_t last = hs_cursor_position(pump->cursor), given = hs_cursor_given(pump->cursor);
    return given > last ? given : last;
}

static void count_forgotten(struct hs_pump *pump, const char *outcome, uint64_t events)
{
    if (events > 0)
        hs_counter_add(hs_metrics_counter(pump->metrics, HS_METRIC_sink_cursor_lost_events_total,
                                          pump->name, outcome),
                       events);
}

/* The server lost the events after `last`. Those that the journal keeps are sent again; a
 * connection lost meanwhile does not make it a second loss. `position` is protected already, so
 * that the oldest event stays during the check. */
static void tell_older(struct hs_pump *pump, uint64_t position, uint64_t last)
{
    uint64_t until = last_confirmed(pump), oldest = hs_journal_oldest(pump->journal);
    if (pump->refill.from <= last && last < pump->refill.until)
        return;
    uint64_t gone_to = oldest - 1 < until ? oldest - 1 : until;
    uint64_t gone = gone_to > last ? gone_to - last : 0;
    pump->refill.from = last;
    pump->refill.until = until;
    hs_counter_add(hs_metrics_counter(pump->metrics, HS_METRIC_sink_cursor_lost_total, pump->name),
                   1);
    count_forgotten(pump, "gone", gone);
    count_forgotten(pump, "replayed", until - last - gone);
    hs_log(gone == 0 ? HS_LOG_WARN : HS_LOG_ERROR,
           gone == 0 ? "the sink lost events that it had confirmed; they are sent again from the "
                       "journal"
                     : "the sink lost events that it had confirmed; those that the journal still "
                       "keeps are sent again, the older ones cannot be: ask the sender for them",
           HS_F("sink", "%s", pump->name), HS_F("has", "%" PRIu64, last),
           HS_F("had", "%" PRIu64, until), HS_F("not_in_journal", "%" PRIu64, gone),
           HS_F("goes_on_after", "%" PRIu64, gone > 0 ? gone_to : position));
}

/* The server of an exactly-once sink reports its own position, which takes precedence over our
 * cursor: what it has is done, and what it lost (a failover) is read and sent again. The position
 * may be too old if events after the last one were left out, or were not reported yet. */
void hs_pump_take_position(struct hs_pump *pump, uint64_t position, uint64_t last)
{
    if (position == 0)
        return;
    hs_server_mark_set(&pump->mark);
    if (pump->moved && position < hs_cursor_position(pump->cursor)) {
        hs_log(HS_LOG_INFO,
               "the sink's server has a position from before its options were changed: the "
               "journal's own counts",
               HS_F("sink", "%s", pump->name), HS_F("has", "%" PRIu64, position),
               HS_F("confirmed", "%" PRIu64, hs_cursor_position(pump->cursor)));
        return;
    }
    for (uint64_t at = pump->window.head; at < pump->window.tail; at++) {
        struct hs_window_entry *entry = hs_window_at(&pump->window, at);
        if (entry->sequence <= position)
            hs_window_done(&pump->window, entry, entry->open & ~entry->lettered);
    }
    /* Includes those that are done but wait in the window for an earlier one. */
    bool behind = position < pump->read_sequence && hs_cursor_lost(pump->cursor, last);
    if (behind) {
        hs_cursor_keep(pump->cursor, position);
        tell_older(pump, position, last);
        hs_window_clear(&pump->window);
    } else if (position <= pump->read_sequence)
        return; /* otherwise everything in the window is older */
    if (hs_reader_seek(pump->reader, position + 1) < 0) {
        hs_log(HS_LOG_ERROR, "cannot move to the position that the sink reports",
               HS_F("sink", "%s", pump->name), HS_F("error", "%s", hs_error_text()));
        return;
    }
    pump->read_sequence = position;
}

/* ---- A missing cursor ---- */

/* Everything in the window is read again, too, and sent in order. */
static void go_back_to(struct hs_pump *pump, uint64_t position)
{
    hs_window_clear(&pump->window);
    pump->read_sequence = position;
    if (hs_reader_seek(pump->reader, position + 1) < 0)
        hs_log(HS_LOG_ERROR, "cannot move to the events that are sent again",
               HS_F("sink", "%s", pump->name), HS_F("error", "%s", hs_error_text()));
}

static void set_note(struct hs_pump *pump, uint64_t until, const char *detail)
{
    pthread_mutex_lock(&pump->lock);
    pump->note.until = until;
    pump->note.until_delivery = until == UINT64_MAX && detail[0] != '\0';
    snprintf(pump->note.detail, sizeof(pump->note.detail), "%s", detail);
    pthread_mutex_unlock(&pump->lock);
}

void hs_pump_clear_note(struct hs_pump *pump)
{
    set_note(pump, UINT64_MAX, "");
}

/* Reported once in the log; on /readyz until what is sent again is delivered, or else until the
 * first event after it is. */
static void tell_forgotten(struct hs_pump *pump, bool replay, uint64_t from, uint64_t last,
                           uint64_t gone)
{
    char command[160], detail[400], older[96] = "";
    uint64_t events = last - from + 1;
    snprintf(command, sizeof(command),
             "hookstream replay --from %" PRIu64 " --last %" PRIu64 " --to %s", from, last,
             pump->name);
    if (gone > 0)
        snprintf(older, sizeof(older), "; %" PRIu64 " older ones are no longer in the journal",
                 gone);
    if (events == 0)
        snprintf(detail, sizeof(detail), "its server lost hookstream's cursor%s", older);
    else if (replay)
        snprintf(detail, sizeof(detail),
                 "its server lost hookstream's cursor: events %" PRIu64 " to %" PRIu64
                 " are sent again%s",
                 from, last, older);
    else
        snprintf(detail, sizeof(detail),
                 "its server lost hookstream's cursor, and perhaps events %" PRIu64 " to %" PRIu64
                 "%s: send them again with `%s`",
                 from, last, older, command);
    set_note(pump, replay ? last : UINT64_MAX, detail);
    hs_log(replay && gone == 0 ? HS_LOG_WARN : HS_LOG_ERROR,
           "the sink's server has lost hookstream's cursor, and perhaps what it had confirmed",
           HS_F("sink", "%s", pump->name), HS_F("reason", "cursor_missing"),
           HS_F("on_cursor_lost", "%s", replay ? "replay" : "continue"),
           HS_F("first", "%" PRIu64, from), HS_F("last", "%" PRIu64, last),
           HS_F("events", "%" PRIu64, events), HS_F("not_in_journal", "%" PRIu64, gone),
           HS_F("detail", "%s", detail), HS_F("command", "%s", events > 0 ? command : ""));
}

/* A sink whose address was changed has no cursor yet, and a server that never had one has not lost
 * one. */
void hs_pump_server_forgot(struct hs_pump *pump)
{
    uint64_t first = pump->mark.first, last = last_confirmed(pump);
    if (!pump->mark.is_set || pump->moved || last <= first)
        return;
    hs_cursor_keep(pump->cursor, first); /* so that the oldest event stays during the check */
    uint64_t oldest = hs_journal_oldest(pump->journal);
    uint64_t from = first + 1 > oldest ? first + 1 : oldest;
    from = from <= last ? from : last + 1;
    bool replay = pump->options->on_cursor_lost == HS_CURSOR_LOST_REPLAY;
    hs_counter_add(hs_metrics_counter(pump->metrics, HS_METRIC_sink_cursor_lost_total, pump->name),
                   1);
    count_forgotten(pump, "gone", from - 1 - first);
    count_forgotten(pump, replay ? "replayed" : "left", last - from + 1);
    tell_forgotten(pump, replay, from, last, from - 1 - first);
    if (!replay) {
        hs_cursor_keep(pump->cursor, UINT64_MAX);
        return;
    }
    pump->refill.from = 0;
    pump->refill.until = last;
    hs_cursor_keep(pump->cursor, from - 1);
    go_back_to(pump, from - 1);
}
