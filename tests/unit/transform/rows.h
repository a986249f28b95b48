/* Tables of operations: a body and a list of transformations, and the resulting body, byte for
 * byte, or the failure's message. */
#ifndef HS_TEST_ROWS_H
#define HS_TEST_ROWS_H

#include "edit.h"

struct row {
    struct hs_slice body;
    const char *list; /* YAML, without the key */
    struct hs_slice want;
};
#define ROW(body, list, want)                                                                      \
    {                                                                                              \
        HS_SLICE(body), list, HS_SLICE(want)                                                       \
    }

struct failing_row {
    const char *body, *list;
    int code;
    const char *words;
};

/* Applies `transform:` of a whole configuration; returns the code. */
static inline int rows_apply(const char *yaml, struct hs_slice body, struct hs_buffer *ret_body)
{
    struct hs_config *config = edit_config(yaml);
    struct hs_transform *transform =
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform"));
    edit_expect_no_findings(config, yaml);
    struct hs_event event = edit_event(body);
    struct hs_work *work = hs_work_create();
    hs_work_begin(work, &event);
    int code = hs_transform_apply(transform, work);
    struct hs_slice result;
    if (code == 0)
        code = hs_work_body(work, &result);
    if (code == 0)
        hs_buffer_append_slice(ret_body, result);
    hs_work_free(work);
    hs_transform_free(transform);
    hs_config_free(config);
    return code;
}

static inline int rows_edit(struct hs_slice body, const char *list, struct hs_buffer *ret_body)
{
    char yaml[8192];
    snprintf(yaml, sizeof(yaml), "transform:\n%s\n", list);
    return rows_apply(yaml, body, ret_body);
}

static inline void rows_check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hs_buffer body;
        hs_buffer_init(&body, 1 << 20);
        int code = rows_edit(rows[i].body, rows[i].list, &body);
        ck_assert_msg(code == 0, "%s\non %s: %s", rows[i].list, rows[i].body.data, hs_error_text());
        ck_assert_msg(hs_slice_equal(hs_buffer_slice(&body), rows[i].want),
                      "%s\non   %s\ngave %.*s\nwant %s", rows[i].list, rows[i].body.data,
                      (int)body.size, body.data, rows[i].want.data);
        enum hs_json_kind kind;
        size_t offset;
        ck_assert_int_eq(hs_json_scan(hs_buffer_slice(&body), NULL, 0, &kind, &offset), 0);
        hs_buffer_free(&body);
    }
}

/* Each fails with its code and message, and with `on_error: skip` leaves the body unchanged. */
static inline void rows_check_failures(const struct failing_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hs_buffer body;
        hs_buffer_init(&body, 1 << 20);
        struct hs_slice before = hs_slice_text(rows[i].body);
        int code = rows_edit(before, rows[i].list, &body);
        ck_assert_msg(code == rows[i].code, "%s\non %s: %d: %s", rows[i].list, rows[i].body, code,
                      hs_error_text());
        ck_assert_msg(strstr(hs_error_text(), rows[i].words) != NULL, "%s\non %s: %s\nwant ...%s",
                      rows[i].list, rows[i].body, hs_error_text(), rows[i].words);
        char skipping[4096];
        snprintf(skipping, sizeof(skipping), "%s\n  on_error: skip", rows[i].list);
        ck_assert_int_eq(rows_edit(before, skipping, &body), 0);
        ck_assert_msg(hs_slice_equal(hs_buffer_slice(&body), before), "%s\non   %s\ngave %.*s",
                      skipping, rows[i].body, (int)body.size, body.data);
        hs_buffer_free(&body);
    }
}

struct finding_row {
    const char *list;
    unsigned line, column; /* of a list that begins in line 2 */
    const char *words;
};

static inline void rows_check_findings(const struct finding_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char yaml[4096];
        snprintf(yaml, sizeof(yaml), "transform:\n%s\n", rows[i].list);
        struct hs_config *config = edit_config(yaml);
        ck_assert_ptr_null(
            hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform")));
        edit_expect_finding(config, yaml, rows[i].line, rows[i].column, rows[i].words);
        hs_config_free(config);
    }
}

#endif
