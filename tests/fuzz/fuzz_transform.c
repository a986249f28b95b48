/* Fuzzes what people write into a configuration to work on events: the first byte says
 * whether the rest is a template (t), a condition (c), a route's pattern (p), a list of
 * transformations as YAML (l), or a list, a NUL and the body of an event of its own (e). What is
 * taken is run on an event: what comes out of an edit must be JSON, by json-c too, and an event
 * must not change by being looked at. */
#include "../../src/route/trie.h"
#include "../unit/transform/judge.h"

#include <stdlib.h>

#define OUT_MAX (1u << 20)

#define BODY                                                                                       \
    "{\"id\":\"whk_1\",\"type\":\"queue.consumer.admitted\",\"timestamp\":\"2024-12-01T10:00:"     \
    "00Z\","                                                                                       \
    "\"organizationId\":null,\"data\":{\"state\":\"won\",\"a\":[1,{\"b\":\"\\u0000\\ud800\"}],"    \
    "\"amount\":149.90,\"big\":1e400,\"a\":{\"x.y\":\"\xC3\xA9\"},\"none\":null,\"yes\":true}}"

static void require(bool condition)
{
    if (!condition)
        abort();
}

static const struct hs_event event = {
    .received_wall_ns = 1795425300123000000,
    .source = {"fanfare", 7},
    .id = {"whk_1", 5},
    .type = {"queue.consumer.admitted", 23},
    .body = {BODY, sizeof(BODY) - 1},
};

static void fuzz_template(struct hs_config *config, const struct hs_node *node,
                          struct hs_work *work)
{
    struct hs_template *tmpl = hs_template_compile(config, node, node->text);
    require((tmpl == NULL) == (hs_config_findings(config)->errors != 0));
    if (tmpl == NULL)
        return;
    struct hs_buffer out;
    hs_buffer_init(&out, OUT_MAX);
    int code = hs_template_expand(tmpl, work, &out);
    require(code == 0 || (code < 0 && out.size == 0));
    require(code == 0 || !hs_template_is_literal(tmpl));
    hs_buffer_free(&out);
    hs_template_free(tmpl);
}

static void fuzz_condition(struct hs_config *config, const struct hs_node *node,
                           struct hs_work *work)
{
    struct hs_condition *condition = hs_condition_compile(config, node);
    require((condition == NULL) == (hs_config_findings(config)->errors != 0));
    if (condition == NULL)
        return;
    int holds = hs_condition_holds(condition, work);
    require(holds == 0 || holds == 1);
    require(hs_condition_same(condition, condition));
    hs_condition_free(condition);
}

static void fuzz_pattern(struct hs_config *config, const struct hs_node *node)
{
    static const char *const types[] = {"a", "a.b", "queue.consumer.admitted", "a.a.a.a.a.a.b", ""};
    struct hs_pattern pattern;
    if (!hs_pattern_compile(config, node, &pattern))
        return;
    require(pattern.count <= HS_PATTERN_SEGMENTS_MAX + 1);
    require(hs_pattern_compare(&pattern, &pattern) == 0);
    require(hs_pattern_overlap(&pattern, &pattern));
    struct hs_trie *trie = hs_trie_create();
    hs_trie_add(trie, &pattern, 7);
    for (size_t i = 0; i < HS_ARRAY_SIZE(types); i++) {
        uint16_t values[2];
        size_t count = hs_trie_match(trie, hs_slice_text(types[i]), values, HS_ARRAY_SIZE(values));
        require(count == 0 || (count == 1 && values[0] == 7));
    }
    hs_trie_free(trie);
}

static bool is_json(struct hs_slice text)
{
    enum hs_json_kind kind;
    size_t offset;
    return hs_json_scan(text, NULL, 0, &kind, &offset) == 0;
}

static void fuzz_list(struct hs_config *config, struct hs_work *work)
{
    struct hs_slice received = hs_work_event(work)->body;
    const struct hs_node *root = hs_config_root(config);
    if (root == NULL || hs_config_findings(config)->errors != 0)
        return;
    struct hs_transform *transform = hs_transform_compile(config, root);
    require((transform == NULL) == (hs_config_findings(config)->errors != 0));
    if (transform == NULL)
        return;
    require(hs_transform_apply(transform, work) <= 0); /* failed or not, the tree is sound */
    struct hs_slice body;
    require(hs_work_body(work, &body) == 0);
    require(is_json(received) ? is_json(body) && judge_takes(body) : body.data == received.data);
    hs_transform_free(transform);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    /* A node's text ends in a NUL, as the parser of configurations makes it. */
    char *text = malloc(size);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    struct hs_node node = {.kind = HS_NODE_SCALAR, .line = 1, .column = 1};
    node.text = hs_slice(text, size - 1);
    struct hs_event own = event;
    bool list = data[0] == 'l' || data[0] == 'e';
    if (data[0] == 'e') {
        size_t end = strnlen(text, size - 1); /* of the list */
        node.text.size = end;
        own.body = end + 1 < size ? hs_slice(text + end + 1, size - end - 2) : HS_SLICE("");
    }
    struct hs_slice yaml = list ? node.text : HS_SLICE("x: y");
    struct hs_config *config = hs_config_parse("fuzz.yaml", yaml, NULL, NULL);
    struct hs_work *work = hs_work_create();
    hs_work_begin(work, &own);
    if (data[0] == 't')
        fuzz_template(config, &node, work);
    else if (data[0] == 'c')
        fuzz_condition(config, &node, work);
    else if (data[0] == 'p')
        fuzz_pattern(config, &node);
    else if (list)
        fuzz_list(config, work);
    struct hs_slice body;
    require(hs_work_body(work, &body) == 0);
    require(list || body.data == event.body.data);
    hs_work_free(work);
    hs_config_free(config);
    free(text);
    return 0;
}
