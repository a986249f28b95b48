/* Judge: decides from headers and body alone whether a request is accepted. Ingress uses it for
 * every request, a rehearsal for one that was never sent, so that both agree. Threads: those of the
 * given verifier. */
#ifndef HOOKSTREAM_JUDGE_H
#define HOOKSTREAM_JUDGE_H

#include <hookstream/source.h>

/* Records one header: headers of the signature scheme go into the claim, those that a later stage
 * uses are kept with the event. Borrows the value. */
void hs_judge_header(const struct hs_scheme *scheme, struct hs_slice name, struct hs_slice value,
                     struct hs_claim *claim, struct hs_event *event);

struct hs_judgement {
    unsigned answer; /* enum hs_answer of the ingress */
    unsigned status; /* the sender's answer, once the event is safe */
    enum hs_verdict verdict;
    size_t secret;               /* index of the matching secret; when genuine, stale or ahead */
    double skew_s;               /* local clock minus the sender's; valid as `secret` */
    const char *reason, *detail; /* NULL when accepted; otherwise a label and a text */
};

/* Verifies the body of `event`, received now, and reads its envelope. Sets the event's flaw, id and
 * type; id and type point into its body or into `envelope`. hs_error_text() describes a flaw. */
void hs_judge(struct hs_verifier *verifier, const struct hs_source_options *source,
              const struct hs_claim *claim, struct hs_event *event, struct hs_envelope *envelope,
              struct hs_judgement *ret_judgement);

#endif
