/* Advice: configurations, and the exact findings from the catalogue for each. */
#include "hs_test.h"

#include <hookstream/app.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Each row's text begins at line 3. */
#define HEAD                                                                                       \
    "sources: {fanfare: {path: /a, verify: {scheme: fanfare, secrets: [k9Jq2mZx7LpWt4Rb]}}}\n"     \
    "sinks: {f: {type: file, path: data}, k: {type: kafka, brokers: [\"localhost:9092\"]}}\n"
#define TAIL "default: drop\n"
#define FILE_ROUTE(match, more)                                                                    \
    "routes:\n- {name: a, match: " match ", " more ", to: [{sink: f, file: x}]}\n" TAIL
#define KEY_ROUTE(match, key)                                                                      \
    "routes:\n- {name: a, match: " match ", to: [{sink: k, topic: x, key: \"" key "\"}]}\n" TAIL
#define TOKENS "transform: [{remove: [data.admissionToken, data.paymentToken]}]"

static const struct {
    const char *yaml, *findings;
} rows[] = {
    /* Fields that no event has. */
    {FILE_ROUTE("order", "transform: [{remove: [data.orderID]}]"),
     "test.yaml:4:49: error HS200: there is no `data.orderID`, did you mean `data.orderId` of "
     "order.*?\n"},
    {FILE_ROUTE("order.created", "transform: [{lower: [data.zzzzzzzz]}]"),
     "test.yaml:4:56: error HS200: `data.zzzzzzzz`: order.created has no such field; "
     "`hookstream "
     "catalogue show TYPE` shows them\n"},
    {FILE_ROUTE("order", "transform: [{keep: [data.itemz]}]"),
     "test.yaml:4:47: error HS200: there is no `data.itemz`, did you mean `data.items` of "
     "order.created?\n"},
    {FILE_ROUTE("order", "transform: [{remove: [\"data.items[0].quantitty\"]}]"),
     "test.yaml:4:49: error HS200: there is no `data.items[*].quantitty`, did you mean "
     "`data.items[*].quantity` of order.created?\n"},
    {FILE_ROUTE("order", "when: \"data.ammount exists\""),
     "test.yaml:4:33: error HS200: there is no `data.ammount`, did you mean `data.amount` of "
     "order.*?\n"},
    {FILE_ROUTE("order", "transform: [{remove: [data.reason], when: \"data.amonut exists\"}]"),
     "test.yaml:4:69: error HS200: there is no `data.amonut`, did you mean `data.amount` of "
     "order.*?\n"},
    {KEY_ROUTE("order", "{data.orderId}{data.ordrId|no}"),
     "test.yaml:4:57: error HS200: there is no `data.ordrId`, did you mean `data.orderId` of "
     "order.*?\n"},
    /* What an earlier transformation makes is there; after a flatten nothing is said. */
    {FILE_ROUTE("order", "transform: [{set: {data.new: A}}, {lower: [data.new]}]"), ""},
    {FILE_ROUTE("order", "transform: [{rename: {data.amount: total}}, {trim: [data.total]}]"), ""},
    {FILE_ROUTE("order", "transform: [{lower: [data.new]}, {set: {data.new: 1}}]"),
     "test.yaml:4:48: error HS200: `data.new`: the events of this route have no such "
     "field; "
     "`hookstream catalogue show TYPE` shows them\n"},
    {FILE_ROUTE("order", "transform: [{flatten: {separator: _}}, {set: {data_x: 1}}]"), ""},
    /* A named list is for several routes, and for one that it does nothing for no use. */
    {"transformations: {p: [{redact: [data.email]}]}\n" FILE_ROUTE("order",
                                                                   "transform: [{use: p}]"),
     "test.yaml:5:39: warning HS217: `use` changes no known event that reaches it: none of the "
     "list's fields exists there\n"},
    {"transformations: {p: [{redact: [data.emale]}]}\n" FILE_ROUTE("order",
                                                                   "transform: [{use: p}]"),
     "test.yaml:3:33: error HS200: there is no `data.emale`, did you mean `data.email` of "
     "consumer.created?\n"},
    /* Removed, and then needed. */
    {"routes:\n- {name: a, match: order, transform: [{remove: [data.amount]}],\n"
     "  to: [{sink: f, file: \"{data.amount}\"}]}\n" TAIL,
     "test.yaml:5:24: error HS201: `data.amount` is never present: an earlier transformation "
     "removes it\n"},
    {"routes:\n- {name: a, match: order, transform: [{keep: [data.amount]}],\n"
     "  to: [{sink: f, file: \"{data.orderId}\"}]}\n" TAIL,
     "test.yaml:5:24: error HS201: `data.orderId` is never present: an earlier transformation "
     "removes it\n"},
    /* match. */
    {FILE_ROUTE("ordre", "transform: []"),
     "test.yaml:4:20: error HS202: no known type matches `ordre`, did you mean `order`?\n"},
    {FILE_ROUTE("order.creatd", "transform: []"),
     "test.yaml:4:20: error HS202: no known type matches `order.creatd`, did you mean "
     "`order.created`?\n"},
    {FILE_ROUTE("ordre", "accept: [HS202]"), ""},
    {FILE_ROUTE("\"queue.consummer.*\"", "transform: []"),
     "test.yaml:4:20: error HS202: no known type matches `queue.consummer.*`, did you mean "
     "`queue.consumer.*`?\n"},
    {FILE_ROUTE("parcel", "transform: []"),
     "test.yaml:4:20: warning HS202: no known type matches `parcel`; `hookstream catalogue list` "
     "shows them\n"},
    /* Samples of every type are run through the rules. */
    {FILE_ROUTE("order", "transform: [{lower: [data.items]}]"),
     "test.yaml:4:39: error HS212: route `a`: every event of type order.created becomes a dead "
     "letter (transform): lower data.items: it is an array, which has no text\n"},
    {FILE_ROUTE("order", "transform: [{cast: {fields: [data.amount], to: integer}}]"),
     "test.yaml:4:39: error HS212: route `a`: a usual event of type order.created, "
     "order.completed becomes a dead letter (transform): cast data.amount: it is a text that is "
     "not an integer, such as 42\n"},
    {FILE_ROUTE("order", "transform: [{decimal: {field: data.amount, code: USD}}]"),
     "test.yaml:4:39: warning HS214: route `a`: an event of type order.created, order.completed "
     "in KWD, with the amount \"149.995\" becomes a dead letter (transform): decimal "
     "data.amount: it has more than 2 decimal places, which is all that the currency "
     "has\n"},
    {FILE_ROUTE("order", "transform: [{decimal: {field: data.amount, currency: "
                         "data.currencyCode}}]"),
     ""},
    {FILE_ROUTE("order", "transform: [{decimal: {field: data.amount, code: USD}}], accept: "
                         "[HS214]"),
     ""},
    {FILE_ROUTE("order", "when: \"type == 'order.created' and type == 'order.completed'\""),
     "test.yaml:4:33: warning HS215: this `when` is always false: no known event that can reach it "
     "meets it\n"},
    {FILE_ROUTE("order", "when: \"data.amount >= 100 and data.amount < 200\""), ""},
    {FILE_ROUTE("order", "when: \"data.amount < 100 and data.amount > 200\""),
     "test.yaml:4:33: warning HS215: this `when` is always false: no known event that can reach it "
     "meets it\n"},
    {FILE_ROUTE("order", "when: \"type != 'order.created' or type != 'order.completed'\""),
     "test.yaml:4:33: warning HS216: this `when` is always true: every known event that can reach "
     "it meets it\n"},
    {FILE_ROUTE("order", "transform: [{cast: {fields: [data.orderId], to: integer}, on_error: "
                         "skip}]"),
     "test.yaml:4:39: warning HS217: `cast` fails for every known event, and `on_error: skip` "
     "skips it: cast data.orderId: it is a text that is not an integer, such as 42\n"},
    {KEY_ROUTE("order", "data.orderId"),
     "test.yaml:4:57: warning HS219: `data.orderId` is plain text here, the same for every event: "
     "for the field's value use braces, {data.orderId}\n"},
    /* Missing. */
    {KEY_ROUTE("order", "{data.orderId}{data.experienceId}"),
     "test.yaml:4:57: warning HS203: `data.experienceId` can be missing in order.completed, "
     "order.cancelled: such an event becomes a dead letter; give a default, as "
     "{data.experienceId|none}\n"
     "test.yaml:4:57: warning HS207: by `data.experienceId` events of one order can get to "
     "different partitions and lose their order: use \"{data.orderId}\"\n"},
    {"routes:\n- {name: a, match: order, when: \"data.experienceId exists\",\n"
     "  to: [{sink: f, file: \"{data.experienceId}\"}]}\n" TAIL,
     ""},
    /* Values. */
    {FILE_ROUTE("auction.bid.placed", "when: \"data.isHighestBid == 'true'\""),
     "test.yaml:4:46: warning HS204: `data.isHighestBid` is never 'true': its type is boolean\n"},
    {FILE_ROUTE("auction.bid.placed", "when: \"data.isHighestBid == true\""), ""},
    {FILE_ROUTE("order", "when: \"type == 'order.creatd'\""),
     "test.yaml:4:33: warning HS204: no known event has the type 'order.creatd', did you mean "
     "`order.created`?\n"},
    {FILE_ROUTE("draw.completed", "when: \"data.totalEntrants == 'five'\""),
     "test.yaml:4:42: warning HS204: `data.totalEntrants` is never 'five': its type is integer\n"},
    /* Of each element. */
    {FILE_ROUTE("order", "transform: [{for: \"data.items[*]\", remove: [item.productId], when: "
                         "\"item.quantitty > 1\"}]"),
     "test.yaml:4:94: error HS200: there is no `data.items[*].quantitty`, did you mean "
     "`data.items[*].quantity` of order.created?\n"},
    {FILE_ROUTE("order", "transform: [{for: \"data.items[*]\", remove: [item.productId], when: "
                         "\"item.quantity == 'many' or data.isLast exists\"}]"),
     "test.yaml:4:94: error HS200: `data.isLast`: the events of this route have no "
     "such field; "
     "`hookstream catalogue show TYPE` shows them\n"
     "test.yaml:4:94: warning HS204: `data.items[*].quantity` is never 'many': its type is "
     "integer\n"},
    {FILE_ROUTE("order", "transform: [{for: \"data.items[*]\", remove: [item.productId], when: "
                         "\"item.quantity == 2 and type == 'order.created'\"}]"),
     ""},
    /* Personal data and credentials. */
    {FILE_ROUTE("draw.consumer.won", "transform: []"),
     "test.yaml:4:3: warning HS206: the credential `data.admissionToken` is sent unchanged: "
     "`remove: [data.admissionToken]` removes it\n"},
    {FILE_ROUTE("consumer",
                "transform: [{hash: {fields: [data.email, data.phone], key: Xw3Nv8Qs5Gd1Yh6C}}]"),
     "test.yaml:4:3: warning HS205: the personal `data.fullName` is sent unchanged: `mask: "
     "[data.fullName]` hides it\n"},
    {FILE_ROUTE("consumer", "transform: [{keep: [data.consumerId]}]"), ""},
    {FILE_ROUTE("consumer", "transform: [{redact: [data.email, data.phone]}, {truncate: {fields: "
                            "[data.fullName], length: 3}}]"),
     "test.yaml:4:3: warning HS205: the personal `data.fullName` is sent unchanged: `mask: "
     "[data.fullName]` hides it\n"},
    {FILE_ROUTE("consumer", "transform: [{copy: {data.email: data.mail}}, {remove: [data.email, "
                            "data.phone, data.fullName]}]"),
     "test.yaml:4:3: warning HS205: the personal `data.mail` is sent unchanged: `mask: "
     "[data.mail]` hides it\n"},
    {FILE_ROUTE("consumer", "accept: [HS205]"), ""},
    /* Of each target separately. */
    {"routes:\n- {name: a, match: consumer, transform: [{redact: [data.phone, data.fullName]}],\n"
     "  to: [{sink: f, file: x, transform: [{remove: [data.email]}]},\n"
     "       {sink: f, file: y, transform: [{redact: [data.email]}]}]}\n" TAIL,
     ""},
    {"routes:\n- {name: a, match: consumer, transform: [{redact: [data.phone, data.fullName]}],\n"
     "  to: [{sink: f, file: x, transform: [{remove: [data.email]}]}, {sink: f, file: y}]}\n" TAIL,
     "test.yaml:4:3: warning HS205: the personal `data.email` is sent unchanged: `mask: "
     "[data.email]` hides it\n"},
    {"routes:\n- {name: a, match: order,\n"
     "  to: [{sink: f, transform: [{copy: {data.orderId: data.ref}}], file: \"{data.ref}\"},\n"
     "       {sink: f, file: \"{data.ref}\"}]}\n" TAIL,
     "test.yaml:6:24: error HS200: `data.ref`: the events of this route have no such "
     "field; "
     "`hookstream catalogue show TYPE` shows them\n"},
    {"routes:\n- {name: a, match: order,\n"
     "  to: [{sink: f, file: x, when: \"data.ordrId exists\"}]}\n" TAIL,
     "test.yaml:5:33: error HS200: there is no `data.ordrId`, did you mean `data.orderId` of "
     "order.*?\n"},
    {FILE_ROUTE("consumer", "accept: [HS205 data.email, HS205 data.phone]"),
     "test.yaml:4:3: warning HS205: the personal `data.fullName` is sent unchanged: `mask: "
     "[data.fullName]` hides it\n"},
    {FILE_ROUTE("order", "accept: [HS205]"), "test.yaml:4:36: warning HS209: `HS205`: there is no "
                                             "such warning about this route: remove it\n"},
    {FILE_ROUTE("order", "accept: [HS200]"),
     "test.yaml:4:36: error HS210: `HS200`: write HS202 to HS208 or HS213 to HS231, followed by a "
     "field to accept it only for that one, such as `HS205 data.email`\n"},
    /* accept of a target, also under default. */
    {"routes: []\ndefault: [{sink: f, file: x, accept: [HS205, HS206]}]\n", ""},
    {"routes: []\ndefault: [{sink: k, topic: x, accept: [HS205, HS206, HS208]}]\n", ""},
    {"routes: []\ndefault: [{sink: f, file: x, accept: [HS205, HS206]}, {sink: f, file: y, accept: "
     "[HS205]}]\n",
     "test.yaml:4:10: warning HS206: the credential `data.admissionToken` is sent unchanged: "
     "`remove: [data.admissionToken]` removes it\n"
     "test.yaml:4:10: warning HS206: the credential `data.paymentToken` is sent unchanged: "
     "`remove: [data.paymentToken]` removes it\n"},
    {"routes:\n- {name: a, match: consumer.created, transform: [{redact: [data.phone, "
     "data.fullName]}],\n"
     "  to: [{sink: f, file: x, accept: [HS205 data.email, HS204], when: \"data.email == true\"},\n"
     "       {sink: f, file: y, accept: [HS205 data.phone], transform: [{remove: "
     "[data.email]}]}]}\n" TAIL,
     "test.yaml:6:36: warning HS209: `HS205 data.phone`: there is no such warning about this "
     "target: remove it\n"},
    {"routes: []\ndefault: [{sink: k, topic: x, key: \"{type}\", accept: [HS2, HS205, HS206, "
     "HS207]}]\n",
     "test.yaml:4:55: error HS210: `HS2`: write HS202 to HS208 or HS213 to HS231, followed by a "
     "field to accept it only for that one, such as `HS205 data.email`\n"},
    /* Keys. */
    {KEY_ROUTE("auction.bid.placed", "{data.bidId}"),
     "test.yaml:4:70: warning HS207: by `data.bidId` events of one auction can get to different "
     "partitions and lose their order: use \"{data.auctionId}\"\n"},
    {KEY_ROUTE("order", "{data.consumerId}"), ""},
    {KEY_ROUTE("auction.bid", "{data.consumerId}"),
     "test.yaml:4:63: warning HS207: by `data.consumerId` events of one auction can get to "
     "different partitions and lose their order: use \"{data.auctionId}\"\n"},
    {KEY_ROUTE("queue.consumer.left", "{data.consumerId}"), ""},
    {KEY_ROUTE("distribution", "{data.sequenceId}"), ""},
    {KEY_ROUTE("order", "{organizationId}"), ""},
    {KEY_ROUTE("order", "{id}"),
     "test.yaml:4:57: warning HS207: by `id` events of one order can get to different partitions "
     "and lose their order: use \"{data.orderId}\"\n"},
    {KEY_ROUTE("order", "{type}"),
     "test.yaml:4:57: warning HS207: by `type` events of one order can get to different partitions "
     "and lose their order: use \"{data.orderId}\"\n"},
    {"routes:\n- {name: a, match: order, to: [{sink: k, topic: x}]}\n" TAIL,
     "test.yaml:4:49: warning HS208: without a `key` events of one order are spread over the "
     "partitions and lose their order: add key: \"{data.orderId}\"\n"},
    /* A more specific route takes those that have the credential. */
    {"routes:\n- {name: a, match: draw, to: [{sink: f, file: x}]}\n"
     "- {name: b, match: draw.consumer.won, " TOKENS ", to: [{sink: f, file: x}]}\n" TAIL,
     "test.yaml:5:82: error HS200: `data.paymentToken`: draw.consumer.won has no such "
     "field; "
     "`hookstream catalogue show TYPE` shows them\n"},
};

static char *find(const char *yaml, bool lenient)
{
    FILE *file = fopen("test.yaml", "w");
    fprintf(file, "%s%s", HEAD, yaml);
    fclose(file);
    struct hs_settings settings;
    struct hs_config *config = hs_settings_load("test.yaml", &settings);
    ck_assert_msg(hs_config_findings(config)->errors == 0, "%s", yaml);
    hs_settings_advise(config, &settings, lenient);
    struct hs_buffer text, kept;
    hs_buffer_init(&text, 1 << 20);
    hs_buffer_init(&kept, 1 << 20);
    hs_config_print_findings(config, &text);
    struct hs_slice rest = hs_buffer_slice(&text);
    while (rest.size > 0) { /* most rows name only one of the two sinks */
        size_t size = (size_t)((const char *)memchr(rest.data, '\n', rest.size) - rest.data) + 1;
        if (memmem(rest.data, size, " HS220: ", 8) == NULL)
            hs_buffer_append(&kept, rest.data, size);
        rest = hs_slice(rest.data + size, rest.size - size);
    }
    char *found = strndup(kept.data != NULL ? kept.data : "", kept.size);
    hs_buffer_free(&text);
    hs_buffer_free(&kept);
    hs_config_free(config);
    return found;
}

static void enter_folder(void)
{
    static char folder[] = "/tmp/hs-advice-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

START_TEST(each_configuration_gets_its_findings_and_no_others)
{
    enter_folder();
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        char *found = find(rows[i].yaml, false);
        ck_assert_msg(strcmp(found, rows[i].findings) == 0, "row %zu\n%s\nfound\n%sexpected\n%s", i,
                      rows[i].yaml, found, rows[i].findings);
        free(found);
    }
}
END_TEST

START_TEST(what_check_refuses_run_only_warns_of)
{
    enter_folder();
    char *found = find(rows[0].yaml, true);
    ck_assert_str_eq(found, "test.yaml:4:49: warning HS200: there is no `data.orderID`, did you "
                            "mean `data.orderId` of order.*?\n");
    free(found);
}
END_TEST

/* A configuration whose route has a field that no event has, with one more error each: what
 * replaces the parts, and whether the field is reported in spite of the error. */
static const struct {
    const char *server, *source, *sinks, *route;
    bool told;
} broken[] = {
    {.server = "listen: \"127.0.0.1:99999\"", .told = true},
    {.server = "listne: \"127.0.0.1:80\"", .told = true},
    {.server = "listen: \"${HS_TEST_UNSET}\"", .told = true},
    {.source = "verify: {scheme: fanfare, secrets: [\"${HS_TEST_UNSET}\"]}", .told = true},
    {.source = "verify: {scheme: fanfare, secrets: [short]}", .told = true},
    {.sinks = "k: {type: kafka, brokers: [\"a:1\"], linger: 5}", .told = true},
    {.sinks = "k: {type: kafka}", .told = true},
    /* Of two equal keys one is not the intended one. */
    {.server = "listen: \"a:1\", listen: \"b:1\"", .told = false},
    {.source = "verify: {scheme: fanfaer, secrets: [k9Jq2mZx7LpWt4Rb]}", .told = false},
    {.source = "verify: {scheme: fanfare, secrets: [k9Jq2mZx7LpWt4Rb]}, catalog: own.yaml"},
    {.source = "verify: {scheme: fanfare, secrets: [k9Jq2mZx7LpWt4Rb]}, catalogue: "
               "\"${HS_TEST_UNSET}\""},
    {.sinks = "k: {type: kafak}", .told = false},
    {.sinks = "k: {tpye: kafka}", .told = false},
    {.sinks = "k: {}", .told = false},
    {.route = "when: data.ammount exists, too: x", .told = false},
    {.route = "transform: [{remove: [data.ammount]}], when: \"${HS_TEST_UNSET}\"", .told = false},
    {.route = "when: data.ammount exists, transform: [{use: nothing}]", .told = false},
};

static const char *or_else(const char *text, const char *other)
{
    return text != NULL ? text : other;
}

START_TEST(errors_that_are_not_about_events_do_not_stand_in_the_way)
{
    enter_folder();
    for (size_t i = 0; i < HS_ARRAY_SIZE(broken); i++) {
        FILE *file = fopen("test.yaml", "w");
        fprintf(file,
                "server: {%s}\nsources: {s: {path: /a, %s}}\nsinks: {f: {type: file, path: data}, "
                "%s}\nroutes: [{name: a, match: order, %s, to: [{sink: f}]}]\ndefault: drop\n",
                or_else(broken[i].server, ""),
                or_else(broken[i].source, "verify: {scheme: fanfare, secrets: [k9Jq2mZx7LpWt4Rb]}"),
                or_else(broken[i].sinks, "r: {type: redis, url: \"redis://a\"}"),
                or_else(broken[i].route, "when: data.ammount exists"));
        fclose(file);
        struct hs_settings settings;
        struct hs_config *config = hs_settings_load("test.yaml", &settings);
        size_t errors = hs_config_findings(config)->errors;
        ck_assert_msg(errors > 0, "row %zu", i);
        ck_assert_msg(hs_settings_advise(config, &settings, false) == broken[i].told, "row %zu", i);
        ck_assert_msg(hs_config_findings(config)->errors == errors + broken[i].told, "row %zu", i);
        hs_config_free(config);
    }
}
END_TEST

static char *find_with_catalogue(const char *catalogue, const char *own)
{
    FILE *file = fopen("own.yaml", "w");
    fputs(own, file);
    fclose(file);
    file = fopen("test.yaml", "w");
    fprintf(file,
            "sources: {s: {path: /a, catalogue: %s, verify: {scheme: fanfare, secrets: "
            "[k9Jq2mZx7LpWt4Rb]}}}\nsinks: {f: {type: file, path: data}}\n%s",
            catalogue, FILE_ROUTE("shop", "transform: [{remove: [data.nam]}]"));
    fclose(file);
    struct hs_settings settings;
    struct hs_config *config = hs_settings_load("test.yaml", &settings);
    hs_settings_advise(config, &settings, false);
    struct hs_buffer text, kept;
    hs_buffer_init(&text, 1 << 20);
    hs_buffer_init(&kept, 1 << 20);
    hs_config_print_findings(config, &text);
    struct hs_slice rest = hs_buffer_slice(&text);
    while (rest.size > 0) { /* most rows name only one of the two sinks */
        size_t size = (size_t)((const char *)memchr(rest.data, '\n', rest.size) - rest.data) + 1;
        if (memmem(rest.data, size, " HS220: ", 8) == NULL)
            hs_buffer_append(&kept, rest.data, size);
        rest = hs_slice(rest.data + size, rest.size - size);
    }
    char *found = strndup(kept.data != NULL ? kept.data : "", kept.size);
    hs_buffer_free(&text);
    hs_buffer_free(&kept);
    hs_config_free(config);
    return found;
}

START_TEST(a_source_can_have_a_catalogue_of_its_own_or_none)
{
    static const char own[] =
        "types: {shop.sold: {fields: {data: {type: object}, data.name: {type: text}}}}\n";
    enter_folder();
    char *found = find_with_catalogue("own.yaml", own);
    ck_assert_str_eq(found, "test.yaml:4:48: error HS200: there is no `data.nam`, did you mean "
                            "`data.name` of shop.sold?\n");
    free(found);
    found = find_with_catalogue("none", own);
    ck_assert_str_eq(found, "");
    free(found);
    found = find_with_catalogue("own.yaml", "types: {}\n");
    ck_assert_str_eq(found, "test.yaml:1:36: error HS211: this catalogue has errors: "
                            "own.yaml:1:1: a catalogue has `types`, a mapping of name to type\n");
    free(found);
}
END_TEST

HS_TEST_MAIN("settings: advice", each_configuration_gets_its_findings_and_no_others,
             what_check_refuses_run_only_warns_of,
             errors_that_are_not_about_events_do_not_stand_in_the_way,
             a_source_can_have_a_catalogue_of_its_own_or_none)
