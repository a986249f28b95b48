/* Sink: the interface of all kinds, and what they share. Each kind is in a folder of its own. */
#include "kind.h"
#include "probe.h"

#include <hookstream/hash.h>
#include <stdio.h>

#define BACKOFF_DOUBLINGS_MAX 16u
static const char *const outcome_names[] = {
    [HS_DELIVERED] = "delivered",
    [HS_TRANSIENT] = "transient",
    [HS_BLOCKED] = "blocked",
    [HS_PERMANENT] = "permanent",
};

static const char *const state_names[HS_SINK_STATE_COUNT] = {
    [HS_SINK_CONNECTING] = "connecting",
    [HS_SINK_UP] = "up",
    [HS_SINK_BLOCKED] = "blocked",
    [HS_SINK_STOPPED] = "stopped",
};

const char *hs_sink_kind_name(const struct hs_sink_options *options)
{
    return hs_sink_kind(options)->name;
}

bool hs_sink_kind_is_known(const struct hs_sink_options *options)
{
    const struct hs_node *type = hs_node_get(options->node, "type");
    return type != NULL && type->kind == HS_NODE_SCALAR &&
           hs_slice_equal(type->text, hs_slice_text(hs_sink_kind_name(options)));
}

uint64_t hs_sink_place(const struct hs_sink_options *options)
{
    const struct hs_sink_kind *kind = hs_sink_kind(options);
    return kind->place != NULL ? kind->place(options) : 0;
}

struct hs_sink_options *hs_sink_options_for_second(const struct hs_sink_options *options,
                                                   const char *suffix, struct hs_arena *arena)
{
    const struct hs_sink_kind *kind = hs_sink_kind(options);
    size_t size = kind->options->struct_size;
    struct hs_sink_options *copy = hs_arena_alloc(arena, size);
    memcpy(copy, options, size);
    if (kind->make_second != NULL)
        kind->make_second(copy, suffix, arena);
    return copy;
}

const char *hs_outcome_name(enum hs_outcome outcome)
{
    return (unsigned)outcome < HS_ARRAY_SIZE(outcome_names) ? outcome_names[outcome] : "unknown";
}

const char *hs_sink_state_name(enum hs_sink_state state)
{
    return (unsigned)state < HS_SINK_STATE_COUNT ? state_names[state] : "unknown";
}

/* ---- What the kinds share ---- */

uint64_t hs_sink_place_add(uint64_t place, const char *text)
{
    return hs_hash64(hs_slice_text(text != NULL ? text : ""), place);
}

int hs_sink_check_fixed_size(const char *what, size_t size, size_t most)
{
    if (size <= most)
        return 0;
    return hs_fail(-EINVAL, "%s has at most %zu bytes, and without its fields this has %zu already",
                   what, most, size);
}

void hs_sink_init(struct hs_sink *sink, const struct hs_sink_ops *ops,
                  const struct hs_sink_spec *spec)
{
    sink->ops = ops;
    sink->base = spec->base;
    sink->name = spec->name;
    sink->host = *spec->host;
    sink->state = HS_SINK_STATE_COUNT; /* none reported yet */
}

void hs_sink_set_state(struct hs_sink *sink, enum hs_sink_state state, const char *reason,
                       const char *detail)
{
    if (sink->state == state && strcmp(sink->reason, reason) == 0)
        return;
    sink->state = state;
    snprintf(sink->reason, sizeof(sink->reason), "%s", reason);
    sink->host.state(sink->host.context, state, reason, detail);
}

void hs_sink_complete(struct hs_sink *sink, uint64_t sequence, unsigned part,
                      const struct hs_failure *failure, const char *detail)
{
    HS_ASSERT(sink->in_flight > 0);
    sink->in_flight--;
    if (failure == NULL)
        sink->host.completed(sink->host.context, sequence, part, HS_DELIVERED, "", "");
    else
        sink->host.completed(sink->host.context, sequence, part, failure->outcome, failure->label,
                             detail);
}

uint64_t hs_sink_backoff_ms(unsigned failures, uint64_t least, uint64_t most)
{
    uint64_t wait = least << (failures < BACKOFF_DOUBLINGS_MAX ? failures : BACKOFF_DOUBLINGS_MAX);
    if (wait > most)
        wait = most;
    uint64_t random;
    hs_random_bytes(&random, sizeof(random));
    return wait - wait / 4 + random % (wait / 4 + 1);
}

void hs_probe_say(const struct hs_probe *probe, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments); /* a line that is too long is cut */
    va_end(arguments);
    hs_buffer_printf(probe->report, "%s: %s\n", probe->name, text);
}

/* ---- The interface ---- */

int hs_sink_open(struct event_base *base, const char *name, const char *identity,
                 const struct hs_sink_options *options, const struct hs_sink_host *host,
                 struct hs_sink **ret_sink)
{
    struct hs_sink_spec spec = {base, name, identity, options, host};
    return hs_sink_kind(options)->open(&spec, ret_sink);
}

enum hs_submit hs_sink_submit(struct hs_sink *sink, const struct hs_parcel *parcel)
{
    HS_ASSERT(parcel->count > 0 && parcel->count <= HS_PARCEL_MESSAGES_MAX);
    return sink->ops->submit(sink, parcel);
}

void hs_sink_push(struct hs_sink *sink)
{
    sink->ops->push(sink);
}

void hs_sink_skip(struct hs_sink *sink, uint64_t sequence)
{
    sink->ops->skip(sink, sequence);
}

void hs_sink_leave_out(struct hs_sink *sink, uint64_t sequence, uint32_t parts)
{
    sink->ops->leave_out(sink, sequence, parts);
}

size_t hs_sink_in_flight(const struct hs_sink *sink)
{
    return sink->in_flight;
}

void hs_sink_close(struct hs_sink *sink)
{
    if (sink != NULL)
        sink->ops->close(sink);
}

void hs_sink_check(struct hs_config *config, const struct hs_sink_options *options)
{
    hs_sink_kind(options)->check(config, options);
}

void hs_sink_check_client(struct hs_config *config, const char *name,
                          const struct hs_sink_options *options)
{
    const struct hs_sink_kind *kind = hs_sink_kind(options);
    if (kind->check_client != NULL)
        kind->check_client(config, name, options);
}

void hs_sink_probe(const struct hs_probe *probe, const struct hs_sink_options *options,
                   const struct hs_probe_place *places, size_t count)
{
    hs_sink_kind(options)->probe(probe, options, places, count);
}
