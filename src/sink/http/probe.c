/* HTTP check and probe: the options by themselves, and the server by a connection without a
 * request, since any request might have an effect. */
#include "http.h"
#include "probe.h"

#include <stdio.h>
#include <unistd.h>

static const struct hs_node *place_of(const struct hs_sink_options *sink, const char *key)
{
    const struct hs_node *node = sink->node != NULL ? hs_node_get(sink->node, key) : NULL;
    return node != NULL ? node : sink->node;
}

/* ---- check ---- */

/* RFC 9110, 5.6.2: a token. */
static bool is_token(struct hs_slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL)))
            return false;
    }
    return name.size > 0;
}

static void check_headers(struct hs_config *config, const struct hs_pairs *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        const struct hs_pair *pair = &headers->items[i];
        struct hs_slice name = hs_slice_text(pair->name);
        if (!is_token(name))
            hs_config_error(config, HS_FINDING_HEADER_NAME, pair->name_node,
                            "%s is not a header name", hs_config_quote(config, pair->name_node));
        else if (hs_http_header_check(name) < 0)
            hs_config_error(config, HS_FINDING_HEADER_TAKEN, pair->name_node, "%s",
                            hs_error_text());
    }
}

void hs_http_check(struct hs_config *config, const struct hs_sink_options *sink)
{
    const struct hs_http_options *options = hs_http_options(sink);
    struct hs_http_url url;
    check_headers(config, &options->headers);
    if (options->url == NULL)
        return; /* missing: the binding said so */
    if (hs_http_url_parse(options->url, &url) < 0) {
        hs_config_error(config, HS_FINDING_SINK_URL, place_of(sink, "url"), "%s", hs_error_text());
        return;
    }
    if (url.is_plain && !url.is_local)
        hs_config_warning(config, HS_FINDING_SINK_PLAIN, place_of(sink, "url"),
                          "events go to %s without encryption: use https://", url.place);
    hs_http_url_free(&url);
}

void hs_http_check_client(struct hs_config *config, const char *name,
                          const struct hs_sink_options *sink)
{
    const struct hs_http_options *options = hs_http_options(sink);
    if (options->ca_file == NULL || access(options->ca_file, R_OK) == 0)
        return;
    hs_config_error(config, HS_FINDING_NO_CLIENT, place_of(sink, "ca_file"), "sink `%s`: %s: %s",
                    name, options->ca_file, strerror(errno));
}

/* ---- check --online ---- */

static void say_result(const struct hs_probe *probe, const struct hs_sink_options *sink,
                       const struct hs_http_url *url, CURLcode code, const char *words)
{
    if (code == CURLE_OK) {
        hs_probe_say(probe, "%s is reached%s", url->place,
                     url->is_plain ? "" : ", and its certificate is trusted");
        return;
    }
    const struct hs_failure *failure = hs_http_code_failure(code);
    bool refused = failure->outcome == HS_BLOCKED;
    hs_config_error(probe->config,
                    refused ? HS_FINDING_ONLINE_REFUSED : HS_FINDING_ONLINE_UNREACHABLE,
                    place_of(sink, "url"), "sink `%s`: %s: %s (%s)", probe->name, url->place,
                    failure->words, words[0] != '\0' ? words : curl_easy_strerror(code));
}

void hs_http_probe(const struct hs_probe *probe, const struct hs_sink_options *sink,
                   const struct hs_probe_place *places, size_t count)
{
    (void)places, (void)count; /* a path is asked only by a request */
    const struct hs_http_options *options = hs_http_options(sink);
    struct hs_http_url url;
    if (options->url == NULL || hs_http_url_parse(options->url, &url) < 0)
        return; /* the check of the options said so */
    struct hs_http_request request = {0};
    if (hs_http_request_init(&request, options) < 0) {
        hs_config_error(probe->config, HS_FINDING_ONLINE_UNREACHABLE, place_of(sink, "url"),
                        "sink `%s`: %s", probe->name, hs_error_text());
    } else {
        curl_easy_setopt(request.easy, CURLOPT_URL, url.whole);
        curl_easy_setopt(request.easy, CURLOPT_CONNECT_ONLY, 1L);
        curl_easy_setopt(request.easy, CURLOPT_TIMEOUT_MS, (long)probe->timeout_ms);
        say_result(probe, sink, &url, curl_easy_perform(request.easy), request.error);
    }
    hs_http_request_free(&request);
    hs_http_url_free(&url);
}
