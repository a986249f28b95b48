/* Value: what `set` and `default` assign, and writing a value to the place of a path. */
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

/* What YAML 1.1 does not read as a text, but hookstream does. */
static const struct yaml_word {
    const char *word, *meant;
} yaml_words[] = {
    {"true", "true"}, {"yes", "true"},  {"on", "true"},   {"false", "false"},
    {"no", "false"},  {"off", "false"}, {"null", "null"}, {"none", "null"},
    {"nil", "null"},  {".nan", "null"}, {".inf", "null"}, {"-.inf", "null"},
};

/* The intended value of a text that is not a JSON number: +1, .5, 1_000, 0x1F, 007. */
static const char *meant_number(struct hs_slice text)
{
    size_t digits = 0;
    bool hex = text.size > 2 && text.data[0] == '0' && (text.data[1] | 0x20) == 'x';
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool digit =
            (c >= '0' && c <= '9') || (hex && i > 1 && (c | 0x20) >= 'a' && (c | 0x20) <= 'f');
        if (!digit && strchr("+-._", c) == NULL && !(hex && i == 1))
            return NULL;
        digits += digit;
    }
    bool sign = text.data[0] == '+' || text.data[0] == '-' || text.data[0] == '.';
    bool begins = sign || (text.data[0] >= '0' && text.data[0] <= '9');
    size_t points = 0, dashes = 0;
    for (size_t i = 1; i < text.size; i++) {
        points += text.data[i] == '.';
        dashes += text.data[i] == '-' || text.data[i] == '+';
    }
    return digits > 0 && begins && points < 2 && dashes == 0 ? "a number in decimal digits" : NULL;
}

/* An unquoted True, yes, NULL or 0x1F is a text here: returns what its author probably meant. */
static const char *meant_instead(const struct hs_node *node)
{
    if (node->quoted || node->secret || node->text.size == 0)
        return NULL;
    for (size_t i = 0; i < HS_ARRAY_SIZE(yaml_words); i++)
        if (hs_slice_equal_nocase(node->text, hs_slice_text(yaml_words[i].word)))
            return yaml_words[i].meant;
    return meant_number(node->text);
}

static void warn_of_word(struct hs_config *config, const struct hs_node *node, const char *name)
{
    const char *meant = meant_instead(node);
    const char *shown = meant != NULL ? hs_config_quote(config, node) : "";
    if (meant != NULL)
        hs_config_warning(config, HS_FINDING_YAML_WORD, node,
                          "`%s` sets the field to the text %s: for a JSON value write %s, for "
                          "the text use quotes",
                          name, shown, meant);
}

bool hs_value_compile(struct hs_config *config, const struct hs_node *node,
                      struct hs_operation *operation, struct hs_value *ret_value)
{
    const char *name = operation->kind->name;
    if (node->kind != HS_NODE_SCALAR) {
        hs_config_error(config, HS_FINDING_SET_VALUE, node,
                        "`%s` sets the field to one value, not %s; quote a template, such as "
                        "\"{received}\"",
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
    warn_of_word(config, node, name);
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
    size_t name_bytes = strlen(path->text); /* strlen: from the configuration */
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
