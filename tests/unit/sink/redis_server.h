/* A Redis of the test's own: on a free loopback port, in a folder that goes with it. */
#ifndef HS_TEST_REDIS_SERVER_H
#define HS_TEST_REDIS_SERVER_H

#include "hs_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER_TRIES 2000 /* of 5 ms each */

struct redis_server {
    pid_t pid;
    int port;
    char folder[64], url[128], socket_url[128];
    redisContext *client;
};

static int server_free_port(void)
{
    int file = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    ck_assert_int_eq(bind(file, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(file, (struct sockaddr *)&address, &size), 0);
    close(file);
    return ntohs(address.sin_port);
}

static void server_connect(struct redis_server *server)
{
    for (int i = 0; i < SERVER_TRIES; i++) {
        if (server->client != NULL)
            redisFree(server->client);
        server->client = redisConnect("127.0.0.1", server->port);
        if (server->client != NULL && server->client->err == 0) {
            redisReply *reply = redisCommand(server->client, "PING");
            bool up = reply != NULL &&
                      (reply->type == REDIS_REPLY_STATUS || strstr(reply->str, "NOAUTH"));
            if (reply != NULL)
                freeReplyObject(reply);
            if (up)
                return;
        }
        poll(NULL, 0, 5);
    }
    ck_abort_msg("redis-server does not answer");
}

static void server_start(struct redis_server *server)
{
    server->pid = fork();
    ck_assert_int_ge(server->pid, 0);
    if (server->pid == 0) {
        char port[16], path[96];
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        snprintf(port, sizeof(port), "%d", server->port);
        snprintf(path, sizeof(path), "%s/socket", server->folder);
        int null = open("/dev/null", O_RDWR);
        dup2(null, 1);
        dup2(null, 2);
        execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir",
               server->folder, "--save", "", "--appendonly", "yes", "--appendfsync", "no",
               "--unixsocket", path, (char *)NULL);
        _exit(127);
    }
    server_connect(server);
}

/* Kills it, as a crash would. */
static void server_kill(struct redis_server *server)
{
    kill(server->pid, SIGCONT);
    kill(server->pid, SIGKILL);
    ck_assert_int_eq(waitpid(server->pid, NULL, 0), server->pid);
    server->pid = 0;
}

static struct redis_server server_create(void)
{
    struct redis_server server = {.port = server_free_port()};
    strcpy(server.folder, "/tmp/hs-redis-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(server.folder));
    snprintf(server.url, sizeof(server.url), "redis://127.0.0.1:%d/0", server.port);
    snprintf(server.socket_url, sizeof(server.socket_url), "unix://%s/socket", server.folder);
    server_start(&server);
    return server;
}

static void server_end(struct redis_server *server)
{
    if (server->pid > 0)
        server_kill(server);
    redisFree(server->client);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s 2>/dev/null", server->folder);
    for (int i = 0; system(command) != 0; i++) { /* a child of the server may still write there */
        ck_assert_int_lt(i, SERVER_TRIES);
        poll(NULL, 0, 5);
    }
}

/* A command whose answer does not matter, but that it is no error. */
static __attribute__((format(printf, 2, 3))) void server_do(struct redis_server *server,
                                                            const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redisvCommand(server->client, format, arguments);
    va_end(arguments);
    ck_assert_msg(reply != NULL, "%s: %s", format, server->client->errstr);
    ck_assert_msg(reply->type != REDIS_REPLY_ERROR, "%s: %s", format, reply->str);
    freeReplyObject(reply);
}

/* A text or a number as text; "" for none. */
static __attribute__((format(printf, 2, 3))) const char *server_get(struct redis_server *server,
                                                                    const char *format, ...)
{
    static char text[4096];
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redisvCommand(server->client, format, arguments);
    va_end(arguments);
    ck_assert_msg(reply != NULL, "%s: %s", format, server->client->errstr);
    if (reply->type == REDIS_REPLY_INTEGER)
        snprintf(text, sizeof(text), "%lld", reply->integer);
    else
        snprintf(text, sizeof(text), "%s", reply->str ? reply->str : "");
    freeReplyObject(reply);
    return text;
}

#endif
