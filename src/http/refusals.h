/* A row for every way a request or a connection can end. Private to http. */
#ifndef HS_HTTP_REFUSALS_H
#define HS_HTTP_REFUSALS_H

#include <hookstream/http.h>

struct hs_http_refusal_row {
    const char *name;       /* label in metrics and logs */
    unsigned status;        /* of the answer */
    unsigned retry_after_s; /* 0: no Retry-After */
    const char *detail;     /* text for the client, if the parser has none of its own */
};
const struct hs_http_refusal_row *hs_http_refusal_row(enum hs_http_refusal refusal);

/* Why a connection was closed; text for the debug log. */
enum hs_http_end {
    HS_HTTP_END_ANSWERED, /* the last answer was sent and the client wants no other */
    HS_HTTP_END_CLIENT,   /* the client closed, between requests or in one */
    HS_HTTP_END_RESET,    /* the socket failed */
    HS_HTTP_END_IDLE,     /* no request came in limits.idle_ns */
    HS_HTTP_END_UNREAD,   /* the client did not read its answer */
    HS_HTTP_END_LINGERED, /* refused; further input was dropped for long enough */
    HS_HTTP_END_DRAINED,  /* idle while the server drains */
    HS_HTTP_END_CROWDED,  /* the server is full and others need the room */
    HS_HTTP_END_FREED,    /* the server itself ends */
    HS_HTTP_END_COUNT
};
const char *hs_http_end_text(enum hs_http_end end);

#endif
