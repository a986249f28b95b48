/* Value: what `set` and `default` give a field, and putting a value where a path leads. */
#include "operation.h"
#include "words.h"

#include <stdlib.h>

static bool is_token(const struct hs_node *node)
{
    enum hs_json_kind kind;
    size_t offset;
    return !node->quoted && hs_json_scan(node->text, NULL, 0, &kind, &offset) == 0 &&
           kind <= HS_JSON_NUMBER;
}

bool hs_value_compile(struct hs_config *config, const struct hs_node *node,
                      struct hs_operation *operation, struct hs_value *ret_value)
{
    const char *name = operation->kind->name;
    if (node->kind != HS_NODE_SCALAR) {
        hs_config_error(config, HS_FINDING_SET_VALUE, node,
                        "`%s` gives a field one value, not %s; a template stands in quotes, "
                        "such as \"{received}\"",
                        name, hs_config_quote(config, node));
        return false;
    }
    if (!node->quoted && (node->text.size == 0 || hs_slice_equal(node->text, HS_SLICE("~")))) {
        hs_config_error(config, HS_FINDING_SET_VALUE, node,
                        "there is no value: write null, or \"\" for an empty text");
        return false;
    }
    if (is_token(node)) {
        ret_value->token = hs_slice_dup(hs_slice_trim(node->text));
        return true;
    }
    ret_value->tmpl = hs_template_compile(config, node, node->text);
    hs_operation_uses_template(operation, ret_value->tmpl);
    return ret_value->tmpl != NULL;
}

void hs_value_free(struct hs_value *value)
{
    free(value->token);
    hs_template_free(value->tmpl);
    *value = (struct hs_value){0};
}

int hs_value_json(const struct hs_value *value, struct hs_work *work, const char *operation,
                  const char *path, struct hs_slice *ret_json)
{
    if (value->token != NULL) {
        *ret_json = hs_slice_text(value->token);
        return 0;
    }
    struct hs_buffer *text = hs_work_scratch(work, HS_SCRATCH_TEXT);
    struct hs_buffer *json = hs_work_scratch(work, HS_SCRATCH_JSON);
    int code = hs_template_expand(value->tmpl, work, text);
    if (code < 0) {
        char why[160];
        hs_copy_words(why, sizeof(why));
        return hs_fail(code, "%s %s: %s", operation, path, why);
    }
    hs_json_encode_string(hs_buffer_slice(text), json);
    if (hs_buffer_status(text) < 0 || hs_buffer_status(json) < 0)
        return hs_fail(-EMSGSIZE, "%s %s: the text %s", operation, path, HS_WORK_TOO_LONG);
    *ret_json = hs_buffer_slice(json);
    return 0;
}

int hs_put(struct hs_work *work, struct hs_json_tree *tree, const char *operation,
           const struct hs_json_path *path, struct hs_slice json)
{
    size_t name_bytes = strlen(path->text); /* strlen: out of the configuration */
    int code = hs_work_charge(work, json, name_bytes);
    if (code < 0)
        return code;
    code = hs_json_set(tree, path, json);
    if (code == 0)
        return 0;
    char why[160];
    hs_copy_words(why, sizeof(why));
    return hs_fail(code, "%s: %s", operation, why);
}
