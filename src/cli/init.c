/* init: writes a first configuration for chosen families and sinks. The catalogue tells which
 * fields a family has and which of them must be hidden. */
#include "command.h"

#include <hookstream/buffer.h>
#include <hookstream/catalogue.h>
#include <hookstream/open.h>
#include <hookstream/sink_kind.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MAX 32u
#define PAGE_MAX (1u << 20)

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_init = {
    .name = "init",
    .summary = "Write a first configuration for families of events and sinks.",
    .help = "Every family gets a route with a sensible key; credentials are removed and personal "
            "data is hidden. The head of the file says what to set, create and do next.",
    .operands = "",
    .run = run,
};

static const char sinks_help[] = "Kinds of sinks:"
#define HS_SINK_KIND(name, destination) " " #name
#include <hookstream/sink_kind.def>
#undef HS_SINK_KIND
                                 "; or all.";

struct names {
    struct hs_slice items[NAMES_MAX];
    size_t count;
};

struct plan {
    const struct hs_catalogue *catalogue;
    const char *source;
    struct names families, sinks;
};

static bool has(const struct names *names, struct hs_slice name)
{
    for (size_t i = 0; i < names->count; i++)
        if (hs_slice_equal(names->items[i], name))
            return true;
    return false;
}

static void add(struct names *names, struct hs_slice name)
{
    if (names->count < NAMES_MAX && !has(names, name))
        names->items[names->count++] = name;
}

static struct hs_slice before(struct hs_slice text, char end)
{
    const char *at = text.size > 0 ? memchr(text.data, end, text.size) : NULL;
    return at != NULL ? hs_slice(text.data, (size_t)(at - text.data)) : text;
}

/* As for the sinks, each name is a table's text, which ends in NUL. */
static struct names all_families(const struct hs_catalogue *catalogue)
{
    struct names all = {.count = 0};
    for (size_t i = 0; i < catalogue->count; i++) {
        struct hs_slice family = before(hs_slice_text(catalogue->types[i].name), '.');
        add(&all, hs_slice_text(hs_catalogue_family(family)));
    }
    return all;
}

static struct names all_sinks(void)
{
    struct names all = {.count = 0};
    for (int i = 0; i < HS_SINK_KIND_COUNT; i++)
        if (hs_sink_kinds[i]->init.sink != NULL)
            add(&all, hs_slice_text(hs_sink_kinds[i]->name));
    return all;
}

/* Reports why the names are invalid, and lists the valid ones. */
static int refuse_names(const struct hs_command *command, const char *why,
                        const struct names *known)
{
    struct hs_buffer list;
    hs_buffer_init(&list, PAGE_MAX);
    for (size_t i = 0; i < known->count; i++)
        hs_buffer_printf(&list, "%s%.*s", i > 0 ? ", " : "", HS_SLICE_ARG(known->items[i]));
    (void)hs_command_fail(command, 0, "%s Available: %.*s", why,
                          HS_SLICE_ARG(hs_buffer_slice(&list)));
    hs_buffer_free(&list);
    return HS_EXIT_USAGE;
}

static int refuse_unknown(const struct hs_command *command, const char *option,
                          struct hs_slice name, const struct names *known)
{
    const char *list[NAMES_MAX];
    for (size_t i = 0; i < known->count; i++)
        list[i] = known->items[i].data;
    const char *near = hs_nearest_name(name, list, known->count);
    (void)hs_fail(-EINVAL, "%s has no `%.*s`%s%s%s", option, HS_SLICE_ARG(name),
                  near ? ", did you mean `" : "", near ? near : "", near ? "`?" : ".");
    return refuse_names(command, hs_error_text(), known);
}

/* Splits "a,b" into names, each of which must be one of `known`. */
static int read_names(const struct hs_command *command, const char *option, const char *text,
                      const struct names *known, struct names *ret_names)
{
    *ret_names = (struct names){.count = 0};
    for (struct hs_slice rest = hs_slice_text(text != NULL ? text : ""); rest.size > 0;) {
        struct hs_slice one = before(rest, ',');
        size_t used = one.size < rest.size ? one.size + 1 : one.size;
        rest = hs_slice(rest.data + used, rest.size - used);
        one = hs_slice_trim(one);
        bool all = hs_slice_equal(one, HS_SLICE("all"));
        if (one.size > 0 && !all && !has(known, one))
            return refuse_unknown(command, option, one, known);
        if (one.size > 0 && !all)
            add(ret_names, one);
        for (size_t i = 0; all && i < known->count; i++)
            add(ret_names, known->items[i]);
    }
    if (ret_names->count > 0)
        return HS_EXIT_GOOD;
    (void)hs_fail(-EINVAL, "say which %s, separated by commas.", option);
    return refuse_names(command, hs_error_text(), known);
}

/* ---- A family's fields in the catalogue ---- */

static bool is_of(const struct hs_event_type *type, struct hs_slice family)
{
    return hs_slice_equal(before(hs_slice_text(type->name), '.'), family);
}

/* Paths of the family's fields that are credentials, or personal. */
static struct names hidden_paths(const struct plan *plan, struct hs_slice family, bool credentials)
{
    struct names paths = {.count = 0};
    for (size_t i = 0; i < plan->catalogue->count; i++) {
        const struct hs_event_type *type = &plan->catalogue->types[i];
        for (size_t f = 0; is_of(type, family) && f < type->field_count; f++)
            if (credentials ? type->fields[f].credential
                            : type->fields[f].personal && !type->fields[f].credential)
                add(&paths, hs_slice_text(type->fields[f].path));
    }
    return paths;
}

static bool always_has(const struct plan *plan, struct hs_slice family, const char *path)
{
    bool any = false;
    for (size_t i = 0; i < plan->catalogue->count; i++) {
        const struct hs_event_type *type = &plan->catalogue->types[i];
        if (!is_of(type, family))
            continue;
        const struct hs_catalogue_field *field = hs_event_type_field(type, hs_slice_text(path));
        if (field == NULL || field->optional || field->nullable)
            return false;
        any = true;
    }
    return any;
}

/* The id of the family's subject, if all its events have it; otherwise the first id that all have;
 * otherwise the event's own. */
static void put_key(const struct plan *plan, struct hs_slice family, struct hs_buffer *page)
{
    char own[128];
    snprintf(own, sizeof(own), "data.%.*sId", HS_SLICE_ARG(family));
    const char *key = always_has(plan, family, own) ? own : NULL;
    for (size_t i = 0; key == NULL && i < plan->catalogue->count; i++) {
        const struct hs_event_type *type = &plan->catalogue->types[i];
        for (size_t f = 0; key == NULL && is_of(type, family) && f < type->field_count; f++)
            if (type->fields[f].type == HS_FIELD_ID && !type->fields[f].personal &&
                strncmp(type->fields[f].path, "data.", 5) == 0 &&
                always_has(plan, family, type->fields[f].path))
                key = type->fields[f].path;
    }
    hs_buffer_printf(page, "{%s}", key != NULL ? key : "id");
}

/* ---- The page ---- */

static void put_hidden(const struct names *paths, const char *operation, const char *why,
                       struct hs_buffer *page)
{
    if (paths->count == 0)
        return;
    hs_buffer_printf(page, "      # %s\n      - %s: [", why, operation);
    for (size_t i = 0; i < paths->count; i++)
        hs_buffer_printf(page, "%s\"%.*s\"", i > 0 ? ", " : "", HS_SLICE_ARG(paths->items[i]));
    hs_buffer_append_text(page, "]\n");
}

/* A text of a kind's row, with $SOURCE, $FAMILY and $KEY replaced. */
static void put_text(const struct plan *plan, struct hs_slice family, const char *text,
                     struct hs_buffer *page)
{
    static const struct hs_slice source = {"$SOURCE", 7}, of_family = {"$FAMILY", 7},
                                 key = {"$KEY", 4};
    for (struct hs_slice rest = hs_slice_text(text); rest.size > 0;) {
        size_t used = 1;
        if (hs_slice_starts_with(rest, source)) {
            hs_buffer_append_text(page, plan->source);
            used = source.size;
        } else if (hs_slice_starts_with(rest, of_family)) {
            hs_buffer_append(page, family.data, family.size);
            used = of_family.size;
        } else if (hs_slice_starts_with(rest, key)) {
            put_key(plan, family, page);
            used = key.size;
        } else {
            hs_buffer_append_byte(page, rest.data[0]);
        }
        rest = hs_slice(rest.data + used, rest.size - used);
    }
}

static void put_target(const struct plan *plan, struct hs_slice family,
                       const struct hs_sink_kind *kind, struct hs_buffer *page)
{
    hs_buffer_printf(page, "      - {sink: %s, ", kind->name);
    put_text(plan, family, kind->init.target, page);
    hs_buffer_append_text(page, "}\n");
}

/* The row of the i-th kind if it is wanted, else NULL. */
static const struct hs_sink_kind *wanted(const struct plan *plan, size_t i)
{
    return has(&plan->sinks, hs_slice_text(hs_sink_kinds[i]->name)) ? hs_sink_kinds[i] : NULL;
}

static void put_route(const struct plan *plan, struct hs_slice family, struct hs_buffer *page)
{
    struct names credentials = hidden_paths(plan, family, true);
    struct names personal = hidden_paths(plan, family, false);
    hs_buffer_printf(page, "\n  - name: %.*s\n    match: %.*s\n", HS_SLICE_ARG(family),
                     HS_SLICE_ARG(family));
    if (credentials.count + personal.count > 0)
        hs_buffer_append_text(page, "    transform:\n");
    put_hidden(&credentials, "remove", "A credential: whoever has it gets in, so no sink gets it.",
               page);
    put_hidden(&personal, "redact",
               "Personal. `hash` would instead give equal values equal pseudonyms.", page);
    hs_buffer_append_text(page, "    to:\n");
    for (size_t i = 0; i < plan->sinks.count; i++)
        for (size_t k = 0; k < HS_SINK_KIND_COUNT; k++)
            if (hs_slice_equal(plan->sinks.items[i], hs_slice_text(hs_sink_kinds[k]->name)))
                put_target(plan, family, hs_sink_kinds[k], page);
}

static void put_sinks(const struct plan *plan, struct hs_buffer *page)
{
    hs_buffer_append_text(page, "\nsinks:\n");
    for (size_t i = 0; i < HS_SINK_KIND_COUNT; i++)
        if (wanted(plan, i) != NULL)
            hs_buffer_append_text(page, wanted(plan, i)->init.sink);
}

/* An event type of the first family, for trying things out. */
static const char *sample_type(const struct plan *plan)
{
    size_t at = 0;
    while (at + 1 < plan->catalogue->count &&
           !is_of(&plan->catalogue->types[at], plan->families.items[0]))
        at++;
    return plan->catalogue->types[at].name;
}

/* What to set, and what must be created. */
static void put_needs(const struct plan *plan, struct hs_buffer *page)
{
    hs_buffer_append_text(page, "# To set in the environment:\n"
                                "#   FANFARE_SECRET   the endpoint's secret, as at the sender\n");
    for (size_t i = 0; i < HS_SINK_KIND_COUNT; i++)
        if (wanted(plan, i) != NULL)
            hs_buffer_append_text(page, wanted(plan, i)->init.needs);
    for (size_t i = 0; i < HS_SINK_KIND_COUNT; i++) {
        const struct hs_sink_kind *kind = wanted(plan, i);
        if (kind == NULL || kind->init.create == NULL)
            continue;
        hs_buffer_append_text(page, kind->init.create);
        for (size_t k = 0; k < plan->families.count; k++)
            put_text(plan, plan->families.items[k], kind->init.create_each, page);
    }
}

static void put_steps(const struct plan *plan, struct hs_buffer *page)
{
    const char *sample = sample_type(plan);
    hs_buffer_printf(page,
                     "# Next, with FILE for this file; the last one in another terminal:\n"
                     "#   hookstream check -c FILE             is it right?\n"
                     "#   hookstream check --online -c FILE    are the servers there, and what it "
                     "names on them?\n"
                     "#   hookstream explain -c FILE --type %s    what would become of an event?\n"
                     "#   hookstream run -c FILE\n"
                     "#   hookstream send -c FILE --type %s    a sample, which arrives at every "
                     "sink\n",
                     sample, sample);
}

static void put_page(const struct plan *plan, struct hs_buffer *page)
{
    hs_buffer_append_text(page, "# A first configuration, written by `hookstream init`. All "
                                "options: docs/configuration.md.\n"
                                "#\n");
    put_needs(plan, page);
    put_steps(plan, page);
    hs_buffer_printf(
        page,
        "\nserver:\n  listen: 127.0.0.1:8080   # 0.0.0.0:8080 lets others in\n"
        "\nadmin:\n  listen: 127.0.0.1:9464   # metrics, health: not for the internet\n"
        "\njournal:\n  path: \"${HOOKSTREAM_JOURNAL:-journal}\"   # on a disk that stays\n"
        "\nsources:\n  %s:\n    path: /webhooks/%s\n    verify:\n      scheme: fanfare\n"
        "      secrets: [\"${FANFARE_SECRET}\"]\n",
        plan->source, plan->source);
    put_sinks(plan, page);
    hs_buffer_append_text(page, "\nroutes:");
    for (size_t i = 0; i < plan->families.count; i++)
        put_route(plan, plan->families.items[i], page);
    hs_buffer_append_text(page, "\ndefault: dead_letter   # what no route takes is kept\n");
}

/* An existing file stays unchanged. */
static int write_file(const struct hs_command *command, const char *path,
                      const struct hs_buffer *page)
{
    int file = hs_open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (file < 0)
        return hs_command_fail(command, HS_EXIT_BAD, "%s: %s", path,
                               errno == EEXIST ? "exists already and was not changed"
                                               : strerror(errno));
    size_t done = 0;
    ssize_t wrote = 0;
    while (done < page->size &&
           ((wrote = write(file, page->data + done, page->size - done)) >= 0 || errno == EINTR))
        done += wrote > 0 ? (size_t)wrote : 0;
    int failed = done < page->size ? errno : 0;
    if (close(file) < 0 && failed == 0)
        failed = errno;
    if (failed != 0)
        return hs_command_fail(command, HS_EXIT_BAD, "%s: %s", path, strerror(failed));
    fprintf(stderr,
            "Wrote %s. Next: set FANFARE_SECRET, then run hookstream check -c %s; the head of "
            "the file says what else to set, create and do\n",
            path, path);
    return HS_EXIT_GOOD;
}

static bool is_name(const char *name)
{
    struct hs_slice text = hs_slice_text(name);
    return text.size > 0 && text.size <= 48 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
               text.size;
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    const char *families = NULL, *sinks = NULL, *path = NULL;
    struct plan plan = {.catalogue = hs_catalogue_fanfare(), .source = "fanfare"};
    const struct hs_arg args[] = {
        {"families", 'f', HS_ARG_TEXT, &families, "A,B",
         "Families of events: order,queue; or all."},
        {"sinks", 's', HS_ARG_TEXT, &sinks, "A,B", sinks_help},
        {"source", 0, HS_ARG_TEXT, &plan.source, "NAME", "Name of the source; fanfare."},
        {"output", 'o', HS_ARG_TEXT, &path, "FILE", "A new file (else standard output)."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    struct names known_families = all_families(plan.catalogue), known_sinks = all_sinks();
    code = read_names(command, "--families", families, &known_families, &plan.families);
    if (code == HS_EXIT_GOOD)
        code = read_names(command, "--sinks", sinks, &known_sinks, &plan.sinks);
    if (code != HS_EXIT_GOOD)
        return code;
    if (!is_name(plan.source))
        return hs_command_fail(command, HS_EXIT_USAGE,
                               "--source takes up to 48 letters, digits, _ and -");
    struct hs_buffer page;
    hs_buffer_init(&page, PAGE_MAX);
    put_page(&plan, &page);
    if (path != NULL)
        code = write_file(command, path, &page);
    else
        hs_command_print(&page, stdout);
    hs_buffer_free(&page);
    return code;
}
