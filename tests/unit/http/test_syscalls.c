/* The server's system calls, and its reaction when they fail: functions of the same names, linked
 * before libc's, count calls and make them fail. */
#undef _FORTIFY_SOURCE /* its inline versions would be in the way */
#include "live.h"

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* Calls on the server's sockets, and the errors (or sizes) of the next ones. */
static struct {
    unsigned recv, send, epoll_ctl, accept4, shutdown;
    int fail_recv, fail_send, fail_accept;
    unsigned accept_failures; /* how many */
    size_t send_at_most;      /* of the next send only; 0: all */
    int accepted;             /* the last socket */
} calls;
static struct client client;
static int others = -1; /* a client's socket that is not counted */

ssize_t recv(int file, void *data, size_t size, int flags)
{
    if (file != client.socket && file != others) {
        calls.recv++;
        if (calls.fail_recv != 0) {
            errno = calls.fail_recv;
            calls.fail_recv = 0;
            return -1;
        }
    }
    return syscall(SYS_recvfrom, file, data, size, flags, NULL, NULL);
}

ssize_t send(int file, const void *data, size_t size, int flags)
{
    if (file != client.socket && file != others) {
        calls.send++;
        if (calls.fail_send != 0) {
            errno = calls.fail_send;
            calls.fail_send = 0;
            return -1;
        }
        if (calls.send_at_most != 0 && size > calls.send_at_most)
            size = calls.send_at_most;
        calls.send_at_most = 0;
    }
    return syscall(SYS_sendto, file, data, size, flags, NULL, 0);
}

int epoll_ctl(int epoll, int operation, int file, struct epoll_event *event)
{
    calls.epoll_ctl++;
    return (int)syscall(SYS_epoll_ctl, epoll, operation, file, event);
}

int accept4(int file, struct sockaddr *name, socklen_t *size, int flags)
{
    calls.accept4++;
    if (calls.accept_failures > 0) {
        calls.accept_failures--;
        errno = calls.fail_accept;
        return -1;
    }
    int accepted = (int)syscall(SYS_accept4, file, name, size, flags);
    if (accepted >= 0)
        calls.accepted = accepted;
    return accepted;
}

int shutdown(int file, int how)
{
    calls.shutdown++;
    ck_assert_int_eq(how, SHUT_WR);
    return (int)syscall(SYS_shutdown, file, how);
}

static void begin(void)
{
    live_init();
    live_start();
    client_open(&client);
    client_say(&client, HELLO("/w"));
    client_expect(&client, OK202);
    live_expect_told("head POST /w; request `hello`; 202; ");
    memset(&calls, 0, offsetof(typeof(calls), accepted));
}

static void end(void)
{
    client_close(&client);
    live_stop();
}

START_TEST(a_kept_request_costs_one_recv_and_one_send)
{
    begin();
    for (unsigned i = 1; i <= 20; i++) {
        client_say(&client, HELLO("/w"));
        client_expect(&client, OK202);
        ck_assert_uint_eq(calls.recv, i);
        ck_assert_uint_eq(calls.send, i);
    }
    ck_assert_uint_eq(calls.epoll_ctl, 0);
    end();
}
END_TEST

START_TEST(so_does_one_that_is_answered_later)
{
    begin();
    for (unsigned i = 1; i <= 20; i++) {
        client_say(&client, HELLO("/later"));
        live_until(live.waiting_count == 1, "a request");
        hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
        client_expect(&client, OK202);
        ck_assert_uint_eq(calls.recv, i);
        ck_assert_uint_eq(calls.send, i);
    }
    ck_assert_uint_eq(calls.epoll_ctl, 0);
    end();
}
END_TEST

START_TEST(answers_are_not_held_back_for_company)
{
    begin();
    int value = 0;
    socklen_t size = sizeof(value);
    ck_assert_int_eq(getsockopt(calls.accepted, IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
    ck_assert_int_eq(value, 1);
    ck_assert(fcntl(calls.accepted, F_GETFL) & O_NONBLOCK);
    ck_assert(fcntl(calls.accepted, F_GETFD) & FD_CLOEXEC);
    end();
}
END_TEST

START_TEST(without_descriptors_the_listener_pauses_and_comes_back)
{
    begin();
    calls.fail_accept = EMFILE;
    calls.accept_failures = UINT32_MAX;
    struct client other;
    uint64_t start = hs_clock_monotonic_ns();
    client_open(&other);
    others = other.socket;
    live_until(calls.accept4 >= 3, "three attempts");
    /* There were pauses between them: it does not spin. (libevent's coarse clock may shorten a
     * pause by some milliseconds.) */
    ck_assert_uint_ge((hs_clock_monotonic_ns() - start) / HS_NS_PER_MS, (calls.accept4 - 1) * 50);
    /* Open connections are served meanwhile. */
    client_say(&client, HELLO("/w"));
    client_expect(&client, OK202);
    calls.accept_failures = 0;
    client_say(&other, HELLO("/w"));
    client_expect(&other, OK202);
    client_close(&other);
    others = -1;
    end();
}
END_TEST

START_TEST(without_descriptors_a_silent_connection_makes_room)
{
    begin();
    struct client idle, other;
    client_open(&idle);
    live_until(hs_http_server_connections(live.server) == 2, "the silent one");
    calls.fail_accept = EMFILE;
    calls.accept_failures = 1;
    client_open(&other);
    others = other.socket;
    client_expect_end(&idle);
    client_close(&idle);
    client_say(&other, HELLO("/w"));
    client_expect(&other, OK202);
    client_close(&other);
    others = -1;
    end();
}
END_TEST

START_TEST(a_failure_of_one_connection_does_not_pause_the_listener)
{
    begin();
    calls.fail_accept = ECONNABORTED;
    calls.accept_failures = 1;
    struct client other;
    client_open(&other);
    others = other.socket;
    live_turn();
    ck_assert_uint_eq(hs_http_server_connections(live.server), 2);
    client_close(&other);
    others = -1;
    end();
}
END_TEST

START_TEST(interrupted_calls_are_made_again)
{
    begin();
    calls.fail_recv = calls.fail_send = EINTR;
    client_say(&client, HELLO("/w"));
    client_expect(&client, OK202);
    ck_assert_uint_eq(calls.recv, 2);
    ck_assert_uint_eq(calls.send, 2);
    end();
}
END_TEST

START_TEST(a_socket_that_is_full_gets_the_answer_later)
{
    begin();
    calls.fail_send = EAGAIN;
    client_say(&client, HELLO("/w"));
    client_expect(&client, OK202);
    ck_assert_uint_eq(calls.epoll_ctl, 2); /* writing was watched, then no longer */
    calls.send_at_most = 10;
    client_say(&client, HELLO("/w") HELLO("/w"));
    client_expect(&client, OK202 OK202);
    ck_assert_uint_eq(calls.epoll_ctl, 4);
    live_expect_told("head POST /w; request `hello`; 202; head POST /w; request `hello`; 202; "
                     "head POST /w; request `hello`; 202; ");
    end();
}
END_TEST

START_TEST(a_send_that_fails_ends_the_connection)
{
    begin();
    calls.fail_send = EPIPE;
    client_say(&client, HELLO("/later"));
    live_until(live.waiting_count == 1, "a request");
    hs_http_respond(live.waiting[--live.waiting_count], 202, NULL, HS_SLICE_NONE, false);
    ck_assert_uint_eq(hs_http_server_connections(live.server), 0);
    live_expect_told("head POST /later; request `hello`; 202; ");
    end();
}
END_TEST

START_TEST(a_recv_that_fails_abandons_the_exchange)
{
    begin();
    client_say(&client, HELLO("/later"));
    live_until(live.waiting_count == 1, "a request");
    calls.fail_recv = ETIMEDOUT;
    client_say(&client, "x");
    live_expect_told("head POST /later; request `hello`; abandoned; ");
    end();
}
END_TEST

START_TEST(half_a_continue_is_never_followed_by_an_answer)
{
    begin();
    calls.send_at_most = 7;
    client_say(&client,
               "POST /w HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    client_expect(&client, "HTTP/1.");
    client_expect_end(&client);
    live_expect_told("head POST /w; abandoned; ");
    end();
}
END_TEST

START_TEST(a_refused_client_is_shut_down_and_not_cut_off)
{
    begin();
    client_say(&client, "nonsense\r\n\r\n");
    live_expect_told("400 bad_request alone; ");
    ck_assert_uint_eq(calls.shutdown, 1);
    end();
}
END_TEST

START_TEST(a_client_that_asked_to_close_is_closed_at_once)
{
    begin();
    client_say(&client, "GET /w HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    live_expect_told("head GET /w; request ``; 202; ");
    ck_assert_uint_eq(calls.shutdown, 0);
    ck_assert_uint_eq(hs_http_server_connections(live.server), 0);
    end();
}
END_TEST

#define IDLE_CONNECTIONS 400u

START_TEST(an_idle_connection_costs_less_than_a_kibibyte)
{
    struct rlimit files = {0};
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
    begin();
    static struct client idle[IDLE_CONNECTIONS];
    char filler[2000];
    memset(filler, 'x', sizeof(filler));
    hs_http_server_free(live.server);
    event_base_free(live.base);
    live.limits.connections = 2 * IDLE_CONNECTIONS;
    live_start();
    struct mallinfo2 before = mallinfo2();
    for (size_t i = 0; i < IDLE_CONNECTIONS; i++) {
        client_open(&idle[i]);
        others = idle[i].socket;
        /* In pieces and of some size, so that it was not always idle. */
        client_say(&idle[i], "POST /w HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
        client_say(&idle[i], "llo");
        client_expect(&idle[i], OK202);
        client_say(&idle[i], "GET /w HTTP/1.1\r\nHost: a\r\nX: ");
        client_send(&idle[i], filler, sizeof(filler));
        client_say(&idle[i], "\r\n\r\n");
        client_expect(&idle[i], OK202);
        hs_buffer_free(&idle[i].got);
        hs_buffer_clear(&live.told);
    }
    struct mallinfo2 after = mallinfo2(); /* zeroes under a sanitizer */
    ck_assert_uint_eq(hs_http_server_connections(live.server), IDLE_CONNECTIONS);
    ck_assert_uint_lt((after.uordblks - before.uordblks) / IDLE_CONNECTIONS, 1024);
    for (size_t i = 0; i < IDLE_CONNECTIONS; i++)
        client_close(&idle[i]);
    end();
}
END_TEST

HS_TEST_MAIN("http system calls", a_kept_request_costs_one_recv_and_one_send,
             so_does_one_that_is_answered_later, answers_are_not_held_back_for_company,
             without_descriptors_the_listener_pauses_and_comes_back,
             without_descriptors_a_silent_connection_makes_room,
             a_failure_of_one_connection_does_not_pause_the_listener,
             interrupted_calls_are_made_again, a_socket_that_is_full_gets_the_answer_later,
             a_send_that_fails_ends_the_connection, a_recv_that_fails_abandons_the_exchange,
             half_a_continue_is_never_followed_by_an_answer,
             a_refused_client_is_shut_down_and_not_cut_off,
             a_client_that_asked_to_close_is_closed_at_once,
             an_idle_connection_costs_less_than_a_kibibyte)
