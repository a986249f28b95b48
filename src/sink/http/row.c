/* HTTP row: what the program asks of the kind (sink_kind.h), in one place. */
#include "http.h"

static void explain(const struct hs_target_options *target, struct hs_buffer *ret_text)
{
    (void)target; /* the same for each */
    hs_buffer_append_text(ret_text, "    request   POST, with the event as its body\n");
}

static void version(struct hs_buffer *ret_text)
{
    hs_buffer_printf(ret_text, "libcurl %s", curl_version_info(CURLVERSION_NOW)->version);
}

static const char *const letter_reasons[] = {"bad_request",  "conflict",      "too_large",
                                             "content_type", "unprocessable", NULL};

const struct hs_sink_kind hs_http_kind = {
    .name = "http",
    .destination = "path",
    .options = &hs_http_option_table,
    .target = &hs_http_target_table,
    .has_headers = true,
    .names_are_free = true,
    .letter_reasons = letter_reasons,
    .check_destination = hs_http_path_check,
    .check_fixed = hs_http_path_check_fixed,
    .check_header = hs_http_header_check,
    .check = hs_http_check,
    .check_client = hs_http_check_client,
    .probe = hs_http_probe,
    .explain = explain,
    .version = version,
    .init = {.sink = "  http:\n    type: http\n"
                     "    url: \"${HTTP_URL:-http://localhost:8000/hooks}\"\n",
             .target = "path: \"/$SOURCE/$FAMILY\"",
             .needs = "#   HTTP_URL         https://host/path; else that of localhost:8000\n"},
    .open = hs_http_open,
};
