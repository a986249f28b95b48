/* Fuzzes conditions: the first line is a `when`, the rest the body of the event that it is asked
 * of. What is taken must give the same answer as its canonical text and as itself turned round
 * twice, and an event must not change by being looked at. */
#include <hookstream/transform.h>

#include <stdlib.h>

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct hs_condition *compile(struct hs_config *config, struct hs_slice text)
{
    struct hs_node *node = hs_arena_alloc(hs_config_arena(config), sizeof(*node));
    *node = (struct hs_node){.kind = HS_NODE_SCALAR, .line = 1, .column = 1};
    /* A node's text ends in a NUL, as the parser of configurations makes it. */
    node->text = hs_slice(hs_arena_dup(hs_config_arena(config), text), text.size);
    return hs_condition_compile(config, node);
}

static int ask(const struct hs_condition *condition, const struct hs_event *event)
{
    struct hs_work *work = hs_work_create();
    hs_work_begin(work, event);
    int holds = hs_condition_holds(condition, work);
    require(holds == 0 || holds == 1 || holds == -EINVAL);
    struct hs_slice body;
    require(hs_work_body(work, &body) == 0 && body.data == event->body.data);
    hs_work_free(work);
    return holds;
}

/* Asks a text that is made of one that was taken; the limits of a condition may refuse it. */
static void expect(struct hs_config *config, struct hs_slice text, const struct hs_event *event,
                   int holds)
{
    struct hs_condition *condition = compile(config, text);
    if (condition != NULL)
        require(ask(condition, event) == holds);
    hs_condition_free(condition);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *end = size > 0 ? memchr(text, '\n', size) : NULL;
    size_t line = end != NULL ? (size_t)(end - text) : size;
    struct hs_event event = {
        .received_wall_ns = 1795425300123000000,
        .source = {"fanfare", 7},
        .id = {"whk_1", 5},
        .type = {"queue.consumer.admitted", 23},
        .body = hs_slice(size > 0 ? text + line : "", size - line),
        .headers = {{{"x-fanfare-retry-count", 21}, {"3", 1}}},
        .header_count = 1,
    };
    struct hs_config *config = hs_config_parse("fuzz.yaml", HS_SLICE("x: y"), NULL, NULL);
    struct hs_condition *condition = compile(config, hs_slice(size > 0 ? text : "", line));
    require((condition == NULL) == (hs_config_findings(config)->errors != 0));
    if (condition != NULL) {
        int holds = ask(condition, &event);
        struct hs_slice canonical = hs_condition_text(condition);
        struct hs_buffer turned;
        hs_buffer_init(&turned, 1u << 20);
        hs_buffer_printf(&turned, "not (not (%.*s))", HS_SLICE_ARG(canonical));
        expect(config, canonical, &event, holds);
        expect(config, hs_buffer_slice(&turned), &event, holds);
        hs_buffer_free(&turned);
    }
    hs_condition_free(condition);
    hs_config_free(config);
    return 0;
}
