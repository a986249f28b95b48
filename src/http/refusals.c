/* The tables of endings: refusals of the protocol layer (status, label, text), reasons for closing
 * a connection, and the reason phrases of status codes. Nothing else in the module spells out a
 * status. */
#include "refusals.h"

static const struct hs_http_refusal_row refusals[HS_HTTP_REFUSAL_COUNT] = {
    [HS_HTTP_OK] = {"none", 0, 0, ""},
    [HS_HTTP_BAD_REQUEST] = {"bad_request", 400, 0, "the request is not valid HTTP/1.1"},
    [HS_HTTP_BAD_VERSION] = {"bad_version", 505, 0, "only HTTP/1.0 and HTTP/1.1 are supported"},
    [HS_HTTP_HEAD_TOO_LARGE] = {"head_too_large", 431, 0,
                                "the request line and header fields are too large or too many"},
    [HS_HTTP_BODY_TOO_LARGE] = {"body_too_large", 413, 0, "the body is larger than accepted"},
    [HS_HTTP_BAD_EXPECT] = {"bad_expect", 417, 0, "only `Expect: 100-continue` is supported"},
    [HS_HTTP_HEAD_TIMEOUT] = {"head_timeout", 408, 0, "the head of the request took too long"},
    [HS_HTTP_BODY_TIMEOUT] = {"body_timeout", 408, 0, "the body came too slowly"},
    [HS_HTTP_TOO_MANY] = {"too_many_connections", 503, 1, "too many connections are open"},
    [HS_HTTP_NO_BUDGET] = {"no_budget", 503, 1, "too many bytes of requests are in progress"},
    [HS_HTTP_CROWDED_OUT] = {"crowded_out", 503, 1,
                             "the request was slow while others waited for room; send it again"},
};

static const char *const ends[HS_HTTP_END_COUNT] = {
    [HS_HTTP_END_ANSWERED] = "answered",
    [HS_HTTP_END_CLIENT] = "closed by the client",
    [HS_HTTP_END_RESET] = "the socket failed",
    [HS_HTTP_END_IDLE] = "idle for too long",
    [HS_HTTP_END_UNREAD] = "the client did not read its answer",
    [HS_HTTP_END_LINGERED] = "refused, and dropped what still came",
    [HS_HTTP_END_DRAINED] = "idle while draining",
    [HS_HTTP_END_CROWDED] = "closed to make room for others",
    [HS_HTTP_END_FREED] = "the server is stopping",
};

const struct hs_http_refusal_row *hs_http_refusal_row(enum hs_http_refusal refusal)
{
    HS_ASSERT((size_t)refusal < HS_ARRAY_SIZE(refusals));
    return &refusals[refusal];
}

const char *hs_http_refusal_name(enum hs_http_refusal refusal)
{
    return hs_http_refusal_row(refusal)->name;
}

const char *hs_http_evicted_name(enum hs_http_evicted evicted)
{
    static const char *const names[HS_HTTP_EVICTED_COUNT] = {"silent", "head", "body", "answered",
                                                             "idle"};
    HS_ASSERT((size_t)evicted < HS_ARRAY_SIZE(names));
    return names[evicted];
}

const char *hs_http_end_text(enum hs_http_end end)
{
    HS_ASSERT((size_t)end < HS_ARRAY_SIZE(ends));
    return ends[end];
}

static const struct {
    unsigned status;
    const char *text;
} statuses[] = {
    {200, "OK"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *hs_http_status_text(unsigned status)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(statuses); i++)
        if (statuses[i].status == status)
            return statuses[i].text;
    return "Unknown";
}
