/* Load: reads a catalogue file into the same structs as the built-in one. */
#include <hookstream/catalogue.h>
#include <hookstream/json.h>

static void *take(struct hs_config *config, size_t count, size_t size)
{
    return hs_arena_alloc(hs_config_arena(config), count > 0 ? count * size : 1);
}

static enum hs_field_type read_type(struct hs_config *config, const struct hs_node *node)
{
    const char *names[HS_FIELD_ANY + 1];
    for (unsigned i = 0; i <= HS_FIELD_ANY; i++) {
        names[i] = hs_field_type_name((enum hs_field_type)i);
        if (node->kind == HS_NODE_SCALAR && hs_slice_equal(hs_slice_text(names[i]), node->text))
            return (enum hs_field_type)i;
    }
    const char *near = hs_nearest_name(node->text, names, HS_ARRAY_SIZE(names));
    hs_config_error(config, HS_FINDING_CATALOGUE_FIELD, node,
                    "%s is not a field type%s%s%s: text, integer, number, boolean, time, money, "
                    "currency, id, object, array or any",
                    hs_config_quote(config, node), near ? ", did you mean `" : "", near ? near : "",
                    near ? "`" : "");
    return HS_FIELD_ANY;
}

static bool read_flag(struct hs_config *config, const struct hs_node *node)
{
    if (hs_slice_equal(node->text, HS_SLICE("true")))
        return true;
    if (node->kind != HS_NODE_SCALAR || !hs_slice_equal(node->text, HS_SLICE("false")))
        hs_config_error(config, HS_FINDING_CATALOGUE_FIELD, node, "%s is neither true nor false",
                        hs_config_quote(config, node));
    return false;
}

static const char *read_text(struct hs_config *config, const struct hs_node *node)
{
    const char *text = NULL;
    return hs_config_read_text(config, node, &text) ? text : NULL;
}

/* A sample that is not valid JSON of the field's type is reported here, not in the event. */
static void check_sample(struct hs_config *config, const struct hs_node *node,
                         const struct hs_catalogue_field *field)
{
    if (field->sample == NULL || field->sample[0] == '<')
        return;
    bool number = field->type == HS_FIELD_INTEGER || field->type == HS_FIELD_NUMBER;
    if (field->type == HS_FIELD_OBJECT || field->type == HS_FIELD_ARRAY)
        hs_config_error(config, HS_FINDING_CATALOGUE_SAMPLE, node,
                        "an object or array has no sample of its own: its fields have");
    for (const char *at = field->sample; number || field->type == HS_FIELD_BOOLEAN;) {
        size_t size = strcspn(at, "|"), offset;
        enum hs_json_kind kind = HS_JSON_NULL;
        int code = hs_json_scan(hs_slice(at, size), NULL, 0, &kind, &offset);
        bool boolean = kind == HS_JSON_TRUE || kind == HS_JSON_FALSE;
        if (code != 0 || (number ? kind != HS_JSON_NUMBER : !boolean))
            hs_config_error(config, HS_FINDING_CATALOGUE_SAMPLE, node,
                            "the sample %s is not a valid %s", hs_config_quote(config, node),
                            hs_field_type_name(field->type));
        if (at[size] == '\0')
            return;
        at += size + 1;
    }
}

static void read_field(struct hs_config *config, const struct hs_node *key,
                       const struct hs_node *node, struct hs_catalogue_field *field)
{
    static const char *const known[] = {"type",       "optional",   "nullable", "personal",
                                        "credential", "deprecated", "help",     "sample"};
    bool *const flags[] = {NULL,
                           &field->optional,
                           &field->nullable,
                           &field->personal,
                           &field->credential,
                           &field->deprecated};
    *field = (struct hs_catalogue_field){.path = key->text.data, .type = HS_FIELD_ANY};
    if (node->kind != HS_NODE_MAP) {
        hs_config_error(config, HS_FINDING_CATALOGUE_FIELD, node,
                        "a field is a mapping, such as {type: id, optional: true}");
        return;
    }
    if (hs_node_get(node, "type") == NULL)
        hs_config_error(config, HS_FINDING_CATALOGUE_FIELD, key,
                        "`%s` has no type, such as {type: id}", field->path);
    for (size_t i = 0; i < node->count; i++) {
        size_t which = 0;
        while (which < HS_ARRAY_SIZE(known) &&
               !hs_slice_equal(hs_slice_text(known[which]), node->keys[i]->text))
            which++;
        if (which == HS_ARRAY_SIZE(known))
            hs_config_unknown_key(config, HS_FINDING_UNKNOWN_KEY, node->keys[i], "a field", known,
                                  HS_ARRAY_SIZE(known));
        else if (which == 0)
            field->type = read_type(config, node->items[i]);
        else if (which < HS_ARRAY_SIZE(flags))
            *flags[which] = read_flag(config, node->items[i]);
        else if (which == 6)
            field->help = read_text(config, node->items[i]);
        else
            field->sample = read_text(config, node->items[i]);
    }
    const struct hs_node *sample = hs_node_get(node, "sample");
    if (sample != NULL)
        check_sample(config, sample, field);
}

/* Where the parent's path ends: 0 for a member of the event itself. */
static size_t parent_size(struct hs_slice path)
{
    size_t size = path.size;
    while (size > 0 && path.data[size - 1] != '.' && path.data[size - 1] != '[')
        size--;
    return size > 0 ? size - 1 : 0;
}

/* A field's parent must come before it and have a type that can contain it. */
static void check_parent(struct hs_config *config, const struct hs_node *key,
                         const struct hs_event_type *type)
{
    struct hs_slice path = key->text;
    struct hs_slice parent = hs_slice(path.data, parent_size(path));
    if (parent.size == 0)
        return;
    bool element = path.data[parent.size] == '[';
    const struct hs_catalogue_field *found = hs_event_type_field(type, parent);
    enum hs_field_type wanted = element ? HS_FIELD_ARRAY : HS_FIELD_OBJECT;
    if (found == NULL || found->type != wanted)
        hs_config_error(config, HS_FINDING_CATALOGUE_FIELD, key,
                        "`%.*s` needs `%.*s: {type: %s}` before it", HS_SLICE_ARG(path),
                        HS_SLICE_ARG(parent), hs_field_type_name(wanted));
    if (element && !hs_slice_equal(hs_slice(path.data + parent.size, path.size - parent.size),
                                   HS_SLICE("[*]")))
        hs_config_error(config, HS_FINDING_CATALOGUE_FIELD, key,
                        "`%.*s`: array elements are written [*]", HS_SLICE_ARG(path));
}

static void read_event_type(struct hs_config *config, const struct hs_node *key,
                            const struct hs_node *node, struct hs_event_type *type)
{
    static const char *const known[] = {"help", "fields"};
    *type = (struct hs_event_type){.name = key->text.data};
    const struct hs_node *fields = NULL;
    if (node->kind == HS_NODE_MAP)
        fields = hs_node_get(node, "fields");
    if (fields == NULL || fields->kind != HS_NODE_MAP) {
        hs_config_error(config, HS_FINDING_CATALOGUE_TYPES, node,
                        "type `%s` needs `fields`, a mapping of path to field", type->name);
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        if (hs_slice_equal(node->keys[i]->text, HS_SLICE("help")))
            type->help = read_text(config, node->items[i]);
        else if (!hs_slice_equal(node->keys[i]->text, HS_SLICE("fields")))
            hs_config_unknown_key(config, HS_FINDING_UNKNOWN_KEY, node->keys[i], "a type", known,
                                  HS_ARRAY_SIZE(known));
    }
    struct hs_catalogue_field *rows = take(config, fields->count, sizeof(*rows));
    type->fields = rows;
    for (size_t i = 0; i < fields->count; i++) {
        read_field(config, fields->keys[i], fields->items[i], &rows[i]);
        check_parent(config, fields->keys[i], type);
        type->field_count = i + 1;
    }
}

static struct hs_config *read_file(struct hs_config *config,
                                   const struct hs_catalogue **ret_catalogue)
{
    static const char *const known[] = {"types"};
    struct hs_catalogue *catalogue = take(config, 1, sizeof(*catalogue));
    *catalogue = (struct hs_catalogue){.name = hs_config_file(config)};
    *ret_catalogue = catalogue;
    const struct hs_node *root = hs_config_root(config), *types = NULL;
    if (root != NULL && root->kind == HS_NODE_MAP)
        types = hs_node_get(root, "types");
    if (types == NULL || types->kind != HS_NODE_MAP || types->count == 0) {
        if (hs_config_findings(config)->errors == 0)
            hs_config_error(config, HS_FINDING_CATALOGUE_TYPES, root,
                            "a catalogue has `types`, a mapping of name to type");
        return config;
    }
    for (size_t i = 0; i < root->count; i++)
        if (!hs_slice_equal(root->keys[i]->text, HS_SLICE("types")))
            hs_config_unknown_key(config, HS_FINDING_UNKNOWN_KEY, root->keys[i], "a catalogue",
                                  known, 1);
    struct hs_event_type *rows = take(config, types->count, sizeof(*rows));
    for (size_t i = 0; i < types->count; i++)
        read_event_type(config, types->keys[i], types->items[i], &rows[i]);
    catalogue->types = rows;
    catalogue->count = types->count;
    return config;
}

struct hs_config *hs_catalogue_load(const char *path, const struct hs_catalogue **ret_catalogue)
{
    return read_file(hs_config_load(path, NULL, NULL), ret_catalogue);
}

struct hs_config *hs_catalogue_parse(const char *name, struct hs_slice text,
                                     const struct hs_catalogue **ret_catalogue)
{
    return read_file(hs_config_parse(name, text, NULL, NULL), ret_catalogue);
}
