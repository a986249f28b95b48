/* A dead letter as a message, and which targets it cannot have. */
#include "hs_test.h"
#include "letter_message.h"

#include <hookstream/event.h>
#include <stdio.h>

static struct hs_config *config;
static struct hs_children sinks;
static struct hs_letter_maker *maker;

static const char *no_env(void *context, const char *name)
{
    return NULL;
}

/* A map of sinks k (kafka), r (redis) and f (file), and `forward` as the target. */
static void compile(const char *forward)
{
    static const struct hs_option rows[] = {
        {.name = "sinks", .kind = HS_OPTION_MAP, .child = &hs_sink_option_table},
        {.name = "forward", .kind = HS_OPTION_NODE, .offset = sizeof(struct hs_children)},
    };
    struct bound {
        struct hs_children sinks;
        const struct hs_node *forward;
    } bound;
    static const struct hs_options table = {.name = "test",
                                            .options = rows,
                                            .option_count = 2,
                                            .struct_size = sizeof(struct bound),
                                            .node_offset = SIZE_MAX};
    char yaml[512];
    snprintf(yaml, sizeof(yaml),
             "sinks: {k: {type: kafka, brokers: [b:1]}, r: {type: redis, url: 'redis://h'},"
             " f: {type: file, path: d}}\nforward: %s\n",
             forward);
    config = hs_config_parse("test.yaml", hs_slice_text(yaml), no_env, NULL);
    hs_config_bind(config, hs_config_root(config), &table, &bound);
    sinks = bound.sinks;
    maker = hs_letter_maker_create(config, bound.forward, &sinks);
}

static void end(void)
{
    hs_letter_maker_free(maker);
    hs_config_free(config);
}

static const struct {
    const char *forward, *words; /* part of the findings */
} refused[] = {
    {"kafka", "a target is a mapping that names a sink"},
    {"{sink: q, topic: t}", "unknown sink `q`"},
    {"{sink: k}", "`topic` is missing"},
    {"{sink: f}", "HS088: dead letters cannot be forwarded to a file sink"},
    {"{sink: k, topic: '{data.x}'}",
     "HS088: the body of a dead letter may not be JSON, so {data.x}"},
    {"{sink: k, topic: t, key: '{time}'}", "{time} is unavailable"},
    {"{sink: k, topic: t, headers: {a: '{organizationId}'}}", "{organizationId} is unavailable"},
    {"{sink: k, topic: t, headers: {a: x, b: x, c: x, d: x, e: x, g: x}}", "at most 5 headers"},
    {"{sink: r, stream: s, fields: flat}", "omit `fields`"},
    {"{sink: k, topic: t, when: 'type == \"a\"'}", "omit `when`"},
    {"{sink: k, topic: t, transform: []}", "omit `transform`"},
    {"{sink: k, topic: t, accept: [HS205]}", "omit `accept`"},
};

START_TEST(a_target_that_cannot_be_is_refused_in_words)
{
    compile(refused[_i].forward);
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 16);
    hs_config_print_findings(config, &text);
    hs_buffer_append_byte(&text, '\0');
    ck_assert_uint_gt(hs_config_findings(config)->errors, 0);
    ck_assert_msg(strstr(text.data, refused[_i].words) != NULL, "%s", text.data);
    hs_buffer_free(&text);
    end();
}
END_TEST

/* "name=value " of each header. */
static const char *headers_of(const struct hs_message *message)
{
    static char text[2048];
    size_t size = 0;
    for (size_t i = 0; i < message->header_count; i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%.*s=%.*s ",
                                 HS_SLICE_ARG(message->headers[i].name),
                                 HS_SLICE_ARG(message->headers[i].value));
    return text;
}

static struct hs_letter a_letter(void)
{
    return (struct hs_letter){
        .number = 17,
        .event = {.received_wall_ns = UINT64_C(5000000000),
                  .source = HS_SLICE("fanfare"),
                  .id = HS_SLICE("e1"),
                  .type = HS_SLICE("order.created"),
                  .body = HS_SLICE("{no json"),
                  .headers = {{HS_SLICE("content-type"), HS_SLICE("text/plain")},
                              {HS_SLICE("traceparent"), HS_SLICE("00-1")}},
                  .header_count = 2},
        .reason = HS_SLICE("too_large"),
        .detail = HS_SLICE("words"),
        .route = HS_SLICE("orders"),
        .sink = HS_SLICE("k"),
        .attempts = 3,
    };
}

START_TEST(the_message_has_the_bytes_and_the_story)
{
    compile("{sink: k, topic: 'dead.{family}', key: '{id}', headers: {at: '{received}'}}");
    struct hs_letter letter = a_letter();
    const struct hs_message *message;
    const char *reason;
    ck_assert_int_eq(hs_letter_make(maker, &letter, &message, &reason), 0);
    ck_assert_uint_eq(hs_letter_maker_sink(maker), 0);
    ck_assert(hs_slice_equal(message->destination, HS_SLICE("dead.order")));
    ck_assert(hs_slice_equal(message->key, HS_SLICE("e1")));
    ck_assert(hs_slice_equal(message->body, HS_SLICE("{no json")));
    ck_assert_uint_eq(message->timestamp_ms, 5000);
    ck_assert_str_eq(headers_of(message),
                     "webhook-id=e1 webhook-type=order.created webhook-source=fanfare "
                     "traceparent=00-1 dead-letter-number=17 dead-letter-reason=too_large "
                     "dead-letter-detail=words dead-letter-route=orders dead-letter-sink=k "
                     "dead-letter-attempts=3 at=1970-01-01T00:00:05.000Z ");
    end();
}
END_TEST

START_TEST(what_is_not_known_of_a_flawed_event_is_left_out)
{
    compile("{sink: r, stream: 'dead:{type}'}");
    struct hs_letter letter = {
        .number = 1,
        .event = {.source = HS_SLICE("fanfare"), .flaw = HS_EVENT_NOT_JSON, .body = HS_SLICE("x")},
        .reason = HS_SLICE("not_json")};
    const struct hs_message *message;
    const char *reason;
    ck_assert_int_eq(hs_letter_make(maker, &letter, &message, &reason), 0);
    ck_assert(hs_slice_equal(message->destination, HS_SLICE("dead:")));
    ck_assert_ptr_null(message->key.data);
    ck_assert_str_eq(headers_of(message), "webhook-source=fanfare dead-letter-number=1 "
                                          "dead-letter-reason=not_json dead-letter-attempts=0 ");
    end();
}
END_TEST

START_TEST(a_name_that_the_sink_does_not_take_is_said)
{
    compile("{sink: k, topic: '{type}'}");
    struct hs_letter letter = a_letter();
    letter.event.type = HS_SLICE("order created");
    const struct hs_message *message;
    const char *reason;
    ck_assert_int_eq(hs_letter_make(maker, &letter, &message, &reason), -EINVAL);
    ck_assert_str_eq(reason, "destination");
    end();
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("letter message");
    tcase_add_loop_test(tcase, a_target_that_cannot_be_is_refused_in_words, 0,
                        HS_ARRAY_SIZE(refused));
    tcase_add_test(tcase, the_message_has_the_bytes_and_the_story);
    tcase_add_test(tcase, what_is_not_known_of_a_flawed_event_is_left_out);
    tcase_add_test(tcase, a_name_that_the_sink_does_not_take_is_said);
    Suite *suite = suite_create("letter message");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
