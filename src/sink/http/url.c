/* HTTP URL: the sink's `url`, parsed once by libcurl, and the paths and headers of targets. */
#include "http.h"

#include <hookstream/shown.h>
#include <stdio.h>

#define URL_MAX 4096u

/* ---- The URL ---- */

/* A part as text, "" if there is none. The caller frees it with curl_free(). */
static char *part_of(CURLU *parsed, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    return curl_url_get(parsed, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static bool is_local(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           strncmp(host, "127.", 4) == 0;
}

static int note_place(CURLU *parsed, struct hs_http_url *url)
{
    char *scheme = part_of(parsed, CURLUPART_SCHEME, 0);
    char *host = part_of(parsed, CURLUPART_HOST, 0);
    char *port = part_of(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    int code = 0;
    url->is_plain = scheme != NULL && strcmp(scheme, "http") == 0;
    if (scheme == NULL || (!url->is_plain && strcmp(scheme, "https") != 0))
        code = hs_fail(-EINVAL, "the url begins with http:// or https://");
    else if (host == NULL || host[0] == '\0' || port == NULL || strcmp(port, "0") == 0)
        code = hs_fail(-EINVAL, "the url names no host, or port 0");
    if (code == 0) {
        url->is_local = is_local(host);
        snprintf(url->place, sizeof(url->place), "%s://%s:%s", scheme, host, port);
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    return code;
}

/* Takes the query off the whole and leaves the rest for a path. */
static int split(CURLU *parsed, struct hs_http_url *url)
{
    char *whole = part_of(parsed, CURLUPART_URL, 0);
    char *query = part_of(parsed, CURLUPART_QUERY, 0);
    (void)curl_url_set(parsed, CURLUPART_QUERY, NULL, 0); /* removing cannot fail */
    char *before = part_of(parsed, CURLUPART_URL, 0);
    int code = 0;
    if (whole == NULL || before == NULL) {
        code = hs_fail(-EINVAL, "the url cannot be used");
    } else {
        url->whole = hs_strdup(whole);
        url->before = hs_strdup(before);
        size_t size = strlen(before); /* strlen: libcurl's own text */
        if (size > 0 && before[size - 1] == '/')
            url->before[size - 1] = '\0';
        HS_ASSERT(asprintf(&url->after, "%s%s", query != NULL ? "?" : "",
                           query != NULL ? query : "") >= 0);
    }
    curl_free(whole);
    curl_free(query);
    curl_free(before);
    return code;
}

int hs_http_url_parse(const char *text, struct hs_http_url *ret_url)
{
    struct hs_http_url url = {0};
    if (strnlen(text, URL_MAX + 1) > URL_MAX)
        return hs_fail(-EINVAL, "the url has more than %u bytes", URL_MAX);
    CURLU *parsed = curl_url();
    HS_ASSERT(parsed != NULL);
    CURLUcode bad = curl_url_set(parsed, CURLUPART_URL, text, 0);
    int code = 0;
    if (bad == CURLUE_BAD_SCHEME || bad == CURLUE_UNSUPPORTED_SCHEME)
        code = hs_fail(-EINVAL, "the url begins with http:// or https://");
    else if (bad != CURLUE_OK)
        code = hs_fail(-EINVAL, "the url is not one such as https://example.com/hooks: %s",
                       curl_url_strerror(bad));
    (void)curl_url_set(parsed, CURLUPART_FRAGMENT, NULL, 0); /* a server never sees it */
    if (code == 0)
        code = note_place(parsed, &url);
    if (code == 0)
        code = split(parsed, &url);
    curl_url_cleanup(parsed);
    if (code == 0)
        *ret_url = url;
    return code;
}

void hs_http_url_free(struct hs_http_url *url)
{
    free(url->whole);
    free(url->before);
    free(url->after);
    *url = (struct hs_http_url){0};
}

/* ---- Paths ---- */

/* RFC 3986, 3.3: pchar, and the slash between segments. A percent sign is data, so it is encoded.
 */
static bool is_path_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("/-._~!$&'()*+,;=:@", c) != NULL);
}

void hs_http_url_append(const struct hs_http_url *url, struct hs_slice path, struct hs_buffer *out)
{
    if (path.size == 0 || hs_slice_equal(path, HS_SLICE("/"))) {
        hs_buffer_append_text(out, url->whole);
        return;
    }
    hs_buffer_append_text(out, url->before);
    for (size_t i = 0; i < path.size; i++)
        if (is_path_character(path.data[i]))
            hs_buffer_append_byte(out, path.data[i]);
        else
            hs_buffer_printf(out, "%%%02X", (unsigned char)path.data[i]);
    hs_buffer_append_text(out, url->after);
}

static int check_characters(struct hs_slice text, bool first)
{
    if (first && text.size > 0 && text.data[0] != '/')
        return hs_fail(-EINVAL, "a path begins with a slash");
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return hs_fail(-EINVAL, "a path has no control character");
    return 0;
}

/* Servers resolve these segments, so a field's value could lead out of the url's path. */
static bool has_dot_segment(struct hs_slice path)
{
    while (path.size > 0) {
        const char *slash = memchr(path.data, '/', path.size);
        size_t size = slash != NULL ? (size_t)(slash - path.data) : path.size;
        struct hs_slice segment = hs_slice(path.data, size);
        if (hs_slice_equal(segment, HS_SLICE(".")) || hs_slice_equal(segment, HS_SLICE("..")))
            return true;
        size_t used = slash != NULL ? size + 1 : size;
        path = hs_slice(path.data + used, path.size - used);
    }
    return false;
}

int hs_http_path_check(struct hs_slice path)
{
    char shown[HS_SINK_NAME_SHOWN];
    hs_shown_copy(path, shown, sizeof(shown));
    if (path.size == 0 || path.size > HS_HTTP_PATH_MAX)
        return hs_fail(-EINVAL, "a path has 1 to %u bytes, `%s` has %zu", HS_HTTP_PATH_MAX, shown,
                       path.size);
    if (has_dot_segment(path))
        return hs_fail(-EINVAL, "`%s`: a path has no segment . or ..", shown);
    if (check_characters(path, true) == 0)
        return 0;
    HS_AUTO_FREE char *why = hs_strdup(hs_error_text());
    return hs_fail(-EINVAL, "`%s`: %s", shown, why);
}

int hs_http_path_check_fixed(struct hs_slice text, size_t before, bool first)
{
    if (check_characters(text, first) < 0)
        return -EINVAL;
    return hs_sink_check_fixed_size("a path", before + text.size, HS_HTTP_PATH_MAX);
}

/* ---- Headers ---- */

int hs_http_header_check(struct hs_slice name)
{
    static const char *const ours[] = {"host", "connection", "content-length", "transfer-encoding",
                                       "te",   "trailer",    "upgrade",        "expect"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(ours); i++)
        if (hs_slice_equal_nocase(name, hs_slice_text(ours[i])))
            return hs_fail(-EINVAL, "the header `%s` belongs to the connection: omit it", ours[i]);
    return 0;
}
