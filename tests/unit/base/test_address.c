/* Addresses: every accepted form, what is refused and why, and that a printed address parses
 * again. */
#include "hs_test.h"

#include <hookstream/address.h>

static const struct {
    const char *text, *host; /* NULL: refused */
    unsigned port;
    bool remote; /* also accepted as an address to connect to */
} rows[] = {
    {"127.0.0.1:8080", "127.0.0.1", 8080, true},
    {"0.0.0.0:1", "0.0.0.0", 1, true},
    {"localhost:65535", "localhost", 65535, true},
    {"kafka-1.example.com:9092", "kafka-1.example.com", 9092, true},
    {"kafka_1:9092", "kafka_1", 9092, true},
    {"a.b.:80", "a.b.", 80, true},
    {"4kafka:80", "4kafka", 80, true},
    {"[::1]:80", "::1", 80, true},
    {"[::]:80", "::", 80, true},
    {"[2001:DB8::A]:80", "2001:DB8::A", 80, true},
    {"[2001:db8:0:0:0:0:0:a]:80", "2001:db8:0:0:0:0:0:a", 80, true},
    {"[::ffff:127.0.0.1]:80", "::ffff:127.0.0.1", 80, true},
    {"[fe80::1%eth0]:80", "fe80::1%eth0", 80, true},
    {"[fe80::1%3]:80", "fe80::1%3", 80, true},
    {"*:80", "", 80, false},
    {":80", "", 80, false},
    {"*:0", "", 0, false},
    {"127.0.0.1:0", "127.0.0.1", 0, false},
    {"127.0.0.1:00080", "127.0.0.1", 80, true},
    {"", NULL, 0, false},
    {":", NULL, 0, false},
    {"8080", NULL, 0, false},
    {"127.0.0.1", NULL, 0, false},
    {"[::1]", NULL, 0, false},
    {"127.0.0.1:", NULL, 0, false},
    {"127.0.0.1:65536", NULL, 0, false},
    {"127.0.0.1:99999999999999999999999", NULL, 0, false},
    {"127.0.0.1:-1", NULL, 0, false},
    {"127.0.0.1:+1", NULL, 0, false},
    {"127.0.0.1: 80", NULL, 0, false},
    {"127.0.0.1:80 ", NULL, 0, false},
    {" 127.0.0.1:80", NULL, 0, false},
    {"127.0.0.1:http", NULL, 0, false},
    {"127.0.0.1:0x50", NULL, 0, false},
    {"256.0.0.1:80", NULL, 0, false},
    {"1.2.3:80", "1.2.3", 80, true},
    {"127.1:80", "127.1", 80, true},
    {"1.2.3.4.5:80", NULL, 0, false},
    {"host.1:80", NULL, 0, false},
    {"::1:80", NULL, 0, false},
    {"::1", NULL, 0, false},
    {":::80", NULL, 0, false},
    {"2001:db8::a:80", NULL, 0, false},
    {"[::1]80", NULL, 0, false},
    {"[::1:80", NULL, 0, false},
    {"::1]:80", NULL, 0, false},
    {"[]:80", NULL, 0, false},
    {"[*]:80", NULL, 0, false},
    {"[localhost]:80", NULL, 0, false},
    {"[127.0.0.1]:80", NULL, 0, false},
    {"[::g]:80", NULL, 0, false},
    {"[1:2:3:4:5:6:7:8:9]:80", NULL, 0, false},
    {"[fe80::1%]:80", NULL, 0, false},
    {"[fe80::1%et h]:80", NULL, 0, false},
    {"[[::1]]:80", NULL, 0, false},
    {"host/path:80", NULL, 0, false},
    {"http://host:80", NULL, 0, false},
    {"user@host:80", NULL, 0, false},
    {"$HOST:80", NULL, 0, false},
    {"<host>:80", NULL, 0, false},
    {"h\xC3\xB6st:80", NULL, 0, false},
    {"a,b:80", NULL, 0, false},
    {"*.example.com:80", NULL, 0, false},
};

START_TEST(every_form_is_read_or_refused_with_words)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_slice host;
        uint16_t port = 0;
        int code =
            hs_address_parse(hs_slice_text(rows[i].text), HS_ADDRESS_LISTEN, 0, &host, &port);
        ck_assert_msg((code == 0) == (rows[i].host != NULL), "%s", rows[i].text);
        if (code < 0) {
            ck_assert_msg(hs_error_text()[0] != '\0', "%s", rows[i].text);
            ck_assert(hs_address_parse(hs_slice_text(rows[i].text), HS_ADDRESS_REMOTE, 0, &host,
                                       &port) < 0);
            continue;
        }
        ck_assert_msg(hs_slice_equal(host, hs_slice_text(rows[i].host)) && port == rows[i].port,
                      "%s: %.*s %u", rows[i].text, HS_SLICE_ARG(host), port);
        code = hs_address_parse(hs_slice_text(rows[i].text), HS_ADDRESS_REMOTE, 0, &host, &port);
        ck_assert_msg((code == 0) == rows[i].remote, "%s", rows[i].text);
    }
}
END_TEST

START_TEST(a_port_may_be_left_out_where_there_is_one_to_take)
{
    static const struct {
        const char *text, *host;
    } cases[] = {{"kafka", "kafka"}, {"[::1]", "::1"}, {"10.0.0.1", "10.0.0.1"}};
    struct hs_slice host;
    uint16_t port;
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        ck_assert_int_eq(
            hs_address_parse(hs_slice_text(cases[i].text), HS_ADDRESS_REMOTE, 9092, &host, &port),
            0);
        ck_assert(hs_slice_equal(host, hs_slice_text(cases[i].host)) && port == 9092);
    }
    ck_assert_int_eq(hs_address_parse(HS_SLICE("kafka:"), HS_ADDRESS_REMOTE, 9092, &host, &port),
                     -EINVAL);
    ck_assert_int_eq(hs_address_parse(HS_SLICE(""), HS_ADDRESS_REMOTE, 9092, &host, &port),
                     -EINVAL);
}
END_TEST

START_TEST(what_is_printed_can_be_read_again)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        if (rows[i].host == NULL)
            continue;
        char text[HS_ADDRESS_TEXT];
        struct hs_slice host;
        uint16_t port;
        hs_address_print(rows[i].host, (uint16_t)rows[i].port, text);
        ck_assert_int_eq(hs_address_parse(hs_slice_text(text), HS_ADDRESS_LISTEN, 0, &host, &port),
                         0);
        ck_assert_msg(hs_slice_equal(host, hs_slice_text(rows[i].host)) && port == rows[i].port,
                      "%s", text);
    }
}
END_TEST

START_TEST(addresses_are_printed_with_brackets_where_they_need_them)
{
    static const struct {
        const char *host, *text, *field;
    } cases[] = {
        {"", "*:80", NULL},
        {"::1", "[::1]:80", "[::1]:80"},
        {"kafka", "kafka:80", "kafka:80"},
        {"10.0.0.1", "10.0.0.1:80", "10.0.0.1:80"},
        {"fe80::1%eth0", "[fe80::1%eth0]:80", "[fe80::1]:80"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        char text[HS_ADDRESS_TEXT];
        hs_address_print(cases[i].host, 80, text);
        ck_assert_str_eq(text, cases[i].text);
        if (cases[i].field == NULL)
            continue;
        hs_address_print_host_field(cases[i].host, 80, text);
        ck_assert_str_eq(text, cases[i].field);
    }
}
END_TEST

START_TEST(a_client_reaches_all_addresses_by_loopback)
{
    static const struct {
        const char *host, *client;
    } cases[] = {
        {"", "127.0.0.1"},
        {"*", "127.0.0.1"},
        {"0.0.0.0", "127.0.0.1"},
        {"::", "::1"},
        {"0:0:0:0:0:0:0:0", "::1"},
        {"0::0", "::1"},
        {"::0.0.0.0", "::1"},
        {"::ffff:0.0.0.0", "127.0.0.1"},
        {"::1", "::1"},
        {"0", "127.0.0.1"},
        {"10.0.0.1", "10.0.0.1"},
        {"localhost", "localhost"},
        {"0.0.0.1", "0.0.0.1"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        ck_assert_str_eq(hs_address_for_client(cases[i].host), cases[i].client);
        ck_assert(hs_address_is_any(cases[i].host) ==
                  (strcmp(cases[i].host, cases[i].client) != 0));
    }
}
END_TEST

HS_TEST_MAIN("addresses", every_form_is_read_or_refused_with_words,
             a_port_may_be_left_out_where_there_is_one_to_take, what_is_printed_can_be_read_again,
             addresses_are_printed_with_brackets_where_they_need_them,
             a_client_reaches_all_addresses_by_loopback)
