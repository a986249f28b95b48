/* HTTP errors: what a status, or libcurl's code of a request without an answer, means. */
#ifndef HS_SINK_HTTP_ERRORS_H
#define HS_SINK_HTTP_ERRORS_H

#include "kind.h"

struct hs_http_error {
    long first, last; /* statuses or codes, both included */
    struct hs_failure failure;
};

/* NULL: the server has the event. */
const struct hs_failure *hs_http_status_failure(long status);
/* `code` is a CURLcode other than CURLE_OK. Never NULL. */
const struct hs_failure *hs_http_code_failure(long code);
/* The tables, for tests. */
const struct hs_http_error *hs_http_status_table(size_t *ret_count);
const struct hs_http_error *hs_http_code_table(size_t *ret_count);

#endif
