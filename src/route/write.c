/* Write: a router's decisions as text that compiles to the same decisions. */
#include "router.h"

#include <hookstream/json.h>

/* Appends a quoted scalar; variable references stay as they are. */
static void add_text(struct hs_buffer *text, struct hs_slice value)
{
    struct hs_buffer quoted;
    hs_buffer_init(&quoted, text->ceiling);
    hs_json_encode_string(value, &quoted);
    for (size_t i = 0; i < quoted.size; i++) {
        if (quoted.data[i] == '$' && i + 1 < quoted.size && quoted.data[i + 1] == '{')
            hs_buffer_append_byte(text, '$');
        hs_buffer_append_byte(text, quoted.data[i]);
    }
    hs_buffer_free(&quoted);
}

static void add_names(struct hs_buffer *text, const char *const *names, size_t count)
{
    hs_buffer_append_byte(text, '[');
    for (size_t i = 0; i < count; i++) {
        hs_buffer_append_text(text, i > 0 ? ", " : "");
        add_text(text, hs_slice_text(names[i]));
    }
    hs_buffer_append_byte(text, ']');
}

static void add_choice(struct hs_buffer *text, const struct hs_condition *when, uint32_t sample)
{
    if (when != NULL) {
        hs_buffer_append_text(text, ", when: ");
        add_text(text, hs_condition_text(when));
    }
    if (sample != 0) {
        hs_buffer_append_text(text, ", sample: ");
        hs_sample_write(sample, text);
    }
}

static void add_targets(struct hs_buffer *text, const struct hs_route *route,
                        const struct hs_children *sinks)
{
    hs_buffer_append_byte(text, '[');
    for (size_t i = 0; i < route->target_count; i++) {
        hs_buffer_append_text(text, i > 0 ? ", {sink: " : "{sink: ");
        const struct hs_target *target = &route->targets[i];
        add_text(text, hs_slice_text(sinks->names[target->sink]));
        hs_buffer_append_text(text, ", file: x");
        add_choice(text, target->when, target->sample);
        hs_buffer_append_byte(text, '}');
    }
    hs_buffer_append_byte(text, ']');
}

static void add_route(struct hs_buffer *text, const struct hs_entry *entry,
                      const struct hs_children *sinks)
{
    hs_buffer_append_text(text, "  - {name: ");
    add_text(text, hs_slice_text(entry->route.name));
    hs_buffer_append_text(text, ", match: ");
    add_text(text, hs_slice_text(entry->route.match));
    if (entry->sources.count > 0) {
        hs_buffer_append_text(text, ", sources: ");
        add_names(text, entry->sources.items, entry->sources.count);
    }
    add_choice(text, entry->when, entry->route.sample);
    hs_buffer_append_text(text, ", to: ");
    add_targets(text, &entry->route, sinks);
    hs_buffer_append_text(text, "}\n");
}

static void add_sinks(struct hs_buffer *text, const struct hs_children *sinks)
{
    hs_buffer_append_text(text, "sinks:\n");
    for (size_t i = 0; i < sinks->count; i++) {
        hs_buffer_append_text(text, "  ");
        add_text(text, hs_slice_text(sinks->names[i]));
        hs_buffer_append_text(text, ": {type: file, path: x}\n");
    }
}

void hs_router_write_any(const struct hs_children *sinks, struct hs_buffer *ret_text)
{
    add_sinks(ret_text, sinks);
    hs_buffer_append_text(ret_text, "sources: []\nroutes: []\ndefault: [");
    for (size_t i = 0; i < sinks->count; i++) {
        hs_buffer_append_text(ret_text, i > 0 ? ", {sink: " : "{sink: ");
        add_text(ret_text, hs_slice_text(sinks->names[i]));
        hs_buffer_append_text(ret_text, ", file: x}");
    }
    hs_buffer_append_text(ret_text, "]\n");
}

void hs_router_write(const struct hs_router *router, const struct hs_children *sinks,
                     const struct hs_children *sources, struct hs_buffer *ret_text)
{
    add_sinks(ret_text, sinks);
    hs_buffer_append_text(ret_text, "sources: ");
    add_names(ret_text, sources->names, sources->count);
    hs_buffer_append_text(ret_text, router->count > 0 ? "\nroutes:\n" : "\nroutes: []\n");
    for (size_t i = 0; i < router->count; i++)
        add_route(ret_text, &router->entries[i], sinks);
    hs_buffer_append_text(ret_text, "default: ");
    if (router->fallback == HS_DEFAULT_TARGETS)
        add_targets(ret_text, &router->fallback_route, sinks);
    else
        hs_buffer_append_text(ret_text,
                              router->fallback == HS_DEFAULT_DROP ? "drop" : "dead_letter");
    hs_buffer_append_byte(ret_text, '\n');
}
