/* Judge: see judge.h. */
#include "answers.h"

#include <hookstream/judge.h>

/* Keeps the header if it is one of these. */
static void keep(const struct hs_slice *names, size_t count, struct hs_slice name,
                 struct hs_slice value, struct hs_event *event)
{
    for (size_t i = 0; i < count; i++)
        if (value.size <= HS_EVENT_HEADER_VALUE_MAX &&
            event->header_count < HS_EVENT_HEADERS_MAX / 2 && hs_slice_equal_nocase(name, names[i]))
            event->headers[event->header_count++] = (struct hs_header){names[i], value};
}

void hs_judge_header(const struct hs_scheme *scheme, struct hs_slice name, struct hs_slice value,
                     struct hs_claim *claim, struct hs_event *event)
{
    if (hs_slice_equal_nocase(name, scheme->signature)) {
        claim->signature = value;
        claim->signature_count++;
    } else if (hs_slice_equal_nocase(name, scheme->timestamp)) {
        claim->timestamp = value;
        claim->timestamp_count++;
    }
    keep(hs_kept_general, hs_kept_general_count, name, value, event);
    keep(scheme->kept, scheme->kept_count, name, value, event);
}

static void answer(struct hs_judgement *judgement, enum hs_answer answer, const char *reason,
                   const char *detail)
{
    judgement->answer = answer;
    judgement->status = hs_answer_row(answer)->status;
    judgement->reason = reason;
    judgement->detail = detail;
}

void hs_judge(struct hs_verifier *verifier, const struct hs_source_options *source,
              const struct hs_claim *claim, struct hs_event *event, struct hs_envelope *envelope,
              struct hs_judgement *ret_judgement)
{
    *ret_judgement = (struct hs_judgement){0};
    event->flaw = HS_EVENT_VALID;
    event->id = event->type = HS_SLICE_NONE;
    enum hs_verdict verdict = hs_verify(verifier, claim, event->body, event->received_wall_ns,
                                        &ret_judgement->secret, &ret_judgement->skew_s);
    ret_judgement->verdict = verdict;
    if (verdict != HS_GENUINE) {
        answer(ret_judgement, HS_ANSWER_UNVERIFIED, hs_verdict_label(verdict),
               hs_verdict_text(verdict));
        return;
    }
    event->flaw = hs_envelope_read(hs_source_scheme(&source->verify), event->body, envelope);
    if (event->flaw != HS_EVENT_VALID && source->on_invalid == HS_INVALID_REJECT) {
        answer(ret_judgement, HS_ANSWER_INVALID, hs_event_flaw_name(event->flaw), hs_error_text());
        return;
    }
    if (event->flaw != HS_EVENT_VALID)
        hs_envelope_digest(claim->timestamp, event->body, envelope);
    event->id = envelope->id;
    event->type = envelope->type;
    answer(ret_judgement, HS_ANSWER_ACCEPTED, NULL, NULL);
}
