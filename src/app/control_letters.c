/* Control letters: lists, retries and discards dead letters. */
#include "control.h"

#include <hookstream/clock.h>
#include <hookstream/doc.h>
#include <hookstream/log.h>
#include <hookstream/source.h>
#include <hookstream/text.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ALL UINT64_MAX
#define NOT_SAID UINT64_MAX /* of a time */
#define LIMIT_DEFAULT 100u
#define LIMIT_MAX 1000u
#define LIST_BYTES_MAX                                                                             \
    (4u << 20) /* of an answer; a larger one is cut, and reports that there is                     \
                * more */
#define HISTORY_MAX 4096u
/* How long one request searches for letters; then the answer reports that there may be more. */
#define LOOK_NS HS_NS_PER_SECOND

/* ---- Which letters ---- */

struct filter {
    const char *reason, *route, *sink, *source, *id, *type;
    const char *to; /* retry: the target sink; NULL: the one that did not take it */
    uint64_t since_ns, until_ns;
    uint64_t number; /* only this one, or ALL */
    uint64_t after;  /* those with a higher number */
    uint64_t limit;
    bool body, all;
    struct hs_type_filter *pattern;
};

static int read_filter(struct hs_slice query, struct hs_arena *arena, struct filter *filter)
{
    const char *number = NULL;
    const struct hs_query_field fields[] = {
        {"reason", HS_FIELD_TEXT, &filter->reason},  {"route", HS_FIELD_TEXT, &filter->route},
        {"sink", HS_FIELD_TEXT, &filter->sink},      {"source", HS_FIELD_TEXT, &filter->source},
        {"id", HS_FIELD_TEXT, &filter->id},          {"type", HS_FIELD_TEXT, &filter->type},
        {"since", HS_FIELD_TIME, &filter->since_ns}, {"until", HS_FIELD_TIME, &filter->until_ns},
        {"number", HS_FIELD_TEXT, &number},          {"after", HS_FIELD_COUNT, &filter->after},
        {"to", HS_FIELD_TEXT, &filter->to},          {"limit", HS_FIELD_COUNT, &filter->limit},
        {"body", HS_FIELD_FLAG, &filter->body},      {"all", HS_FIELD_FLAG, &filter->all},
    };
    *filter = (struct filter){
        .since_ns = NOT_SAID, .until_ns = NOT_SAID, .number = ALL, .limit = LIMIT_DEFAULT};
    int code = hs_query_read(query, fields, HS_ARRAY_SIZE(fields), arena);
    if (code == 0 && number != NULL &&
        (hs_slice_to_u64(hs_slice_text(number), ALL - 1, &filter->number) < 0 ||
         filter->number == 0))
        code = hs_fail(-EINVAL, "`%s` is not the number of a letter", number);
    if (code == 0 && (filter->limit == 0 || filter->limit > LIMIT_MAX))
        code = hs_fail(-EINVAL, "limit is from 1 to %u", LIMIT_MAX);
    if (code == 0 && filter->type != NULL)
        code = (filter->pattern = hs_type_filter_create(filter->type)) != NULL ? 0 : -EINVAL;
    return code;
}

static bool says(const char *wanted, struct hs_slice value)
{
    return wanted == NULL || hs_slice_equal(hs_slice_text(wanted), value);
}

static bool is_wanted(const struct filter *filter, const struct hs_letter *letter)
{
    const struct hs_event *event = &letter->event;
    return (filter->number == ALL || letter->number == filter->number) &&
           says(filter->reason, letter->reason) && says(filter->route, letter->route) &&
           says(filter->sink, letter->sink) && says(filter->source, event->source) &&
           says(filter->id, event->id) &&
           (filter->since_ns == NOT_SAID || event->received_wall_ns >= filter->since_ns) &&
           event->received_wall_ns <= filter->until_ns &&
           (filter->pattern == NULL || hs_type_filter_takes(filter->pattern, event->type));
}

/* ---- As JSON ---- */

/* As a string, byte for byte, if possible; otherwise as Base64 under another name. */
static void put_body(struct json_object *document, const struct hs_event *event)
{
    if (event->flaw != HS_EVENT_NOT_JSON) {
        hs_doc_put_slice(document, "body", event->body);
        return;
    }
    struct hs_buffer text;
    hs_buffer_init(&text, hs_add_sat(hs_mul_sat(event->body.size, 2), 4));
    hs_base64_encode(event->body, &text);
    hs_doc_put_slice(document, "body_base64", hs_buffer_slice(&text));
    hs_buffer_free(&text);
}

static void put_content(struct json_object *document, const struct hs_letter *letter)
{
    const struct hs_event *event = &letter->event;
    struct json_object *headers = hs_doc_object();
    for (size_t i = 0; i < event->header_count; i++)
        hs_doc_put_named(headers, event->headers[i].name, hs_doc_text(event->headers[i].value));
    hs_doc_put_slice(document, "history", letter->history);
    hs_doc_put(document, "headers", headers);
    put_body(document, event);
}

static void print_letter(const struct hs_letter *letter, bool body, struct hs_buffer *json)
{
    const struct hs_event *event = &letter->event;
    struct json_object *document = hs_doc_object();
    char received[32];
    hs_clock_format(event->received_wall_ns, received);
    hs_doc_put_u64(document, "number", letter->number);
    hs_doc_put_u64(document, "sequence", event->sequence);
    hs_doc_put_text(document, "received", received);
    hs_doc_put_slice(document, "reason", letter->reason);
    hs_doc_put_slice(document, "detail", letter->detail);
    hs_doc_put_slice(document, "sink", letter->sink);
    hs_doc_put_slice(document, "route", letter->route);
    hs_doc_put_slice(document, "source", event->source);
    hs_doc_put_slice(document, "id", event->id);
    hs_doc_put_slice(document, "type", event->type);
    hs_doc_put_u64(document, "attempts", letter->attempts);
    hs_doc_put_u64(document, "size", event->body.size);
    if (body)
        put_content(document, letter);
    hs_doc_print(document, json);
}

/* ---- Retrying ---- */

/* The progress of an action. */
struct round {
    struct hs_control *control;
    enum hs_letters_action action;
    const struct filter *filter;
    struct hs_buffer *json;
    uint64_t numbers[LIMIT_MAX];   /* of letters to be removed */
    uint64_t sequences[LIMIT_MAX]; /* of their events, if retried */
    size_t number_count;
    uint64_t matched, last;
    uint64_t unrouted, invalid; /* those that stay, by cause */
    bool more;
};

/* The line about the attempt that made it a letter, appended to the earlier ones. */
static void write_history(const struct hs_letter *letter, struct hs_buffer *ret_history)
{
    char now[32];
    hs_clock_format(hs_clock_wall_ns(), now);
    hs_buffer_append_slice(ret_history, letter->history);
    hs_buffer_printf(ret_history,
                     "%s%s retried; it was: %.*s, sink %.*s, route %.*s, attempts %" PRIu64
                     "; %.*s",
                     letter->history.size > 0 ? "\n" : "", now, HS_SLICE_ARG(letter->reason),
                     HS_SLICE_ARG(letter->sink), HS_SLICE_ARG(letter->route), letter->attempts,
                     HS_SLICE_ARG(letter->detail));
}

/* An event that was invalid may be valid for a later version of the program. */
static void read_envelope(const struct round *round, struct hs_event *event,
                          struct hs_envelope *envelope)
{
    const struct hs_children *sources = &round->control->settings->sources;
    event->flaw =
        hs_envelope_read(hs_source_scheme_of(sources, event->source), event->body, envelope);
    if (event->flaw != HS_EVENT_VALID)
        return;
    event->id = envelope->id;
    event->type = envelope->type;
}

/* 1: it was appended; 0: it stays a letter, and is counted as such; -errno. */
static int retry(struct round *round, const struct hs_letter *letter)
{
    char sink[256] = "";
    struct hs_envelope envelope;
    struct hs_event event = letter->event;
    if (event.flaw != HS_EVENT_VALID)
        read_envelope(round, &event, &envelope);
    if (event.flaw != HS_EVENT_VALID) {
        round->invalid++;
        return 0;
    }
    struct hs_slice wanted =
        round->filter->to != NULL ? hs_slice_text(round->filter->to) : letter->sink;
    if (wanted.size >= sizeof(sink)) {
        round->unrouted++;
        return 0;
    }
    snprintf(sink, sizeof(sink), "%.*s", HS_SLICE_ARG(wanted));
    struct hs_buffer history;
    hs_buffer_init(&history, HISTORY_MAX);
    write_history(letter, &history);
    struct hs_resend how = {
        .kind = HS_RESEND_DEAD_LETTER,
        .sink = sink[0] != '\0' ? sink : NULL,
        .history = hs_buffer_status(&history) == 0 ? hs_buffer_slice(&history) : letter->history,
    };
    int code = hs_resender_append(round->control->resender, &event, &how,
                                  &round->sequences[round->number_count]);
    hs_buffer_free(&history);
    round->unrouted += code == -ENOENT;
    return code == -ENOENT ? 0 : code < 0 ? code : 1;
}

/* It was moved while this round was under way, and the round had it by its former number. */
static bool was_met(const struct round *round, const struct hs_letter *letter)
{
    if (letter->moved_from == 0)
        return false;
    for (size_t i = 0; i < round->number_count; i++) {
        uint64_t number = round->numbers[i];
        uint64_t now = hs_dead_letters_number(round->control->letters, number);
        if (now == letter->number || now == letter->moved_from || number == letter->moved_from)
            return true;
    }
    return false;
}

static int act_on(struct round *round, const struct hs_letter *letter)
{
    int done = 1;
    if (round->action == HS_LETTERS_LIST) {
        hs_buffer_append_text(round->json, round->matched > 0 ? ",\n" : "\n");
        print_letter(letter, round->filter->body, round->json);
    } else if (round->action == HS_LETTERS_RETRY) {
        done = retry(round, letter);
    }
    if (done < 0)
        return done;
    if (done > 0 && round->action != HS_LETTERS_LIST)
        round->numbers[round->number_count++] = letter->number;
    round->matched++;
    round->last = letter->number;
    return 0;
}

static int walk(struct round *round)
{
    const struct filter *filter = round->filter;
    struct hs_letter_reader *reader;
    struct hs_letter letter;
    uint64_t from = filter->number != ALL ? filter->number : filter->after + 1;
    uint64_t until = hs_clock_monotonic_ns() + LOOK_NS;
    int code = hs_letter_reader_open(round->control->letters, from, &reader);
    if (code < 0)
        return code;
    while ((code = hs_letter_reader_next(reader, &letter)) > 0) {
        if (letter.number > filter->number) {
            code = 0;
            break;
        }
        if (filter->number == ALL && hs_clock_monotonic_ns() >= until && letter.number > from) {
            round->more = true; /* from this one on */
            round->last = letter.number - 1;
            break;
        }
        if (!is_wanted(filter, &letter) || was_met(round, &letter))
            continue;
        round->more = round->matched == filter->limit || round->json->size > LIST_BYTES_MAX;
        if (!round->more)
            code = act_on(round, &letter);
        if (round->more || code < 0)
            break;
    }
    hs_letter_reader_close(reader);
    return code < 0 ? code : 0;
}

/* Waits until the outcome of each event is known; the letters of events that are not durable stay.
 * The journal may have failed and recovered meanwhile, so the last event does not represent all. */
static int leave_unsafe(struct round *round)
{
    const struct hs_journal *journal = round->control->journal;
    size_t safe = 0, count = round->number_count;
    HS_IGNORE(hs_journal_wait(round->control->journal, round->sequences[count - 1]));
    for (size_t i = 0; i < count; i++)
        if (hs_journal_outcome(journal, round->sequences[i]) == HS_JOURNAL_DURABLE)
            round->numbers[safe++] = round->numbers[i];
    round->number_count = safe;
    return safe == count
               ? 0
               : hs_fail(-EIO, "the journal could not write all events; their letters stay");
}

/* The appended events are durable before their letters are removed; for a moment both exist. */
static int take_out(struct round *round, int64_t *ret_removed)
{
    *ret_removed = 0;
    if (round->number_count == 0)
        return 0;
    bool retries = round->action == HS_LETTERS_RETRY;
    int code = retries ? leave_unsafe(round) : 0;
    if (retries)
        hs_counter_add(round->control->retried, round->number_count);
    *ret_removed =
        hs_dead_letters_remove(round->control->letters, round->numbers, round->number_count);
    return *ret_removed < 0 ? (int)*ret_removed : code;
}

/* A list is printed letter by letter, so that one letter at a time is held as a document. */
static void finish(struct round *round, int64_t removed)
{
    struct json_object *result = hs_doc_object();
    if (round->action != HS_LETTERS_LIST) {
        hs_doc_put_u64(result, round->action == HS_LETTERS_RETRY ? "retried" : "discarded",
                       (uint64_t)removed);
        hs_doc_put_u64(result, "unrouted", round->unrouted);
        hs_doc_put_u64(result, "invalid", round->invalid);
    }
    if (round->filter->number != ALL)
        hs_doc_put_bool(result, "damaged",
                        hs_dead_letters_is_damaged(round->control->letters, round->filter->number));
    hs_doc_put_u64(result, "last", round->last);
    hs_doc_put_bool(result, "more", round->more);
    hs_doc_put_u64(result, "kept", hs_dead_letters_count(round->control->letters));
    if (round->action == HS_LETTERS_LIST) {
        hs_buffer_append_text(round->json, "\n]");
        hs_doc_print_rest(result, round->json);
    } else {
        hs_doc_print(result, round->json);
    }
    hs_buffer_append_byte(round->json, '\n');
    if (round->action != HS_LETTERS_LIST && removed > 0)
        hs_log(HS_LOG_INFO, "an operator acted on dead letters",
               HS_F("action", "%s", round->action == HS_LETTERS_RETRY ? "retry" : "discard"),
               HS_F("letters", "%" PRId64, removed), HS_F("last", "%" PRIu64, round->last));
}

/* Omitting the filters must never select all letters. */
static int check_choice(const struct filter *filter)
{
    bool chosen = filter->number != ALL || filter->reason != NULL || filter->route != NULL ||
                  filter->sink != NULL || filter->source != NULL || filter->id != NULL ||
                  filter->type != NULL || filter->since_ns != NOT_SAID ||
                  filter->until_ns != NOT_SAID;
    if (chosen && filter->all)
        return hs_fail(-EINVAL, "all=1 contradicts a filter");
    if (!chosen && !filter->all)
        return hs_fail(-EINVAL, "say which letters (number, id, reason, route, sink, source, "
                                "type, since, until), or all=1");
    return 0;
}

/* -EINVAL: the request is invalid; -errno. */
static int read_request(const struct hs_control *control, enum hs_letters_action action,
                        struct hs_slice query, struct hs_arena *arena, struct filter *filter)
{
    if (read_filter(query, arena, filter) < 0)
        return -EINVAL;
    if (action != HS_LETTERS_LIST && check_choice(filter) < 0)
        return -EINVAL;
    if (filter->number != ALL) /* the operator may have read it before the letter was moved */
        filter->number = hs_dead_letters_number(control->letters, filter->number);
    if (filter->to != NULL && !hs_control_has_sink(control, filter->to))
        return -EINVAL;
    if (filter->after > 0)
        return 0; /* the next page: the previous one may have removed the letters with the name */
    const struct hs_letter_names names = {filter->reason, filter->route, filter->sink,
                                          filter->source};
    return hs_control_check_names(control, &names);
}

unsigned hs_control_letters(struct hs_control *control, enum hs_letters_action action,
                            struct hs_slice query, struct hs_buffer *ret_json)
{
    struct filter filter;
    struct hs_arena *arena = hs_arena_create();
    struct round *round = hs_alloc(sizeof(*round));
    *round =
        (struct round){.control = control, .action = action, .filter = &filter, .json = ret_json};
    int code = read_request(control, action, query, arena, &filter);
    unsigned status = code == -EINVAL ? 400 : code < 0 ? 503 : 200;
    int64_t removed = 0;
    if (code == 0) {
        if (action == HS_LETTERS_LIST)
            hs_buffer_append_text(ret_json, "{\"letters\":[");
        code = walk(round);
        /* Letters whose events were appended before the failure are removed all the same. */
        int taken = take_out(round, &removed);
        code = code < 0 ? code : taken;
        status = code < 0 ? 503 : 200;
    }
    if (code < 0)
        status = hs_control_refuse(status, ret_json);
    else
        finish(round, removed);
    hs_type_filter_free(filter.pattern);
    hs_arena_free(arena);
    free(round);
    return status;
}
