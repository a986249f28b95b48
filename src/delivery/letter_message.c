/* Letter message: see letter_message.h. Every letter has these headers if they apply; the target's
 * own follow. A letter's body may not be JSON, so templates are limited to what is known without
 * it. */
#include "letter_message.h"

#include <hookstream/resend.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX (64u << 10) /* destination, key and header values of one message */
#define OWN_HEADERS_MAX (HS_EVENT_HEADERS_MAX - 11u)

struct hs_letter_maker {
    struct hs_route *route;
    const struct hs_target *target; /* its only one */
    struct hs_work *work;
    struct hs_buffer text;
    struct hs_message message;
    char attempts[24], number[24];
};

/* ---- Compiling ---- */

static const char *const known_words[] = {"id", "type", "family", "source", "received"};

static void check_use(void *context, const struct hs_use *use)
{
    struct hs_config *config = context;
    for (size_t i = 0; i < HS_ARRAY_SIZE(known_words); i++)
        if (strcmp(use->path, known_words[i]) == 0)
            return;
    hs_config_error(
        config, HS_FINDING_FORWARD, use->node,
        "the body of a dead letter may not be JSON, so {%s} is unavailable: use {id}, {type}, "
        "{family}, {source} and {received}",
        use->path);
}

static void check_target(struct hs_config *config, const struct hs_node *forward,
                         const struct hs_target *target)
{
    static const char *const no_use[] = {"when", "sample", "transform", "accept"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(no_use); i++)
        if (hs_node_get(forward, no_use[i]) != NULL)
            hs_config_error(config, HS_FINDING_FORWARD, hs_node_get(forward, no_use[i]),
                            "a dead letter is forwarded as it was received: omit `%s`", no_use[i]);
    const struct hs_sink_kind *kind = target->kind;
    if (kind->no_letters != NULL)
        hs_config_error(config, HS_FINDING_FORWARD, forward,
                        "dead letters cannot be forwarded to a %s sink: %s", kind->name,
                        kind->no_letters);
    const char *json = kind->needs_json != NULL ? kind->needs_json(target->options) : NULL;
    if (json != NULL)
        hs_config_error(config, HS_FINDING_FORWARD, hs_node_get(forward, json),
                        "the body of a dead letter may not be JSON: omit `%s`", json);
    const struct hs_pairs *headers = &target->options->headers;
    if (headers->count > OWN_HEADERS_MAX)
        hs_config_error(config, HS_FINDING_FORWARD, headers->items[OWN_HEADERS_MAX].name_node,
                        "the target of dead letters has at most %u headers of its own",
                        OWN_HEADERS_MAX);
    hs_template_uses(target->destination, check_use, config);
    if (target->key != NULL)
        hs_template_uses(target->key, check_use, config);
    for (size_t i = 0; i < headers->count; i++)
        hs_template_uses(target->headers[i], check_use, config);
}

struct hs_letter_maker *hs_letter_maker_create(struct hs_config *config,
                                               const struct hs_node *forward,
                                               const struct hs_children *sinks)
{
    struct hs_route *route = hs_route_of_target(config, forward, sinks);
    if (route == NULL)
        return NULL;
    check_target(config, forward, &route->targets[0]);
    struct hs_letter_maker *maker = hs_alloc(sizeof(*maker));
    maker->route = route;
    maker->target = &route->targets[0];
    maker->work = hs_work_create();
    hs_buffer_init(&maker->text, TEXT_MAX);
    return maker;
}

void hs_letter_maker_free(struct hs_letter_maker *maker)
{
    if (maker == NULL)
        return;
    hs_route_of_target_free(maker->route);
    hs_work_free(maker->work);
    hs_buffer_free(&maker->text);
    free(maker);
}

unsigned hs_letter_maker_sink(const struct hs_letter_maker *maker)
{
    return maker->target->sink;
}

/* ---- Building ---- */

static void add_header(struct hs_message *message, struct hs_slice name, struct hs_slice value)
{
    if (value.size > 0 && message->header_count < HS_EVENT_HEADERS_MAX)
        message->headers[message->header_count++] = (struct hs_header){name, value};
}

static struct hs_slice print_number(char text[24], uint64_t number)
{
    return hs_slice(text, (size_t)snprintf(text, 24, "%" PRIu64, number));
}

static void add_story(struct hs_letter_maker *maker, const struct hs_letter *letter)
{
    struct hs_message *message = &maker->message;
    const struct hs_event *event = &letter->event;
    add_header(message, HS_SLICE("webhook-id"), event->id);
    add_header(message, HS_SLICE("webhook-type"), event->type);
    add_header(message, HS_SLICE("webhook-source"), event->source);
    for (size_t i = 0; i < event->header_count; i++)
        if (hs_slice_equal(event->headers[i].name, HS_SLICE("traceparent")) ||
            hs_slice_equal(event->headers[i].name, HS_SLICE(HS_RESEND_HEADER)))
            add_header(message, event->headers[i].name, event->headers[i].value);
    add_header(message, HS_SLICE("dead-letter-number"),
               print_number(maker->number, letter->number));
    add_header(message, HS_SLICE("dead-letter-reason"), letter->reason);
    add_header(message, HS_SLICE("dead-letter-detail"), letter->detail);
    add_header(message, HS_SLICE("dead-letter-route"), letter->route);
    add_header(message, HS_SLICE("dead-letter-sink"), letter->sink);
    add_header(message, HS_SLICE("dead-letter-attempts"),
               print_number(maker->attempts, letter->attempts));
}

/* Where a template's text begins; the text may still move. */
static int expand(struct hs_letter_maker *maker, const struct hs_template *tmpl,
                  struct hs_slice *ret_place)
{
    size_t before = maker->text.size;
    int code = hs_template_expand(tmpl, maker->work, &maker->text);
    if (code == 0 && hs_buffer_status(&maker->text) < 0)
        code = hs_fail(-EMSGSIZE, "the texts of one letter's templates exceed %u bytes", TEXT_MAX);
    if (code == 0)
        *ret_place = hs_slice(maker->text.data + before, maker->text.size - before);
    return code;
}

int hs_letter_make(struct hs_letter_maker *maker, const struct hs_letter *letter,
                   const struct hs_message **ret_message, const char **ret_reason)
{
    const struct hs_target *target = maker->target;
    struct hs_message *message = &maker->message;
    *message = (struct hs_message){
        .body = letter->event.body,
        .timestamp_ms = letter->event.received_wall_ns / UINT64_C(1000000),
        .target = target->options,
    };
    hs_work_begin(maker->work, &letter->event);
    hs_buffer_clear(&maker->text);
    /* Reserves everything at once, so that expanded texts do not move. */
    if (hs_buffer_reserve(&maker->text, TEXT_MAX) == NULL)
        return hs_fail(-ENOMEM, "no memory for a letter's texts");
    add_story(maker, letter);
    *ret_reason = "template";
    int code = expand(maker, target->destination, &message->destination);
    if (code == 0 && target->key != NULL)
        code = expand(maker, target->key, &message->key);
    for (size_t i = 0; code == 0 && i < target->options->headers.count; i++) {
        struct hs_slice value = HS_SLICE_NONE;
        code = expand(maker, target->headers[i], &value);
        add_header(message, hs_slice_text(target->options->headers.items[i].name), value);
    }
    if (code < 0)
        return code;
    *ret_reason = "destination";
    *ret_message = message;
    return target->kind->check_destination(message->destination);
}
