/* Parcel: see parcel.h. The standard headers of a message are named as in Standard Webhooks and
 * CloudEvents; a route's own headers come after them. */
#include <hookstream/parcel.h>

#include <string.h>

#define NO_TEXT SIZE_MAX
/* Buffers larger than this are freed at the next parcel. */
#define KEEP_BYTES (1u << 20)

static struct hs_template *must_compile(struct hs_config *config, struct hs_slice text)
{
    struct hs_template *tmpl = hs_template_compile(config, NULL, text);
    HS_ASSERT(tmpl != NULL);
    return tmpl;
}

void hs_parcel_maker_init(struct hs_parcel_maker *maker, struct hs_config *config, unsigned sink)
{
    *maker = (struct hs_parcel_maker){.sink = sink};
    hs_buffer_init(&maker->text, HS_PARCEL_TEXT_MAX);
    hs_buffer_init(&maker->bodies, HS_PARCEL_BODIES_MAX);
    maker->time = must_compile(config, HS_SLICE("{time|}"));
    maker->organization = must_compile(config, HS_SLICE("{organizationId|}"));
}

void hs_parcel_maker_free(struct hs_parcel_maker *maker)
{
    hs_buffer_free(&maker->text);
    hs_buffer_free(&maker->bodies);
    hs_template_free(maker->time);
    hs_template_free(maker->organization);
}

unsigned hs_parcel_parts(const struct hs_parcel_maker *maker, const struct hs_route *route)
{
    unsigned parts = 0;
    for (size_t i = 0; i < route->target_count; i++)
        parts += route->targets[i].sink == maker->sink;
    return parts;
}

static int texts_too_long(void)
{
    return hs_fail(-EMSGSIZE, "the texts of one event's templates exceed %u bytes",
                   HS_PARCEL_TEXT_MAX);
}

/* Expands a template into the text and records its offset. */
static int expand(struct hs_parcel_maker *maker, const struct hs_template *tmpl,
                  struct hs_work *work, size_t *ret_offset, size_t *ret_size)
{
    *ret_offset = maker->text.size;
    int code = hs_template_expand(tmpl, work, &maker->text);
    if (code == 0 && hs_buffer_status(&maker->text) < 0)
        code = texts_too_long();
    if (ret_size != NULL)
        *ret_size = maker->text.size - *ret_offset;
    return code;
}

static void add_fixed(struct hs_message *message, size_t *offsets, struct hs_slice name,
                      struct hs_slice value)
{
    if (value.size == 0 || message->header_count >= HS_MESSAGE_HEADERS_MAX)
        return;
    offsets[message->header_count] = NO_TEXT;
    message->headers[message->header_count++] = (struct hs_header){name, value};
}

/* Adds a header from a template; an empty value omits the header. */
static int add_expanded(struct hs_parcel_maker *maker, struct hs_message *message, size_t *offsets,
                        struct hs_slice name, const struct hs_template *tmpl, struct hs_work *work)
{
    if (message->header_count >= HS_MESSAGE_HEADERS_MAX)
        return 0;
    size_t offset, size;
    int code = expand(maker, tmpl, work, &offset, &size);
    if (code < 0 || size == 0)
        return code;
    offsets[message->header_count] = offset;
    message->headers[message->header_count++] = (struct hs_header){name, {NULL, size}};
    return 0;
}

/* Adds a copy of a value that may move with the next edit. */
static int add_copied(struct hs_parcel_maker *maker, struct hs_message *message, size_t *offsets,
                      const struct hs_header *header)
{
    if (message->header_count >= HS_MESSAGE_HEADERS_MAX)
        return 0;
    offsets[message->header_count] = maker->text.size;
    hs_buffer_append_slice(&maker->text, header->value);
    if (hs_buffer_status(&maker->text) < 0)
        return texts_too_long();
    message->headers[message->header_count++] =
        (struct hs_header){header->name, {NULL, header->value.size}};
    return 0;
}

/* Adds the transformations' headers, and the body's content type if they set none. */
static int body_headers(struct hs_parcel_maker *maker, struct hs_work *work,
                        struct hs_message *message, size_t *offsets)
{
    const struct hs_header *headers;
    size_t count = hs_work_headers(work, &headers);
    bool typed = false;
    int code = 0;
    for (size_t i = 0; code == 0 && i < count; i++) {
        typed = typed || hs_slice_equal(headers[i].name, HS_SLICE("content-type"));
        code = add_copied(maker, message, offsets, &headers[i]);
    }
    if (!typed)
        add_fixed(message, offsets, HS_SLICE("content-type"), HS_SLICE("application/json"));
    return code;
}

static int add_headers(struct hs_parcel_maker *maker, const struct hs_target *target,
                       struct hs_work *work, struct hs_message *message, size_t *offsets)
{
    const struct hs_event *event = hs_work_event(work);
    add_fixed(message, offsets, HS_SLICE("webhook-id"), event->id);
    add_fixed(message, offsets, HS_SLICE("webhook-type"), event->type);
    int code =
        add_expanded(maker, message, offsets, HS_SLICE("webhook-timestamp"), maker->time, work);
    if (code == 0)
        code = add_expanded(maker, message, offsets, HS_SLICE("organization-id"),
                            maker->organization, work);
    add_fixed(message, offsets, HS_SLICE("traceparent"),
              hs_event_header(event, HS_SLICE("traceparent")));
    if (code == 0)
        code = body_headers(maker, work, message, offsets);
    for (size_t i = 0; code == 0 && i < target->options->headers.count; i++)
        code = add_expanded(maker, message, offsets,
                            hs_slice_text(target->options->headers.items[i].name),
                            target->headers[i], work);
    return code;
}

static int make_message(struct hs_parcel_maker *maker, const struct hs_target *target,
                        unsigned part, struct hs_work *work)
{
    const struct hs_event *event = hs_work_event(work);
    size_t at = maker->count;
    struct hs_message *message = &maker->messages[at];
    maker->targets[at] = target;
    message->part = part;
    message->header_count = 0;
    message->key = HS_SLICE_NONE;
    message->timestamp_ms = event->received_wall_ns / UINT64_C(1000000);
    message->target = target->options;
    int code = expand(maker, target->destination, work, &maker->offsets[at].destination,
                      &message->destination.size);
    maker->offsets[at].key = NO_TEXT;
    if (code == 0 && target->key != NULL)
        code =
            expand(maker, target->key, work, &maker->offsets[at].key, &maker->offsets[at].key_size);
    if (code == 0 && target->kind->has_headers)
        code = add_headers(maker, target, work, message, maker->offsets[at].headers);
    add_fixed(message, maker->offsets[at].headers, HS_SLICE(HS_RESEND_HEADER),
              hs_event_resend(event));
    maker->count += code == 0;
    maker->made |= code == 0 ? (uint32_t)1 << part : 0;
    return code;
}

/* The text no longer moves: offsets become slices. */
static void settle_message(struct hs_parcel_maker *maker, size_t at)
{
    struct hs_message *message = &maker->messages[at];
    const char *text = maker->text.data;
    if (maker->offsets[at].body != NO_TEXT)
        message->body.data = maker->bodies.data + maker->offsets[at].body;
    message->destination.data = text + maker->offsets[at].destination;
    if (maker->offsets[at].key != NO_TEXT)
        message->key = hs_slice(text + maker->offsets[at].key, maker->offsets[at].key_size);
    for (size_t i = 0; i < message->header_count; i++)
        if (maker->offsets[at].headers[i] != NO_TEXT)
            message->headers[i].value.data = text + maker->offsets[at].headers[i];
}

static int check_destinations(const struct hs_parcel_maker *maker)
{
    for (size_t i = 0; i < maker->count; i++) {
        const struct hs_target *target = maker->targets[i];
        /* A literal was checked at compilation. */
        if (hs_template_is_literal(target->destination))
            continue;
        int code = target->kind->check_destination(maker->messages[i].destination);
        if (code < 0)
            return code;
    }
    return 0;
}

/* ---- Selecting targets and editing for them ---- */

/* A parcel under construction. */
struct making {
    struct hs_parcel_maker *maker;
    const struct hs_route *route;
    struct hs_work *work;
    uint32_t chosen; /* parts */
    bool edited;     /* a selected target has transformations: each body is kept separately */
    bool changed;    /* the event holds a target's edits */
};

static bool edits(const struct hs_target *target)
{
    return !hs_transform_is_empty(target->transform);
}

/* Evaluates every target of the sink in `parts`. */
static int choose(struct making *making, uint32_t parts)
{
    const struct hs_route *route = making->route;
    unsigned part = 0;
    for (size_t i = 0; i < route->target_count; i++) {
        const struct hs_target *target = &route->targets[i];
        if (target->sink != making->maker->sink)
            continue;
        int takes = parts >> part & 1 ? hs_target_takes(target, making->work) : 0;
        if (takes < 0)
            return takes;
        if (takes > 0) {
            making->chosen |= (uint32_t)1 << part;
            making->edited = making->edited || edits(target);
        }
        part++;
    }
    return 0;
}

/* Brings the event into the form that the target should see. */
static int edit(struct making *making, const struct hs_target *target)
{
    int code = 0;
    if (making->changed) {
        hs_work_revert(making->work);
        code = hs_transform_apply(making->route->transform, making->work);
        making->changed = false;
    }
    if (code == 0 && edits(target)) {
        making->changed = true;
        code = hs_transform_apply(target->transform, making->work);
    }
    return code;
}

/* Sets the next message's body: the current one of the work, or a copy if the next target's edits
 * would change it. */
static int put_body(struct making *making)
{
    struct hs_parcel_maker *maker = making->maker;
    struct hs_message *message = &maker->messages[maker->count];
    int code = hs_work_body(making->work, &message->body);
    maker->offsets[maker->count].body = NO_TEXT;
    if (code < 0 || !making->edited || message->body.data == hs_work_event(making->work)->body.data)
        return code;
    maker->offsets[maker->count].body = maker->bodies.size;
    hs_buffer_append_slice(&maker->bodies, message->body);
    if (hs_buffer_status(&maker->bodies) == 0)
        return 0;
    return hs_fail(-EMSGSIZE, "the bodies that the targets make of one event exceed %u bytes",
                   HS_PARCEL_BODIES_MAX);
}

static int make_messages(struct making *making, const char **ret_reason)
{
    const struct hs_route *route = making->route;
    unsigned part = 0;
    for (size_t i = 0; i < route->target_count; i++) {
        const struct hs_target *target = &route->targets[i];
        if (target->sink != making->maker->sink)
            continue;
        if (making->chosen >> part & 1) {
            *ret_reason = "transform";
            int code = edit(making, target);
            if (code == 0)
                code = put_body(making);
            if (code < 0)
                return code;
            *ret_reason = "template";
            code = make_message(making->maker, target, part, making->work);
            if (code < 0)
                return code;
        }
        part++;
    }
    return 0;
}

int hs_parcel_make(struct hs_parcel_maker *maker, const struct hs_route *route,
                   struct hs_work *work, uint32_t parts, const char **ret_reason)
{
    struct making making = {.maker = maker, .route = route, .work = work};
    maker->count = 0;
    maker->made = 0;
    hs_buffer_clear(&maker->text);
    hs_buffer_clear(&maker->bodies);
    if (maker->bodies.capacity > KEEP_BYTES)
        hs_buffer_free(&maker->bodies);
    *ret_reason = "condition";
    int code = choose(&making, parts);
    if (code < 0 || making.chosen == 0)
        return code;
    *ret_reason = "transform";
    code = hs_transform_apply(route->transform, work);
    if (code == 0)
        code = make_messages(&making, ret_reason);
    if (code < 0)
        return code;
    for (size_t i = 0; i < maker->count; i++)
        settle_message(maker, i);
    *ret_reason = "destination";
    return check_destinations(maker);
}
