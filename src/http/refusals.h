/* Every way a request or a connection can end, a row each. Private to http. */
#ifndef HS_HTTP_REFUSALS_H
#define HS_HTTP_REFUSALS_H

#include <hookstream/http.h>

struct hs_http_refusal_row {
    const char *name;       /* label in metrics and logs */
    unsigned status;        /* of the answer */
    unsigned retry_after_s; /* 0: no Retry-After */
    const char *detail;     /* words for the client, where the parser has none of its own */
};
const struct hs_http_refusal_row *hs_http_refusal_row(enum hs_http_refusal refusal);

/* Why a connection was closed; words for the debug log. */
enum hs_http_end {
    HS_HTTP_END_ANSWERED, /* the last answer is out and the client wanted no other */
    HS_HTTP_END_CLIENT,   /* the client closed between requests or went away in one */
    HS_HTTP_END_RESET,    /* the socket failed */
    HS_HTTP_END_IDLE,     /* no request came in limits.idle_ns */
    HS_HTTP_END_UNREAD,   /* the client did not read its answer */
    HS_HTTP_END_LINGERED, /* refused; what still came was dropped for long enough */
    HS_HTTP_END_DRAINED,  /* idle when the server drains */
    HS_HTTP_END_CROWDED,  /* the door is full and others need the room */
    HS_HTTP_END_FREED,    /* the server itself ends */
    HS_HTTP_END_COUNT
};
const char *hs_http_end_text(enum hs_http_end end);

#endif
