/* Shared by the JSON tests: fixtures in memory of exactly their size, and short wrappers. */
#ifndef HS_JSON_TEST_TEXT_H
#define HS_JSON_TEST_TEXT_H

#include "hs_test.h"

#include <hookstream/json.h>

#include <stdio.h>

#define TEXT_MAX (1u << 20)

/* A copy that ends where its memory ends, so that a sanitizer detects a read past it. */
static inline struct hs_slice exact(struct hs_slice text)
{
    char *copy = malloc(text.size > 0 ? text.size : 1);
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    return hs_slice(copy, text.size);
}

static inline void drop(struct hs_slice text)
{
    free((void *)(uintptr_t)text.data);
}

static inline struct hs_slice fixture(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/fanfare/%s.json", HS_FIXTURES, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "no %s", path);
    static char room[TEXT_MAX];
    size_t size = fread(room, 1, sizeof(room), file);
    fclose(file);
    ck_assert_uint_gt(size, 0);
    return exact(hs_slice(room, size));
}

/* Whether the scanner accepts the document. */
static inline bool is_json(struct hs_slice text)
{
    enum hs_json_kind kind;
    size_t offset;
    return hs_json_scan(text, NULL, 0, &kind, &offset) == 0;
}

static inline void assert_slice(struct hs_slice got, struct hs_slice wanted)
{
    ck_assert_msg(hs_slice_equal(got, wanted), "`%.*s` is not `%.*s`", HS_SLICE_ARG(got),
                  HS_SLICE_ARG(wanted));
}

static inline struct hs_json_path path_of(const char *text)
{
    struct hs_json_path path;
    ck_assert_msg(hs_json_path_parse(hs_slice_text(text), &path) == 0, "%s", hs_error_text());
    return path;
}

static inline hs_json_node find(struct hs_json_tree *tree, const char *text)
{
    struct hs_json_path path = path_of(text);
    hs_json_node node = hs_json_find(tree, &path);
    hs_json_path_free(&path);
    return node;
}

static inline void assert_written(const struct hs_json_tree *tree, struct hs_slice wanted)
{
    struct hs_buffer json;
    hs_buffer_init(&json, 4 * TEXT_MAX);
    hs_json_write(tree, &json);
    ck_assert_int_eq(hs_buffer_status(&json), 0);
    assert_slice(hs_buffer_slice(&json), wanted);
    ck_assert_msg(is_json(hs_buffer_slice(&json)), "%s", hs_error_text());
    hs_buffer_free(&json);
}

#endif
