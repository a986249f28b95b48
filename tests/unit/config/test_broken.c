/* Broken texts: each with all its findings, their positions and messages. */
#include "tables.h"

#define ADDRESS_IN_QUOTES(place)                                                                   \
    "test.yaml:" place ": error HS007: an IPv6 address needs brackets and quotes, such as "        \
    "\"[::]:8080\"\n"

static const struct {
    const char *yaml, *findings;
} rows[] = {
    /* Nothing there. */
    {"", "test.yaml: error HS002: the file is empty: there are no settings in it\n"},
    {"# only a remark\n",
     "test.yaml: error HS002: the file is empty: there are no settings in it\n"},
    {"---\n", "test.yaml: error HS002: the file is empty: there are no settings in it\n"},
    {"~\n", "test.yaml: error HS002: the file is empty: there are no settings in it\n"},
    {"just a text\n",
     "test.yaml:1:1: error HS032: the configuration must be a mapping, is `just a text`, "
     "as in `{places: [a:1, b:2]}`\n"},
    {"- a\n", "test.yaml:1:1: error HS032: the configuration must be a mapping, is a list, as in "
              "`{places: [a:1, b:2]}`\n"},

    /* Not YAML. */
    {"server:\n\tlisten: x\n", "test.yaml:2:1: error HS005: a tab cannot indent: use spaces\n"},
    {"tags: a\n\tb: c\n", "test.yaml:2:1: error HS005: a tab cannot indent: use spaces\n"},
    {"tags: a: b\n",
     "test.yaml:1:8: error HS006: a `:` where no key can end: is the indentation right? "
     "Quote a text that contains `: `\n"},
    {"tags: [a, b\nfree: 1\n",
     "test.yaml:1:7: error HS008: this list has no `]`, or lacks a `,` between two items\n"},
    {"properties: {a: 1\n",
     "test.yaml:1:13: error HS008: this mapping has no `}`, or lacks a `,` between two entries\n"},
    {"tags: \"a\nfree: 1\n",
     "test.yaml:1:7: error HS007: this text in quotes has no closing quote\n"},
    {"tags: 'it's'\n",
     "test.yaml:1:11: error HS006: expected a key here: is the indentation right, and "
     "is every text with special characters quoted?\n"},
    {"tags:\n  - a\n free: 1\n",
     "test.yaml:3:2: error HS006: expected a key here: is the indentation "
     "right, and is every text with special characters quoted?\n"},
    {"tags: - a\n", "test.yaml:1:7: error HS006: a list cannot begin here: put its first `- ` on a "
                    "line of its own\n"},
    {"tags:\n- a\n- b\n  c\nd\n", "test.yaml:5:1: error HS008: a key without a `:`\n"},
    {"tags: @a\n",
     "test.yaml:1:7: error HS007: a text cannot begin with this character: put it in quotes\n"},
    {"tags: **\n",
     "test.yaml:1:7: error HS007: quote a text that begins with `*` or `&`, such as \"*:8080\"\n"},
    {"tags: \"a\\d\"\n", "test.yaml:1:9: error HS007: unknown escape: inside \" \" write a "
                         "backslash as \\\\; or use ' '\n"},
    {"tags: \"\\u12\"\n", "test.yaml:1:10: error HS007: an escape without hexadecimal digits: "
                          "inside \" \" write a backslash as \\\\\n"},
    {"tags: [${PASSWORD}]\n",
     "test.yaml:1:9: error HS007: inside [ ] and { } quote a text that contains ${...}, such "
     "as \"${NAME}\"\n"},
    {"server: {name: ${PASSWORD}}\n",
     "test.yaml:1:17: error HS007: inside [ ] and { } quote a text that contains ${...}, such "
     "as \"${NAME}\"\n"},
    {"%YAML 3.0\n---\na: 1\n",
     "test.yaml:1:1: error HS008: only %YAML 1.1 and 1.2 are supported\n"},
    {"tags: !x!y a\n", "test.yaml:1:7: error HS007: quote a text that begins with `!`\n"},
    {"tags: a\n# \xC3\xA4\xFF\n",
     "test.yaml:2:4: error HS004: these bytes are not UTF-8: save the file as UTF-8\n"},
    {"tags: \xC0\xAF\n",
     "test.yaml:1:7: error HS004: these bytes are not UTF-8: save the file as UTF-8\n"},
    {"\xFF\xFEt\n", "test.yaml: error HS004: the file is UTF-16: save it as UTF-8\n"},
    {"tags: a\x01"
     "b\n",
     "test.yaml:1:8: error HS004: the control character U+0001 is not allowed here\n"},
    {"tags: [a]\n...\nfree\n",
     "test.yaml:3:1: error HS008: there is text after the end of the configuration\n"},

    /* Valid YAML that is not a configuration. Reading continues after it. */
    {"tags: a\n---\nfree: b\n", "test.yaml:2:1: error HS011: a second document begins here "
                                "(`---`): a configuration has only one\n"},
    {"tags: a\nfree: b\n'tags': c\n",
     "test.yaml:3:1: error HS009: duplicate key `tags`, first at 1:1\n"},
    {"free: {a: {b: 1, c: 2, b: 3}}\ntagz: 1\n",
     "test.yaml:1:24: error HS009: duplicate key `b`, first at 1:12\n"
     "test.yaml:2:1: error HS030: unknown key `tagz` in the configuration, did you mean `tags`?\n"},
    {"free: {<<: {a: 1}, <<: {b: 1}}\n",
     "test.yaml:1:20: error HS009: duplicate key `<<`, first at 1:8\n"},
    {"free: {<<: 7}\n", "test.yaml:1:8: error HS010: `<<` takes a mapping or a list of mappings, "
                        "such as *base, got `7`\n"},
    {"free: {<<: [{a: 1}, [b]]}\n", "test.yaml:1:8: error HS010: `<<` takes a mapping or a list of "
                                    "mappings, such as *base, got a list\n"},
    {"free: {<<: *none}\n", "test.yaml:1:12: error HS010: no anchor (&) of this name precedes this "
                            "alias (*); quote a text that begins with *\n"},
    {"tags: *none\nserver: {name: *nobody}\n",
     "test.yaml:1:7: error HS010: no anchor (&) of this name "
     "precedes this alias (*); quote a text that begins with *\n"
     "test.yaml:2:16: error HS010: no anchor (&) of this name "
     "precedes this alias (*); quote a text that begins with *\n"},
    {"free: &a [*a]\n",
     "test.yaml:1:11: error HS010: no anchor (&) of this name precedes this alias "
     "(*); quote a text that begins with *\n"},
    {"? [a, b]\n: c\ntagz: 1\n",
     "test.yaml:1:3: error HS007: a key must be a text: quote one that begins with [, { or *\n"
     "test.yaml:3:1: error HS030: unknown key `tagz` in the configuration, did you mean `tags`?\n"},
    {"tags: !!int 5\nserver: !x {}\n",
     "test.yaml:1:7: error HS007: tags (!) are not supported; quote a text that begins with !\n"
     "test.yaml:2:9: error HS007: tags (!) are not supported\n"},
    {"server: {name: \"a\\0b\"}\n\"x\\0y\": 1\n",
     "test.yaml:1:16: error HS004: this text has a NUL character, which is not allowed\n"
     "test.yaml:2:1: error HS004: this text has a NUL character, which is not allowed\n"},

    /* ${...} */
    {"server:\n  name: \"x ${NOBODY}\"\n  count: ${NOTHING}\n",
     "test.yaml:2:12: error HS020: the environment variable `NOBODY` is not set: set it, or write "
     "${NOBODY:-default}\n"
     "test.yaml:3:10: error HS020: the environment variable `NOTHING` is not set: set it, or write "
     "${NOTHING:-default}\n"},
    {"free: ä ${A} ö ${B}\n", "test.yaml:1:9: error HS020: the environment variable `A` is not "
                              "set: set it, or write ${A:-default}\n"
                              "test.yaml:1:16: error HS020: the environment variable `B` is not "
                              "set: set it, or write ${B:-default}\n"},
    {"free: \"\\t${A}\"\n", /* with an escape in it the column is the text's own */
     "test.yaml:1:7: error HS020: the environment variable `A` is not set: set it, or write "
     "${A:-default}\n"},
    {"free: |\n  one\n  ${A}\n", "test.yaml:1:7: error HS020: the environment variable `A` is not "
                                 "set: set it, or write ${A:-default}\n"},
    {"free: a${b\n", "test.yaml:1:8: error HS021: a `${` without a `}`; write a plain ${ as $${\n"},
    {"free: a ${my-pass}\n", "test.yaml:1:9: error HS021: expected ${NAME}, ${NAME:-default} or "
                             "${file:/path} here; write a plain ${ as $${\n"},
    {"free: ${}\n", "test.yaml:1:7: error HS021: expected ${NAME}, ${NAME:-default} or "
                    "${file:/path} here; write a plain ${ as $${\n"},
    {"free: ${1A}\n", "test.yaml:1:7: error HS021: expected ${NAME}, ${NAME:-default} or "
                      "${file:/path} here; write a plain ${ as $${\n"},
    {"free: ${A:-${B}}\n",
     "test.yaml:1:7: error HS021: the default of a ${NAME:-default} cannot hold another ${\n"},
    {"free: ${file:}\n",
     "test.yaml:1:7: error HS022: `${file:}` names no file: write ${file:/path}\n"},

    /* Keys. */
    {"sinks: {k: {type: kafka, brokrs: [a]}}\n",
     "test.yaml:1:26: error HS030: unknown key `brokrs` in sinks.k, did you mean `brokers`?\n"},
    {"sinks: {k: {type: kafka, brokers: a, zzzzzzzz: 1}}\n",
     "test.yaml:1:38: error HS030: unknown key `zzzzzzzz` in sinks.k, which takes `note`, "
     "`brokers`, "
     "`type`\n"},
    {"server:\n  wrokers: 1\n  moed: fast\n",
     "test.yaml:2:3: error HS030: unknown key `wrokers` in server, did you mean `workers`?\n"
     "test.yaml:3:3: error HS030: unknown key `moed` in server, did you mean `mode`?\n"},

    /* Wrong kinds. */
    {"server: [a]\n", "test.yaml:1:9: error HS032: server must be a mapping, is a list, as in "
                      "`{listen: 0.0.0.0:8080}`\n"},
    {"server: yes\n", "test.yaml:1:9: error HS032: server must be a mapping, is `yes`, as in "
                      "`{listen: 0.0.0.0:8080}`\n"},
    {"sinks: [a]\n", "test.yaml:1:8: error HS032: sinks must be a mapping of names, is a list: "
                     "the name is a key, without `-`\n"},
    {"rules: {a: b}\n", "test.yaml:1:8: error HS032: rules must be a list, is a mapping\n"},
    {"rules: [a, {name: b}]\n",
     "test.yaml:1:9: error HS032: rules[0] must be a mapping, is `a`, as in "
     "`{match: **}`\n"},
    {"tags: {a: b}\n", "test.yaml:1:7: error HS032: tags must be a list of texts, is a mapping\n"},
    {"tags: [a, [b], ~]\n",
     "test.yaml:1:11: error HS032: expected a text, got a list\n"
     "test.yaml:1:16: error HS039: expected a text, got nothing: write an empty text as \"\"\n"},
    {"properties: [a]\n",
     "test.yaml:1:13: error HS032: properties must be a mapping of names to texts, is a list\n"},
    {"properties: {a: , b: {c: d}}\n",
     "test.yaml:1:17: error HS039: expected a text, got nothing: write an empty text as \"\"\n"
     "test.yaml:1:22: error HS032: expected a text, got a mapping\n"},
    {"server: {name: [a]}\n", "test.yaml:1:16: error HS032: expected a text, got a list\n"},
    {"server:\n  name: {data.orderId}\n", "test.yaml:2:9: error HS032: expected a text, got a "
                                          "mapping: quote a text that begins with {\n"},
    {"server: {size: [1]}\n",
     "test.yaml:1:16: error HS032: expected a size such as 64KiB, got a list\n"},
    {"server: {time: {}}\n",
     "test.yaml:1:16: error HS032: expected a duration such as 300s, got a mapping\n"},
    {"server: {count: [1]}\n",
     "test.yaml:1:17: error HS032: expected a whole number, got a list\n"},

    /* Wrong values. */
    {"server: {workers: 0}\n",
     "test.yaml:1:19: error HS033: server.workers must be between 1 and 64, or auto, is `0`\n"},
    {"server: {workers: 65}\n",
     "test.yaml:1:19: error HS033: server.workers must be between 1 and 64, or auto, is `65`\n"},
    {"server: {workers: many}\n",
     "test.yaml:1:19: error HS035: `many` is not a whole number: write digits only\n"},
    {"server: {count: -1}\n",
     "test.yaml:1:17: error HS035: `-1` is not a whole number: write digits only\n"},
    {"server: {count: 1}\n",
     "test.yaml:1:17: error HS033: server.count must be at least 2, is `1`\n"},
    {"server: {count: auto}\n",
     "test.yaml:1:17: error HS035: `auto` is not a whole number: write digits only\n"},
    {"server: {count: 99999999999999999999}\n",
     "test.yaml:1:17: error HS035: `99999999999999999999` is larger than any whole number can "
     "be\n"},
    {"server: {count: \"\"}\n",
     "test.yaml:1:17: error HS035: an empty text is not a whole number: write digits only\n"},
    {"server: {size: 2MiB}\n",
     "test.yaml:1:16: error HS033: server.size must be between 1KiB and 1MiB, is `2MiB`\n"},
    {"server: {size: 1000}\n",
     "test.yaml:1:16: error HS033: server.size must be between 1KiB and 1MiB, is `1000`\n"},
    {"server: {size: 64k}\n",
     "test.yaml:1:16: error HS036: `64k` is not a size, did you mean `64KiB`? "
     "Write digits and a unit, such as "
     "64KiB, 1MiB or 10GiB\n"},
    {"server: {size: 1.5MiB}\n",
     "test.yaml:1:16: error HS036: `1.5MiB` is not a size: write digits "
     "and a unit, such as 64KiB, 1MiB or "
     "10GiB\n"},
    {"server: {unbounded_size: 99999999999TiB}\n",
     "test.yaml:1:26: error HS036: `99999999999TiB` is larger than any size can be\n"},
    {"server: {time: 30}\n",
     "test.yaml:1:16: error HS037: `30` is not a duration, its unit is missing: write "
     "30s, 30m or 30h\n"},
    {"server: {time: 5 minutes}\n",
     "test.yaml:1:16: error HS037: `5 minutes` is not a duration, did you "
     "mean `5m`? Write digits and a unit, "
     "such as 250ms, 300s, 5m or 24h\n"},
    {"server: {time: soon}\n",
     "test.yaml:1:16: error HS037: `soon` is not a duration: write digits and a "
     "unit, such as 250ms, 300s, 5m or "
     "24h\n"},
    {"server: {time: 1h}\n",
     "test.yaml:1:16: error HS033: server.time must be at most 5m, is `1h`\n"},
    {"server: {quick: yes}\n",
     "test.yaml:1:17: error HS034: server.quick must be true or false, is `yes`\n"},
    {"server: {quick: [true]}\n",
     "test.yaml:1:17: error HS034: server.quick must be true or false, is a list\n"},
    {"server: {mode: fsat}\n", "test.yaml:1:16: error HS034: server.mode must be slow, steady or "
                               "fast, is `fsat`, did you mean "
                               "`fast`?\n"},
    {"server: {mode: [fast]}\n",
     "test.yaml:1:16: error HS034: server.mode must be slow, steady or fast, is a list\n"},
    {"server: {listen: \"8080\"}\n", "test.yaml:1:18: error HS038: server.listen must be an "
                                     "address and a port, such as 0.0.0.0:8080 or "
                                     "[::1]:8080, is `8080`: its port is missing\n"},
    {"server: {listen: \"::1:80\"}\n",
     "test.yaml:1:18: error HS038: server.listen must be an "
     "address and a port, such as 0.0.0.0:8080 or "
     "[::1]:8080, is `::1:80`: an IPv6 address needs brackets, as in [::1]:8080\n"},
    {"server: {listen: \"http://a:80\"}\n",
     "test.yaml:1:18: error HS038: server.listen must be an "
     "address and a port, such as 0.0.0.0:8080 or "
     "[::1]:8080, is `http://a:80`: an address has no scheme and no path\n"},
    {"server: {listen: \"a:65536\"}\n", "test.yaml:1:18: error HS038: server.listen must be an "
                                        "address and a port, such as 0.0.0.0:8080 "
                                        "or [::1]:8080, is `a:65536`: a port is at most 65535\n"},

    /* Addresses that YAML reads as something else. */
    {"server:\n  listen: [::]:8080\n", ADDRESS_IN_QUOTES("2:11")},
    {"server:\n  listen: [::1]:8080\n", ADDRESS_IN_QUOTES("2:11")},
    {"server: {listen: [::]:8080}\n", ADDRESS_IN_QUOTES("1:18")},
    {"server: {listen: [fe80::A%1]:8080}\n", ADDRESS_IN_QUOTES("1:18")},
    {"server: {listen: ::1:8080}\n", ADDRESS_IN_QUOTES("1:18")},
    {"server: {listen: [::1]}\n", ADDRESS_IN_QUOTES("1:18")},
    {"sinks: {a: {type: kafka, brokers: [[::1]:9092]}}\n", ADDRESS_IN_QUOTES("1:36")},
    {"server:\n  listen: *:9464\n",
     "test.yaml:2:11: error HS007: quote a text that begins with `*` or `&`, such as "
     "\"*:8080\"\n"},

    /* Variants. */
    {"sinks:\n  a: {type: kafak, brokers: [x]}\n",
     "test.yaml:2:13: error HS034: sinks.a.type must be redis or kafka, is `kafak`, did you mean "
     "`kafka`?\n"},
    {"sinks:\n  a: {type: zzzzzzzz}\n",
     "test.yaml:2:13: error HS034: sinks.a.type must be redis or kafka, is `zzzzzzzz`\n"},
    {"sinks:\n  a: {type: [kafka]}\n",
     "test.yaml:2:13: error HS034: sinks.a.type must be redis or kafka, is a list\n"},
    {"sinks:\n  a: {brokers: [x]}\n",
     "test.yaml:2:6: error HS031: `type` is missing in sinks.a: redis or kafka\n"},
    {"sinks:\n  a:\n",
     "test.yaml:2:5: error HS031: `type` is missing in sinks.a: redis or kafka\n"},
    {"sinks:\n  a: {type: redis, brokers: [x]}\n",
     "test.yaml:2:20: error HS030: unknown key `brokers` in sinks.a, which takes `note`, `url`, "
     "`database`, "
     "`type`\n"},
    {"sinks:\n  a: {type: redis, database: 16}\n",
     "test.yaml:2:30: error HS033: sinks.a.database must be at most 15, is `16`\n"},

    /* Missing, and the checks of a table. */
    {"rules: [{match: x}]\n",
     "test.yaml:1:9: error HS031: `name` is missing in rules[0]: Its name.\n"},
    {"rules: [{name: }]\n",
     "test.yaml:1:16: error HS031: `name` is missing in rules[0]: Its name.\n"},
    {"rules: [{name: a, match: a}]\n",
     "test.yaml:1:9: warning HS104: rule a matches its own name\n"},

    /* Nothing is suggested for a secret: a suggestion would reveal what it resembles. */
    {"server: {mode: \"${NEAR_CHOICE}\"}\n",
     "test.yaml:1:16: error HS034: server.mode must be slow, steady or fast, is `(secret)`\n"},
    {"sinks: {a: {type: \"${NEAR_KIND}\"}}\n",
     "test.yaml:1:19: error HS034: sinks.a.type must be redis or kafka, is `(secret)`\n"},
    {"server: {size: \"${NEAR_SIZE}\"}\n",
     "test.yaml:1:16: error HS036: `(secret)` is not a size: write "
     "digits and a unit, such as 64KiB, 1MiB or "
     "10GiB\n"},

    /* How a text is shown: control characters escaped, long ones cut. */
    {"server: {quick: \"a\\nb\\e[31m\\x9b\\u2028\"}\n",
     "test.yaml:1:17: error HS034: server.quick must be true or false, is "
     "`a\\nb\\x1b[31m\\x9b\\u2028`\n"},
    {"\"a\\u202Eb\": 1\n", "test.yaml:1:1: error HS030: unknown key `a\\u202eb` in the "
                           "configuration, which takes `server`, "
                           "`sinks`, `rules`, `places`, `tags`, `secrets`, `properties`, `free`\n"},
    {"\"a\\e[31m\": 1\n", "test.yaml:1:1: error HS030: unknown key `a\\x1b[31m` in the "
                          "configuration, which takes `server`, "
                          "`sinks`, `rules`, `places`, `tags`, `secrets`, `properties`, `free`\n"},
    {"sinks: {\"\\e[31m\": {type: b}}\n",
     "test.yaml:1:26: error HS034: sinks.\\x1b[31m.type must be redis or kafka, is `b`\n"},
    {"server:\n  quick: "
     "ää34567890123456789012345678901234567890123456789012345678901234567890123456789012\n",
     "test.yaml:2:10: error HS034: server.quick must be true or false, is "
     "`ää345678901234567890123456789012345678901234567890123456789012345678901234567890...`\n"},
};

START_TEST(test_each_fault_has_its_place_and_words)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct test_settings settings;
        struct hs_config *config = test_bind(rows[i].yaml, &settings);
        expect_findings(config, rows[i].yaml, rows[i].findings);
        hs_config_free(config);
    }
}
END_TEST

/* Whatever was wrong, the bound struct is usable: defaults replace wrong texts. */
START_TEST(test_what_is_wrong_gets_its_default)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct test_settings settings;
        memset(&settings, 0xa5, sizeof(settings));
        struct hs_config *config = test_bind(rows[i].yaml, &settings);
        ck_assert_uint_ge(settings.server.size, 1024);
        ck_assert_uint_le(settings.server.workers, 64);
        ck_assert_uint_lt(settings.server.mode, 3);
        ck_assert_ptr_nonnull(settings.server.listen.host);
        ck_assert_uint_eq(settings.sinks.item_size, sizeof(struct test_sink));
        for (size_t k = 0; k < settings.sinks.count; k++) {
            const struct test_sink *sink = hs_children_at(&settings.sinks, k);
            ck_assert_uint_lt(sink->kind, 2);
            ck_assert(sink->kind == 1 || (sink->url != NULL && sink->database <= 15));
        }
        for (size_t k = 0; k < settings.rules.count; k++)
            ck_assert_ptr_nonnull(((struct test_rule *)hs_children_at(&settings.rules, k))->match);
        hs_config_free(config);
    }
}
END_TEST

START_TEST(test_nothing_more_is_said_of_a_file_that_cannot_be_read)
{
    static const struct hs_option required = {
        .name = "must", .kind = HS_OPTION_STRING, .required = true, .help = "It must be there."};
    static const struct hs_options table = {.name = "x",
                                            .title = "X",
                                            .options = &required,
                                            .option_count = 1,
                                            .struct_size = sizeof(char *),
                                            .node_offset = SIZE_MAX};
    char *bound;
    struct hs_config *config = test_parse("a: [1\n");
    hs_config_bind(config, hs_config_root(config), &table, &bound);
    ck_assert_uint_eq(hs_config_findings(config)->count, 1);
    hs_config_free(config);
    config = test_parse("a: 1\n");
    hs_config_bind(config, NULL, &table, &bound);
    expect_findings(config, "",
                    "test.yaml: error HS031: `must` is missing in x: It must be there.\n");
    hs_config_free(config);
}
END_TEST

HS_TEST_MAIN("broken configurations", test_each_fault_has_its_place_and_words,
             test_what_is_wrong_gets_its_default,
             test_nothing_more_is_said_of_a_file_that_cannot_be_read)
