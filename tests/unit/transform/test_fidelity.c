/* What edits leave unchanged, against references that share no code with the program: identity,
 * splices (rule in docs/fidelity.md), flatten and its inverse. */
#include "edit.h"

#include "judge.h"
#include "reference.h"

#define CASES 2000
#define EDITS_MAX 6u
#define REPEAT "\nrepeat it with HOOKSTREAM_TEST_CASES=1 HOOKSTREAM_TEST_SEED=%llu"

struct play {
    struct hs_work *work; /* shared by all events */
    struct hs_buffer body, yaml, out;
    struct hs_arena *arena;
    unsigned events, changed;
    struct hs_event event; /* the work borrows it until it begins with the next */
};

static void begin(struct play *play)
{
    hs_buffer_clear(&play->body);
    hs_buffer_clear(&play->yaml);
    hs_buffer_clear(&play->out);
    play->arena = hs_arena_create();
}

/* Applies the list of play->yaml to the event of play->body; the result is valid until the next
 * call. */
static int edit(struct play *play, struct hs_slice *ret_out)
{
    hs_buffer_append_byte(&play->yaml, '\0');
    struct hs_config *config = edit_config(play->yaml.data);
    struct hs_transform *transform =
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform"));
    edit_expect_no_findings(config, play->yaml.data);
    play->event = edit_event(hs_buffer_slice(&play->body));
    hs_work_begin(play->work, &play->event);
    int code = hs_transform_apply(transform, play->work);
    ck_assert_int_eq(hs_work_body(play->work, ret_out), 0);
    play->events++;
    play->changed += ret_out->data != play->body.data;
    hs_transform_free(transform);
    hs_config_free(config);
    return code;
}

static void check_same(const struct play *play, struct hs_slice got, struct hs_slice wanted,
                       uint64_t seed)
{
    ck_assert_msg(hs_slice_equal(got, wanted) && judge_takes(got),
                  "%s\non   `%.*s`\ngave `%.*s`\nwant `%.*s`" REPEAT,
                  play->yaml.size > 0 ? play->yaml.data : "",
                  HS_SLICE_ARG(hs_buffer_slice(&play->body)), HS_SLICE_ARG(got),
                  HS_SLICE_ARG(wanted), (unsigned long long)seed);
}

static void run(void (*one)(uint64_t seed, void *context), bool changes)
{
    struct play play = {.work = hs_work_create()};
    hs_buffer_init(&play.body, DOCUMENT_MAX);
    hs_buffer_init(&play.yaml, DOCUMENT_MAX);
    hs_buffer_init(&play.out, DOCUMENT_MAX);
    cases_tell(CASES, one, &play);
    if (changes && play.events >= 100)
        ck_assert_uint_gt(play.changed, play.events / 3); /* otherwise little was tried */
    hs_work_free(play.work);
    hs_buffer_free(&play.body);
    hs_buffer_free(&play.yaml);
    hs_buffer_free(&play.out);
}

/* ---- Identity ---- */

/* Lists that change nothing: the field is missing, already has the value, or the item fails. */
static const char *const idle[] = {
    "- remove: [data.none, \"none[*].x\", \"data[\\\"a.b\\\"]\"]",
    "- redact: [none]\n- mask: {fields: [none]}\n- hash: {fields: [none], key: k}",
    "- rename: {none: x, data.none: y}\n- copy: {none: x}",
    "- cast: {fields: [id], to: string}\n- default: {id: x}\n- trim: [id]\n- lower: [id]",
    "- truncate: {fields: [id], length: 10}\n- cast: {fields: [n1, n2], to: number}",
    "- remove: [data]\n  when: id == 'x'",
    "- set: {x: \"{data.none}\"}\n  on_error: skip\n- unwrap: id\n  on_error: skip",
    "- flatten: none\n- unwrap: none\n- time: {field: none, to: unix_s, into: x}",
    "- remove: [item.x]\n  for: \"none[*]\"\n- upper: [n1, n2]",
};

static void play_identity(uint64_t seed, void *context)
{
    struct play *play = context;
    bool event = pick(3) != 0;
    begin(play);
    if (!event) {
        /* Any JSON, not only an event. */
        const struct document document = {&play->body, false};
        put_space(&play->body);
        put_value(&document, pick(7));
        put_space(&play->body);
    } else {
        put_event(&play->body, false);
    }
    hs_buffer_append_text(&play->yaml, "transform:\n");
    for (unsigned items = event ? pick(4) : 0; items > 0; items--)
        hs_buffer_printf(&play->yaml, "%s\n", idle[pick(HS_ARRAY_SIZE(idle))]);
    if (play->yaml.data[play->yaml.size - 2] == ':')
        hs_buffer_append_text(&play->yaml, "  []\n");
    struct hs_slice out;
    ck_assert_msg(edit(play, &out) == 0, "%s", hs_error_text());
    ck_assert_msg(out.data == play->body.data && out.size == play->body.size,
                  "%s\nchanged `%.*s`" REPEAT, play->yaml.data, HS_SLICE_ARG(out),
                  (unsigned long long)seed);
    /* Also if all of it is written again from the tree. */
    struct hs_json_tree *tree;
    ck_assert_int_eq(hs_work_tree(play->work, &tree), 0);
    hs_json_write(tree, &play->out);
    check_same(play, hs_buffer_slice(&play->out), hs_buffer_slice(&play->body), seed);
    hs_arena_free(play->arena);
}

START_TEST(test_identity)
{
    run(play_identity, false);
}
END_TEST

/* ---- Splices ---- */

/* The path to a value, as YAML in double quotes; false: a name on the way cannot be written as a
 * path. */
static bool put_path_to(const struct reference *reference, int index, struct hs_buffer *yaml)
{
    const struct reference_value *value = &reference->values[index];
    if (value->parent < 0)
        return true;
    if (!put_path_to(reference, value->parent, yaml))
        return false;
    if (!reference_has_name(reference, (size_t)index)) {
        hs_buffer_printf(yaml, "[%zu]", reference_place(reference, (size_t)index));
        return true;
    }
    const char *name = reference_name(reference, (size_t)index);
    if (name != NULL)
        hs_buffer_printf(yaml, "[\\\"%s\\\"]", name);
    return name != NULL;
}

/* Letters, digits and the like between quotes: the text equals its bytes. */
static bool is_plain_text(struct hs_slice bytes)
{
    if (bytes.size < 2 || bytes.data[0] != '"')
        return false;
    for (size_t i = 1; i + 1 < bytes.size; i++)
        if (bytes.data[i] == '\\' || bytes.data[i] < 0x20)
            return false;
    return true;
}

/* The output of `upper` for a plain text. */
static const char *upper(struct play *play, struct hs_slice bytes)
{
    char *text = hs_arena_dup(play->arena, bytes);
    for (char *at = text; *at != '\0'; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    return text;
}

/* The output of `mask` with keep_last 2 for a plain text or a number. */
static const char *mask(struct play *play, struct hs_slice bytes)
{
    if (bytes.data[0] == '"')
        bytes = hs_slice(bytes.data + 1, bytes.size - 2);
    char *text = hs_arena_alloc(play->arena, bytes.size + 3);
    text[0] = '"';
    for (size_t i = 0; i < bytes.size; i++)
        text[i + 1] = bytes.size > 2 && i + 2 >= bytes.size ? bytes.data[i] : '*';
    text[bytes.size + 1] = '"';
    return text;
}

enum splice { REMOVE, REDACT, UPPER, MASK, CAST, SET, SPLICES };

static const char *const splice_words[SPLICES][2] = {
    [REMOVE] = {"- remove: [\"", "\"]"},
    [REDACT] = {"- redact: {with: \"-\", fields: [\"", "\"]}"},
    [UPPER] = {"- upper: [\"", "\"]"},
    [MASK] = {"- mask: {keep_last: 2, fields: [\"", "\"]}"},
    [CAST] = {"- cast: {to: string, fields: [\"", "\"]}"},
    [SET] = {"- set: {\"", "\": 1.50}"},
};

/* The replacement of a value, or NULL: it stays. */
static const char *spliced(struct play *play, enum splice splice, struct hs_slice bytes)
{
    bool number = strchr("-0123456789", bytes.data[0]) != NULL;
    switch (splice) {
    case REDACT:
        return bytes.data[0] == 'n' ? NULL : "\"-\"";
    case UPPER:
        return bytes.data[0] == '"' ? upper(play, bytes) : NULL;
    case MASK:
        return mask(play, bytes);
    case CAST:
        return number ? hs_arena_printf(play->arena, "\"%.*s\"", HS_SLICE_ARG(bytes)) : NULL;
    default:
        return "1.50";
    }
}

static bool can(enum splice splice, const struct reference *reference, size_t index)
{
    struct hs_slice bytes = reference_bytes(reference, index);
    bool ascii = true;
    for (size_t i = 0; i < bytes.size; i++)
        ascii = ascii && (unsigned char)bytes.data[i] < 0x80;
    if (splice == REMOVE || splice == REDACT || splice == SET)
        return true;
    bool number = strchr("-0123456789", bytes.data[0]) != NULL;
    return splice == CAST ? number : ascii && (is_plain_text(bytes) || (number && splice == MASK));
}

/* The last value that `set` with a path to `index` finds: the last of each name on the way. */
static bool is_last(const struct reference *reference, size_t index)
{
    for (int at = (int)index; at >= 0; at = reference->values[at].parent)
        for (size_t i = (size_t)at + 1; i < reference->count; i++)
            if (reference->values[i].parent == reference->values[at].parent &&
                !reference->values[i].removed && reference_has_name(reference, i) &&
                reference_same_path(reference, at, (int)i))
                return false;
    return true;
}

/* One edit at a random place, in the list and in the reference. */
static void splice_one(struct play *play, struct reference *reference)
{
    size_t index = 1 + pick((unsigned)reference->count - 1);
    enum splice splice = pick(2) == 0 ? REMOVE : (enum splice)pick(SPLICES);
    bool *met = hs_arena_alloc(play->arena, reference->count * sizeof(*met));
    if (!reference_stands(reference, index) || (splice == SET && !is_last(reference, index)))
        return;
    for (size_t i = 0; i < reference->count; i++) {
        met[i] =
            reference_stands(reference, i) && reference_same_path(reference, (int)index, (int)i);
        if (met[i] && (reference->values[i].text != NULL || !can(splice, reference, i)))
            return;
    }
    size_t before = play->yaml.size;
    hs_buffer_append_text(&play->yaml, splice_words[splice][0]);
    bool named = put_path_to(reference, (int)index, &play->yaml);
    hs_buffer_printf(&play->yaml, "%s\n", splice_words[splice][1]);
    if (!named)
        play->yaml.size = before;
    for (size_t i = 0; named && i < reference->count; i++) {
        struct reference_value *value = &reference->values[i];
        if (splice == SET && i != index && value->parent == reference->values[index].parent)
            value->removed = value->removed || met[i];
        else if (met[i] && splice == REMOVE)
            value->removed = true;
        else if (met[i] && (splice != SET || i == index))
            value->text = spliced(play, splice, reference_bytes(reference, i));
    }
}

static void play_splices(uint64_t seed, void *context)
{
    struct play *play = context;
    begin(play);
    put_event(&play->body, false);
    hs_buffer_append_text(&play->yaml, "transform:\n- remove: [none]\n");
    struct reference reference = reference_of(hs_buffer_slice(&play->body));
    for (unsigned edits = 1 + pick(EDITS_MAX); edits > 0; edits--)
        splice_one(play, &reference);
    struct hs_slice out;
    int code = edit(play, &out);
    ck_assert_msg(code == 0, "%s: %s" REPEAT, play->yaml.data, hs_error_text(),
                  (unsigned long long)seed);
    reference_write(&reference, &play->out);
    ck_assert_int_eq(hs_buffer_status(&play->out), 0);
    check_same(play, out, hs_buffer_slice(&play->out), seed);
    reference_free(&reference);
    hs_arena_free(play->arena);
}

START_TEST(test_splices_leave_every_other_byte)
{
    run(play_splices, true);
}
END_TEST

/* ---- Flatten and its inverse ---- */

#define SEPARATOR "#"
#define LEVELS_MAX 64u

/* The names of the object that is being built, level by level. */
struct unflatten {
    struct hs_buffer *json;
    struct hs_slice names[LEVELS_MAX];
    size_t levels;
    bool indexes; /* names of digits are elements */
};

static bool is_index(const struct unflatten *unflatten, struct hs_slice name)
{
    return unflatten->indexes && name.size > 0 && name.data[0] >= '0' && name.data[0] <= '9';
}

static size_t split(struct hs_slice name, struct hs_slice *parts)
{
    size_t count = 0;
    const char *end = name.data + name.size;
    for (const char *at = name.data;; at++) {
        const char *next = memchr(at, SEPARATOR[0], (size_t)(end - at));
        ck_assert_uint_lt(count, LEVELS_MAX);
        parts[count++] = hs_slice(at, (size_t)((next ? next : end) - at));
        if (next == NULL)
            return count;
        at = next;
    }
}

/* Closes the levels from `keep` on. */
static void close_levels(struct unflatten *unflatten, size_t keep)
{
    for (; unflatten->levels > keep; unflatten->levels--)
        hs_buffer_append_byte(unflatten->json,
                              is_index(unflatten, unflatten->names[unflatten->levels - 1]) ? ']'
                                                                                           : '}');
}

/* Writes a value at the place that the parts of its name lead to. */
static void put_leaf(struct unflatten *unflatten, const struct hs_slice *parts, size_t count,
                     struct hs_slice value)
{
    size_t common = 0;
    while (common + 1 < count && common + 1 < unflatten->levels &&
           hs_slice_equal(parts[common], unflatten->names[common]))
        common++;
    close_levels(unflatten, common + 1);
    for (size_t i = common; i < count; i++) {
        bool index = is_index(unflatten, parts[i]);
        if (i >= unflatten->levels)
            hs_buffer_append_byte(unflatten->json, index ? '[' : '{');
        else
            hs_buffer_append_byte(unflatten->json, ',');
        if (!index)
            hs_buffer_printf(unflatten->json, "\"%.*s\":", HS_SLICE_ARG(parts[i]));
        unflatten->names[i] = parts[i];
        unflatten->levels = i + 1;
    }
    hs_buffer_append_slice(unflatten->json, value);
}

/* Without the white space outside strings. */
static void put_compact(struct hs_slice json, struct hs_buffer *ret_json)
{
    bool quoted = false;
    for (size_t i = 0; i < json.size; i++) {
        char c = json.data[i];
        if (quoted || strchr(" \t\r\n", c) == NULL)
            hs_buffer_append_byte(ret_json, c);
        if (quoted && c == '\\')
            hs_buffer_append_byte(ret_json, json.data[++i]);
        else if (c == '"')
            quoted = !quoted;
    }
}

/* Nests `data` again after flattening: the rest of the event stays. */
static void unflatten_event(struct hs_slice event, bool indexes, struct hs_buffer *ret_json)
{
    struct reference reference = reference_of(event);
    size_t data = 1;
    while (reference_name(&reference, data) == NULL ||
           strcmp(reference_name(&reference, data), "data") != 0)
        data++;
    struct hs_slice value = reference_bytes(&reference, data);
    if (value.data[0] != '{' || value.size == 2 || value.data[1] != '"') {
        put_compact(event, ret_json); /* it was not an object, or flat already */
        reference_free(&reference);
        return;
    }
    struct hs_buffer json;
    hs_buffer_init(&json, DOCUMENT_MAX);
    struct unflatten unflatten = {.json = &json, .indexes = indexes};
    for (size_t i = data + 1; i < reference.count; i++) {
        const struct reference_value *member = &reference.values[i];
        struct hs_slice parts[LEVELS_MAX];
        if (member->parent != (int)data)
            continue;
        size_t count =
            split(hs_slice(event.data + member->name, member->name_end - member->name), parts);
        put_leaf(&unflatten, parts, count, reference_bytes(&reference, i));
    }
    close_levels(&unflatten, 0);
    const struct reference_value *place = &reference.values[data];
    put_compact(hs_slice(event.data, place->begin), ret_json);
    put_compact(hs_buffer_slice(&json), ret_json);
    put_compact(hs_slice(event.data + place->end, event.size - place->end), ret_json);
    hs_buffer_free(&json);
    reference_free(&reference);
}

static void play_flatten(uint64_t seed, void *context)
{
    struct play *play = context;
    begin(play);
    put_event(&play->body, true);
    bool indexes = pick(2) == 0;
    hs_buffer_printf(&play->yaml,
                     "transform:\n- flatten: {field: data, separator: \"%s\", arrays: %s}\n"
                     "  on_error: skip\n",
                     SEPARATOR, indexes ? "index" : "keep");
    struct hs_slice out;
    ck_assert_int_eq(edit(play, &out), 0);
    struct hs_buffer wanted;
    hs_buffer_init(&wanted, DOCUMENT_MAX);
    put_compact(hs_buffer_slice(&play->body), &wanted);
    unflatten_event(out, indexes, &play->out);
    ck_assert_int_eq(hs_buffer_status(&play->out), 0);
    check_same(play, hs_buffer_slice(&play->out), hs_buffer_slice(&wanted), seed);
    hs_buffer_free(&wanted);
    hs_arena_free(play->arena);
}

START_TEST(test_flatten_has_an_inverse)
{
    run(play_flatten, true);
}
END_TEST

HS_TEST_MAIN("fidelity", test_identity, test_splices_leave_every_other_byte,
             test_flatten_has_an_inverse)
