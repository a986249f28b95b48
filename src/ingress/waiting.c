/* Waiting: requests between their append and their answer. One list waits for the durable sequence,
 * in order of sequences, so that its first entry shows whether there is anything to do. One waits
 * for the positions of sinks (`ack: delivered`), and one, before the append, for the shared
 * dedupe. */
#include "sharing.h"
#include "worker.h"

static struct hs_waiter_list *list_of(struct hs_worker *worker, enum hs_waiting on)
{
    return &worker->lists[on];
}

void hs_waiting_add(struct hs_worker *worker, struct hs_waiter *waiter, enum hs_waiting on)
{
    struct hs_waiter_list *list = list_of(worker, on);
    waiter->on = on;
    waiter->next = NULL;
    waiter->previous = list->last;
    if (list->last != NULL)
        list->last->next = waiter;
    else
        list->first = waiter;
    list->last = waiter;
}

void hs_waiting_remove(struct hs_worker *worker, struct hs_waiter *waiter)
{
    if (waiter->on == HS_WAITING_NOT)
        return;
    if (waiter->asking != NULL)
        hs_sharing_drop(waiter);
    struct hs_waiter_list *list = list_of(worker, waiter->on);
    if (waiter->previous != NULL)
        waiter->previous->next = waiter->next;
    else
        list->first = waiter->next;
    if (waiter->next != NULL)
        waiter->next->previous = waiter->previous;
    else
        list->last = waiter->previous;
    waiter->on = HS_WAITING_NOT;
}

bool hs_waiting_is_delivered(const struct hs_worker *worker, uint64_t sinks, uint64_t sequence)
{
    const struct hs_ingress_spec *spec = &worker->ingress->spec;
    for (; sinks != 0; sinks &= sinks - 1) {
        unsigned sink = (unsigned)__builtin_ctzll(sinks);
        if (spec->position(spec->position_context, sink) < sequence)
            return false;
    }
    return true;
}

static bool is_delivered(const struct hs_worker *worker, const struct hs_waiter *waiter)
{
    return hs_waiting_is_delivered(worker, waiter->sinks, waiter->sequence);
}

static void release_durable(struct hs_worker *worker)
{
    struct hs_waiter *waiter;
    while ((waiter = list_of(worker, HS_WAITING_DURABLE)->first) != NULL) {
        enum hs_journal_outcome outcome =
            hs_journal_outcome(worker->ingress->spec.journal, waiter->sequence);
        if (outcome == HS_JOURNAL_PENDING)
            return;
        hs_waiting_remove(worker, waiter);
        if (outcome == HS_JOURNAL_FAILED)
            hs_intake_answer(worker, waiter, HS_ANSWER_NOT_SAFE, NULL, NULL);
        else if (waiter->lane->options->ack == HS_ACK_DELIVERED && !is_delivered(worker, waiter))
            hs_waiting_add(worker, waiter, HS_WAITING_DELIVERED);
        else
            hs_intake_answer(worker, waiter, HS_ANSWER_ACCEPTED, NULL, NULL);
    }
}

static void release_delivered(struct hs_worker *worker)
{
    struct hs_waiter *next;
    for (struct hs_waiter *waiter = list_of(worker, HS_WAITING_DELIVERED)->first; waiter != NULL;
         waiter = next) {
        next = waiter->next;
        if (!is_delivered(worker, waiter))
            continue;
        hs_waiting_remove(worker, waiter);
        hs_intake_answer(worker, waiter, HS_ANSWER_ACCEPTED, NULL, NULL);
    }
}

void hs_waiting_release(struct hs_worker *worker)
{
    if (worker->sharing != NULL)
        hs_sharing_confirm(worker);
    release_durable(worker);
    release_delivered(worker);
}

void hs_waiting_expire(struct hs_worker *worker, uint64_t before_ns, enum hs_answer answer)
{
    for (enum hs_waiting on = HS_WAITING_DURABLE; on < HS_WAITING_COUNT; on++) {
        struct hs_waiter *waiter;
        while ((waiter = list_of(worker, on)->first) != NULL && waiter->since_ns < before_ns) {
            hs_waiting_remove(worker, waiter);
            hs_intake_answer(worker, waiter, answer, NULL, NULL);
        }
    }
}
