/* HTTP sink, private: one POST request per message, by libcurl on the sink's event_base.
 *
 *   url.c      the URL, and what a target's path adds to it
 *   request.c  one request: what is sent, and what is kept of the answer
 *   link.c     libcurl's sockets and timer as events of libevent
 *   http.c     the sink: what waits, what is on its way, and what an answer means
 *   errors.c   the table of statuses and of libcurl's codes
 *
 * Invariants:
 *   H1  A message is delivered only by a whole answer with a status from 200 to 299.
 *   H2  At most `in_flight` requests are on their way. With 1, a message is sent when the one
 *       before it has ended.
 *   H3  Nothing is sent before the server was reached, nor while it asked for a pause. */
#ifndef HS_SINK_HTTP_H
#define HS_SINK_HTTP_H

#include "errors.h"
#include "kind.h"
#include "options.h"

#include <curl/curl.h>

#include <hookstream/buffer.h>

extern const struct hs_sink_kind hs_http_kind;

/* ---- The URL ---- */

#define HS_HTTP_PATH_MAX 1024u /* bytes of a target's path, before it is encoded */
#define HS_HTTP_PLACE_TEXT 320u

struct hs_http_url {
    char *whole;                    /* as it is, without its fragment */
    char *before, *after;           /* a target's path goes between them */
    char place[HS_HTTP_PLACE_TEXT]; /* scheme://host:port, all that is ever shown */
    bool is_plain, is_local;        /* without TLS; to this machine */
};
/* -EINVAL and a message that does not repeat the text. Free with hs_http_url_free(). */
HS_MUST_CHECK int hs_http_url_parse(const char *text, struct hs_http_url *ret_url);
/* Frees what is in it. One that is zeroed is fine. */
void hs_http_url_free(struct hs_http_url *url);
/* Appends the URL of a path, encoded. "" and "/" are the URL itself. */
void hs_http_url_append(const struct hs_http_url *url, struct hs_slice path, struct hs_buffer *out);
/* Whether a path can be appended; see check_destination and check_fixed of a row. */
HS_MUST_CHECK int hs_http_path_check(struct hs_slice path);
HS_MUST_CHECK int hs_http_path_check_fixed(struct hs_slice text, size_t before, bool first);
/* Whether a header may have this name. */
HS_MUST_CHECK int hs_http_header_check(struct hs_slice name);

/* ---- A request ---- */

#define HS_HTTP_ANSWER_SHOWN 200u      /* bytes of an answer in messages */
#define HS_HTTP_ANSWER_MAX (64u << 10) /* bytes of an answer that are read */
#define HS_HTTP_REST_MAX_S 300l        /* a longer Retry-After is cut to this */
#define HS_HTTP_DETAIL_MAX 400u

struct hs_http_request {
    CURL *easy;
    struct curl_slist *headers;
    char *body;
    uint64_t sequence;
    unsigned part;
    bool is_sent;  /* libcurl has it */
    bool has_head; /* the head of an answer came to its end */
    char path[HS_SINK_NAME_SHOWN], error[CURL_ERROR_SIZE], answer[HS_HTTP_ANSWER_SHOWN];
    size_t answer_size, received; /* bytes that are kept, that came */
};

/* What holds for every connection: TLS is verified, no proxy, no redirect, no cookie. */
void hs_http_set_up(CURL *easy, const struct hs_http_options *options);
/* Makes its handle. Free with hs_http_request_free(). -ENOMEM and a message. */
HS_MUST_CHECK int hs_http_request_init(struct hs_http_request *request,
                                       const struct hs_http_options *options);
/* Makes a request of the message; copies what it needs. */
void hs_http_request_fill(struct hs_http_request *request, const struct hs_http_url *url,
                          const struct hs_http_options *options, uint64_t sequence,
                          const struct hs_message *message);
/* How it ended, by libcurl's code: NULL if the server has the event. `ret_answered`: by a whole
 * answer. */
const struct hs_failure *hs_http_request_judge(const struct hs_http_request *request, CURLcode code,
                                               bool *ret_answered);
/* How many seconds the server wants a pause; 0: it does not say. */
long hs_http_request_rest_s(const struct hs_http_request *request);
/* What an operator reads of a failure. */
void hs_http_request_describe(const struct hs_http_request *request, const struct hs_http_url *url,
                              const struct hs_failure *failure, CURLcode code,
                              char ret_text[HS_HTTP_DETAIL_MAX]);
/* Drops what it was made of; the handle stays. */
void hs_http_request_clear(struct hs_http_request *request);
/* Frees what is in it. One that is zeroed is fine; it is not on its way. */
void hs_http_request_free(struct hs_http_request *request);

/* ---- The link ---- */

struct hs_http_link {
    CURLM *multi;
    struct event_base *base;
    struct event *on_timeout;
    void (*ended)(void *context, struct hs_http_request *request, CURLcode code);
    void (*settled)(void *context); /* after those that ended together */
    void *context;
};

/* `link` has its functions and its base. Close with hs_http_link_close(). -ENOMEM and a message. */
HS_MUST_CHECK int hs_http_link_init(struct hs_http_link *link, long connections);
/* Sends it; `ended` says how it ended, never from within. */
void hs_http_link_send(struct hs_http_link *link, struct hs_http_request *request);
/* Takes it back if it is on its way; `ended` is not called. */
void hs_http_link_drop(struct hs_http_link *link, struct hs_http_request *request);
/* After its requests were freed. One that is zeroed is fine. */
void hs_http_link_close(struct hs_http_link *link);

/* ---- The row ---- */

HS_MUST_CHECK int hs_http_open(const struct hs_sink_spec *spec, struct hs_sink **ret_sink);
void hs_http_check(struct hs_config *config, const struct hs_sink_options *sink);
void hs_http_check_client(struct hs_config *config, const char *name,
                          const struct hs_sink_options *sink);
/* See hs_sink_probe(). */
void hs_http_probe(const struct hs_probe *probe, const struct hs_sink_options *sink,
                   const struct hs_probe_place *places, size_t count);

#endif
