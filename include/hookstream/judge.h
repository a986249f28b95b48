/* Judge: whether a request is let in, decided from its headers and body alone. Ingress asks
 * it of every request and a rehearsal of one that never was sent, so that both say the same.
 * Threads: those of the verifier it is given. */
#ifndef HOOKSTREAM_JUDGE_H
#define HOOKSTREAM_JUDGE_H

#include <hookstream/source.h>

/* Takes note of one header: what the signature's scheme reads goes into the claim, what a later
 * stage uses is kept with the event. Borrows the value. */
void hs_judge_header(const struct hs_scheme_headers *headers, struct hs_slice name,
                     struct hs_slice value, struct hs_claim *claim, struct hs_event *event);

struct hs_judgement {
    unsigned answer; /* enum hs_answer of the ingress */
    unsigned status; /* what the sender is answered, once the event is safe */
    enum hs_verdict verdict;
    size_t secret;               /* that matched; when genuine, stale or ahead */
    double skew_s;               /* our clock less the sender's; as `secret` */
    const char *reason, *detail; /* NULL when accepted; else a label and words */
};

/* Verifies the body of `event`, whose time of receipt is now, and reads its envelope: sets the
 * event's flaw, id and type, which live in its body or in `envelope`. The words of a flaw are
 * in hs_error_text(). */
void hs_judge(struct hs_verifier *verifier, const struct hs_source_options *source,
              const struct hs_claim *claim, struct hs_event *event, struct hs_envelope *envelope,
              struct hs_judgement *ret_judgement);

#endif
