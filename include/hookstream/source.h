/* Source: decides whether a request is genuine, and which event it carries. Verifies the raw bytes,
 * then reads the envelope in one pass. Knows nothing of sockets and HTTP: the caller passes the
 * values of the headers that the scheme names.
 * How a request is signed is a row of scheme.h.
 * Threads: options are read-only; a verifier belongs to one thread. */
#ifndef HOOKSTREAM_SOURCE_H
#define HOOKSTREAM_SOURCE_H

#include <hookstream/limits.h>
#include <hookstream/config.h>
#include <hookstream/event.h>
#include <hookstream/scheme.h>

/* ---- Options: sources.<name> ---- */

enum hs_ack { HS_ACK_RECEIVED, HS_ACK_DURABLE, HS_ACK_DELIVERED };
enum hs_on_invalid { HS_INVALID_DEAD_LETTER, HS_INVALID_REJECT };

struct hs_verify_options {
    unsigned scheme; /* index in hs_schemes */
    /* Named secrets: `secrets` is a list of texts or a mapping of name to text. List entries are
     * named "1", "2", ... by position; empty ones count but are omitted. */
    const struct hs_node *secrets;
    struct hs_secret {
        const char *name;
        struct hs_slice key;
    } * secret_items;
    size_t secret_count;
    uint64_t max_age_ns, max_future_ns;
};

struct hs_source_options {
    const char *path; /* of the URL, starts with "/" */
    struct hs_verify_options verify;
    unsigned ack;          /* enum hs_ack */
    unsigned on_invalid;   /* enum hs_on_invalid */
    uint64_t rate_limit;   /* requests a second; 0: none */
    const char *catalogue; /* a file; "none"; NULL: the scheme's own */
};
/* The option table of one source; `sources` is a map of these. hs_source_check_paths() checks that
 * no two share a path. */
extern const struct hs_options hs_source_option_table;
/* Adds the schema's definition "secrets". */
void hs_source_schema(struct json_object *definitions);
/* The path without a trailing slash: `/a/` and `/a` are the same path. `/` stays. */
static inline struct hs_slice hs_source_path(struct hs_slice path)
{
    if (path.size > 1 && path.data[path.size - 1] == '/')
        path.size--;
    return path;
}
/* Reports sources that share a path, as findings of `config`. */
void hs_source_check_paths(struct hs_config *config, const struct hs_children *sources);

/* ---- Verification ---- */

/* Every result of verification; each has its label and text in one table. */
enum hs_verdict {
    HS_GENUINE,
    HS_SIGNATURE_MISSING,
    HS_SIGNATURE_MALFORMED, /* or given twice */
    HS_SIGNATURE_WRONG,
    HS_TIMESTAMP_MISSING,
    HS_TIMESTAMP_MALFORMED, /* or given twice */
    HS_TIMESTAMP_STALE,
    HS_TIMESTAMP_FUTURE,
    HS_VERDICT_COUNT
};
/* The label of rejected_total ("signature", "stale", "future", ...). */
const char *hs_verdict_label(enum hs_verdict verdict);
/* The text for the log and the problem body. */
const char *hs_verdict_text(enum hs_verdict verdict);

/* The row of the scheme that `verify.scheme` names. */
static inline const struct hs_scheme *hs_source_scheme(const struct hs_verify_options *options)
{
    return hs_schemes[options->scheme];
}
/* The scheme of the source with this name, as an event has it; of a source that is gone, the
 * first one. */
const struct hs_scheme *hs_source_scheme_of(const struct hs_children *sources,
                                            struct hs_slice name);

/* The request's unverified claims. Counts: how often the header occurred. */
struct hs_claim {
    struct hs_slice signature, timestamp;
    size_t signature_count, timestamp_count;
};

struct hs_verifier;
/* Creates a verifier with an EVP_MAC_CTX per secret; borrows `options`. -ENOMEM and a message if
 * libcrypto has no HMAC. */
HS_MUST_CHECK int hs_verifier_create(const struct hs_scheme *scheme,
                                     const struct hs_verify_options *options,
                                     struct hs_verifier **ret_verifier);
/* Frees the verifier. NULL is fine. */
void hs_verifier_free(struct hs_verifier *verifier);
/* Verifies a claim. The signature is checked before the age, so that a stale verdict concerns a
 * request that was once genuine. Compares with every secret in constant time. `ret_secret` is the
 * index of the matching secret (GENUINE, STALE, FUTURE); `ret_skew_s` is the local clock minus the
 * sender's. */
enum hs_verdict hs_verify(struct hs_verifier *verifier, const struct hs_claim *claim,
                          struct hs_slice body, uint64_t now_wall_ns, size_t *ret_secret,
                          double *ret_skew_s);
/* The value of the scheme's signature header for a timestamp and a body. For `send`. -ENOMEM and a
 * message when libcrypto has no HMAC. */
#define HS_SIGNATURE_MAX 160u /* bytes, with the NUL */
HS_MUST_CHECK int hs_sign(const struct hs_scheme *scheme, struct hs_slice secret,
                          struct hs_slice timestamp, struct hs_slice body,
                          char ret_signature[HS_SIGNATURE_MAX]);

/* ---- The envelope ---- */

struct hs_envelope {
    struct hs_slice id, type; /* decoded; in the body, or in `decoded` if written with escapes */
    char decoded[HS_ENVELOPE_ID_MAX + HS_ENVELOPE_TYPE_MAX];
};
/* Reads the envelope: strict JSON, one object, no envelope member twice, `id` and `type` non-empty
 * texts within their size limits. A type consists of dot-separated segments of [A-Za-z0-9_-].
 * Returns HS_EVENT_VALID, or the flaw with a message in hs_error_text(). */
enum hs_event_flaw hs_envelope_read(const struct hs_scheme *scheme, struct hs_slice body,
                                    struct hs_envelope *ret_envelope);
/* The id of a genuine event without a usable one: "sha256:" and 32 digits of the SHA-256 of the
 * signed bytes, the timestamp and the body. A copy of the request gets the same id, so it is an
 * ordinary duplicate (docs/decisions/0011-events-without-id.md). Sets no type. */
void hs_envelope_digest(struct hs_slice timestamp, struct hs_slice body,
                        struct hs_envelope *ret_envelope);

#endif
