/* Shapes: worst-case bodies of accepted events, of any size, and the rules tried on each of them.
 * For tests/bench/linear.c and test_linear.c. */
#ifndef HS_TEST_SHAPES_H
#define HS_TEST_SHAPES_H

#include <hookstream/buffer.h>
#include <hookstream/hash.h>
#include <stdlib.h>

#define SHAPE_BODY_MAX (64u << 20)

static const char *const shape_names[] = {
    "members",   "elements", "members and elements", "deep",    "a long text", "escapes",
    "colliding", "numbers",  "duplicates",           "scalars", "a long name", "duplicate names",
};
enum shape {
    SHAPE_MEMBERS,
    SHAPE_ELEMENTS,
    SHAPE_BOTH,
    SHAPE_DEEP,
    SHAPE_TEXT,
    SHAPE_ESCAPES,
    SHAPE_COLLIDING,
    SHAPE_NUMBERS,
    SHAPE_DUPLICATES,
    SHAPE_SCALARS,
    SHAPE_LONG_NAME,
    SHAPE_DUPLICATE_NAMES,
    SHAPES
};

static inline void shape_members(struct hs_buffer *body, size_t until)
{
    for (unsigned i = 0; body->size < until; i++)
        hs_buffer_printf(body, "\"k%u\":1,", i);
}

static inline void shape_elements(struct hs_buffer *body, size_t until)
{
    hs_buffer_append_text(body, "\"items\":[{\"price\":\"1\",\"kind\":\"a\"}");
    for (unsigned i = 0; body->size < until; i++)
        hs_buffer_printf(body, ",{\"price\":\"%u.5\",\"kind\":\"gift\",\"sku\":\"s%u\"}", i % 90,
                         i);
    hs_buffer_append_text(body, "],");
}

static inline void shape_deep(struct hs_buffer *body, size_t until)
{
    static const unsigned levels = 50;
    hs_buffer_append_text(body, "\"deep\":[0");
    while (body->size < until) {
        hs_buffer_append_byte(body, ',');
        for (unsigned i = 0; i < levels; i++)
            hs_buffer_append_text(body, "{\"n\":");
        hs_buffer_append_text(body, "1");
        for (unsigned i = 0; i < levels; i++)
            hs_buffer_append_byte(body, '}');
    }
    hs_buffer_append_text(body, "],");
}

static inline void shape_text(struct hs_buffer *body, const char *name, const char *piece,
                              size_t until)
{
    hs_buffer_printf(body, "\"%s\":\"", name);
    while (body->size < until)
        hs_buffer_append_text(body, piece);
    hs_buffer_append_text(body, "\",");
}

/* Names whose XXH3 with seed 0, formerly used for tables, are close together. */
static inline void shape_colliding(struct hs_buffer *body, size_t until)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (uint64_t i = 0; body->size < until; i++) {
        char name[7];
        uint64_t rest = i;
        for (size_t k = 0; k < sizeof(name); k++, rest >>= 6)
            name[k] = signs[rest & 63];
        if ((hs_hash64(hs_slice(name, sizeof(name)), 0) & 0x7ffff) < 8192)
            hs_buffer_printf(body, "\"%.7s\":1,", name);
    }
}

static inline void shape_repeat(struct hs_buffer *body, const char *piece, size_t until)
{
    while (body->size < until)
        hs_buffer_append_text(body, piece);
}

static inline void shape_data(enum shape shape, size_t size, struct hs_buffer *body)
{
    size_t begin = body->size, half = begin + (size - begin) / 2;
    switch (shape) {
    case SHAPE_MEMBERS:
        shape_members(body, size);
        return;
    case SHAPE_ELEMENTS:
        shape_elements(body, size);
        return;
    case SHAPE_BOTH:
        shape_members(body, half);
        shape_elements(body, size);
        return;
    case SHAPE_DEEP:
        shape_deep(body, size);
        return;
    case SHAPE_TEXT:
        shape_text(body, "email", "abcdefgh ", half);
        shape_elements(body, size);
        return;
    case SHAPE_ESCAPES:
        shape_text(body, "email", "\\u0041\\ud83d\\ude00\\n\\ud800", half);
        shape_elements(body, size);
        return;
    case SHAPE_COLLIDING:
        shape_colliding(body, size);
        return;
    case SHAPE_NUMBERS:
        hs_buffer_append_text(body, "\"total\":1");
        shape_repeat(body, "0123456789", half);
        hs_buffer_append_text(body, "e-999999999999,");
        shape_elements(body, size);
        return;
    case SHAPE_DUPLICATES:
        shape_repeat(body, "\"email\":\"x\",", half);
        shape_elements(body, size);
        return;
    case SHAPE_SCALARS:
        hs_buffer_append_text(body, "\"items\":[1");
        shape_repeat(body, ",1", size);
        hs_buffer_append_text(body, "],");
        return;
    case SHAPE_LONG_NAME:
        hs_buffer_append_byte(body, '"');
        shape_repeat(body, "long-name-", half);
        hs_buffer_append_text(body, "\":{\"z\":{");
        shape_members(body, size);
        hs_buffer_append_text(body, "\"y\":1}},");
        return;
    default:
        shape_repeat(body, "\"queueId\":\"q\",\"k\":{\"a\":1},", size);
    }
}

/* An event of at least `size` bytes, and little more. The caller frees the buffer. */
static inline void shape_make(enum shape shape, size_t size, struct hs_buffer *ret_body)
{
    hs_buffer_init(ret_body, SHAPE_BODY_MAX);
    hs_buffer_append_text(ret_body,
                          "{\"id\":\"whk_1\",\"type\":\"order.created\",\"timestamp\":"
                          "\"2026-11-30T10:00:00Z\",\"organizationId\":\"org_1\",\"data\":{");
    shape_data(shape, size, ret_body);
    hs_buffer_append_text(ret_body,
                          "\"orderId\":\"o_1\",\"consumerId\":\"c_1\",\"queueId\":\"q_1\","
                          "\"waitTimeSeconds\":12,\"currencyCode\":\"USD\"}}");
}

/* Each operation, the examples in the documentation that process many places, and the costliest use
 * of each. */
static const struct shape_rule {
    const char *name, *list;
    bool process; /* runs a separate process */
    bool square;  /* performs elements times something lookups itself: only the limit stops it */
} shape_rules[] = {
    {"nothing there", "- remove: [data.none]", false, false},
    {"when", "- remove: [data.x]\n  when: data.queueId == 'x' or data.email matches '(a|b)*c'",
     false, false},
    {"remove", "- remove: [data.email, data.items, 'data.deep[*].n.n']", false, false},
    {"remove of each", "- remove: ['data.items[*].price', 'data.items[*].kind']", false, false},
    {"keep", "- keep: [id, type, data.orderId, 'data.items[*].price', data.email]", false, false},
    {"rename", "- rename: {data.email: mail, 'data.items[*].price': amount}", false, false},
    {"copy", "- copy: {data: old, data.items: data.things}", false, false},
    {"set", "- set: {data.queueId: q, data.note: '{data.orderId} {data.email|}'}", false, false},
    {"default", "- default: {data.email: none, data.more.a: 1}", false, false},
    {"redact", "- redact: [data.email, 'data.items[*].price']", false, false},
    {"mask", "- mask: {fields: [data.email, 'data.items[*].price'], keep_last: 4}", false, false},
    {"hash", "- hash: {fields: [data.email, 'data.items[*].price'], key: a-key-for-the-bench}",
     false, false},
    {"lower", "- lower: [data.email, 'data.items[*].sku']", false, false},
    {"upper", "- upper: [data.email, 'data.items[*].sku']", false, false},
    {"trim", "- trim: [data.email, 'data.items[*].sku']", false, false},
    {"truncate", "- truncate: {fields: [data.email, 'data.items[*].sku'], length: 3}", false,
     false},
    {"cast", "- cast: {fields: [data.total, 'data.items[*].price'], to: number}", false, false},
    {"cast to integer", "- cast: {fields: [data.total], to: integer}\n  on_error: skip", false,
     false},
    {"decimal", "- decimal: {field: 'data.items[*].price', currency: data.currencyCode}", false,
     false},
    {"decimal of a long number", "- decimal: {field: data.total, exponent: 2}\n  on_error: skip",
     false, false},
    {"time", "- time: {field: timestamp, to: unix_ms, into: data.at}", false, false},
    {"flatten", "- flatten: {field: data, arrays: index}", false, false},
    {"unwrap", "- unwrap: {field: data, on_clash: keep}", false, false},
    {"unwrap, replacing", "- unwrap: {field: data, on_clash: replace}", false, false},
    {"cloudevent", "- cloudevent: {subject: '{data.orderId}'}", false, false},
    {"for, decimal",
     "- for: 'data.items[*]'\n  decimal: {field: item.price, currency: data.currencyCode, into: "
     "item.minor}\n  on_error: skip",
     false, false},
    {"for, when, set",
     "- for: 'data.items[*]'\n  when: item.kind == 'gift'\n  set: {item.label: '{item.sku|} of "
     "{data.orderId}'}\n  on_error: skip",
     false, false},
    {"for, when of the event",
     "- for: 'data.items[*]'\n  when: data.email matches '(a|b|c|d| |[e-h])*' and data.total > 5 "
     "and item.kind exists\n  remove: [item.kind]",
     false, false},
    {"for, an element by number",
     "- for: 'data.items[*]'\n  when: data.items[2000].price != '7'\n  set: {item.a: 1}\n"
     "  on_error: skip",
     false, false},
    {"for, edits of the event",
     "- for: 'data.items[*]'\n  lower: [item.sku, data.email]\n  on_error: skip", false, true},
    {"for, remove", "- for: 'data.items[*]'\n  when: item.kind == 'gift'\n  remove: [item]", false,
     false},
    {"for, wildcards in it", "- for: 'data.items[*]'\n  remove: [item.sku, 'data.items[*].kind']",
     false, true},
    {"for, copies of the event",
     "- for: 'data.items[*]'\n  copy: {data.email: item.mail}\n"
     "  on_error: skip",
     false, true},
    {"jq", "- jq: .data.n = 1", true, false},
};

#endif
