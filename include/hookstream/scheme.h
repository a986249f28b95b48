/* Scheme: how a kind of sender signs its requests and what it expects, one row per scheme. A row is
 * data; verification, signing (`send`, `explain`, `test`), the envelope and the defaults of options
 * all read it. The row of a scheme is in src/source/schemes/, and scheme.def lists them.
 * Threads: rows are constant. */
#ifndef HOOKSTREAM_SCHEME_H
#define HOOKSTREAM_SCHEME_H

#include <hookstream/base.h>
#include <hookstream/buffer.h>

#define HS_SCHEME_PARTS_MAX 6u

/* What the digest covers, in order. */
enum hs_signed_part { HS_SIGNED_END, HS_SIGNED_TIMESTAMP, HS_SIGNED_DOT, HS_SIGNED_BODY };

enum hs_encoding {
    HS_ENCODING_HEX,    /* two digits per byte, either case (RFC 4648, section 8) */
    HS_ENCODING_BASE64, /* with padding (RFC 4648, section 4) */
};

struct hs_scheme {
    const char *name; /* verify.scheme */
    const char *help; /* one sentence for the manual */

    /* The signature: an HMAC of `parts`, keyed with the secret's bytes as they are. */
    struct hs_slice signature; /* header, lower case */
    struct hs_slice prefix;    /* before the encoded digest */
    enum hs_encoding encoding;
    const char *digest; /* libcrypto's name */
    size_t digest_size; /* bytes */
    enum hs_signed_part parts[HS_SCHEME_PARTS_MAX];

    /* The timestamp: Unix seconds in digits. `timestamp` empty: the sender sends none, and the
     * window of the dedupe is the only guard against a replay. */
    struct hs_slice timestamp; /* header, lower case */
    uint64_t max_age_ns, max_future_ns;

    /* Members at the top of the body. */
    struct hs_slice id, type;

    uint64_t deadline_ns;        /* default of server.deadline: before the sender gives up */
    uint64_t dedupe_window_ns;   /* default of dedupe.window: longer than the sender retries */
    const struct hs_slice *kept; /* headers kept with the event, lower case */
    size_t kept_count;
    const char *catalogue; /* name of the built-in catalogue, or NULL */

    /* Appends the lines of other headers that the sender sends with a delivery. NULL: none. */
    void (*write_headers)(const char *delivery, struct hs_buffer *ret_lines);
};

enum hs_scheme_index {
#define HS_SCHEME(name) HS_SCHEME_INDEX_##name,
#include <hookstream/scheme.def>
#undef HS_SCHEME
    HS_SCHEME_COUNT
};

/* In the order of scheme.def. */
extern const struct hs_scheme *const hs_schemes[HS_SCHEME_COUNT];
/* Their names, NULL-terminated. */
extern const char *const hs_scheme_names[HS_SCHEME_COUNT + 1];

/* Headers kept with an event whatever the scheme. */
extern const struct hs_slice hs_kept_general[];
extern const size_t hs_kept_general_count;
/* How many headers a source may keep: the general ones and those of each scheme. */
size_t hs_kept_header_count(void);
/* The name of one of them, lower case; `index` is below the count. */
struct hs_slice hs_kept_header(size_t index);

#endif
