/* HTTP options: the tables of `sinks.<name>` and of a target. */
#include "options.h"
#include "rows.h"

#define OWN(field) offsetof(struct hs_http_options, field)

/* Names of headers that usually carry a credential. */
static bool is_password(const char *name)
{
    static const char *const parts[] = {"authorization", "auth", "token",  "key",
                                        "secret",        "sign", "cookie", "password"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(parts); i++)
        if (strcasestr(name, parts[i]) != NULL)
            return true;
    return false;
}

static const struct hs_option http_rows[] = {
    {.name = "url",
     .kind = HS_OPTION_SECRET,
     .secret = HS_SECRET_URL,
     .offset = OWN(url),
     .required = true,
     .example = "https://example.com/hooks",
     .help = "http:// or https://, a host, and the path that a target's `path` is appended to. A "
             "user and password in it become basic authentication."},
    {.name = "headers",
     .kind = HS_OPTION_PAIRS,
     .offset = OWN(headers),
     .secret = HS_SECRET_HEADER,
     .is_password = is_password,
     .example = "{Authorization: \"Bearer ${API_TOKEN}\"}",
     .help = "Headers of every request. A header of the message with the same name replaces it."},
    {.name = "ca_file",
     .kind = HS_OPTION_STRING,
     .offset = OWN(ca_file),
     .example = "/etc/ssl/private-ca.pem",
     .help = "PEM file with the certificates of the authorities that are trusted, instead of the "
             "system's. A server's certificate is always verified."},
    {.name = "timeout",
     .kind = HS_OPTION_DURATION,
     .offset = OWN(timeout_ns),
     .fallback = "10s",
     .least = 100000000,
     .most = 300000000000,
     .help = "A request without a whole answer after this time is sent again."},
    {.name = "in_flight",
     .kind = HS_OPTION_COUNT,
     .offset = OWN(in_flight),
     .fallback = "8",
     .least = 1,
     .most = 64,
     .help = "Requests at the same time, each on its own connection. 1 keeps events in order."},
    HS_SINK_START_ROW,
};

const struct hs_options hs_http_option_table = {
    .name = "http",
    .title = "HTTP requests",
    .options = http_rows,
    .option_count = HS_ARRAY_SIZE(http_rows),
    .struct_size = sizeof(struct hs_http_options),
    .node_offset = SIZE_MAX,
};

static const struct hs_option http_target_rows[] = {
    HS_TARGET_SINK_ROW,
    {.name = "path",
     .kind = HS_OPTION_STRING,
     .offset = HS_TARGET_OFFSET(destination),
     .fallback = "/",
     .example = "\"/events/{family}\"",
     .help =
         "Template of what is appended to the path of the sink's `url`; it begins with a slash. "
         "/ alone is the `url` itself. Characters that a path cannot have are percent-encoded; "
         "a segment `.` or `..` makes the event a dead letter."},
    {.name = "headers",
     .kind = HS_OPTION_PAIRS,
     .offset = HS_TARGET_OFFSET(headers),
     .example = "{tenant: \"{organizationId}\"}",
     .help = "More headers, name to template. webhook-id, webhook-type, webhook-timestamp, "
             "organization-id, traceparent and content-type are always there."},
    HS_TARGET_ROUTER_ROWS,
};

const struct hs_options hs_http_target_table = {
    .name = "to.http",
    .title = "A target of an http sink",
    .options = http_target_rows,
    .option_count = HS_ARRAY_SIZE(http_target_rows),
    .struct_size = sizeof(struct hs_target_options),
    .node_offset = SIZE_MAX,
};
