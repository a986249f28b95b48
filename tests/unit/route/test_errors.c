/* Broken routes: the position and text of each finding. The lines of ROUTING_SINKS come first, so
 * line 6 is the first of a row. */
#include "routing.h"

#define D "default: drop\n"
#define R D "routes:\n" /* a route begins on line 8, its keys at column 5 */
#define FILE_TO "to: [{sink: file, file: x}]"

static const struct {
    const char *yaml;
    unsigned line, column;
    const char *words;
} rows[] = {
    {"routes: []\n", 1, 1, "`default: drop` discards it, and a list"},
    {"defualt: drop\n", 6, 1, "did you mean `default`?"},
    {"default: deadletter\n", 6, 10, "did you mean `dead_letter`?"},
    {"default: nothing\n", 6, 10, "`default: dead_letter` keeps the event"},
    {"default: {sink: file, file: x}\n", 6, 10, "a list of targets"},
    {"default: []\n", 6, 10, "an empty one"},
    {"default: [{sink: fil, file: x}]\n", 6, 18, "did you mean `file`?"},
    {D "routes: {name: r}\n", 7, 9, "start each route with \"- name:\""},
    {R "  - order\n", 8, 5, "a route is a mapping"},
    {R "  - {match: order, " FILE_TO "}\n", 8, 5,
     "`name` is missing in routes[] with `match: order`:"},
    {R "  - {name: r, " FILE_TO "}\n", 8, 5, "`match` is missing in routes[] with `name: r`:"},
    {R "  - {name: r, match: order}\n", 8, 5, "`to` is missing in routes[] with `match: order`:"},
    {R "  - {name: r, match: order, too: 1, " FILE_TO "}\n", 8, 29,
     "unknown key `too` in routes[] with `match: order`"},
    {R "  - {name: \"\", match: order, " FILE_TO "}\n", 8, 12, "1 to 128 bytes"},
    {R "  - {name: \"a\\nb\", match: order, " FILE_TO "}\n", 8, 12, "on one line"},
    {R "  - {name: default, match: order, " FILE_TO "}\n", 8, 12, "use another"},
    {R "  - {name: r, match: order, " FILE_TO "}\n  - {name: r, match: draw, " FILE_TO "}\n", 9, 12,
     "two routes have the name `r`"},
    {R "  - {name: r, mach: order, match: order, " FILE_TO "}\n", 8, 15, "did you mean `match`?"},
    {R "  - {name: r, match: \"\", " FILE_TO "}\n", 8, 22, "`match` is a type prefix"},
    {R "  - {name: r, match: order..x, " FILE_TO "}\n", 8, 28, "a segment is empty"},
    {R "  - {name: r, match: order., " FILE_TO "}\n", 8, 28, "a segment is empty"},
    {R "  - {name: r, match: .order, " FILE_TO "}\n", 8, 22, "a segment is empty"},
    {R "  - {name: r, match: ord*, " FILE_TO "}\n", 8, 25, "`*` stands for a whole segment"},
    {R "  - {name: r, match: order/x, " FILE_TO "}\n", 8, 27, "letters, digits, _ and -"},
    {R "  - {name: r, match: \"or der\", " FILE_TO "}\n", 8, 25, "letters, digits, _ and -"},
    {R "  - {name: r, match: a.**.**, " FILE_TO "}\n", 8, 27, "twice in a row"},
    {R "  - {name: r, match: a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q, " FILE_TO "}\n", 8, 54,
     "more than 16 segments"},
    {R "  - {name: r, match: order, sources: [fanfar], " FILE_TO "}\n", 8, 39,
     "did you mean `fanfare`?"},
    {R "  - {name: r, match: order, sources: [zzzzzz], " FILE_TO "}\n", 8, 39,
     "unknown source `zzzzzz`"},
    {R "  - {name: r, match: order, sources: [], " FILE_TO "}\n", 8, 38, "`sources` is empty"},
    {R "  - {name: r, match: order, when: data.x = 1, " FILE_TO "}\n", 8, 42, "`==` was expected"},
    {R "  - {name: r, match: order, transform: [{remov: [a]}], " FILE_TO "}\n", 8, 42,
     "did you mean `remove`?"},
    {R "  - {name: r, match: order, to: []}\n", 8, 33, "an empty one"},
    {R "  - {name: r, match: order, to: {sink: file, file: x}}\n", 8, 33, "list of targets"},
    {R "  - {name: r, match: order, to: [file]}\n", 8, 34, "a target is a mapping"},
    {R "  - {name: r, match: order, to: [{file: x}]}\n", 8, 34,
     "names no `sink`; there is kafka, redis, file"},
    {R "  - {name: r, match: order, to: [{sink: kafak, topic: x}]}\n", 8, 41,
     "did you mean `kafka`?"},
    {R "  - {name: r, match: order, to: [{sink: zzzzzz, topic: x}]}\n", 8, 41,
     "there is kafka, redis, file"},
    {R "  - {name: r, match: order, to: [{sink: kafka}]}\n", 8, 34, "topic"},
    {R "  - {name: r, match: order, to: [{sink: kafka, topic: x, kee: y}]}\n", 8, 58,
     "did you mean `key`?"},
    {R "  - {name: r, match: order, to: [{sink: kafka, topic: \"a b\"}]}\n", 8, 55, ""},
    {R "  - {name: r, match: order, to: [{sink: kafka, topic: \"..\"}]}\n", 8, 55, ""},
    {R "  - {name: r, match: order, to: [{sink: kafka, topic: \"a b{data.x}\"}]}\n", 8, 55,
     "`a b` is part of no Kafka topic"},
    {R "  - {name: r, match: order, to: [{sink: kafka, topic: \"a{data.x}/b\"}]}\n", 8, 55,
     "`/b` is part of no Kafka topic"},
    {R "  - {name: r, match: order, to: [{sink: kafka, topic: \"{data.x|no x}\"}]}\n", 8, 55,
     "`no x` is part of no Kafka topic"},
    {R "  - {name: r, match: order, to: [{sink: file, file: \".{data.x}\"}]}\n", 8, 53,
     "does not begin with a dot"},
    {R "  - {name: r, match: order, to: [{sink: file, file: \"{data.x|.x}\"}]}\n", 8, 53,
     "does not begin with a dot"},
    {R "  - {name: r, match: order, to: [{sink: file, file: \"{data.x}/x\"}]}\n", 8, 53,
     "no slash"},
    {R "  - {name: r, match: order, to: [{sink: kafka, topic: \"x-{typ}\"}]}\n", 8, 59,
     "did you mean `type`?"},
    {R "  - {name: r, match: order, to: [{sink: kafka, topic: x, key: \"{data.x\"}]}\n", 8, 64,
     "no }"},
    {R "  - {name: r, match: order, to: [{sink: kafka, topic: x, headers: {\"a b\": c}}]}\n", 8, 68,
     "is not a header name"},
    {R "  - {name: r, match: order, to: [{sink: kafka, topic: x, headers: {Content-Type: c}}]}\n",
     8, 68, "already has the header `content-type`"},
    {R "  - {name: r, match: order, to: [{sink: kafka, topic: x, headers: {a: \"{idd}\"}}]}\n", 8,
     73, "did you mean `id`?"},
    {R "  - {name: r, match: order, to: [{sink: kafka, topic: x, headers: {a: 1, b: 1, c: 1, d: 1, "
       "e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1}}]}\n",
     8, 128, "at most 10 headers"},
    {R "  - {name: r, match: order, to: [{sink: file, file: \"a/b\"}]}\n", 8, 53, ""},
    {R "  - {name: r, match: order, sample: 10, " FILE_TO "}\n", 8, 37, "such as 10%"},
    {R "  - {name: r, match: order, sample: 0%, " FILE_TO "}\n", 8, 37, "above 0%"},
    {R "  - {name: r, match: order, sample: 101%, " FILE_TO "}\n", 8, 37, "up to 100%"},
    {R "  - {name: r, match: order, sample: 100.0001%, " FILE_TO "}\n", 8, 37, "up to 100%"},
    {R "  - {name: r, match: order, sample: 1.00001%, " FILE_TO "}\n", 8, 37, "`1.00001%`"},
    {R "  - {name: r, match: order, sample: \"-1%\", " FILE_TO "}\n", 8, 37, "not `-1%`"},
    {R "  - {name: r, match: order, sample: .5%, " FILE_TO "}\n", 8, 37, "not `.5%`"},
    {R "  - {name: r, match: order, sample: 5.%, " FILE_TO "}\n", 8, 37, "not `5.%`"},
    {R "  - {name: r, match: order, to: [{sink: file, file: x, sample: x}]}\n", 8, 64, "not `x`"},
    {R "  - {name: r, match: order, to: [{sink: file, file: x, when: data.a = 1}]}\n", 8, 69,
     "`==` was expected"},
    {R "  - {name: r, match: order, to: [{sink: file, file: x, transform: [{remov: [a]}]}]}\n", 8,
     69, "did you mean `remove`?"},
};

START_TEST(test_each_fault_at_its_place)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        char yaml[4096];
        snprintf(yaml, sizeof(yaml), ROUTING_SINKS "%s", rows[i].yaml);
        struct routing routing;
        routing_open(&routing, yaml);
        const struct hs_findings *findings = hs_config_findings(routing.config);
        ck_assert_msg(findings->count == 1, "%s\nhas %zu findings; first: %s", rows[i].yaml,
                      findings->count, findings->count ? findings->items[0].message : "none");
        const struct hs_finding *finding = &findings->items[0];
        ck_assert_msg(finding->line == rows[i].line && finding->column == rows[i].column &&
                          strstr(finding->message, rows[i].words) != NULL,
                      "%s\ngot  %u:%u: %s\nwant %u:%u: ...%s...", rows[i].yaml, finding->line,
                      finding->column, finding->message, rows[i].line, rows[i].column,
                      rows[i].words);
        routing_close(&routing);
    }
}
END_TEST

START_TEST(test_ties)
{
    static const struct {
        const char *a, *b;
        bool tie;
    } pairs[] = {
        {"match: order", "match: order", true},
        {"match: order", "match: \"order.**\"", true},
        {"match: order", "match: \"order.*\"", false},
        {"match: order", "match: draw", false},
        {"match: \"**\"", "match: \"**\"", true},
        {"match: \"*.a\"", "match: \"a.*\"", false},
        {"match: order, when: data.x == 1", "match: order", false},
        {"match: order, when: data.x == 1", "match: order, when: data.x == 2", false},
        {"match: order, when: data.x == 1", "match: order, when: \"data.x==1\"", true},
        {"match: order, sources: [fanfare]", "match: order", false},
        {"match: order, sources: [fanfare]", "match: order, sources: [other]", false},
        {"match: order, sources: [fanfare]", "match: order, sources: [other, fanfare]", true},
        /* Equally specific, and a.b takes both. */
        {"match: \"**.a.**\"", "match: \"**.b.**\"", true},
        {"match: \"**.a.**\"", "match: \"**.b.**\", when: data.x == 1", false},
        {"match: \"**.a\"", "match: \"**.b\"", false}, /* no type ends in both */
        {"match: \"x.**.a.*\"", "match: \"x.**.b.*\"", false},
        {"match: \"**.a.*.**\"", "match: \"**.b.*.**\"", true},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(pairs); i++)
        for (int turned = 0; turned < 2; turned++) {
            char yaml[2048];
            snprintf(yaml, sizeof(yaml),
                     ROUTING_SINKS R "  - {name: r1, %s, " FILE_TO "}\n  - {name: r2, %s, " FILE_TO
                                     "}\n",
                     turned ? pairs[i].b : pairs[i].a, turned ? pairs[i].a : pairs[i].b);
            struct routing routing;
            routing_open(&routing, yaml);
            const struct hs_findings *findings = hs_config_findings(routing.config);
            ck_assert_msg(findings->count == pairs[i].tie, "%s\n%s", yaml,
                          findings->count ? findings->items[0].message : "no tie");
            if (pairs[i].tie) {
                ck_assert_uint_eq(findings->items[0].line, 9);
                ck_assert_ptr_nonnull(
                    strstr(findings->items[0].message, "route `r2` ties with `r1` (line 8)"));
            }
            routing_close(&routing);
        }
}
END_TEST

START_TEST(test_all_faults_in_one_go)
{
    static const char yaml[] = ROUTING_SINKS
        "routes:\n"
        "  - {name: a, match: \"or*\", when: x, to: [{sink: kafk, topic: x}, {sink: redis}]}\n"
        "  - {name: b, match: order, to: [{sink: kafka, topic: \"{x}\", key: \"{y}\"}]}\n"
        "  - {name: b, match: order, " FILE_TO "}\n";
    struct routing routing;
    routing_open(&routing, yaml);
    /* match, when, kafk, no stream, {x}, {y}, two names b, no default. */
    ck_assert_uint_eq(hs_config_findings(routing.config)->errors, 8);
    routing_close(&routing);
}
END_TEST

/* The keys of its targets are not checked: the allowed ones are unknown. */
START_TEST(test_a_sink_of_an_unknown_type_is_told_once)
{
    static const char *const sinks[] = {"{type: rabbit}", "{tpye: redis}", "redis"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(sinks); i++) {
        char yaml[512];
        snprintf(yaml, sizeof(yaml),
                 "default: [{sink: r, stream: y}]\nsources: {}\nsinks: {r: %s}\n"
                 "routes: [{name: a, match: order, to: [{sink: r, stream: x, fields: flat}]}]\n",
                 sinks[i]);
        struct routing routing;
        routing_open(&routing, yaml);
        const struct hs_findings *findings = hs_config_findings(routing.config);
        for (size_t f = 0; f < findings->count; f++)
            ck_assert_msg(findings->items[f].line == 3, "%s", findings->items[f].message);
        ck_assert_uint_ge(findings->errors, 1);
        routing_close(&routing);
    }
}
END_TEST

START_TEST(test_too_many)
{
    static char yaml[8192];
    strcpy(yaml, ROUTING_SINKS R "  - {name: r, match: order, to: [{sink: file, file: x}");
    for (int i = 0; i < 31; i++)
        strcat(yaml, ", {sink: file, file: x}");
    struct routing routing;
    size_t size = strlen(yaml);
    for (int more = 0; more < 2; more++) {
        strcpy(yaml + size, more ? ", {sink: file, file: x}]}\n" : "]}\n");
        routing_open(&routing, yaml);
        ck_assert_uint_eq(hs_config_findings(routing.config)->count, (size_t)more);
        ck_assert(!more || strstr(hs_config_findings(routing.config)->items[0].message,
                                  "at most 32 targets") != NULL);
        routing_close(&routing);
    }
    strcpy(yaml, "default: drop\nsources: {}\nsinks:\n");
    for (int i = 0; i < 65; i++)
        sprintf(yaml + strlen(yaml), "  s%d: {type: file, path: data}\n", i);
    routing_open(&routing, yaml);
    ck_assert_ptr_null(routing.router);
    ck_assert_uint_eq(hs_config_findings(routing.config)->count, 1);
    ck_assert_uint_eq(hs_config_findings(routing.config)->items[0].line, 68);
    routing_close(&routing);
}
END_TEST

HS_TEST_MAIN("broken routes", test_too_many, test_each_fault_at_its_place, test_ties,
             test_all_faults_in_one_go, test_a_sink_of_an_unknown_type_is_told_once)
