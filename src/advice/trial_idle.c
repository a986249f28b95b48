/* Trial idle: whether an item changes the sample that it is done to. Asked of the full sample only,
 * which has every field that the type can have. */
#include "trial_state.h"

struct seeking {
    struct hs_json_tree *tree;
    bool first_only; /* the others say how, not what */
    bool texts_only;
    bool asked, found;
};

static int note_found(void *context, struct hs_json_tree *tree, hs_json_node node)
{
    struct seeking *seeking = context;
    enum hs_json_kind kind = hs_json_node_kind(tree, node);
    bool other = kind != HS_JSON_STRING && kind != HS_JSON_ARRAY && kind != HS_JSON_OBJECT;
    seeking->found = seeking->found || !seeking->texts_only || !other;
    return 0;
}

static void seek(void *context, const struct hs_use *use)
{
    struct seeking *seeking = context;
    struct hs_json_path path;
    if (use->kind == HS_USE_WRITE || (seeking->first_only && seeking->asked) ||
        hs_json_path_parse(hs_slice_text(use->path), &path) < 0)
        return;
    seeking->asked = true;
    HS_IGNORE(hs_json_each(seeking->tree, &path, note_found, seeking)); /* it cannot fail */
    hs_json_path_free(&path);
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Operations that do nothing at all where none of their fields is there. */
static bool needs_its_fields(const char *operation)
{
    static const char *const those[] = {"remove", "rename", "copy",   "redact", "mask",
                                        "hash",   "lower",  "upper",  "trim",   "truncate",
                                        "cast",   "time",   "unwrap", "decimal"};
    return is_one_of(operation, those, HS_ARRAY_SIZE(those));
}

/* Operations that leave a number or boolean as it is. */
static bool changes_texts(const char *operation)
{
    static const char *const those[] = {"lower", "upper", "trim"};
    return is_one_of(operation, those, HS_ARRAY_SIZE(those));
}

static bool finds_nothing(struct hs_json_tree *tree, const struct hs_transform *list, size_t index)
{
    struct hs_transform_item item = hs_transform_at(list, index);
    struct seeking seeking = {.tree = tree,
                              .first_only = strcmp(item.operation, "decimal") == 0 ||
                                            strcmp(item.operation, "time") == 0,
                              .texts_only = changes_texts(item.operation)};
    if (item.inside != NULL) { /* a list: all of its items */
        size_t count = hs_transform_count(item.inside);
        for (size_t i = 0; i < count; i++)
            if (!finds_nothing(tree, item.inside, i))
                return false;
        return count > 0;
    }
    if (!needs_its_fields(item.operation))
        return false;
    hs_transform_uses(list, index, seek, &seeking);
    return seeking.asked && !seeking.found;
}

/* A jq program that may be about values which no sample has. */
static bool decides(const struct hs_node *program)
{
    static const char *const words[] = {"if",  "select", "==",      "!=",         "<",
                                        ">",   "test",   "match",   "startswith", "endswith",
                                        "sub", "has",    "contains"};
    if (program == NULL || program->kind != HS_NODE_SCALAR)
        return true;
    for (size_t i = 0; i < HS_ARRAY_SIZE(words); i++) {
        struct hs_slice word = hs_slice_text(words[i]);
        if (memmem(program->text.data, program->text.size, word.data, word.size) != NULL)
            return true;
    }
    return false;
}

/* Operations of which the full sample shows whether they change anything: what the others make of
 * a value may leave it as it is, as `lower` does. */
static bool shows(const struct hs_transform_item *item)
{
    static const char *const those[] = {"copy", "set", "cast"};
    return !item->skips &&
           (is_one_of(item->operation, those, HS_ARRAY_SIZE(those)) ||
            (strcmp(item->operation, "jq") == 0 && !decides(hs_node_get(item->node, "jq"))));
}

void hs_trial_begin_idle(struct hs_trial *trial, const struct hs_transform *list, size_t index,
                         struct hs_trial_idle *ret_idle)
{
    struct hs_transform_item item = hs_transform_at(list, index);
    struct hs_json_tree *tree;
    struct hs_slice body;
    *ret_idle = (struct hs_trial_idle){false, false};
    if (trial->variant->kind != HS_VARIANT_FULL || hs_work_tree(trial->work, &tree) < 0)
        return;
    ret_idle->finds_nothing = finds_nothing(tree, list, index);
    if (!shows(&item) || hs_work_body(trial->work, &body) < 0)
        return;
    ret_idle->compares = true;
    hs_buffer_clear(&trial->before);
    hs_buffer_append_slice(&trial->before, body);
}

bool hs_trial_leaves_all(struct hs_trial *trial, const struct hs_trial_idle *idle)
{
    struct hs_slice body;
    return idle->compares && hs_work_body(trial->work, &body) == 0 &&
           hs_slice_equal(body, hs_buffer_slice(&trial->before));
}
