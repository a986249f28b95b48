/* Judge: see judge.h. */
#include "answers.h"

#include <hookstream/judge.h>

void hs_judge_header(const struct hs_scheme_headers *headers, struct hs_slice name,
                     struct hs_slice value, struct hs_claim *claim, struct hs_event *event)
{
    if (hs_slice_equal_nocase(name, headers->signature)) {
        claim->signature = value;
        claim->signature_count++;
    } else if (hs_slice_equal_nocase(name, headers->timestamp)) {
        claim->timestamp = value;
        claim->timestamp_count++;
    }
    for (size_t k = 0; k < hs_event_kept_header_count; k++)
        if (value.size <= HS_EVENT_HEADER_VALUE_MAX &&
            event->header_count < HS_EVENT_HEADERS_MAX / 2 &&
            hs_slice_equal_nocase(name, hs_event_kept_headers[k]))
            event->headers[event->header_count++] =
                (struct hs_header){hs_event_kept_headers[k], value};
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
    event->flaw = hs_envelope_read(event->body, envelope);
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
