/* Event line: see event_line.h. */
#include "event_line.h"

#include <hookstream/clock.h>
#include <hookstream/doc.h>
#include <hookstream/json.h>
#include <hookstream/text.h>

static struct json_object *headers_document(const struct hs_event *event)
{
    struct json_object *headers = hs_doc_object();
    for (size_t i = 0; i < event->header_count; i++)
        hs_doc_put_named(headers, event->headers[i].name, hs_doc_text(event->headers[i].value));
    return headers;
}

static void put_base64(struct hs_slice bytes, struct json_object *document)
{
    struct hs_buffer text;
    hs_buffer_init(&text, hs_add_sat(hs_mul_sat(bytes.size, 2), 4));
    hs_base64_encode(bytes, &text);
    hs_doc_put_slice(document, "body_base64", hs_buffer_slice(&text));
    hs_buffer_free(&text);
}

static bool has_line_break(struct hs_slice text)
{
    return text.size > 0 && (memchr(text.data, '\n', text.size) != NULL ||
                             memchr(text.data, '\r', text.size) != NULL);
}

/* JSON keeps its tokens, and its white space on one line. */
static void put_body(const struct hs_event *event, struct json_object *document)
{
    enum hs_json_kind kind;
    size_t offset;
    if (hs_json_scan(event->body, NULL, 0, &kind, &offset) < 0) {
        put_base64(event->body, document);
        return;
    }
    /* Strict JSON has line breaks only between tokens. */
    if (!has_line_break(event->body)) {
        hs_doc_put(document, "body", hs_doc_raw(event->body));
        return;
    }
    struct hs_buffer compact;
    hs_buffer_init(&compact, event->body.size);
    hs_json_compact(event->body, &compact);
    hs_doc_put(document, "body", hs_doc_raw(hs_buffer_slice(&compact)));
    hs_buffer_free(&compact);
}

void hs_event_line(const struct hs_event *event, enum hs_event_line_body body,
                   struct hs_buffer *ret_line)
{
    struct json_object *document = hs_doc_object();
    char received[32];
    hs_clock_format(event->received_wall_ns, received);
    hs_doc_put_u64(document, "sequence", event->sequence);
    hs_doc_put_text(document, "received", received);
    hs_doc_put_slice(document, "source", event->source);
    hs_doc_put_slice(document, "id", event->id);
    hs_doc_put_slice(document, "type", event->type);
    if (event->flaw == HS_EVENT_VALID)
        hs_doc_put(document, "flaw", NULL);
    else
        hs_doc_put_text(document, "flaw", hs_event_flaw_name(event->flaw));
    hs_doc_put(document, "headers", headers_document(event));
    if (body == HS_BODY_JSON)
        put_body(event, document);
    else if (body == HS_BODY_RAW)
        put_base64(event->body, document);
    hs_doc_print(document, ret_line);
    hs_buffer_append_byte(ret_line, '\n');
}
