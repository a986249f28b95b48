/* Work: one event while it is read and edited. The body is parsed when a field of it is first
 * needed, and written again only if an edit changed it; an event whose fields nobody reads costs
 * nothing. Knows nothing of templates and operations. */
#include "work.h"

#include "words.h"

#include <stdatomic.h>
#include <stdlib.h>

/* A buffer larger than this is freed at the next event. */
#define KEEP_BYTES (1u << 20)

struct hs_work {
    const struct hs_event *event;
    struct hs_json_tree *tree;
    bool parsed;   /* `tree` belongs to this event */
    bool rendered; /* `body` is the text of `tree` */
    bool opened;   /* `envelope` belongs to this event */
    size_t added;  /* bytes added by edits */
    size_t growth; /* limit of a text of this event, and of all its edits together */
    size_t steps;  /* limit of the work done on it */
    uint64_t epoch;
    size_t values; /* limit of the tree's values; 0: not counted yet */
    uint64_t skips;
    struct hs_json_member envelope[HS_ENVELOPE_WORDS];
    struct hs_buffer body;
    struct hs_buffer scratch[HS_SCRATCHES];
    struct hs_header headers[HS_EVENT_HEADERS_MAX]; /* values: see `header_offsets` */
    size_t header_offsets[HS_EVENT_HEADERS_MAX];    /* in `header_text`, which may move */
    size_t header_count;
    struct hs_buffer header_text;
};

struct hs_work *hs_work_create(void)
{
    static _Atomic uint64_t works; /* so that no two works ever share an epoch */
    struct hs_work *work = hs_alloc(sizeof(*work));
    work->epoch = (atomic_fetch_add(&works, 1) + 1) << 40;
    work->tree = hs_json_tree_create();
    hs_buffer_init(&work->body, HS_WORK_BODY_MAX);
    hs_buffer_init(&work->header_text, HS_WORK_HEADERS_MAX);
    for (size_t i = 0; i < HS_SCRATCHES; i++)
        hs_buffer_init(&work->scratch[i], HS_WORK_BODY_MAX);
    return work;
}

void hs_work_free(struct hs_work *work)
{
    if (work == NULL)
        return;
    hs_json_tree_free(work->tree);
    hs_buffer_free(&work->body);
    hs_buffer_free(&work->header_text);
    for (size_t i = 0; i < HS_SCRATCHES; i++)
        hs_buffer_free(&work->scratch[i]);
    free(work);
}

static void shrink(struct hs_buffer *buffer)
{
    if (buffer->capacity > KEEP_BYTES)
        hs_buffer_free(buffer);
}

static void forget_headers(struct hs_work *work)
{
    work->header_count = 0;
    hs_buffer_clear(&work->header_text);
}

/* `a_byte` for each byte of a body, at least `least`, at most `most`. */
static size_t bounded(size_t bytes, size_t a_byte, size_t least, size_t most)
{
    size_t allowed = hs_add_sat(hs_mul_sat(bytes, a_byte), least);
    return allowed < most ? allowed : most;
}

void hs_work_begin(struct hs_work *work, const struct hs_event *event)
{
    work->event = event;
    work->parsed = false;
    work->rendered = false;
    work->opened = false;
    work->epoch++;
    forget_headers(work);
    shrink(&work->body);
    work->growth =
        bounded(event->body.size, HS_WORK_GROWTH, HS_WORK_GROWTH_LEAST, HS_WORK_ADDED_MAX);
    work->steps = bounded(event->body.size, HS_WORK_STEPS_A_BYTE, HS_WORK_STEPS_LEAST, SIZE_MAX);
    work->body.ceiling = work->growth;
    for (size_t i = 0; i < HS_SCRATCHES; i++) {
        shrink(&work->scratch[i]);
        work->scratch[i].ceiling = work->growth;
    }
}

void hs_work_revert(struct hs_work *work)
{
    if (work->parsed && hs_json_changed(work->tree))
        work->parsed = false;
    work->rendered = false;
    forget_headers(work);
}

uint64_t hs_work_skips(const struct hs_work *work)
{
    return work->skips;
}

void hs_work_note_skip(struct hs_work *work)
{
    work->skips++;
}

const struct hs_event *hs_work_event(const struct hs_work *work)
{
    return work->event;
}

/* Wraps the message of a nested failure with its subject. */
static int not_json(void)
{
    char why[160];
    hs_copy_words(why, sizeof(why));
    return hs_fail(-EINVAL, "the body is not JSON: %s", why);
}

static const struct hs_slice envelope_names[HS_ENVELOPE_WORDS] = {
    [HS_ENVELOPE_TIMESTAMP] = {"timestamp", sizeof("timestamp") - 1},
    [HS_ENVELOPE_ORGANIZATION] = {"organizationId", sizeof("organizationId") - 1},
};

/* Reads the envelope from an unedited tree. */
static void open_from_tree(struct hs_work *work)
{
    hs_json_node root = hs_json_root(work->tree);
    bool object = hs_json_node_kind(work->tree, root) == HS_JSON_OBJECT;
    for (size_t i = 0; i < HS_ENVELOPE_WORDS; i++) {
        struct hs_json_member *member = &work->envelope[i];
        *member = (struct hs_json_member){.name = envelope_names[i]};
        hs_json_node node =
            object ? hs_json_member_get(work->tree, root, member->name) : HS_JSON_NO_NODE;
        if (node == HS_JSON_NO_NODE)
            continue;
        member->value = hs_json_node_text(work->tree, node);
        member->kind = hs_json_node_kind(work->tree, node);
    }
    work->opened = true;
}

static int parse(struct hs_work *work)
{
    if (work->parsed)
        return 0;
    if (hs_json_tree_parse(work->tree, work->event->body) < 0)
        return not_json();
    work->parsed = true;
    work->epoch++;
    work->added = 0;
    work->values = 0;
    open_from_tree(work);
    return 0;
}

int hs_work_look(struct hs_work *work, const struct hs_json_tree **ret_tree)
{
    int code = parse(work);
    if (code == 0)
        *ret_tree = work->tree;
    return code;
}

int hs_work_tree(struct hs_work *work, struct hs_json_tree **ret_tree)
{
    int code = parse(work);
    if (code < 0)
        return code;
    work->rendered = false; /* the caller may edit it */
    *ret_tree = work->tree;
    return 0;
}

int hs_work_envelope(struct hs_work *work, enum hs_envelope_word word,
                     const struct hs_json_member **ret_member)
{
    if (!work->opened) {
        /* Without a tree one pass over the bytes suffices, at half the cost of parsing. */
        for (size_t i = 0; i < HS_ENVELOPE_WORDS; i++)
            work->envelope[i] = (struct hs_json_member){.name = envelope_names[i]};
        enum hs_json_kind kind;
        size_t offset;
        if (hs_json_scan(work->event->body, work->envelope, HS_ENVELOPE_WORDS, &kind, &offset) < 0)
            return not_json();
        work->opened = true;
    }
    *ret_member = &work->envelope[word];
    return 0;
}

int hs_work_body(struct hs_work *work, struct hs_slice *ret_body)
{
    if (!work->parsed || !hs_json_changed(work->tree)) {
        *ret_body = work->event->body;
        return 0;
    }
    if (!work->rendered) {
        hs_buffer_clear(&work->body);
        hs_json_write(work->tree, &work->body);
        if (hs_buffer_status(&work->body) < 0)
            return hs_fail(-EMSGSIZE, "the edited body %s", HS_WORK_TOO_LONG);
        work->rendered = true;
    }
    *ret_body = hs_buffer_slice(&work->body);
    return 0;
}

/* ---- Headers ---- */

int hs_work_set_header(struct hs_work *work, struct hs_slice name, struct hs_slice value)
{
    size_t at = 0, offset = work->header_text.size;
    while (at < work->header_count && !hs_slice_equal(work->headers[at].name, name))
        at++;
    if (at == HS_EVENT_HEADERS_MAX)
        return hs_fail(-EMSGSIZE, "one event's transformations set more than %u headers",
                       HS_EVENT_HEADERS_MAX);
    hs_buffer_append_slice(&work->header_text, value);
    if (hs_buffer_status(&work->header_text) < 0)
        return hs_fail(-EMSGSIZE, "the headers of one event's transformations exceed %u bytes",
                       HS_WORK_HEADERS_MAX);
    work->headers[at] = (struct hs_header){name, {NULL, value.size}};
    work->header_offsets[at] = offset;
    work->header_count += at == work->header_count;
    return 0;
}

size_t hs_work_headers(struct hs_work *work, const struct hs_header **ret_headers)
{
    for (size_t i = 0; i < work->header_count; i++)
        work->headers[i].value.data = work->header_text.data + work->header_offsets[i];
    *ret_headers = work->headers;
    return work->header_count;
}

/* ---- Memory and bounds ---- */

struct hs_buffer *hs_work_scratch(struct hs_work *work, enum hs_scratch which)
{
    hs_buffer_clear(&work->scratch[which]);
    return &work->scratch[which];
}

/* The maximum number of values in the text: each but the first follows a comma or a bracket. */
static size_t values_at_most(struct hs_slice json)
{
    if (json.size < HS_WORK_VALUES_MAX / 4)
        return json.size / 2 + 1; /* a value and what precedes it take two bytes */
    size_t count = 1;
    for (size_t i = 0; i < json.size; i++)
        count += json.data[i] == ',' || json.data[i] == '[' || json.data[i] == '{';
    return count;
}

/* A name's byte may become six (\u00xx), is written twice, and may create an object. */
#define NAME_COST 16u
#define WORK_BYTES 1u /* bytes of a value that count as a step */

int hs_work_charge(struct hs_work *work, struct hs_slice json, size_t name_bytes)
{
    if (work->values == 0)
        work->values = values_at_most(work->event->body);
    size_t bytes = hs_add_sat(json.size, hs_mul_sat(name_bytes, NAME_COST));
    size_t values = values_at_most(json) + name_bytes;
    size_t most = bounded(work->event->body.size, HS_WORK_VALUES_GROWTH, HS_WORK_VALUES_LEAST,
                          HS_WORK_VALUES_MAX);
    if (bytes > work->growth - work->added || work->values > most || values > most - work->values)
        return hs_fail(-EMSGSIZE,
                       "the edits of one event of %zu bytes exceed %zu bytes or %zu values",
                       work->event->body.size, work->growth, most);
    work->added += bytes;
    work->values += values;
    return 0;
}

void hs_work_count(struct hs_work *work, size_t bytes)
{
    if (work->parsed)
        hs_json_add_steps(work->tree, bytes / WORK_BYTES);
}

uint64_t hs_work_steps(const struct hs_work *work)
{
    return work->parsed ? hs_json_steps(work->tree) : 0;
}

int hs_work_within_steps(const struct hs_work *work)
{
    if (hs_work_steps(work) <= work->steps)
        return 0;
    return hs_fail(-EMSGSIZE,
                   "the edits of one event of %zu bytes took more than %zu steps: split the item "
                   "that looks up one field for each of many others",
                   work->event->body.size, work->steps);
}

uint64_t hs_work_epoch(const struct hs_work *work)
{
    return work->epoch;
}
