/* HTTP errors: the tables of every status and of every code of libcurl that matters to a sender of
 * POST requests, with its class and label. The first row that fits holds. */
#include "errors.h"

#include <curl/curl.h>

static const struct hs_http_error statuses[] = {
    /* Sent again. */
    {408, 408, {HS_TRANSIENT, "request_timeout", "the server waited too long for the request"}},
    {425, 425, {HS_TRANSIENT, "too_early", "the server wants the request later"}},
    {429, 429, {HS_TRANSIENT, "rate_limited", "the server wants fewer requests"}},
    {500, 599, {HS_TRANSIENT, "server_error", "the server failed"}},

    /* A person must act. */
    {300,
     399,
     {HS_BLOCKED, "redirect",
      "the server redirects, which a POST does not follow: set "
      "`url` to the new address"}},
    {401,
     401,
     {HS_BLOCKED, "unauthorized",
      "the server wants other credentials: set them in "
      "`headers` or in `url`"}},
    {403,
     403,
     {HS_BLOCKED, "forbidden",
      "the server does not allow it: extend the rights of the "
      "credentials"}},
    {404,
     404,
     {HS_BLOCKED, "not_found",
      "the server has nothing at this path: correct `url` or "
      "`path`"}},
    {405,
     405,
     {HS_BLOCKED, "method_not_allowed",
      "the server takes no POST at this path: correct "
      "`url` or `path`"}},
    {410, 410, {HS_BLOCKED, "gone", "the server removed this path: correct `url` or `path`"}},

    /* Never will be taken. */
    {400, 400, {HS_PERMANENT, "bad_request", "the server does not understand the event"}},
    {409, 409, {HS_PERMANENT, "conflict", "the event conflicts with what the server has"}},
    {413, 413, {HS_PERMANENT, "too_large", "the event is too large for the server"}},
    {414, 414, {HS_PERMANENT, "too_large", "the path is too long for the server"}},
    {415, 415, {HS_PERMANENT, "content_type", "the server does not take this content type"}},
    {422, 422, {HS_PERMANENT, "unprocessable", "the server refuses the event's content"}},
    {431, 431, {HS_PERMANENT, "too_large", "the headers are too large for the server"}},

    {400, 999, {HS_BLOCKED, "refused", "the server refuses the request: look at its log"}},
};

#define NOT_HTTP "the server does not speak HTTP: correct the scheme or the port of `url`"

static const struct hs_http_error codes[] = {
    {CURLE_COULDNT_RESOLVE_HOST,
     CURLE_COULDNT_RESOLVE_HOST,
     {HS_TRANSIENT, "resolve", "the host's name has no address"}},
    {CURLE_COULDNT_CONNECT,
     CURLE_COULDNT_CONNECT,
     {HS_TRANSIENT, "connect", "the server is not reached"}},
    {CURLE_OPERATION_TIMEDOUT,
     CURLE_OPERATION_TIMEDOUT,
     {HS_TRANSIENT, "timeout", "no whole answer within `timeout`"}},
    {CURLE_SSL_CONNECT_ERROR,
     CURLE_SSL_CONNECT_ERROR,
     {HS_TRANSIENT, "tls", "TLS could not be set up"}},
    {CURLE_GOT_NOTHING,
     CURLE_GOT_NOTHING,
     {HS_TRANSIENT, "disconnected", "the connection ended without an answer"}},
    {CURLE_SEND_ERROR,
     CURLE_RECV_ERROR,
     {HS_TRANSIENT, "disconnected", "the connection ended without an answer"}},
    {CURLE_PARTIAL_FILE,
     CURLE_PARTIAL_FILE,
     {HS_TRANSIENT, "disconnected", "the connection ended in the middle of an answer"}},

    {CURLE_PEER_FAILED_VERIFICATION,
     CURLE_PEER_FAILED_VERIFICATION,
     {HS_BLOCKED, "certificate",
      "the server's certificate is not trusted: correct `url`, or set `ca_file`"}},
    {CURLE_SSL_ISSUER_ERROR,
     CURLE_SSL_ISSUER_ERROR,
     {HS_BLOCKED, "certificate",
      "the server's certificate is not trusted: correct `url`, or set `ca_file`"}},
    {CURLE_SSL_CACERT_BADFILE,
     CURLE_SSL_CACERT_BADFILE,
     {HS_BLOCKED, "ca_file", "the certificates of `ca_file`, or of the system, cannot be read"}},
    {CURLE_UNSUPPORTED_PROTOCOL, CURLE_UNSUPPORTED_PROTOCOL, {HS_BLOCKED, "protocol", NOT_HTTP}},
    {CURLE_WEIRD_SERVER_REPLY, CURLE_WEIRD_SERVER_REPLY, {HS_BLOCKED, "protocol", NOT_HTTP}},
};

static const struct hs_failure other = {HS_TRANSIENT, "error", "the request failed"};

static const struct hs_failure *find(const struct hs_http_error *table, size_t count, long number)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].first <= number && number <= table[i].last)
            return &table[i].failure;
    return &other;
}

const struct hs_failure *hs_http_status_failure(long status)
{
    if (status >= 200 && status <= 299)
        return NULL;
    return find(statuses, HS_ARRAY_SIZE(statuses), status);
}

const struct hs_failure *hs_http_code_failure(long code)
{
    return find(codes, HS_ARRAY_SIZE(codes), code);
}

const struct hs_http_error *hs_http_status_table(size_t *ret_count)
{
    *ret_count = HS_ARRAY_SIZE(statuses);
    return statuses;
}

const struct hs_http_error *hs_http_code_table(size_t *ret_count)
{
    *ret_count = HS_ARRAY_SIZE(codes);
    return codes;
}
