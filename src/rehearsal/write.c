/* Write: a result as JSON. Its texts are part of the interface: recorded files contain them. */
#include <hookstream/doc.h>
#include <hookstream/json.h>
#include <hookstream/rehearsal.h>

/* JSON keeps its tokens; anything else becomes a string. */
static struct json_object *body_document(struct hs_slice body)
{
    enum hs_json_kind kind;
    size_t offset;
    if (hs_json_scan(body, NULL, 0, &kind, &offset) < 0)
        return hs_doc_text(body);
    struct hs_buffer compact;
    hs_buffer_init(&compact, body.size);
    hs_json_compact(body, &compact);
    struct json_object *document = hs_doc_raw(hs_buffer_slice(&compact));
    hs_buffer_free(&compact);
    return document;
}

static struct json_object *message_document(const struct hs_rehearsal_message *message)
{
    struct json_object *document = hs_doc_object();
    hs_doc_put_text(document, "sink", message->sink);
    hs_doc_put_slice(document, message->kind->destination, message->destination);
    if (message->key.data != NULL)
        hs_doc_put_slice(document, "key", message->key);
    if (message->hashed)
        hs_doc_put_u64(document, "murmur2", message->hash);
    if (message->header_count > 0) {
        struct json_object *headers = hs_doc_object();
        for (size_t i = 0; i < message->header_count; i++)
            hs_doc_put_named(headers, message->headers[i].name,
                             hs_doc_text(message->headers[i].value));
        hs_doc_put(document, "headers", headers);
    }
    hs_doc_put(document, "body", body_document(message->body));
    return document;
}

/* Adds nothing if every target takes the event. */
static void put_left_out(struct json_object *document, const struct hs_rehearsal_result *result)
{
    struct json_object *list = hs_doc_array();
    for (size_t i = 0; i < result->target_count; i++) {
        if (result->targets[i].left_out == NULL)
            continue;
        struct json_object *target = hs_doc_object();
        hs_doc_put_u64(target, "target", i + 1);
        hs_doc_put_text(target, "sink", result->targets[i].sink);
        hs_doc_put_text(target, "by", result->targets[i].left_out);
        hs_doc_add(list, target);
    }
    if (json_object_array_length(list) > 0)
        hs_doc_put(document, "left_out", list);
    else
        json_object_put(list);
}

void hs_rehearsal_write(const struct hs_rehearsal_result *result, struct hs_buffer *ret_json)
{
    struct json_object *document = hs_doc_object(), *messages = hs_doc_array();
    hs_doc_put_u64(document, "answer", result->judgement.status);
    hs_doc_put_text(document, "end", hs_rehearsal_end_name(result->end));
    if (result->reason != NULL)
        hs_doc_put_text(document, "reason", result->reason);
    if (result->detail != NULL)
        hs_doc_put_text(document, "detail", result->detail);
    if (result->route != NULL)
        hs_doc_put_text(document, "route", result->route->name);
    put_left_out(document, result);
    for (size_t i = 0; i < result->message_count; i++)
        hs_doc_add(messages, message_document(&result->messages[i]));
    hs_doc_put(document, "messages", messages);
    hs_doc_print(document, ret_json);
}
