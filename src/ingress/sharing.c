/* Sharing: queries the shared dedupe, acts on its reply and confirms later. The body is copied for
 * the duration of the query: http counts its bytes as in flight until the answer. */
#include "sharing.h"

#include "worker.h"

#include <hookstream/dedupe_shared.h>
#include <stdlib.h>
#include <sys/queue.h>

/* A request's event during the query to the shared dedupe; the slices point into `bytes`. */
struct hs_asking {
    struct hs_worker *worker;
    struct hs_waiter *waiter;
    struct hs_shared_ask *ask;
    struct hs_shared_key key;
    struct hs_event event;
    char bytes[];
};

/* An event that was appended but not confirmed yet. */
struct owed {
    STAILQ_ENTRY(owed) link;
    struct hs_shared_key key;
    uint64_t sequence;
    uint64_t sinks; /* bits; 0: safe as soon as it is durable */
};
STAILQ_HEAD(owed_list, owed);

struct hs_sharing {
    struct hs_shared_link *link;
    struct owed_list durable, delivered; /* by what each waits for; in order of sequences */
    size_t delivered_count;
    struct hs_counter *unconfirmed;
};

/* ---- Pending confirmations ---- */

static void owe(struct hs_worker *worker, const struct hs_waiter *waiter,
                const struct hs_event *event, const struct hs_shared_key *key, uint64_t sequence)
{
    struct owed *owed = hs_alloc(sizeof(*owed));
    *owed = (struct owed){.key = *key, .sequence = sequence};
    if (waiter->lane->options->ack == HS_ACK_DELIVERED && event->flaw == HS_EVENT_VALID)
        owed->sinks = hs_router_sinks(worker->router, event->type, event->source);
    STAILQ_INSERT_TAIL(&worker->sharing->durable, owed, link);
}

static void confirm(struct hs_sharing *sharing, struct owed *owed)
{
    hs_shared_link_confirm(sharing->link, &owed->key, owed->sequence);
    free(owed);
}

static void wait_for_sinks(struct hs_sharing *sharing, struct owed *owed)
{
    STAILQ_INSERT_TAIL(&sharing->delivered, owed, link);
    if (sharing->delivered_count++ < HS_SHARING_OWED_MAX)
        return;
    struct owed *oldest = STAILQ_FIRST(&sharing->delivered);
    STAILQ_REMOVE_HEAD(&sharing->delivered, link);
    sharing->delivered_count--;
    hs_counter_add(sharing->unconfirmed, 1);
    free(oldest);
}

static void confirm_durable(struct hs_worker *worker)
{
    struct hs_sharing *sharing = worker->sharing;
    struct owed *owed;
    while ((owed = STAILQ_FIRST(&sharing->durable)) != NULL) {
        enum hs_journal_outcome outcome =
            hs_journal_outcome(worker->ingress->spec.journal, owed->sequence);
        if (outcome == HS_JOURNAL_PENDING)
            return;
        STAILQ_REMOVE_HEAD(&sharing->durable, link);
        if (outcome == HS_JOURNAL_FAILED) {
            hs_shared_link_release(sharing->link, &owed->key);
            free(owed);
        } else if (owed->sinks != 0) {
            wait_for_sinks(sharing, owed);
        } else {
            confirm(sharing, owed);
        }
    }
}

void hs_sharing_confirm(struct hs_worker *worker)
{
    struct hs_sharing *sharing = worker->sharing;
    hs_shared_link_publish(sharing->link);
    confirm_durable(worker);
    /* Stops at the first that is not delivered. Those behind it may be confirmed later than
     * possible, which is harmless; a long list is not walked for each event. */
    struct owed *owed;
    while ((owed = STAILQ_FIRST(&sharing->delivered)) != NULL &&
           hs_waiting_is_delivered(worker, owed->sinks, owed->sequence)) {
        STAILQ_REMOVE_HEAD(&sharing->delivered, link);
        sharing->delivered_count--;
        confirm(sharing, owed);
    }
}

/* ---- Querying ---- */

/* Appends an event reserved by this replica. The local index is consulted again: another copy of
 * the event may have arrived here during the query. */
static void append(struct hs_worker *worker, struct hs_waiter *waiter, const struct hs_event *event,
                   const struct hs_shared_key *key, bool reserved)
{
    uint64_t sequence;
    bool duplicate;
    int code = hs_intake_keep(worker, event, &sequence, &duplicate);
    if (code < 0) {
        if (reserved)
            hs_shared_link_release(worker->sharing->link, key);
        hs_intake_answer(worker, waiter, hs_answer_of_append(code), NULL, NULL);
        return;
    }
    if (!duplicate)
        owe(worker, waiter, event, key, sequence);
    hs_intake_wait(worker, waiter, event, sequence, duplicate);
}

static void act(struct hs_worker *worker, struct hs_waiter *waiter, const struct hs_event *event,
                const struct hs_shared_key *key, enum hs_shared_verdict verdict)
{
    switch (verdict) {
    case HS_SHARED_SEEN:
        hs_lane_count_event(waiter->lane, event->type, true);
        hs_intake_answer(worker, waiter, HS_ANSWER_ACCEPTED, NULL, NULL);
        return;
    case HS_SHARED_HELD:
        hs_intake_answer(worker, waiter, HS_ANSWER_HELD, NULL, NULL);
        return;
    case HS_SHARED_UNKNOWN:
        if (hs_shared_link_refuses(worker->sharing->link))
            hs_intake_answer(worker, waiter, HS_ANSWER_UNSHARED, NULL, NULL);
        else
            append(worker, waiter, event, key, false);
        return;
    case HS_SHARED_OURS:
        append(worker, waiter, event, key, true);
        return;
    }
}

static void on_told(void *context, enum hs_shared_verdict verdict)
{
    struct hs_asking *asking = context;
    struct hs_waiter *waiter = asking->waiter;
    waiter->asking = NULL;
    hs_waiting_remove(asking->worker, waiter);
    act(asking->worker, waiter, &asking->event, &asking->key, verdict);
    free(asking);
}

static struct hs_slice copy(char **at, struct hs_slice from)
{
    char *to = *at;
    if (from.size > 0)
        memcpy(to, from.data, from.size);
    *at += from.size;
    return hs_slice(to, from.size);
}

static struct hs_asking *asking_create(const struct hs_event *event)
{
    size_t size = event->body.size + event->id.size + event->type.size;
    for (size_t i = 0; i < event->header_count; i++)
        size += event->headers[i].value.size;
    struct hs_asking *asking = hs_alloc(sizeof(*asking) + size);
    char *at = asking->bytes;
    asking->event = *event;
    asking->event.body = copy(&at, event->body);
    asking->event.id = copy(&at, event->id);
    asking->event.type = copy(&at, event->type);
    for (size_t i = 0; i < event->header_count; i++)
        asking->event.headers[i].value = copy(&at, event->headers[i].value);
    return asking;
}

void hs_sharing_take(struct hs_worker *worker, struct hs_waiter *waiter,
                     const struct hs_event *event)
{
    struct hs_dedupe *dedupe = worker->ingress->spec.dedupe;
    uint64_t now_ns = event->received_wall_ns;
    struct hs_dedupe_claim claim;
    if (hs_dedupe_begin(dedupe, event->source, event->id, now_ns, &claim) == HS_DEDUPE_SEEN) {
        hs_intake_wait(worker, waiter, event, claim.wait_for, true);
        return;
    }
    hs_dedupe_end(dedupe, &claim, false, now_ns);
    struct hs_asking *asking = asking_create(event);
    asking->worker = worker;
    asking->waiter = waiter;
    hs_shared_key(event->source, event->id, &asking->key);
    asking->ask = hs_shared_link_ask(worker->sharing->link, &asking->key, on_told, asking);
    if (asking->ask == NULL) {
        act(worker, waiter, event, &asking->key, HS_SHARED_UNKNOWN);
        free(asking);
        return;
    }
    waiter->asking = asking;
    hs_waiting_add(worker, waiter, HS_WAITING_SHARED);
}

void hs_sharing_drop(struct hs_waiter *waiter)
{
    hs_shared_link_drop(waiter->asking->ask);
    free(waiter->asking);
    waiter->asking = NULL;
}

/* ---- Life ---- */

int hs_sharing_open(struct hs_worker *worker)
{
    const struct hs_ingress_spec *spec = &worker->ingress->spec;
    struct hs_sharing *sharing = hs_alloc(sizeof(*sharing));
    STAILQ_INIT(&sharing->durable);
    STAILQ_INIT(&sharing->delivered);
    sharing->unconfirmed =
        hs_metrics_counter(spec->metrics, HS_METRIC_dedupe_shared_unconfirmed_total);
    worker->sharing = sharing;
    return hs_shared_link_open(spec->shared, worker->base, &sharing->link);
}

void hs_sharing_close(struct hs_sharing *sharing)
{
    if (sharing == NULL)
        return;
    struct owed *owed;
    STAILQ_CONCAT(&sharing->durable, &sharing->delivered);
    while ((owed = STAILQ_FIRST(&sharing->durable)) != NULL) {
        STAILQ_REMOVE_HEAD(&sharing->durable, link);
        free(owed);
    }
    hs_shared_link_close(sharing->link);
    free(sharing);
}
