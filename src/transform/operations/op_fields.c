/* Operations that remove fields or hide them entirely: remove, keep, redact. */
#include "operation.h"
#include "words.h"

#include <stdlib.h>

#define REDACTED_MAX 4096u

static void free_fields(struct hs_operation *operation)
{
    if (operation->state != NULL)
        hs_fields_free(operation->state);
    free(operation->state);
}

/* ---- remove ---- */

static bool compile_remove(struct hs_config *config, const struct hs_node *node,
                           struct hs_operation *operation)
{
    struct hs_fields *fields = operation->state = hs_alloc(sizeof(*fields));
    bool good = hs_fields_bind(config, node, "transform.remove", HS_USE_EDIT, operation, fields);
    operation->parts = fields->count;
    return good;
}

static int remove_node(void *context, struct hs_json_tree *tree, hs_json_node node)
{
    hs_json_remove(tree, node);
    return 0;
}

static int apply_remove(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    const struct hs_fields *fields = operation->state;
    return hs_each_value(work, &fields->paths[part], "remove", remove_node, NULL);
}

const struct hs_operation_kind hs_operation_remove = {
    .name = "remove",
    .form = HS_FORM_FIELDS,
    .table = &hs_fields_table,
    .help = "Removes fields, whatever they hold.",
    .example = "[data.admissionToken, \"data.items[*].cost\"]",
    .compile = compile_remove,
    .apply = apply_remove,
    .free = free_fields,
};

/* ---- keep: one part, since the fields are kept together ---- */

struct keep {
    struct hs_fields fields;
    const struct hs_json_path **paths; /* in the form that hs_json_keep() needs */
};

static void free_keep(struct hs_operation *operation)
{
    struct keep *keep = operation->state;
    if (keep != NULL)
        free(keep->paths);
    free_fields(operation);
}

static bool compile_keep(struct hs_config *config, const struct hs_node *node,
                         struct hs_operation *operation)
{
    struct keep *keep = operation->state = hs_alloc(sizeof(*keep));
    bool good =
        hs_fields_bind(config, node, "transform.keep", HS_USE_KEEP, operation, &keep->fields);
    keep->paths = hs_alloc_array(keep->fields.count + 1, sizeof(const struct hs_json_path *));
    for (size_t i = 0; i < keep->fields.count; i++)
        keep->paths[i] = &keep->fields.paths[i];
    operation->parts = 1;
    return good;
}

static int apply_keep(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    const struct keep *keep = operation->state;
    struct hs_json_tree *tree;
    int code = hs_work_tree(work, &tree);
    if (code == 0)
        hs_json_keep(tree, keep->paths, keep->fields.count);
    return code;
}

const struct hs_operation_kind hs_operation_keep = {
    .name = "keep",
    .form = HS_FORM_FIELDS,
    .table = &hs_fields_table,
    .help = "Removes everything that is not named, including the envelope's `id`, `type`, "
            "`timestamp` and `organizationId`: name what to keep.",
    .example = "[id, type, timestamp, data.orderId, data.amount]",
    .compile = compile_keep,
    .apply = apply_keep,
    .free = free_keep,
};

/* ---- redact ---- */

struct redact_options {
    struct hs_strings fields;
    const char *with;
};

static const struct hs_option redact_rows[] = {
    {.name = "fields",
     .kind = HS_OPTION_STRINGS,
     .offset = offsetof(struct redact_options, fields),
     .required = true,
     .help = "Paths of the fields to redact.",
     .example = "[data.fullName]"},
    {.name = "with",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct redact_options, with),
     .fallback = "[redacted]",
     .help = "The text that takes their place."},
};

static const struct hs_options redact_table = {.name = "transform.redact",
                                               .title = "redact",
                                               .options = redact_rows,
                                               .option_count = HS_ARRAY_SIZE(redact_rows),
                                               .struct_size = sizeof(struct redact_options),
                                               .node_offset = SIZE_MAX};

struct redact {
    struct hs_fields fields;
    struct hs_buffer json; /* the text, as a JSON string */
};

/* The replacement of each field found. */
struct redacting {
    const struct redact *redact;
    struct hs_work *work;
};

static bool compile_redact(struct hs_config *config, const struct hs_node *node,
                           struct hs_operation *operation)
{
    struct redact_options bound;
    struct redact *redact = operation->state = hs_alloc(sizeof(*redact));
    bool good = hs_operation_bind(config, node, &redact_table, &bound);
    good = hs_fields_compile(config, good ? node : NULL, &bound.fields, operation, HS_USE_EDIT,
                             &redact->fields) &&
           good;
    hs_buffer_init(&redact->json, REDACTED_MAX);
    hs_json_encode_string(hs_slice_text(bound.with), &redact->json);
    if (hs_buffer_status(&redact->json) < 0) {
        hs_config_error(config, HS_FINDING_TOO_LONG, node, "the text of `with` exceeds %u bytes",
                        REDACTED_MAX);
        good = false;
    }
    operation->parts = redact->fields.count;
    return good;
}

static int redact_node(void *context, struct hs_json_tree *tree, hs_json_node node)
{
    const struct redacting *redacting = context;
    if (hs_json_node_kind(tree, node) == HS_JSON_NULL)
        return 0;
    struct hs_slice json = hs_buffer_slice(&redacting->redact->json);
    int code = hs_work_charge(redacting->work, json, 0);
    if (code == 0)
        hs_json_replace(tree, node, json);
    return code;
}

static int apply_redact(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    const struct redact *redact = operation->state;
    struct redacting redacting = {redact, work};
    return hs_each_value(work, &redact->fields.paths[part], "redact", redact_node, &redacting);
}

static void free_redact(struct hs_operation *operation)
{
    struct redact *redact = operation->state;
    if (redact != NULL)
        hs_buffer_free(&redact->json);
    free_fields(operation);
}

const struct hs_operation_kind hs_operation_redact = {
    .name = "redact",
    .form = HS_FORM_FIELDS,
    .table = &redact_table,
    .help = "Replaces fields, whatever they hold, with the text `[redacted]` or that of `with`; "
            "null stays null.",
    .example = "[data.fullName]`, `redact: {fields: [data.fullName], with: \"***\"}",
    .compile = compile_redact,
    .apply = apply_redact,
    .free = free_redact,
};
