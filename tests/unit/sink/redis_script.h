/* A Redis that says what it is told to: a small server of the protocol, on a free loopback port,
 * in the loop of the test itself. It knows what the sink asks (logins, one transaction at a time,
 * WATCH, streams, texts) and answers as a real one would, but where a rule gives an error. */
#ifndef HS_TEST_REDIS_SCRIPT_H
#define HS_TEST_REDIS_SCRIPT_H

#include "hs_test.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SCRIPT_WORDS 12
#define SCRIPT_QUEUE 32
#define SCRIPT_KEYS 8
#define SCRIPT_TEXT 256

/* Where a command is answered. In a transaction it is twice: when it is queued, and when it is done
 * by EXEC. */
enum script_place { SCRIPT_AT_ONCE, SCRIPT_QUEUED, SCRIPT_DONE };

struct script_rule {
    const char *command; /* NULL: no rule */
    enum script_place place;
    unsigned first, last; /* which of these commands in this place, from 1 */
    const char *error;    /* without the "-" */
    unsigned seen;        /* such commands so far */
};

struct script_key {
    char name[SCRIPT_TEXT], text[SCRIPT_TEXT]; /* a stream: its bodies, each with a blank */
    bool is_stream;
    unsigned changes;
};

struct script_command {
    size_t count;
    char words[SCRIPT_WORDS][SCRIPT_TEXT];
};

struct script_client {
    struct script *script;
    struct bufferevent *link;
    bool queues, aborts; /* in a transaction; one that EXEC refuses */
    size_t queued;
    struct script_command queue[SCRIPT_QUEUE];
    const struct script_key *watched;
    unsigned watched_changes;
};

struct script {
    struct evconnlistener *listener;
    struct script_client *clients[64];
    size_t connections; /* that there were */
    char url[64];
    struct script_key keys[SCRIPT_KEYS];
    struct script_rule rule;
    unsigned errors;   /* that the rule gave */
    unsigned replicas; /* that WAIT tells */
};

static struct script_key *script_key(struct script *script, const char *name)
{
    struct script_key *key = script->keys;
    while (key->name[0] != '\0' && strcmp(key->name, name) != 0)
        ck_assert_ptr_ne(++key, script->keys + SCRIPT_KEYS);
    snprintf(key->name, sizeof(key->name), "%s", name);
    return key;
}

/* What the key holds; of a stream the bodies in order: "1 2 ". */
static const char *script_text(struct script *script, const char *name)
{
    return script_key(script, name)->text;
}

/* ---- What is said ---- */

static const char *script_error(struct script *script, const char *command, enum script_place place)
{
    struct script_rule *rule = &script->rule;
    if (rule->command == NULL || strcmp(rule->command, command) != 0 || rule->place != place)
        return NULL;
    rule->seen++;
    if (rule->seen < rule->first || rule->seen > rule->last)
        return NULL;
    script->errors++;
    return rule->error;
}

static void script_say_text(struct evbuffer *out, const char *text)
{
    evbuffer_add_printf(out, "$%zu\r\n%s\r\n", strlen(text), text);
}

static void script_add(struct script_key *key, const char *text)
{
    size_t size = strlen(key->text);
    ck_assert_uint_lt(size + strlen(text) + 2, sizeof(key->text));
    snprintf(key->text + size, sizeof(key->text) - size, "%s%s", text, key->is_stream ? " " : "");
    key->changes++;
}

static void script_xadd(struct script_key *key, const char *body, struct evbuffer *out)
{
    if (!key->is_stream && key->text[0] != '\0') {
        evbuffer_add_printf(out, "-WRONGTYPE Operation against a key holding the wrong kind of "
                                 "value\r\n");
        return;
    }
    key->is_stream = true;
    script_add(key, body);
    evbuffer_add_printf(out, "$3\r\n1-1\r\n");
}

static void script_say_type(const struct script_key *key, struct evbuffer *out)
{
    const char *type = key->is_stream ? "stream" : "string";
    evbuffer_add_printf(out, "+%s\r\n", key->text[0] == '\0' ? "none" : type);
}

/* Does a command that is not about the transaction itself. */
static void script_do(struct script_client *client, const struct script_command *command,
                      struct evbuffer *out)
{
    struct script *script = client->script;
    const char *name = command->words[0], *last = command->words[command->count - 1];
    if (strcmp(name, "AUTH") == 0 || strcmp(name, "SELECT") == 0) {
        evbuffer_add_printf(out, "+OK\r\n");
        return;
    }
    if (strcmp(name, "WAIT") == 0) {
        evbuffer_add_printf(out, ":%u\r\n", script->replicas);
        return;
    }
    struct script_key *key = script_key(script, command->words[1]);
    if (strcmp(name, "GET") == 0) {
        script_say_text(out, key->text);
    } else if (strcmp(name, "TYPE") == 0) {
        script_say_type(key, out);
    } else if (strcmp(name, "XADD") == 0) {
        script_xadd(key, last, out);
    } else if (strcmp(name, "APPEND") == 0) {
        script_add(key, last);
        evbuffer_add_printf(out, ":%zu\r\n", strlen(key->text));
    } else if (strcmp(name, "SET") == 0) {
        key->text[0] = '\0';
        script_add(key, last);
        evbuffer_add_printf(out, "+OK\r\n");
    } else if (strcmp(name, "WATCH") == 0) {
        client->watched = key;
        client->watched_changes = key->changes;
        evbuffer_add_printf(out, "+OK\r\n");
    } else {
        evbuffer_add_printf(out, "-ERR unknown command '%s'\r\n", name);
    }
}

/* ---- Transactions ---- */

static void script_exec(struct script_client *client, struct evbuffer *out)
{
    const struct script_key *watched = client->watched;
    bool aborts = client->aborts;
    client->queues = client->aborts = false;
    client->watched = NULL;
    if (aborts) {
        evbuffer_add_printf(out,
                            "-EXECABORT Transaction discarded because of previous errors.\r\n");
        return;
    }
    if (watched != NULL && watched->changes != client->watched_changes) {
        evbuffer_add_printf(out, "*-1\r\n");
        return;
    }
    evbuffer_add_printf(out, "*%zu\r\n", client->queued);
    for (size_t i = 0; i < client->queued; i++) {
        const char *error = script_error(client->script, client->queue[i].words[0], SCRIPT_DONE);
        if (error != NULL)
            evbuffer_add_printf(out, "-%s\r\n", error);
        else
            script_do(client, &client->queue[i], out);
    }
}

static void script_answer(struct script_client *client, const struct script_command *command)
{
    struct evbuffer *out = bufferevent_get_output(client->link);
    const char *name = command->words[0];
    bool queues = client->queues && strcmp(name, "EXEC") != 0;
    const char *error = script_error(client->script, name, queues ? SCRIPT_QUEUED : SCRIPT_AT_ONCE);
    if (error != NULL) {
        client->aborts = client->queues;
        if (strcmp(name, "EXEC") == 0)
            client->queues = client->aborts = false;
        evbuffer_add_printf(out, "-%s\r\n", error);
    } else if (queues) {
        ck_assert_uint_lt(client->queued, SCRIPT_QUEUE);
        client->queue[client->queued++] = *command;
        evbuffer_add_printf(out, "+QUEUED\r\n");
    } else if (strcmp(name, "MULTI") == 0) {
        client->queues = true;
        client->queued = 0;
        evbuffer_add_printf(out, "+OK\r\n");
    } else if (strcmp(name, "EXEC") == 0) {
        script_exec(client, out);
    } else {
        script_do(client, command, out);
    }
}

/* ---- Bytes ---- */

/* "*3" or "$3" at `*at`; false: not all of it is here. */
static bool script_number(const char *data, size_t size, size_t *at, char kind, size_t *ret_number)
{
    const char *end = memmem(data + *at, size - *at, "\r\n", 2);
    if (end == NULL)
        return false;
    ck_assert_int_eq(data[*at], kind);
    *ret_number = strtoul(data + *at + 1, NULL, 10);
    *at = (size_t)(end - data) + 2;
    return true;
}

/* Gives the size of the command that the bytes begin with; 0: not all of it is here. */
static size_t script_read(const char *data, size_t size, struct script_command *ret_command)
{
    size_t at = 0, word;
    if (!script_number(data, size, &at, '*', &ret_command->count))
        return 0;
    ck_assert_uint_le(ret_command->count, SCRIPT_WORDS);
    for (size_t i = 0; i < ret_command->count; i++) {
        if (!script_number(data, size, &at, '$', &word) || size - at < word + 2)
            return 0;
        ck_assert_uint_lt(word, SCRIPT_TEXT);
        memcpy(ret_command->words[i], data + at, word);
        ret_command->words[i][word] = '\0';
        at += word + 2;
    }
    return at;
}

static void script_on_read(struct bufferevent *link, void *context)
{
    struct evbuffer *in = bufferevent_get_input(link);
    struct script_command command;
    size_t size;
    while (evbuffer_get_length(in) > 0) {
        size =
            script_read((const char *)evbuffer_pullup(in, -1), evbuffer_get_length(in), &command);
        if (size == 0)
            return;
        evbuffer_drain(in, size);
        script_answer(context, &command);
    }
}

static void script_on_event(struct bufferevent *link, short what, void *context)
{
    struct script_client *client = context;
    for (size_t i = 0; i < client->script->connections; i++)
        if (client->script->clients[i] == client)
            client->script->clients[i] = NULL;
    bufferevent_free(link);
    free(client);
}

static void script_on_accept(struct evconnlistener *listener, evutil_socket_t file,
                             struct sockaddr *address, int size, void *context)
{
    struct script *script = context;
    struct script_client *client = calloc(1, sizeof(*client));
    client->script = script;
    client->link =
        bufferevent_socket_new(evconnlistener_get_base(listener), file, BEV_OPT_CLOSE_ON_FREE);
    ck_assert_uint_lt(script->connections, HS_ARRAY_SIZE(script->clients));
    script->clients[script->connections++] = client;
    bufferevent_setcb(client->link, script_on_read, NULL, script_on_event, client);
    bufferevent_enable(client->link, EV_READ | EV_WRITE);
}

/* ---- For tests ---- */

static void script_start(struct script *script, struct event_base *base)
{
    *script = (struct script){.replicas = 1};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    script->listener =
        evconnlistener_new_bind(base, script_on_accept, script, LEV_OPT_CLOSE_ON_FREE, 16,
                                (struct sockaddr *)&address, sizeof(address));
    ck_assert_ptr_nonnull(script->listener);
    getsockname(evconnlistener_get_fd(script->listener), (struct sockaddr *)&address, &size);
    snprintf(script->url, sizeof(script->url), "redis://:secret@127.0.0.1:%u/1",
             ntohs(address.sin_port));
}

/* Before the loop's base is freed. */
static void script_end(struct script *script)
{
    for (size_t i = 0; i < script->connections; i++)
        if (script->clients[i] != NULL) {
            bufferevent_free(script->clients[i]->link);
            free(script->clients[i]);
        }
    evconnlistener_free(script->listener);
}

/* From now on the n-th such command, and all after it, is answered so. */
static void script_refuse(struct script *script, const char *command, enum script_place place,
                          unsigned n, const char *error)
{
    script->rule = (struct script_rule){command, place, n, UINT_MAX, error, 0};
    script->errors = 0;
}

/* All is answered well again. */
static void script_heal(struct script *script)
{
    script->rule.command = NULL;
}

#endif
