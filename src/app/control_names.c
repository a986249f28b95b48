/* Control names: whether the names in a filter of dead letters exist at all. A name found neither
 * in the configuration nor in a letter is a typo, which "0 dead letters" would hide. */
#include "control.h"

#include <hookstream/sink_kind.h>

#include <stdlib.h>

/* The reasons of dead letters besides those of the sinks (a test compares them with the sources).
 */
static const char *const own_reasons[] = {
    "not_json",  "not_envelope", "no_route", "not_matched", "rerouted",
    "condition", "transform",    "template", "destination", "unknown",
};

struct name {
    const char *what;
    const char *wanted; /* or NULL */
    const char *const *known;
    size_t known_count;
    bool found;
};

static bool is_known(const struct name *name)
{
    if (name->wanted == NULL)
        return true;
    for (size_t i = 0; i < name->known_count; i++)
        if (strcmp(name->known[i], name->wanted) == 0)
            return true;
    return false;
}

static void look_at(struct name names[4], const struct hs_letter *letter)
{
    const struct hs_slice has[] = {letter->reason, letter->route, letter->sink,
                                   letter->event.source};
    for (size_t i = 0; i < HS_ARRAY_SIZE(has); i++)
        if (!names[i].found)
            names[i].found = hs_slice_equal(has[i], hs_slice_text(names[i].wanted));
}

static bool all_found(const struct name names[4])
{
    return names[0].found && names[1].found && names[2].found && names[3].found;
}

/* Sources, routes and sinks removed from the configuration may still have letters. */
static int look_through(const struct hs_control *control, struct name names[4])
{
    struct hs_letter_reader *reader;
    struct hs_letter letter;
    int code = hs_letter_reader_open(control->letters, 1, &reader);
    if (code < 0)
        return code;
    while (!all_found(names) && (code = hs_letter_reader_next(reader, &letter)) > 0)
        look_at(names, &letter);
    hs_letter_reader_close(reader);
    return code < 0 ? code : 0;
}

static int refuse(const struct name *name)
{
    const char *near = hs_nearest_name(hs_slice_text(name->wanted), name->known, name->known_count);
    bool of_program = strcmp(name->what, "reason") == 0;
    const char *where = of_program ? "to hookstream" : "in the configuration";
    if (near != NULL)
        return hs_fail(-EINVAL,
                       "no %s `%s` is known %s, and no dead letter has it: did you mean `%s`?",
                       name->what, name->wanted, where, near);
    return hs_fail(-EINVAL, "no %s `%s` is known %s, and no dead letter has it", name->what,
                   name->wanted, where);
}

/* The caller frees them with free(). */
static const char **list_reasons(size_t *ret_count)
{
    size_t count = HS_ARRAY_SIZE(own_reasons), at = 0;
    for (size_t i = 0; i < HS_SINK_KIND_COUNT; i++)
        for (const char *const *one = hs_sink_kinds[i]->letter_reasons; *one != NULL; one++)
            count++;
    const char **reasons = hs_alloc_array(count, sizeof(*reasons));
    for (; at < HS_ARRAY_SIZE(own_reasons); at++)
        reasons[at] = own_reasons[at];
    for (size_t i = 0; i < HS_SINK_KIND_COUNT; i++)
        for (const char *const *one = hs_sink_kinds[i]->letter_reasons; *one != NULL; one++)
            reasons[at++] = *one;
    *ret_count = count;
    return reasons;
}

/* The caller frees them with free(). */
static const char **list_routes(const struct hs_control *control, size_t *ret_count)
{
    const struct hs_router *router = hs_resender_router(control->resender);
    size_t count = hs_router_count(router);
    const char **routes = hs_alloc_array(count + 1, sizeof(*routes));
    for (size_t i = 0; i < count; i++)
        routes[i] = hs_router_at(router, i)->name;
    routes[count] = "default";
    *ret_count = count + 1;
    return routes;
}

int hs_control_check_names(const struct hs_control *control, const struct hs_letter_names *wanted)
{
    const struct hs_children none = {0};
    const struct hs_settings *settings = control->settings;
    const struct hs_children *sinks = wanted->sink != NULL ? &settings->sinks : &none;
    const struct hs_children *sources = wanted->source != NULL ? &settings->sources : &none;
    size_t reason_count, route_count;
    const char **reasons = list_reasons(&reason_count);
    const char **routes = list_routes(control, &route_count);
    struct name names[4] = {
        {"reason", wanted->reason, reasons, reason_count, false},
        {"route", wanted->route, routes, route_count, false},
        {"sink", wanted->sink, sinks->names, sinks->count, false},
        {"source", wanted->source, sources->names, sources->count, false},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(names); i++)
        names[i].found = is_known(&names[i]);
    int code = all_found(names) ? 0 : look_through(control, names);
    for (size_t i = 0; i < HS_ARRAY_SIZE(names) && code == 0; i++)
        if (!names[i].found)
            code = refuse(&names[i]);
    free(reasons);
    free(routes);
    return code;
}
