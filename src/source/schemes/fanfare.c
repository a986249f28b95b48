/* Fanfare (the provider's page "Webhook signatures"): X-Fanfare-Signature is "sha256=" and 64 hex
 * digits, the HMAC-SHA256 with the endpoint's secret of "<X-Fanfare-Timestamp>.<raw body>".
 * Receivers reject what is older than 300 s. The sender retries for 44.5 h, and gives up on a
 * request after 30 s. */
#include <hookstream/clock.h>
#include <hookstream/scheme.h>

extern const struct hs_scheme hs_fanfare_scheme;

static const struct hs_slice kept[] = {
    {"x-fanfare-delivery-id", 21},
    {"x-fanfare-webhook-id", 20},
    {"x-fanfare-retry-count", 21},
    {"x-fanfare-original-time", 23},
};

static void write_headers(const char *delivery, struct hs_buffer *ret_lines)
{
    hs_buffer_printf(ret_lines, "X-Fanfare-Delivery-Id: dlv_%s\r\nX-Fanfare-Retry-Count: 0\r\n",
                     delivery);
}

const struct hs_scheme hs_fanfare_scheme = {
    .name = "fanfare",
    .help = "HMAC-SHA256 over timestamp and body (docs/answers.md).",
    .signature = {"x-fanfare-signature", 19},
    .prefix = {"sha256=", 7},
    .encoding = HS_ENCODING_HEX,
    .digest = "SHA256",
    .digest_size = 32,
    .parts = {HS_SIGNED_TIMESTAMP, HS_SIGNED_DOT, HS_SIGNED_BODY},
    .timestamp = {"x-fanfare-timestamp", 19},
    .max_age_ns = 300 * HS_NS_PER_SECOND,
    .max_future_ns = 60 * HS_NS_PER_SECOND,
    .id = {"id", 2},
    .type = {"type", 4},
    .deadline_ns = 25 * HS_NS_PER_SECOND,
    .dedupe_window_ns = 48 * 3600 * HS_NS_PER_SECOND,
    .kept = kept,
    .kept_count = HS_ARRAY_SIZE(kept),
    .catalogue = "fanfare",
    .write_headers = write_headers,
};
