/* Write: a result as JSON. Its texts are part of the interface: recorded files contain them. */
#include <hookstream/json.h>
#include <hookstream/rehearsal.h>

static void add_member(struct hs_buffer *json, const char *name, struct hs_slice text)
{
    hs_buffer_printf(json, ", \"%s\": ", name);
    hs_json_encode_string(text, json);
}

static void add_body(struct hs_buffer *json, struct hs_slice body)
{
    enum hs_json_kind kind;
    size_t offset;
    hs_buffer_append_text(json, ", \"body\": ");
    if (hs_json_scan(body, NULL, 0, &kind, &offset) == 0)
        hs_json_compact(body, json);
    else
        hs_json_encode_string(body, json);
}

static void add_message(struct hs_buffer *json, const struct hs_rehearsal_message *message)
{
    hs_buffer_append_text(json, "{\"sink\": ");
    hs_json_encode_string(hs_slice_text(message->sink), json);
    add_member(json, message->kind->destination, message->destination);
    if (message->key.data != NULL)
        add_member(json, "key", message->key);
    if (message->hashed)
        hs_buffer_printf(json, ", \"murmur2\": %u", message->hash);
    if (message->header_count > 0)
        hs_buffer_append_text(json, ", \"headers\": {");
    for (size_t i = 0; i < message->header_count; i++) {
        hs_buffer_append_text(json, i > 0 ? ", " : "");
        hs_json_encode_string(message->headers[i].name, json);
        hs_buffer_append_text(json, ": ");
        hs_json_encode_string(message->headers[i].value, json);
    }
    if (message->header_count > 0)
        hs_buffer_append_byte(json, '}');
    add_body(json, message->body);
    hs_buffer_append_byte(json, '}');
}

/* Writes nothing if every target takes the event. */
static void add_left_out(struct hs_buffer *json, const struct hs_rehearsal_result *result)
{
    size_t count = 0;
    for (size_t i = 0; i < result->target_count; i++) {
        if (result->targets[i].left_out == NULL)
            continue;
        hs_buffer_append_text(json, count++ == 0 ? ", \"left_out\": [" : ", ");
        hs_buffer_printf(json, "{\"target\": %zu", i + 1);
        add_member(json, "sink", hs_slice_text(result->targets[i].sink));
        add_member(json, "by", hs_slice_text(result->targets[i].left_out));
        hs_buffer_append_byte(json, '}');
    }
    hs_buffer_append_text(json, count > 0 ? "]" : "");
}

void hs_rehearsal_write(const struct hs_rehearsal_result *result, struct hs_buffer *ret_json)
{
    hs_buffer_printf(ret_json, "{\"answer\": %u", result->judgement.status);
    add_member(ret_json, "end", hs_slice_text(hs_rehearsal_end_name(result->end)));
    if (result->reason != NULL)
        add_member(ret_json, "reason", hs_slice_text(result->reason));
    if (result->detail != NULL)
        add_member(ret_json, "detail", hs_slice_text(result->detail));
    if (result->route != NULL)
        add_member(ret_json, "route", hs_slice_text(result->route->name));
    add_left_out(ret_json, result);
    hs_buffer_append_text(ret_json, ", \"messages\": [");
    for (size_t i = 0; i < result->message_count; i++) {
        hs_buffer_append_text(ret_json, i > 0 ? ", " : "");
        add_message(ret_json, &result->messages[i]);
    }
    hs_buffer_append_text(ret_json, "]}");
}
