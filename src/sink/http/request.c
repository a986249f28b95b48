/* HTTP request: a message as a POST request. Knows nothing of when it is sent. */
#include "http.h"

#include <fcntl.h>
#include <hookstream/shown.h>
#include <stdio.h>
#include <sys/socket.h>

#define HEADER_CEILING (8u << 20) /* a value of HS_PARCEL_TEXT_MAX, each byte encoded */
#define URL_CEILING (16u << 10)

/* A child process, such as that of jq, gets none of our connections. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void hs_http_set_up(CURL *easy, const struct hs_http_options *options)
{
    /* Options that are known take any value of their type. */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L); /* there are other threads */
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (options->ca_file != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
#if LIBCURL_VERSION_NUM >= 0x075700
        curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L); /* a file that is replaced counts */
#endif
    }
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* also not those of the environment */
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* close waits for no name to be resolved */
#endif
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "hookstream/" HS_VERSION);
}

static size_t take_answer(char *data, size_t size, size_t count, void *context)
{
    struct hs_http_request *request = context;
    size_t bytes = size * count, room = sizeof(request->answer) - request->answer_size;
    size_t kept = bytes < room ? bytes : room;
    memcpy(request->answer + request->answer_size, data, kept);
    request->answer_size += kept;
    request->received += bytes;
    /* Any other number ends the connection. */
    return request->received <= HS_HTTP_ANSWER_MAX ? bytes : bytes + 1;
}

/* libcurl takes an answer that ends in the middle of its head for a whole one (H1). An empty line
 * ends a head; one with a status below 200 is not the answer yet. */
static size_t take_head(char *data, size_t size, size_t count, void *context)
{
    struct hs_http_request *request = context;
    size_t bytes = size * count;
    long status = 0;
    curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
    if (bytes > 0 && (data[0] == '\r' || data[0] == '\n'))
        request->has_head = status >= 200;
    return bytes;
}

int hs_http_request_init(struct hs_http_request *request, const struct hs_http_options *options)
{
    request->easy = curl_easy_init();
    if (request->easy == NULL)
        return hs_fail(-ENOMEM, "libcurl cannot make a request");
    hs_http_set_up(request->easy, options);
    long timeout_ms = (long)(options->timeout_ns / 1000000);
    curl_easy_setopt(request->easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(request->easy, CURLOPT_PRIVATE, request);
    curl_easy_setopt(request->easy, CURLOPT_ERRORBUFFER, request->error);
    curl_easy_setopt(request->easy, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(request->easy, CURLOPT_HEADERDATA, request);
    curl_easy_setopt(request->easy, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(request->easy, CURLOPT_WRITEDATA, request);
    return 0;
}

/* ---- Filling ---- */

/* CloudEvents, HTTP protocol binding, 3.1.3: a prefix without an underscore, which some servers
 * drop. */
static void append_name(struct hs_buffer *line, struct hs_slice name)
{
    bool is_attribute = hs_slice_starts_with(name, HS_SLICE("ce_"));
    hs_buffer_append_text(line, is_attribute ? "ce-" : "");
    hs_buffer_append_slice(line, is_attribute ? hs_slice(name.data + 3, name.size - 3) : name);
}

/* RFC 9110, 5.5: a value has no control character. One is percent-encoded, so that no value ends
 * its line. */
static void append_value(struct hs_buffer *line, struct hs_slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if (c < 0x20 || c == 0x7f)
            hs_buffer_printf(line, "%%%02X", c);
        else
            hs_buffer_append_byte(line, value.data[i]);
    }
}

static void add_line(struct hs_http_request *request, const char *line)
{
    struct curl_slist *headers = curl_slist_append(request->headers, line);
    HS_ASSERT(headers != NULL); /* out of memory ends the program, as in hs_alloc() */
    request->headers = headers;
}

static void add_header(struct hs_http_request *request, struct hs_slice name, struct hs_slice value)
{
    struct hs_buffer line;
    hs_buffer_init(&line, HEADER_CEILING);
    append_name(&line, name);
    hs_buffer_append_text(&line, ": ");
    append_value(&line, value);
    hs_buffer_append_byte(&line, '\0');
    HS_ASSERT(hs_buffer_status(&line) == 0);
    add_line(request, line.data);
    hs_buffer_free(&line);
}

static bool has_header(const struct hs_message *message, struct hs_slice name)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (hs_slice_equal_nocase(message->headers[i].name, name))
            return true;
    return false;
}

static void add_headers(struct hs_http_request *request, const struct hs_pairs *own,
                        const struct hs_message *message)
{
    add_line(request, "Expect:"); /* no waiting for a 100 */
    if (!has_header(message, HS_SLICE("content-type")))
        add_line(request, "Content-Type:"); /* that of a form would be wrong */
    for (size_t i = 0; i < own->count; i++)
        if (!has_header(message, hs_slice_text(own->items[i].name)))
            add_header(request, hs_slice_text(own->items[i].name),
                       hs_slice_text(own->items[i].value));
    for (size_t i = 0; i < message->header_count; i++)
        add_header(request, message->headers[i].name, message->headers[i].value);
}

void hs_http_request_fill(struct hs_http_request *request, const struct hs_http_url *url,
                          const struct hs_http_options *options, uint64_t sequence,
                          const struct hs_message *message)
{
    struct hs_buffer text;
    hs_buffer_init(&text, URL_CEILING);
    hs_http_url_append(url, message->destination, &text);
    hs_buffer_append_byte(&text, '\0');
    HS_ASSERT(hs_buffer_status(&text) == 0);
    request->sequence = sequence;
    request->part = message->part;
    request->body = hs_slice_dup(message->body);
    hs_shown_copy(message->destination, request->path, sizeof(request->path));
    add_headers(request, &options->headers, message);
    curl_easy_setopt(request->easy, CURLOPT_URL, text.data);
    curl_easy_setopt(request->easy, CURLOPT_HTTPHEADER, request->headers);
    curl_easy_setopt(request->easy, CURLOPT_POSTFIELDS, request->body);
    curl_easy_setopt(request->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)message->body.size);
    hs_buffer_free(&text);
}

/* ---- The answer ---- */

static long status_of(const struct hs_http_request *request)
{
    long status = 0;
    curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

const struct hs_failure *hs_http_request_judge(const struct hs_http_request *request, CURLcode code,
                                               bool *ret_answered)
{
    bool is_cut = code == CURLE_WRITE_ERROR && request->received > HS_HTTP_ANSWER_MAX;
    *ret_answered = request->has_head && (code == CURLE_OK || is_cut);
    if (*ret_answered)
        return hs_http_status_failure(status_of(request));
    return hs_http_code_failure(code != CURLE_OK ? code : CURLE_GOT_NOTHING);
}

long hs_http_request_rest_s(const struct hs_http_request *request)
{
    curl_off_t seconds = 0;
    curl_easy_getinfo(request->easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds <= 0)
        return 0;
    return seconds < HS_HTTP_REST_MAX_S ? (long)seconds : HS_HTTP_REST_MAX_S;
}

void hs_http_request_describe(const struct hs_http_request *request, const struct hs_http_url *url,
                              const struct hs_failure *failure, CURLcode code,
                              char ret_text[HS_HTTP_DETAIL_MAX])
{
    bool answered;
    (void)hs_http_request_judge(request, code, &answered);
    char answer[HS_HTTP_ANSWER_SHOWN];
    const char *words = request->error[0] != '\0' ? request->error : curl_easy_strerror(code);
    hs_shown_copy(answered ? hs_slice(request->answer, request->answer_size) : hs_slice_text(words),
                  answer, sizeof(answer));
    int size = snprintf(ret_text, HS_HTTP_DETAIL_MAX, "%s path %s: ", url->place,
                        request->path[0] != '\0' ? request->path : "/");
    size_t used = size > 0 && (size_t)size < HS_HTTP_DETAIL_MAX ? (size_t)size : 0;
    char *rest = ret_text + used;
    if (answered)
        snprintf(rest, HS_HTTP_DETAIL_MAX - used, "status %ld: %s%s%s", status_of(request),
                 failure->words, answer[0] != '\0' ? ": " : "", answer);
    else
        snprintf(rest, HS_HTTP_DETAIL_MAX - used, "%s: %s", failure->words, answer);
}

/* ---- Life ---- */

void hs_http_request_clear(struct hs_http_request *request)
{
    if (request->easy != NULL) {
        curl_easy_setopt(request->easy, CURLOPT_HTTPHEADER, NULL);
        curl_easy_setopt(request->easy, CURLOPT_POSTFIELDS, NULL);
    }
    curl_slist_free_all(request->headers);
    free(request->body);
    request->headers = NULL;
    request->body = NULL;
    request->error[0] = '\0';
    request->answer_size = request->received = 0;
    request->has_head = false;
}

void hs_http_request_free(struct hs_http_request *request)
{
    HS_ASSERT(!request->is_sent);
    hs_http_request_clear(request);
    curl_easy_cleanup(request->easy);
    request->easy = NULL;
}
