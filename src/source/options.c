/* Source options: the tables of one source and of its `verify`. */
#include <hookstream/clock.h>
#include <hookstream/doc.h>
#include <hookstream/source.h>
#include <hookstream/text.h>

#include <stddef.h>

#define SECRETS_MAX 16u
#define PATH_MAX_SIZE 1024u

#define VERIFY(field) offsetof(struct hs_verify_options, field)
#define SOURCE(field) offsetof(struct hs_source_options, field)

static const char *const ack_names[] = {"received", "durable", "delivered", NULL};
static const char *const invalid_names[] = {"dead_letter", "reject", NULL};

static const struct hs_option verify_rows[] = {
    {.name = "scheme",
     .kind = HS_OPTION_CHOICE,
     .offset = VERIFY(scheme),
     .choices = hs_scheme_names,
     .required = true,
     .example = "fanfare",
     .help = "How the sender signs. fanfare: HMAC-SHA256 over timestamp and body "
             "(docs/answers.md)."},
    {.name = "secrets",
     .kind = HS_OPTION_NODE,
     .offset = VERIFY(secrets),
     .form = "secrets",
     .secret = HS_SECRET_SIGNATURE,
     .required = true,
     .help = "The endpoint's secrets, any of which may have signed (several while one is "
             "replaced): a list, or a mapping of name to secret. Empty ones are left out. The "
             "metric signature_secret_total says which one matched.",
     .example = "[\"${FANFARE_SECRET}\", \"${FANFARE_SECRET_OLD:-}\"]"},
    {.name = "max_age",
     .kind = HS_OPTION_DURATION,
     .offset = VERIFY(max_age_ns),
     .fallback = "300s",
     .least = HS_NS_PER_SECOND,
     .most = 86400 * HS_NS_PER_SECOND,
     .help = "Requests with an older timestamp are refused (401)."},
    {.name = "max_future",
     .kind = HS_OPTION_DURATION,
     .offset = VERIFY(max_future_ns),
     .fallback = "60s",
     .least = 0,
     .most = 86400 * HS_NS_PER_SECOND,
     .help = "Requests with a timestamp further ahead of our clock are refused (401)."},
};

static void add_secret(struct hs_config *config, struct hs_verify_options *options,
                       const char *name, const struct hs_node *node)
{
    if (node->kind != HS_NODE_SCALAR) {
        hs_config_error(config, HS_FINDING_WRONG_SHAPE, node,
                        "a secret is a text, such as \"${FANFARE_SECRET}\"");
        return;
    }
    if (node->text.size == 0)
        return;
    options->secret_items[options->secret_count++] = (struct hs_secret){name, node->text};
}

/* What is left out is as the scheme's row has it. */
static void take_defaults(const struct hs_node *node, struct hs_verify_options *options)
{
    const struct hs_scheme *scheme = hs_source_scheme(options);
    if (node == NULL || hs_node_get(node, "max_age") == NULL)
        options->max_age_ns = scheme->max_age_ns;
    if (node == NULL || hs_node_get(node, "max_future") == NULL)
        options->max_future_ns = scheme->max_future_ns;
}

static void check_verify(struct hs_config *config, const struct hs_node *node, void *bound)
{
    struct hs_verify_options *options = bound;
    take_defaults(node, options);
    const struct hs_node *secrets = options->secrets;
    if (secrets == NULL)
        return; /* reported already: it is required */
    if (secrets->kind == HS_NODE_SCALAR) {
        hs_config_error(config, HS_FINDING_WRONG_SHAPE, secrets,
                        "secrets is a list, such as [\"${FANFARE_SECRET}\"]");
        return;
    }
    if (secrets->count > SECRETS_MAX) {
        hs_config_error(config, HS_FINDING_TOO_MANY, secrets, "too many secrets: at most %u",
                        SECRETS_MAX);
        return;
    }
    struct hs_arena *arena = hs_config_arena(config);
    options->secret_items =
        hs_arena_alloc(arena, (secrets->count + 1) * sizeof(*options->secret_items));
    for (size_t i = 0; i < secrets->count; i++) {
        const char *name = secrets->kind == HS_NODE_MAP ? secrets->keys[i]->text.data
                                                        : hs_arena_printf(arena, "%zu", i + 1);
        add_secret(config, options, name, secrets->items[i]);
    }
    if (options->secret_count == 0 && hs_config_findings(config)->errors == 0)
        hs_config_error(config, HS_FINDING_NO_SECRET, secrets,
                        "no secret is left: all are empty. Set at least one, else nothing could "
                        "be verified");
}

static const struct hs_options verify_table = {
    .name = "verify",
    .title = "How a request is proved genuine",
    .options = verify_rows,
    .option_count = HS_ARRAY_SIZE(verify_rows),
    .struct_size = sizeof(struct hs_verify_options),
    .node_offset = SIZE_MAX,
    .check = check_verify,
};

static const struct hs_option source_rows[] = {
    {.name = "path",
     .kind = HS_OPTION_STRING,
     .offset = SOURCE(path),
     .required = true,
     .help = "Path of the URL that the sender posts to, from the first slash on.",
     .example = "/webhooks/fanfare"},
    {.name = "verify",
     .kind = HS_OPTION_TABLE,
     .offset = SOURCE(verify),
     .child = &verify_table,
     .required = true,
     .help = "How a request is proved genuine."},
    {.name = "ack",
     .kind = HS_OPTION_CHOICE,
     .offset = SOURCE(ack),
     .choices = ack_names,
     .fallback = "durable",
     .help = "When the sender gets its 202. received: at once (a crash may lose the event); "
             "durable: when it is synced to the journal; delivered: when every sink of the event "
             "has confirmed it."},
    {.name = "on_invalid",
     .kind = HS_OPTION_CHOICE,
     .offset = SOURCE(on_invalid),
     .choices = invalid_names,
     .fallback = "dead_letter",
     .help = "A genuine request that is not JSON or not an envelope. dead_letter: kept and "
             "answered 202; reject: 400."},
    {.name = "rate_limit",
     .kind = HS_OPTION_COUNT,
     .offset = SOURCE(rate_limit),
     .fallback = "0",
     .least = 0,
     .most = 1000000,
     .help = "Requests a second, in bursts of a second; more get 429 with Retry-After. 0: no "
             "limit."},
    {.name = "catalogue",
     .kind = HS_OPTION_STRING,
     .offset = SOURCE(catalogue),
     .help =
         "A file that says which event types and fields the sender has (docs/catalogue.md); its "
         "path goes from the configuration's folder. Left out, it is the built-in one of the "
         "scheme; `none`: nothing is known, and nothing is held against it.",
     .example = "shop-events.yaml"},
};

/* Whether a segment is `.` or `..`, which clients resolve before they send. */
static bool has_dots(struct hs_slice path)
{
    for (size_t at = 0; at < path.size;) {
        size_t size = 0;
        while (at + size < path.size && path.data[at + size] != '/')
            size++;
        if ((size == 1 || size == 2) && memcmp(path.data + at, "..", size) == 0)
            return true;
        at += size + 1;
    }
    return false;
}

static bool has_wrong_escape(struct hs_slice path)
{
    for (size_t i = 0; i < path.size; i++)
        if (path.data[i] == '%' && (i + 2 >= path.size || hs_hex_value(path.data[i + 1]) < 0 ||
                                    hs_hex_value(path.data[i + 2]) < 0))
            return true;
    return false;
}

static bool holds_one_of(struct hs_slice path, const char *bytes)
{
    for (size_t i = 0; i < path.size; i++)
        if (path.data[i] != '\0' && strchr(bytes, path.data[i]) != NULL)
            return true;
    return false;
}

static bool has_unseen(struct hs_slice path)
{
    for (size_t i = 0; i < path.size; i++)
        if ((unsigned char)path.data[i] <= ' ' || (unsigned char)path.data[i] >= 0x7f)
            return true;
    return false;
}

/* Why no request could arrive at this path; NULL: it is sound. */
static const char *path_fault(struct hs_slice path)
{
    if (path.size == 0 || path.data[0] != '/')
        return "a path begins with a slash, such as /webhooks/fanfare";
    if (path.size > PATH_MAX_SIZE)
        return "a path has at most 1024 characters";
    if (has_unseen(path))
        return "a path has no spaces, control characters or letters outside of ASCII; those of a "
               "URL are written with % and two hex digits";
    if (holds_one_of(path, "?#"))
        return "a path has no ? and no #: what follows them in a URL is not part of it";
    if (holds_one_of(path, "*{}") || memmem(path.data, path.size, "/:", 2) != NULL)
        return "a path is compared as it is, so `*`, {name} and :name match nothing: give each "
               "path a source of its own";
    if (holds_one_of(path, "\\<>[]^`|\""))
        return "a path has only letters, digits and -._~!$&'()+,;=:@% between its slashes";
    if (memmem(path.data, path.size, "//", 2) != NULL)
        return "a path has one slash at a time";
    if (has_dots(path))
        return "a path has no `.` or `..` between slashes: a client takes them out before it sends";
    return has_wrong_escape(path) ? "a % in a path needs two hex digits after it" : NULL;
}

static void check_source(struct hs_config *config, const struct hs_node *node, void *bound)
{
    const struct hs_source_options *options = bound;
    const struct hs_node *path = node != NULL ? hs_node_get(node, "path") : NULL;
    if (path == NULL || options->path == NULL || path->kind != HS_NODE_SCALAR)
        return;
    const char *fault = path_fault(path->text);
    if (fault != NULL)
        hs_config_error(config, HS_FINDING_SOURCE_PATH, path,
                        "%s cannot be the path of a source: %s", hs_config_quote(config, path),
                        fault);
}

const struct hs_options hs_source_option_table = {
    .name = "sources.*",
    .title = "A source",
    .options = source_rows,
    .option_count = HS_ARRAY_SIZE(source_rows),
    .struct_size = sizeof(struct hs_source_options),
    .node_offset = SIZE_MAX,
    .check = check_source,
};

static bool is_same_path(const char *one, const char *other)
{
    return one != NULL && other != NULL &&
           hs_slice_equal(hs_source_path(hs_slice_text(one)), hs_source_path(hs_slice_text(other)));
}

void hs_source_check_paths(struct hs_config *config, const struct hs_children *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        const struct hs_source_options *one = hs_children_at(sources, i);
        for (size_t k = 0; k < i; k++) {
            const struct hs_source_options *other = hs_children_at(sources, k);
            if (!is_same_path(one->path, other->path))
                continue;
            hs_config_error(
                config, HS_FINDING_SOURCE_PATH_TAKEN, hs_node_get(sources->nodes[i], "path"),
                "source `%s` has the path `%s` of source `%s`%s: every source needs its "
                "own",
                sources->names[i], other->path, sources->names[k],
                strcmp(one->path, other->path) != 0 ? " (a slash at the end makes no difference)"
                                                    : "");
        }
    }
}

void hs_source_schema(struct json_object *definitions)
{
    hs_doc_put_literal(definitions, "secrets",
                       "{\"anyOf\":[{\"type\":\"array\",\"minItems\":1,"
                       "\"items\":{\"type\":[\"string\",\"number\",\"null\"]}},"
                       "{\"type\":\"object\",\"minProperties\":1,"
                       "\"additionalProperties\":{\"type\":[\"string\",\"number\",\"null\"]}}]}");
}

const struct hs_scheme *hs_source_scheme_of(const struct hs_children *sources, struct hs_slice name)
{
    for (size_t i = 0; i < sources->count; i++) {
        const struct hs_source_options *source = hs_children_at(sources, i);
        if (hs_slice_equal(hs_slice_text(sources->names[i]), name))
            return hs_source_scheme(&source->verify);
    }
    return hs_schemes[0];
}
