/* Random events under random lists of operations, from a seeded generator: whatever is done,
 * what comes out is JSON, and the same seed gives the same bytes. */
#include "edit.h"

#define ROUNDS 3000

static uint64_t state;

static unsigned pick(unsigned below)
{
    state ^= state << 13; /* xorshift64 */
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state % below);
}

static void value(struct hs_buffer *json, unsigned depth)
{
    static const char *const scalars[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "149.90",
        "12345678901234567890",
        "1e400",
        "\"\"",
        "\"x\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "\"\xC3\xA9\xE2\x82\xAC\"",
        "\"a\\\"b\\\\c\\n\"",
        "\"+15551234567\"",
    };
    static const char *const names[] = {"a", "b", "c", "\\u0061", "x.y", ""};
    unsigned kind = depth > 5 ? 0 : pick(4);
    if (kind < 2) {
        hs_buffer_append_text(json, scalars[pick(HS_ARRAY_SIZE(scalars))]);
        return;
    }
    unsigned count = pick(5);
    hs_buffer_append_byte(json, kind == 2 ? '{' : '[');
    for (unsigned i = 0; i < count; i++) {
        if (i != 0)
            hs_buffer_append_text(json, pick(4) == 0 ? " ,\n" : ",");
        if (kind == 2)
            hs_buffer_printf(json, "\"%s\"%s:", names[pick(HS_ARRAY_SIZE(names))],
                             pick(8) == 0 ? " " : "");
        value(json, depth + 1);
    }
    hs_buffer_append_byte(json, kind == 2 ? '}' : ']');
}

static const char *path(void)
{
    static const char *const paths[] = {
        "data",      "data.a",         "data.b",     "data.a.b", "data.c.a",
        "data[0]",   "data.a[1]",      "data.b.b.b", "x",        "data[\\\"x.y\\\"]",
        "data[0].a", "data[\\\"\\\"]", "id",
    };
    return paths[pick(HS_ARRAY_SIZE(paths))];
}

static const char *wide_path(void)
{
    static const char *const paths[] = {"data[*]", "data.a[*].b", "data[*].a", "data.a[*]",
                                        "data[*][*]"};
    return pick(3) == 0 ? paths[pick(HS_ARRAY_SIZE(paths))] : path();
}

/* Items of operations that look at values and at shapes. */
static void later_item(struct hs_buffer *yaml)
{
    static const char *const texts[] = {"lower", "upper", "trim"};
    static const char *const kinds[] = {"string", "number", "integer", "boolean"};
    static const char *const clashes[] = {"error", "keep", "replace"};
    static const char *const times[] = {"unix_s", "unix_ms", "rfc3339"};
    switch (pick(7)) {
    case 0:
        hs_buffer_printf(yaml, "- %s: [\"%s\"]\n", texts[pick(3)], wide_path());
        break;
    case 1:
        hs_buffer_printf(yaml, "- truncate: {fields: [\"%s\"], length: %u, unit: %s}\n",
                         wide_path(), pick(5), pick(2) == 0 ? "bytes" : "characters");
        break;
    case 2:
        hs_buffer_printf(yaml, "- cast: {fields: [\"%s\"], to: %s}\n", wide_path(), kinds[pick(4)]);
        break;
    case 3:
        hs_buffer_printf(yaml, "- default: {\"%s\": \"{data.a|none}\"}\n", path());
        break;
    case 4:
        hs_buffer_printf(yaml, "- flatten: {field: \"%s\", separator: \".\", arrays: %s}\n",
                         wide_path(), pick(2) == 0 ? "keep" : "index");
        break;
    case 5:
        hs_buffer_printf(yaml, "- unwrap: {field: \"%s.a\", on_clash: %s}\n", wide_path(),
                         clashes[pick(3)]);
        break;
    default:
        if (pick(2) == 0)
            hs_buffer_printf(yaml, "- decimal: {field: \"%s\", code: USD, into: \"%s\"}\n", path(),
                             path());
        else
            hs_buffer_printf(yaml, "- time: {field: \"%s\", to: %s, into: \"%s\"}\n", path(),
                             times[pick(3)], path());
    }
}

/* An item that is done for each of some elements; one that fails does not end it. */
static void each_item(struct hs_buffer *yaml)
{
    static const char *const items[] = {
        "remove: [item]",         "set: {item.z: \"{item.a|x}\"}", "unwrap: item.a",
        "keep: [item.a, item.b]", "rename: {item.a: b}",           "flatten: item",
        "copy: {data.a: item.a}", "copy: {item: data.z}",          "default: {item: 1}",
        "redact: [\"item[*]\"]",
    };
    hs_buffer_printf(yaml, "- %s\n  for: \"%s[*]\"\n  on_error: skip\n",
                     items[pick(HS_ARRAY_SIZE(items))], wide_path());
}

static void item(struct hs_buffer *yaml)
{
    static const char *const names[] = {"z", "a", "b", "[\\\"x.y\\\"]"};
    static const char *const values[] = {
        "1", "null", "149.90", "text", "\"{data.a|none}\"", "\"{id}-{data.b}\""};
    switch (pick(16)) {
    case 0:
        hs_buffer_printf(yaml, "- remove: [\"%s\", \"%s\"]\n", wide_path(), wide_path());
        break;
    case 1:
        hs_buffer_printf(yaml, "- keep: [\"%s\", \"%s\", \"%s\"]\n", wide_path(), wide_path(),
                         wide_path());
        break;
    case 2:
        hs_buffer_printf(yaml, "- rename: {\"%s.a\": \"%s\"}\n", wide_path(),
                         names[pick(HS_ARRAY_SIZE(names))]);
        break;
    case 3:
        hs_buffer_printf(yaml, "- copy: {\"%s\": \"%s\"}\n", path(), path());
        break;
    case 4:
        hs_buffer_printf(yaml, "- set: {\"%s\": %s}\n", path(),
                         values[pick(HS_ARRAY_SIZE(values))]);
        break;
    case 5:
        hs_buffer_printf(yaml, "- redact: [\"%s\"]\n", wide_path());
        break;
    case 6:
        hs_buffer_printf(yaml, "- mask: {fields: [\"%s\"], keep_last: %u}\n", wide_path(), pick(6));
        break;
    case 7:
        hs_buffer_printf(yaml, "- hash: {fields: [\"%s\"], key: k}\n", wide_path());
        break;
    case 8:
    case 9:
        each_item(yaml);
        return;
    default:
        later_item(yaml);
    }
    if (pick(2) == 0)
        hs_buffer_append_text(yaml, "  on_error: skip\n");
    if (pick(4) == 0)
        hs_buffer_append_text(yaml, "  when: data.a exists or not data.b == 'x'\n");
}

/* One round; appends what came out. */
static void play(struct hs_work *work, struct hs_buffer *ret_out)
{
    struct hs_buffer body, yaml;
    hs_buffer_init(&body, 1 << 20);
    hs_buffer_init(&yaml, 1 << 20);
    hs_buffer_append_text(&body, "{\"id\":\"i\",\"data\":");
    value(&body, 0);
    hs_buffer_append_text(&body, "}");
    hs_buffer_append_text(&yaml, "transform:\n");
    for (unsigned items = 1 + pick(6); items > 0; items--)
        item(&yaml);
    hs_buffer_append_byte(&yaml, '\0');
    struct hs_config *config = edit_config(yaml.data);
    struct hs_transform *transform =
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform"));
    edit_expect_no_findings(config, yaml.data);
    struct hs_event event = edit_event(hs_buffer_slice(&body));
    hs_work_begin(work, &event);
    int code = hs_transform_apply(transform, work);
    struct hs_slice out;
    /* Failed or not, the tree must be sound. */
    ck_assert_int_eq(hs_work_body(work, &out), 0);
    enum hs_json_kind kind;
    size_t offset = 0;
    ck_assert_msg(hs_json_scan(out, NULL, 0, &kind, &offset) == 0,
                  "%s\n%.*s\ngave %.*s\nwhich is wrong at %zu: %s", yaml.data, (int)body.size,
                  body.data, (int)out.size, out.data, offset, hs_error_text());
    hs_buffer_append_slice(ret_out, out);
    hs_buffer_append_byte(ret_out, code == 0 ? '.' : '!');
    hs_transform_free(transform);
    hs_config_free(config);
    hs_buffer_free(&body);
    hs_buffer_free(&yaml);
}

START_TEST(test_what_comes_out_is_json)
{
    struct hs_buffer first, second;
    hs_buffer_init(&first, 64 << 20);
    hs_buffer_init(&second, 64 << 20);
    /* The second time with one work for all events: nothing of one may show in the next. */
    for (int pass = 0; pass < 2; pass++) {
        struct hs_work *work = hs_work_create();
        state = 0x9E3779B97F4A7C15u;
        for (int i = 0; i < ROUNDS; i++) {
            if (pass == 0 && i != 0) {
                hs_work_free(work);
                work = hs_work_create();
            }
            play(work, pass == 0 ? &first : &second);
        }
        hs_work_free(work);
    }
    ck_assert_int_eq(hs_buffer_status(&first), 0);
    ck_assert(hs_slice_equal(hs_buffer_slice(&first), hs_buffer_slice(&second)));
    hs_buffer_free(&first);
    hs_buffer_free(&second);
}
END_TEST

HS_TEST_MAIN("random transformations", test_what_comes_out_is_json)
