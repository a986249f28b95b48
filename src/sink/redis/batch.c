/* Redis batch: see batch.h. Commands are written as RESP directly into the buffer they are sent
 * from. */
#include "batch.h"
#include "options.h"

#include <hookstream/shown.h>

static const struct hs_failure not_flat = {
    HS_PERMANENT, "not_flat", "`fields: flat` needs a JSON object with at least one member"};
static const struct hs_failure too_large = {HS_PERMANENT, "too_large",
                                            "its commands pass the ceiling of a batch"};

void hs_redis_batch_init(struct hs_redis_batch *batch)
{
    *batch = (struct hs_redis_batch){
        .entries = hs_alloc_array(HS_REDIS_BATCH_MESSAGES, sizeof(*batch->entries))};
    hs_buffer_init(&batch->commands, HS_REDIS_BATCH_CEILING);
    hs_buffer_init(&batch->names, HS_REDIS_BATCH_CEILING);
}

void hs_redis_batch_free(struct hs_redis_batch *batch)
{
    free(batch->entries);
    batch->entries = NULL;
    hs_buffer_free(&batch->commands);
    hs_buffer_free(&batch->names);
}

void hs_redis_batch_clear(struct hs_redis_batch *batch)
{
    batch->count = 0;
    batch->verifies = false;
    hs_buffer_free(&batch->names); /* only failures fill it */
    if (batch->commands.capacity > HS_REDIS_BATCH_KEPT_BYTES)
        hs_buffer_free(&batch->commands);
    else
        hs_buffer_clear(&batch->commands);
}

bool hs_redis_batch_is_full(const struct hs_redis_batch *batch)
{
    return batch->count == HS_REDIS_BATCH_MESSAGES || batch->commands.size >= HS_REDIS_BATCH_BYTES;
}

bool hs_redis_batch_has_room(const struct hs_redis_batch *batch, size_t messages)
{
    return batch->count + messages <= HS_REDIS_BATCH_MESSAGES &&
           batch->commands.size < HS_REDIS_BATCH_BYTES;
}

/* ---- RESP ---- */

static size_t put_number(char *at, uint64_t value)
{
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    for (size_t i = 0; i < count; i++)
        at[i] = digits[count - 1 - i];
    return count;
}

/* "*3\r\n" or "$3\r\n" */
static void append_head(struct hs_buffer *commands, char kind, uint64_t count)
{
    char *at = hs_buffer_reserve(commands, 24);
    if (at == NULL)
        return;
    at[0] = kind;
    size_t size = 1 + put_number(at + 1, count);
    at[size] = '\r';
    at[size + 1] = '\n';
    hs_buffer_commit(commands, size + 2);
}

static void append_bulk(struct hs_buffer *commands, struct hs_slice text)
{
    append_head(commands, '$', text.size);
    hs_buffer_append_slice(commands, text);
    hs_buffer_append(commands, "\r\n", 2);
}

static void append_bulk_number(struct hs_buffer *commands, uint64_t value)
{
    char digits[20];
    size_t size = put_number(digits, value);
    append_bulk(commands, hs_slice(digits, size));
}

void hs_redis_command(struct hs_buffer *commands, const struct hs_slice *words, size_t count)
{
    append_head(commands, '*', count);
    for (size_t i = 0; i < count; i++)
        append_bulk(commands, words[i]);
}

/* ---- XADD ---- */

static void append_xadd(struct hs_buffer *commands, const struct hs_message *message, size_t fields)
{
    uint64_t most = hs_redis_target(message->target)->max_length;
    append_head(commands, '*', (most > 0 ? 6u : 3u) + 2 * fields);
    hs_buffer_append(commands, "$4\r\nXADD\r\n", 10);
    append_bulk(commands, message->destination);
    if (most > 0) {
        hs_buffer_append(commands, "$6\r\nMAXLEN\r\n$1\r\n~\r\n", 19);
        append_bulk_number(commands, most);
    }
    hs_buffer_append(commands, "$1\r\n*\r\n", 7);
}

static void add_body(struct hs_buffer *commands, const struct hs_message *message)
{
    append_xadd(commands, message, 1 + message->header_count);
    hs_buffer_append(commands, "$4\r\nbody\r\n", 10);
    append_bulk(commands, message->body);
    for (size_t i = 0; i < message->header_count; i++) {
        append_bulk(commands, message->headers[i].name);
        append_bulk(commands, message->headers[i].value);
    }
}

/* A bulk string written by `write`, whose size is known only afterwards. */
static void append_decoded(struct hs_buffer *commands, struct hs_slice quoted)
{
    struct hs_buffer text;
    hs_buffer_init(&text, HS_REDIS_BATCH_CEILING);
    hs_json_decode_string(quoted, &text);
    append_bulk(commands, hs_buffer_slice(&text));
    commands->failed = commands->failed || text.failed;
    hs_buffer_free(&text);
}

static void append_name(struct hs_buffer *commands, struct hs_slice raw)
{
    if (memchr(raw.data ? raw.data : "", '\\', raw.size) == NULL)
        append_bulk(commands, raw);
    else /* with its quotes, since it was received as JSON */
        append_decoded(commands, hs_slice(raw.data - 1, raw.size + 2));
}

static void append_value(struct hs_buffer *commands, enum hs_json_kind kind, struct hs_slice text)
{
    if (kind != HS_JSON_STRING)
        append_bulk(commands, text);
    else if (memchr(text.data, '\\', text.size) == NULL)
        append_bulk(commands, hs_slice(text.data + 1, text.size - 2));
    else
        append_decoded(commands, text);
}

static const struct hs_failure *
add_flat(struct hs_buffer *commands, const struct hs_message *message, struct hs_json_tree *tree)
{
    if (hs_json_tree_parse(tree, message->body) < 0 ||
        hs_json_node_kind(tree, hs_json_root(tree)) != HS_JSON_OBJECT)
        return &not_flat;
    size_t members = 0;
    hs_json_node first = hs_json_first_child(tree, hs_json_root(tree)), node;
    for (node = first; node != HS_JSON_NO_NODE; node = hs_json_next(tree, node))
        members++;
    if (members == 0)
        return &not_flat;
    append_xadd(commands, message, members + message->header_count);
    for (node = first; node != HS_JSON_NO_NODE; node = hs_json_next(tree, node)) {
        append_name(commands, hs_json_node_name(tree, node));
        append_value(commands, hs_json_node_kind(tree, node), hs_json_node_text(tree, node));
    }
    for (size_t i = 0; i < message->header_count; i++) {
        append_bulk(commands, message->headers[i].name);
        append_bulk(commands, message->headers[i].value);
    }
    return NULL;
}

void hs_redis_batch_add(struct hs_redis_batch *batch, uint64_t sequence,
                        const struct hs_message *message, bool verify, struct hs_json_tree *tree)
{
    HS_ASSERT(batch->count < HS_REDIS_BATCH_MESSAGES);
    struct hs_buffer *commands = &batch->commands;
    size_t before = commands->size;
    const struct hs_failure *failure = NULL;
    if (hs_redis_target(message->target)->fields == HS_FIELDS_FLAT)
        failure = add_flat(commands, message, tree);
    else if (!verify)
        add_body(commands, message);
    if (verify && failure == NULL) {
        commands->size = before;
        hs_redis_command(commands, (struct hs_slice[]){HS_SLICE("TYPE"), message->destination}, 2);
    }
    if (hs_buffer_status(commands) < 0 || commands->size - before > UINT32_MAX)
        failure = &too_large;
    uint32_t name_size = 0;
    if (failure != NULL) {
        commands->size = before;
        commands->failed = false;
        name_size = (uint32_t)message->destination.size; /* at most 1 KiB */
        hs_buffer_append_slice(&batch->names, message->destination);
    }
    batch->entries[batch->count++] = (struct hs_redis_entry){
        .sequence = sequence,
        .failure = failure,
        .command_size = (uint32_t)(commands->size - before),
        .name_size = name_size,
        .part = message->part,
    };
}

/* The second word of an XADD or a TYPE: "*2\r\n$4\r\nTYPE\r\n$3\r\nkey\r\n". */
static struct hs_slice second_word(struct hs_slice command)
{
    static const unsigned lines_before = 3;
    const char *at = command.data, *end = command.data + command.size;
    for (unsigned i = 0; i < lines_before; i++)
        at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
    size_t size = 0;
    for (at++; *at != '\r'; at++)
        size = size * 10 + (size_t)(*at - '0');
    return hs_slice(at + 2, size);
}

void hs_redis_batch_key(const struct hs_redis_batch *batch, const struct hs_redis_entry *entry,
                        char ret_text[HS_REDIS_KEY_SHOWN])
{
    size_t command = 0, name = 0;
    for (const struct hs_redis_entry *before = batch->entries; before < entry; before++) {
        command += before->command_size;
        name += before->name_size;
    }
    struct hs_slice key = hs_slice("?", 1);
    if (entry->command_size > 0)
        key = second_word(hs_slice(batch->commands.data + command, entry->command_size));
    else if (name + entry->name_size <= batch->names.size)
        key = hs_slice(batch->names.data + name, entry->name_size);
    hs_shown_copy(key, ret_text, HS_REDIS_KEY_SHOWN);
}
