/* Intake: the steps of one request. With its head: path, method, media type and room. With its
 * body: signature, envelope, dedupe and journal. Then it waits (waiting.c) and is answered. Every
 * outcome is a row of answers.c. */
#include "sharing.h"
#include "worker.h"

#include <hookstream/clock.h>
#include <hookstream/judge.h>
#include <hookstream/log.h>
#include <inttypes.h>

_Static_assert(sizeof(struct hs_waiter) <= HS_HTTP_OWNER_SIZE, "a waiter lives in its exchange");

#define PATH_LOGGED_MAX 120u /* bytes of a request's path in a log line */

/* ---- Answering ---- */

static struct hs_waiter *waiter_of(struct hs_http_exchange *exchange)
{
    return hs_http_exchange_owner(exchange);
}

/* One rate limit per reason, so that a flood of one does not hide another. */
static void log_rejected(const struct hs_waiter *waiter, const struct hs_answer_row *row,
                         const char *reason, const char *detail)
{
    const char *name = waiter->lane->name;
    const char *peer = hs_http_exchange_peer(waiter->exchange);
    if (waiter->off_by_s != 0) {
        hs_log_limited(HS_LOG_WARN, reason, "request refused", HS_F("source", "%s", name),
                       HS_F("peer", "%s", peer), HS_F("status", "%u", row->status),
                       HS_F("off_by_s", "%" PRId64, waiter->off_by_s),
                       HS_F("detail", "%s", detail));
    } else if (waiter->on_head) {
        struct hs_slice path = hs_http_exchange_head(waiter->exchange)->path;
        path.size = path.size < PATH_LOGGED_MAX ? path.size : PATH_LOGGED_MAX;
        hs_log_limited(HS_LOG_WARN, reason, "request refused", HS_F("source", "%s", name),
                       HS_F("peer", "%s", peer), HS_F("status", "%u", row->status),
                       HS_F("path", "%.*s", HS_SLICE_ARG(path)), HS_F("detail", "%s", detail));
    } else {
        hs_log_limited(HS_LOG_WARN, reason, "request refused", HS_F("source", "%s", name),
                       HS_F("peer", "%s", peer), HS_F("status", "%u", row->status),
                       HS_F("detail", "%s", detail));
    }
}

void hs_intake_answer(struct hs_worker *worker, struct hs_waiter *waiter, enum hs_answer answer,
                      const char *reason, const char *detail)
{
    const struct hs_answer_row *row = hs_answer_row(answer);
    if (row->status == 202) {
        hs_http_respond(waiter->exchange, 202, NULL, HS_SLICE_NONE, false);
        return;
    }
    reason = reason != NULL ? reason : row->reason;
    detail = detail != NULL ? detail : row->detail;
    hs_lane_count_rejected(waiter->lane, reason);
    log_rejected(waiter, row, reason, detail);
    hs_http_respond_problem(waiter->exchange, row->status, detail, row->retry_after, row->fields,
                            false);
}

static void on_answered(void *context, struct hs_http_exchange *exchange, unsigned status,
                        enum hs_http_refusal refusal)
{
    struct hs_worker *worker = context;
    struct hs_waiter *waiter = exchange != NULL ? waiter_of(exchange) : NULL;
    struct hs_lane *lane = waiter != NULL && waiter->lane != NULL ? waiter->lane : &worker->nowhere;
    hs_lane_count_request(lane, status);
    if (refusal != HS_HTTP_OK)
        hs_lane_count_rejected(lane, hs_http_refusal_name(refusal));
    if (waiter != NULL && waiter->since_ns != 0)
        hs_histogram_observe(lane->seconds,
                             (double)(hs_clock_monotonic_ns() - waiter->since_ns) / 1e9, 1);
}

static void on_abandoned(void *context, struct hs_http_exchange *exchange)
{
    hs_waiting_remove(context, waiter_of(exchange));
}

/* ---- The head ---- */

static struct hs_lane *lane_of_path(struct hs_worker *worker, struct hs_slice path)
{
    path = hs_source_path(path);
    for (size_t i = 0; i < worker->ingress->spec.sources->count; i++)
        if (hs_slice_equal(worker->lanes[i].path, path))
            return &worker->lanes[i];
    return NULL;
}

/* Takes one request of the source's rate, shared by all workers (a leaky bucket of one second:
 * GCRA). */
static bool is_within_rate(struct hs_worker *worker, const struct hs_lane *lane)
{
    uint64_t limit = lane->options->rate_limit;
    if (limit == 0)
        return true;
    uint64_t step = HS_NS_PER_SECOND / limit, now = hs_clock_monotonic_ns();
    _Atomic uint64_t *due = &worker->ingress->rates[lane->index];
    uint64_t was = atomic_load(due), next;
    do {
        uint64_t from = was > now ? was : now;
        if (from - now > HS_NS_PER_SECOND)
            return false;
        next = from + step;
    } while (!atomic_compare_exchange_weak(due, &was, next));
    return true;
}

static bool is_health(const struct hs_worker *worker, const struct hs_http_head *head)
{
    return worker->health.size > 0 && hs_slice_equal(worker->health, hs_source_path(head->path));
}

static enum hs_answer judge_health(const struct hs_http_head *head)
{
    return head->method == HS_HTTP_GET || head->method == HS_HTTP_HEAD ? HS_ANSWER_ACCEPTED
                                                                       : HS_ANSWER_READ_ONLY_PAGE;
}

static enum hs_answer judge_head(struct hs_worker *worker, struct hs_waiter *waiter,
                                 const struct hs_http_head *head)
{
    struct hs_lane *lane = lane_of_path(worker, head->path);
    if (lane == NULL)
        return is_health(worker, head) ? judge_health(head) : HS_ANSWER_UNKNOWN_PATH;
    waiter->lane = lane;
    if (head->method != HS_HTTP_POST)
        return HS_ANSWER_WRONG_METHOD;
    enum hs_answer media = hs_answer_of_media(head);
    if (media != HS_ANSWER_ACCEPTED)
        return media;
    if (worker->draining)
        return HS_ANSWER_DRAINING;
    if (!is_within_rate(worker, lane))
        return HS_ANSWER_RATE_LIMITED;
    return HS_ANSWER_ACCEPTED;
}

static bool on_head(void *context, struct hs_http_exchange *exchange)
{
    struct hs_worker *worker = context;
    struct hs_waiter *waiter = waiter_of(exchange);
    waiter->exchange = exchange;
    waiter->lane = &worker->nowhere;
    waiter->since_ns = hs_clock_monotonic_ns();
    enum hs_answer answer = judge_head(worker, waiter, hs_http_exchange_head(exchange));
    if (HS_LIKELY(answer == HS_ANSWER_ACCEPTED))
        return true;
    waiter->on_head = true;
    hs_intake_answer(worker, waiter, answer, NULL, NULL);
    return false;
}

/* One budget for all bodies that are read or waiting, across workers. */
static bool on_memory(void *context, int64_t more)
{
    struct hs_ingress *ingress = ((struct hs_worker *)context)->ingress;
    int64_t limit = (int64_t)ingress->spec.options->limits.in_flight;
    int64_t was = atomic_fetch_add_explicit(&ingress->in_flight, more, memory_order_relaxed);
    if (more <= 0 || was + more <= limit)
        return true;
    atomic_fetch_sub_explicit(&ingress->in_flight, more, memory_order_relaxed);
    return false;
}

static void on_evicted(void *context, enum hs_http_evicted evicted)
{
    struct hs_worker *worker = context;
    hs_counter_add(worker->evicted[evicted], 1);
}

/* ---- The body ---- */

static void count_verdict(const struct hs_lane *lane, const struct hs_judgement *judgement)
{
    enum hs_verdict verdict = judgement->verdict;
    if (verdict == HS_GENUINE || verdict == HS_TIMESTAMP_STALE || verdict == HS_TIMESTAMP_FUTURE)
        hs_histogram_observe(lane->skew, judgement->skew_s, 1);
    if (verdict == HS_GENUINE)
        hs_counter_add(lane->secrets[judgement->secret], 1);
}

void hs_intake_wait(struct hs_worker *worker, struct hs_waiter *waiter,
                    const struct hs_event *event, uint64_t sequence, bool duplicate)
{
    if (event->flaw == HS_EVENT_VALID || duplicate)
        hs_lane_count_event(waiter->lane, event->type, duplicate);
    if (duplicate)
        hs_http_exchange_repeats(waiter->exchange);
    waiter->sequence = sequence;
    unsigned ack = waiter->lane->options->ack;
    if (ack == HS_ACK_RECEIVED) {
        hs_intake_answer(worker, waiter, HS_ANSWER_ACCEPTED, NULL, NULL);
        return;
    }
    if (ack == HS_ACK_DELIVERED && event->flaw == HS_EVENT_VALID)
        waiter->sinks = hs_router_sinks(worker->router, event->type, event->source);
    hs_waiting_add(worker, waiter, HS_WAITING_DURABLE);
    if (duplicate)
        hs_wakeup_tell(&worker->wakeup); /* what it waits for may be durable already */
}

/* A duplicate waits for everything appended so far, which includes its first copy. */
int hs_intake_keep(struct hs_worker *worker, const struct hs_event *event, uint64_t *ret_sequence,
                   bool *ret_duplicate)
{
    const struct hs_ingress_spec *spec = &worker->ingress->spec;
    *ret_duplicate = false;
    struct hs_dedupe_claim claim;
    uint64_t now_ns = event->received_wall_ns;
    if (hs_dedupe_begin(spec->dedupe, event->source, event->id, now_ns, &claim) == HS_DEDUPE_SEEN) {
        *ret_duplicate = true;
        *ret_sequence = claim.wait_for;
        return 0;
    }
    int code = hs_journal_append(spec->journal, event, ret_sequence);
    hs_dedupe_end(spec->dedupe, &claim, code == 0, now_ns);
    return code;
}

/* Whether an event would be accepted now; answered at the health path. */
static bool is_accepting(struct hs_worker *worker)
{
    const struct hs_ingress_spec *spec = &worker->ingress->spec;
    const char *why;
    if (worker->draining || !hs_journal_writable(spec->journal, &why))
        return false;
    if (spec->shared == NULL)
        return true;
    struct hs_dedupe_shared_status status;
    hs_dedupe_shared_status(spec->shared, &status);
    return status.up || !status.refuses;
}

static void answer_health(struct hs_worker *worker, struct hs_http_exchange *exchange)
{
    bool accepting = is_accepting(worker);
    hs_http_respond(exchange, accepting ? 200 : 503, "Content-Type: text/plain\r\n",
                    accepting ? HS_SLICE("ready\n") : HS_SLICE("not ready\n"), false);
}

/* The seconds by which the claim's timestamp is off; 0 for other verdicts. */
static int64_t off_by_of(const struct hs_judgement *judgement)
{
    enum hs_verdict verdict = judgement->verdict;
    return verdict == HS_TIMESTAMP_STALE || verdict == HS_TIMESTAMP_FUTURE
               ? (int64_t)judgement->skew_s
               : 0;
}

static void on_request(void *context, struct hs_http_exchange *exchange, struct hs_slice body)
{
    struct hs_worker *worker = context;
    struct hs_waiter *waiter = waiter_of(exchange);
    if (waiter->lane == &worker->nowhere) {
        answer_health(worker, exchange);
        return;
    }
    struct hs_event event;
    event.sequence = 0;
    event.header_count = 0;
    event.received_wall_ns = hs_clock_wall_ns();
    event.source = waiter->lane->name_slice;
    event.body = body;
    struct hs_claim claim = {0};
    const struct hs_http_head *head = hs_http_exchange_head(exchange);
    for (size_t i = 0; i < head->field_count; i++)
        hs_judge_header(waiter->lane->scheme, head->fields[i].name, head->fields[i].value, &claim,
                        &event);
    struct hs_envelope envelope;
    struct hs_judgement judgement;
    hs_judge(waiter->lane->verifier, waiter->lane->options, &claim, &event, &envelope, &judgement);
    count_verdict(waiter->lane, &judgement);
    if (judgement.answer != HS_ANSWER_ACCEPTED) {
        waiter->off_by_s = off_by_of(&judgement);
        hs_intake_answer(worker, waiter, judgement.answer, judgement.reason, judgement.detail);
        return;
    }
    if (worker->sharing != NULL) {
        hs_sharing_take(worker, waiter, &event);
        return;
    }
    uint64_t sequence;
    bool duplicate;
    int code = hs_intake_keep(worker, &event, &sequence, &duplicate);
    if (code < 0)
        hs_intake_answer(worker, waiter, hs_answer_of_append(code), NULL, NULL);
    else
        hs_intake_wait(worker, waiter, &event, sequence, duplicate);
}

const struct hs_http_handlers hs_intake_handlers = {
    .on_head = on_head,
    .on_request = on_request,
    .on_abandoned = on_abandoned,
    .on_answered = on_answered,
    .on_memory = on_memory,
    .on_evicted = on_evicted,
};
