/* Shared by this module's tests: a configuration from a text, an event with a body, and a
 * comparison of findings. */
#ifndef HS_TEST_EDIT_H
#define HS_TEST_EDIT_H

#include "hs_test.h"

#include <hookstream/transform.h>
#include <stdio.h>

static inline const char *edit_env(void *context, const char *name)
{
    if (strcmp(name, "BROKEN") == 0)
        return "hunter2[hidden";
    return strcmp(name, "SECRET") == 0 ? "hunter2 {hidden" : NULL;
}

/* A configuration without errors in its YAML. */
static inline struct hs_config *edit_config(const char *yaml)
{
    struct hs_config *config = hs_config_parse("test.yaml", hs_slice_text(yaml), edit_env, NULL);
    hs_config_allow_weak_secrets(config); /* keys of published test vectors */
    ck_assert_msg(hs_config_root(config) != NULL, "no YAML: %s", yaml);
    return config;
}

static inline void edit_expect_no_findings(struct hs_config *config, const char *yaml)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 20);
    hs_config_print_findings(config, &text);
    const struct hs_findings *findings = hs_config_findings(config);
    for (size_t i = 0; i < findings->count; i++)
        ck_assert_msg(findings->items[i].code == HS_FINDING_WEAK_SECRET ||
                          findings->items[i].code == HS_FINDING_YAML_WORD,
                      "%s\n%.*s", yaml, (int)text.size, text.data);
    hs_buffer_free(&text);
}

/* Checks that there is exactly one finding, at this position, whose message contains this text. */
static inline void edit_expect_finding(struct hs_config *config, const char *yaml, unsigned line,
                                       unsigned column, const char *words)
{
    const struct hs_findings *findings = hs_config_findings(config);
    ck_assert_msg(findings->count == 1, "%s\nhas %zu findings; first: %s", yaml, findings->count,
                  findings->count ? findings->items[0].message : "none");
    const struct hs_finding *finding = &findings->items[0];
    ck_assert_msg(finding->line == line && finding->column == column &&
                      strstr(finding->message, words) != NULL,
                  "%s\ngot  %u:%u: %s\nwant %u:%u: ...%s...", yaml, finding->line, finding->column,
                  finding->message, line, column, words);
}

#define EDIT_RECEIVED UINT64_C(1795425300123000000) /* 2026-11-23T09:15:00.123Z */

static inline struct hs_event edit_event(struct hs_slice body)
{
    return (struct hs_event){.sequence = 7,
                             .received_wall_ns = EDIT_RECEIVED,
                             .source = HS_SLICE("fanfare"),
                             .id = HS_SLICE("whk_1"),
                             .type = HS_SLICE("queue.consumer.admitted"),
                             .body = body};
}

#endif
