/* Answers: the table. 410 is absent and must stay so: it disables the sender's endpoint (I4). A
 * Retry-After is a few seconds if the cause passes by itself, and half a minute if a person or a
 * disk must act; the sender's own schedule begins at one minute. */
#include "answers.h"

static const struct hs_answer_row rows[HS_ANSWER_COUNT] = {
    [HS_ANSWER_ACCEPTED] = {202, NULL, 0, NULL, ""},
    [HS_ANSWER_UNVERIFIED] = {401, "signature", 0, NULL, "the request could not be verified"},
    [HS_ANSWER_INVALID] = {400, "invalid", 0, NULL, "the event is not valid"},
    [HS_ANSWER_UNKNOWN_PATH] = {404, "unknown_path", 0, NULL, "no source has this path"},
    [HS_ANSWER_WRONG_METHOD] = {405, "wrong_method", 0, "Allow: POST\r\n",
                                "webhooks are sent with POST"},
    [HS_ANSWER_READ_ONLY_PAGE] = {405, "wrong_method", 0, "Allow: GET, HEAD\r\n",
                                  "the health path is read with GET"},
    [HS_ANSWER_WRONG_MEDIA] = {415, "wrong_media_type", 0, "Accept: application/json\r\n",
                               "the body must be application/json, or application/...+json"},
    [HS_ANSWER_ENCODED] = {415, "content_encoding", 0, "Accept-Encoding: identity\r\n",
                           "the body must not be compressed: send it without Content-Encoding"},
    [HS_ANSWER_TOO_LARGE] = {413, "too_large", 0, NULL, "the event does not fit the journal"},
    [HS_ANSWER_RATE_LIMITED] = {429, "rate_limited", 1, NULL,
                                "the source's rate limit was reached"},
    [HS_ANSWER_FULL] = {503, "journal_full", 30, NULL, "the journal is full"},
    [HS_ANSWER_READ_ONLY] = {503, "read_only", 30, NULL, "the journal cannot be written"},
    [HS_ANSWER_BUSY] = {503, "in_flight", 1, NULL, "too much waits for the journal"},
    [HS_ANSWER_DRAINING] = {503, "draining", 5, NULL, "the server is stopping"},
    [HS_ANSWER_DEADLINE] = {503, "deadline", 30, NULL,
                            "the event was not safe within the deadline; send it again"},
    [HS_ANSWER_NOT_SAFE] = {503, "not_safe", 30, NULL,
                            "the event could not be made safe; send it again"},
    [HS_ANSWER_HELD] = {503, "dedupe_held", 1, NULL,
                        "another replica is writing this event; send it again"},
    [HS_ANSWER_UNSHARED] = {503, "dedupe_away", 5, NULL,
                            "the ids of other replicas cannot be queried; send it again"},
};

const struct hs_answer_row *hs_answer_row(enum hs_answer answer)
{
    HS_ASSERT((unsigned)answer < HS_ANSWER_COUNT && rows[answer].status != 0);
    return &rows[answer];
}

/* application/json and application/...+json (RFC 6839), with or without parameters. */
static bool is_json(struct hs_slice type)
{
    const struct hs_slice application = HS_SLICE("application/"), suffix = HS_SLICE("+json");
    const char *semicolon = type.size > 0 ? memchr(type.data, ';', type.size) : NULL;
    if (semicolon != NULL)
        type.size = (size_t)(semicolon - type.data);
    type = hs_slice_trim(type);
    if (hs_slice_equal_nocase(type, HS_SLICE("application/json")))
        return true;
    return type.size > application.size + suffix.size &&
           hs_slice_equal_nocase(hs_slice(type.data, application.size), application) &&
           hs_slice_equal_nocase(hs_slice(type.data + type.size - suffix.size, suffix.size),
                                 suffix);
}

enum hs_answer hs_answer_of_media(const struct hs_http_head *head)
{
    bool typed = false;
    for (size_t i = 0; i < head->field_count; i++) {
        struct hs_slice name = head->fields[i].name, value = head->fields[i].value;
        if (!typed && hs_slice_equal_nocase(name, HS_SLICE("content-type"))) {
            typed = true; /* a request without a type is accepted */
            if (!is_json(value))
                return HS_ANSWER_WRONG_MEDIA;
        } else if (hs_slice_equal_nocase(name, HS_SLICE("content-encoding")) &&
                   !hs_slice_equal_nocase(value, HS_SLICE("identity"))) {
            return HS_ANSWER_ENCODED;
        }
    }
    return HS_ANSWER_ACCEPTED;
}

enum hs_answer hs_answer_of_append(int code)
{
    switch (code) {
    case -ENOSPC:
        return HS_ANSWER_FULL;
    case -EAGAIN:
        return HS_ANSWER_BUSY;
    case -EMSGSIZE:
        return HS_ANSWER_TOO_LARGE;
    case -ESHUTDOWN:
        return HS_ANSWER_DRAINING;
    default:
        return HS_ANSWER_READ_ONLY;
    }
}
