/* The listening socket: who may take a port, who may share it, and what the error says. */
#include "live.h"

static struct client client;

static int listen_again(const char *host, enum hs_http_port mode)
{
    const struct hs_address address = {.host = host, .port = hs_http_server_port(live.server)};
    const struct hs_http_handlers handlers = {0};
    struct hs_http_server *second = NULL;
    int code =
        hs_http_server_create(live.base, &address, mode, &live.limits, &handlers, NULL, &second);
    ck_assert((code == 0) == (second != NULL));
    hs_http_server_free(second);
    return code;
}

START_TEST(a_port_that_another_listens_on_is_refused_by_name)
{
    static const char *const firsts[] = {"127.0.0.1", "0.0.0.0", "", "::"};
    static const char *const seconds[] = {"127.0.0.1", "0.0.0.0", "", "::", "localhost"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(firsts); i++) {
        live_init();
        live.host = firsts[i];
        live_start();
        char port[16];
        snprintf(port, sizeof(port), ":%u", hs_http_server_port(live.server));
        for (size_t k = 0; k < HS_ARRAY_SIZE(seconds); k++) {
            if (i == 0 && k == 4)
                continue; /* localhost may resolve to ::1 first, which 127.0.0.1 leaves free */
            for (int mode = HS_HTTP_PORT_ALONE; mode <= HS_HTTP_PORT_FIRST; mode++) {
                ck_assert_msg(listen_again(seconds[k], (enum hs_http_port)mode) == -EADDRINUSE,
                              "`%s` after `%s`", seconds[k], firsts[i]);
                ck_assert_ptr_nonnull(strstr(hs_error_text(), port));
                ck_assert_ptr_nonnull(strstr(hs_error_text(), "ss -tanp"));
            }
        }
        live_stop();
    }
}
END_TEST

/* A foreign listener on one address of the wildcard, with or without SO_REUSEPORT. */
START_TEST(a_wildcard_over_an_address_that_is_taken_is_refused)
{
    for (int shared = 0; shared <= 1; shared++) {
        int other = socket(AF_INET, SOCK_STREAM, 0);
        const int on = 1;
        if (shared)
            ck_assert_int_eq(setsockopt(other, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
        struct sockaddr_in name = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(name);
        ck_assert_int_eq(bind(other, (struct sockaddr *)&name, size), 0);
        ck_assert_int_eq(listen(other, 1), 0);
        ck_assert_int_eq(getsockname(other, (struct sockaddr *)&name, &size), 0);
        static const char *const hosts[] = {"", "::", "0.0.0.0", "127.0.0.1"};
        live_init();
        live_start();
        for (size_t i = 0; i < HS_ARRAY_SIZE(hosts); i++) {
            const struct hs_address address = {.host = hosts[i], .port = ntohs(name.sin_port)};
            const struct hs_http_handlers handlers = {0};
            struct hs_http_server *server = NULL;
            ck_assert_int_eq(hs_http_server_create(live.base, &address, HS_HTTP_PORT_FIRST,
                                                   &live.limits, &handlers, NULL, &server),
                             -EADDRINUSE);
        }
        live_stop();
        close(other);
    }
}
END_TEST

START_TEST(a_port_is_shared_by_the_servers_that_join_it)
{
    live_init();
    live_start();
    ck_assert_int_eq(listen_again("127.0.0.1", HS_HTTP_PORT_JOINED), 0);
    ck_assert_int_eq(listen_again("127.0.0.1", HS_HTTP_PORT_FIRST), -EADDRINUSE);
    const struct hs_address nowhere = {.host = "no.such.host.invalid", .port = 0};
    const struct hs_http_handlers handlers = {0};
    struct hs_http_server *second = NULL;
    ck_assert_int_lt(hs_http_server_create(live.base, &nowhere, HS_HTTP_PORT_ALONE, &live.limits,
                                           &handlers, NULL, &second),
                     0);
    live_stop();
}
END_TEST

/* The server closes first, so that its side is in TIME_WAIT. */
START_TEST(a_port_is_taken_again_at_once_after_a_stop)
{
    live_init();
    live_begin(&client);
    const struct hs_address address = {.host = "127.0.0.1",
                                       .port = hs_http_server_port(live.server)};
    client_say(&client, HELLO("/close"));
    client_expect(&client, OK202_CLOSE);
    client_expect_end(&client);
    hs_http_server_free(live.server);
    client_close(&client);
    const struct hs_http_handlers handlers = {0};
    ck_assert_int_eq(hs_http_server_create(live.base, &address, HS_HTTP_PORT_FIRST, &live.limits,
                                           &handlers, NULL, &live.server),
                     0);
    live_stop();
}
END_TEST

HS_TEST_MAIN("http listen", a_port_that_another_listens_on_is_refused_by_name,
             a_wildcard_over_an_address_that_is_taken_is_refused,
             a_port_is_shared_by_the_servers_that_join_it,
             a_port_is_taken_again_at_once_after_a_stop)
