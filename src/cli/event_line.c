/* Event line: see event_line.h. */
#include "event_line.h"

#include <hookstream/clock.h>
#include <hookstream/json.h>

static void put_text(struct hs_buffer *line, const char *name, struct hs_slice text)
{
    hs_buffer_printf(line, ",\"%s\":", name);
    hs_json_encode_string(text, line);
}

static void put_headers(const struct hs_event *event, struct hs_buffer *line)
{
    hs_buffer_append_text(line, ",\"headers\":{");
    for (size_t i = 0; i < event->header_count; i++) {
        if (i > 0)
            hs_buffer_append_byte(line, ',');
        hs_json_encode_string(event->headers[i].name, line);
        hs_buffer_append_byte(line, ':');
        hs_json_encode_string(event->headers[i].value, line);
    }
    hs_buffer_append_byte(line, '}');
}

/* RFC 4648, 4. */
static void put_base64(struct hs_slice bytes, struct hs_buffer *line)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    hs_buffer_append_text(line, ",\"body_base64\":\"");
    for (size_t at = 0; at < bytes.size; at += 3) {
        size_t left = bytes.size - at;
        uint32_t group = (uint32_t)(unsigned char)bytes.data[at] << 16;
        group |= left > 1 ? (uint32_t)(unsigned char)bytes.data[at + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)(unsigned char)bytes.data[at + 2] : 0;
        const char text[4] = {
            digits[group >> 18],
            digits[group >> 12 & 63],
            left > 1 ? digits[group >> 6 & 63] : '=',
            left > 2 ? digits[group & 63] : '=',
        };
        hs_buffer_append(line, text, sizeof(text));
    }
    hs_buffer_append_byte(line, '"');
}

static bool has_line_break(struct hs_slice text)
{
    return text.size > 0 && (memchr(text.data, '\n', text.size) != NULL ||
                             memchr(text.data, '\r', text.size) != NULL);
}

static void put_body(const struct hs_event *event, struct hs_buffer *line)
{
    enum hs_json_kind kind;
    size_t offset;
    if (hs_json_scan(event->body, NULL, 0, &kind, &offset) < 0) {
        put_base64(event->body, line);
        return;
    }
    hs_buffer_append_text(line, ",\"body\":");
    /* Strict JSON has line breaks only between tokens. */
    if (has_line_break(event->body))
        hs_json_compact(event->body, line);
    else
        hs_buffer_append_slice(line, event->body);
}

void hs_event_line(const struct hs_event *event, enum hs_event_line_body body,
                   struct hs_buffer *ret_line)
{
    char received[32];
    hs_clock_format(event->received_wall_ns, received);
    hs_buffer_append_text(ret_line, "{\"sequence\":");
    hs_buffer_append_u64(ret_line, event->sequence);
    put_text(ret_line, "received", hs_slice_text(received));
    put_text(ret_line, "source", event->source);
    put_text(ret_line, "id", event->id);
    put_text(ret_line, "type", event->type);
    if (event->flaw == HS_EVENT_VALID)
        hs_buffer_append_text(ret_line, ",\"flaw\":null");
    else
        put_text(ret_line, "flaw", hs_slice_text(hs_event_flaw_name(event->flaw)));
    put_headers(event, ret_line);
    if (body == HS_BODY_JSON)
        put_body(event, ret_line);
    else if (body == HS_BODY_RAW)
        put_base64(event->body, ret_line);
    hs_buffer_append_text(ret_line, "}\n");
}
