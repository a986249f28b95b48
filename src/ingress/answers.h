/* Answers: a row for every way a request that reached a source can end (I3). Refusals of the
 * protocol layer are in http's own table. Source of the codes: the table "What the sender is
 * answered" in docs/answers.md. */
#ifndef HS_INGRESS_ANSWERS_H
#define HS_INGRESS_ANSWERS_H

#include <hookstream/http.h>

enum hs_answer {
    HS_ANSWER_ACCEPTED,
    HS_ANSWER_UNVERIFIED,
    HS_ANSWER_INVALID,
    HS_ANSWER_UNKNOWN_PATH,
    HS_ANSWER_WRONG_METHOD,
    HS_ANSWER_READ_ONLY_PAGE,
    HS_ANSWER_WRONG_MEDIA,
    HS_ANSWER_ENCODED,
    HS_ANSWER_TOO_LARGE,
    HS_ANSWER_RATE_LIMITED,
    HS_ANSWER_FULL,
    HS_ANSWER_READ_ONLY,
    HS_ANSWER_BUSY,
    HS_ANSWER_DRAINING,
    HS_ANSWER_DEADLINE,
    HS_ANSWER_NOT_SAFE,
    HS_ANSWER_HELD,
    HS_ANSWER_UNSHARED,
    HS_ANSWER_COUNT
};

struct hs_answer_row {
    unsigned status;
    const char *reason;   /* label of rejected_total; NULL: not a rejection */
    unsigned retry_after; /* seconds; 0: no such header */
    const char *fields;   /* further header lines, or NULL */
    const char *detail;   /* of the problem body */
};
const struct hs_answer_row *hs_answer_row(enum hs_answer answer);

/* What Content-Type and Content-Encoding say about the body: ACCEPTED, WRONG_MEDIA or ENCODED. */
enum hs_answer hs_answer_of_media(const struct hs_http_head *head);

/* The answer for an error of hs_journal_append() (a negative errno). */
enum hs_answer hs_answer_of_append(int code);

#endif
