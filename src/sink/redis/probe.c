/* Redis probe: checks the server's own report (INFO), the keys, and the user's rights as ACL DRYRUN
 * returns them. Reads only. */
#include "probe.h"

#include "redis.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

/* The Redis to question, and on whose behalf. */
struct redis {
    const struct hs_probe *probe;
    const struct hs_node *node; /* of the option that names the server */
    struct redisContext *link;
    char place[HS_REDIS_PLACE_TEXT]; /* where it is */
    bool is_cluster;
};

/* ---- Questions ---- */

/* NULL: no answer. The caller frees with freeReplyObject(). */
static redisReply *ask(const struct redis *redis, const char **words, int count)
{
    return redisCommandArgv(redis->link, count, words, NULL);
}
#define ASK(redis, ...)                                                                            \
    ask(redis, (const char *[]){__VA_ARGS__},                                                      \
        (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *)))

static bool is_text(const redisReply *reply)
{
    return reply != NULL &&
           (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS);
}

static struct hs_slice text_of(const redisReply *reply)
{
    return is_text(reply) ? hs_slice(reply->str, (size_t)reply->len) : HS_SLICE_NONE;
}

static const char *words_of(const struct redis *redis, const redisReply *reply)
{
    if (reply == NULL)
        return redis->link->errstr;
    return reply->type == REDIS_REPLY_ERROR ? reply->str : "an answer of another kind";
}

/* The value of a line "name:value" of INFO. */
static struct hs_slice info_value(struct hs_slice info, const char *name)
{
    struct hs_slice key = hs_slice_text(name);
    while (info.size > 0) {
        const char *end = memchr(info.data, '\n', info.size);
        size_t size = end != NULL ? (size_t)(end - info.data) : info.size;
        struct hs_slice line = hs_slice(info.data, size);
        if (line.size > 0 && line.data[line.size - 1] == '\r')
            line.size--;
        if (line.size > key.size && hs_slice_starts_with(line, key) && line.data[key.size] == ':')
            return hs_slice(line.data + key.size + 1, line.size - key.size - 1);
        size_t step = end != NULL ? size + 1 : size;
        info = hs_slice(info.data + step, info.size - step);
    }
    return HS_SLICE_NONE;
}

/* ---- The server ---- */

static void judge_role(const struct redis *redis, struct hs_slice info)
{
    struct hs_slice role = info_value(info, "role");
    if (role.size == 0 || hs_slice_equal(role, HS_SLICE("master")))
        return;
    hs_config_error(redis->probe->config, HS_FINDING_ONLINE_ROLE, redis->node,
                    "`%s`: this Redis is a replica, which takes no writes: name its master",
                    redis->probe->name);
}

/* allkeys-* evicts any key; volatile-* only those that expire: not streams and cursors, but ids of
 * the shared dedupe. */
static void judge_memory(const struct redis *redis, struct hs_slice info)
{
    struct hs_slice policy = info_value(info, "maxmemory_policy");
    struct hs_slice most = info_value(info, "maxmemory");
    if (policy.size == 0 || most.size == 0 || hs_slice_equal(most, HS_SLICE("0")) ||
        hs_slice_equal(policy, HS_SLICE("noeviction")))
        return;
    hs_config_error(redis->probe->config, HS_FINDING_ONLINE_EVICTION, redis->node,
                    "`%s`: maxmemory-policy is %.*s: at maxmemory this Redis throws away keys, "
                    "streams and cursors among them; set it to noeviction, and hookstream waits "
                    "instead",
                    redis->probe->name, HS_SLICE_ARG(policy));
}

static void judge_persistence(const struct redis *redis, struct hs_slice info)
{
    struct hs_slice append = info_value(info, "aof_enabled");
    if (append.size == 0 || hs_slice_equal(append, HS_SLICE("1")))
        return;
    hs_config_warning(redis->probe->config, HS_FINDING_ONLINE_PERSISTENCE, redis->node,
                      "`%s`: appendonly is off: what this Redis has confirmed since its last "
                      "snapshot is gone when it ends, and sent again only as far as "
                      "journal.retain reaches; set appendonly yes if that matters",
                      redis->probe->name);
}

/* Of the login, not of INFO alone. */
static bool is_refusal(const struct hs_failure *failure)
{
    return strcmp(failure->label, "no_auth") == 0 || strcmp(failure->label, "denied") == 0 ||
           strcmp(failure->label, "wrong_password") == 0;
}

/* false, with a finding: it accepts connections but does not answer. */
static bool judge_server(struct redis *redis)
{
    redisReply *reply = ASK(redis, "INFO");
    if (reply == NULL) {
        hs_config_error(redis->probe->config, HS_FINDING_ONLINE_UNREACHABLE, redis->node,
                        "`%s`: Redis is not reached: %s: no answer: %s", redis->probe->name,
                        redis->place, redis->link->errstr);
        return false;
    }
    struct hs_slice info = text_of(reply);
    const struct hs_failure *failure =
        reply->type == REDIS_REPLY_ERROR
            ? &hs_redis_error(hs_slice(reply->str, (size_t)reply->len))->failure
            : NULL;
    if (failure != NULL && is_refusal(failure)) {
        hs_config_error(redis->probe->config, HS_FINDING_ONLINE_REFUSED, redis->node,
                        "`%s`: it does not let us in: %s (%.200s)", redis->probe->name,
                        failure->words, reply->str);
        freeReplyObject(reply);
        return false;
    }
    if (info.data == NULL) {
        hs_probe_say(redis->probe, "Redis answers; what it is could not be asked (%.200s)",
                     words_of(redis, reply));
    } else {
        struct hs_slice version = info_value(info, "redis_version");
        hs_probe_say(redis->probe, "Redis %.*s answers", HS_SLICE_ARG(version));
        judge_role(redis, info);
        judge_memory(redis, info);
        judge_persistence(redis, info);
        redis->is_cluster = hs_slice_equal(info_value(info, "redis_mode"), HS_SLICE("cluster"));
    }
    freeReplyObject(reply);
    return true;
}

/* false: with a finding. */
static bool reach(struct redis *redis, const char *text, const char *username, const char *password)
{
    struct hs_redis_url url;
    if (hs_redis_url_parse(text, username, password, &url) < 0)
        return false; /* the check of the options reported it */
    hs_redis_url_place(&url, redis->place);
    int code = hs_redis_connect_now(&url, redis->probe->timeout_ms, &redis->link);
    hs_redis_url_free(&url);
    if (code == 0)
        return true;
    bool refused = code == -EACCES;
    const struct hs_failure *failure =
        refused ? &hs_redis_error(hs_slice_text(hs_error_text()))->failure : NULL;
    hs_config_error(redis->probe->config,
                    refused ? HS_FINDING_ONLINE_REFUSED : HS_FINDING_ONLINE_UNREACHABLE,
                    redis->node, "`%s`: %s: %s%s%s%s", redis->probe->name,
                    refused ? "it does not let us in" : "Redis is not reached",
                    refused ? failure->words : hs_error_text(), refused ? " (" : "",
                    refused ? hs_error_text() : "", refused ? ")" : "");
    return false;
}

void hs_redis_probe_server(const struct hs_probe *probe, const struct hs_node *node,
                           const char *url, const char *username, const char *password)
{
    struct redis redis = {.probe = probe, .node = node};
    if (url == NULL || !reach(&redis, url, username, password))
        return;
    (void)judge_server(&redis); /* nothing else is asked */
    redisFree(redis.link);
}

/* ---- Keys ---- */

static bool is_type(struct hs_slice type, const char *wanted)
{
    return hs_slice_equal(type, HS_SLICE("none")) || hs_slice_equal(type, hs_slice_text(wanted));
}

static void probe_stream(const struct redis *redis, const struct hs_probe_place *place)
{
    redisReply *reply = ASK(redis, "TYPE", place->destination);
    struct hs_slice type = text_of(reply);
    if (type.data == NULL)
        hs_probe_say(redis->probe, "stream %s: its key could not be asked (%.200s)",
                     place->destination, words_of(redis, reply));
    else if (!is_type(type, "stream"))
        hs_config_error(redis->probe->config, HS_FINDING_ONLINE_KEY, place->node,
                        "sink `%s`: the key `%s` is a %.*s and no stream: events for it become "
                        "dead letters; name another, or remove it",
                        redis->probe->name, place->destination, HS_SLICE_ARG(type));
    else
        hs_probe_say(redis->probe, "stream %s: its key is %s", place->destination,
                     is_type(type, "none") ? "free" : "a stream");
    freeReplyObject(reply);
}

static void judge_cursor(const struct redis *redis, const char *key, const redisReply *reply)
{
    struct hs_redis_cursor cursor;
    struct hs_slice text = text_of(reply);
    if (reply != NULL && reply->type == REDIS_REPLY_NIL)
        hs_probe_say(redis->probe, "no cursor of this journal yet");
    else if (text.data == NULL && reply != NULL && reply->type == REDIS_REPLY_ERROR &&
             !hs_slice_starts_with(hs_slice_text(reply->str), HS_SLICE("WRONGTYPE")))
        hs_probe_say(redis->probe, "the cursor could not be asked (%.200s)", reply->str);
    else if (text.data == NULL || hs_redis_cursor_parse(text, &cursor) < 0)
        hs_config_error(redis->probe->config, HS_FINDING_ONLINE_KEY, redis->node,
                        "sink `%s`: the cursor's key `%s` holds something else: set another "
                        "`cursor_key`, or look at who wrote it",
                        redis->probe->name, key);
    else
        hs_probe_say(redis->probe, "the cursor is at event %llu",
                     (unsigned long long)cursor.sequence);
}

static void probe_cursor(const struct redis *redis, const struct hs_redis_options *options)
{
    if (redis->probe->identity == NULL) {
        hs_probe_say(redis->probe, "no journal yet, so no cursor of it");
        return;
    }
    char key[256];
    int size = snprintf(key, sizeof(key), "%s:%s:%s", options->cursor_key, redis->probe->identity,
                        redis->probe->name);
    if (size < 0 || (size_t)size >= sizeof(key))
        return; /* longer than a person would write it */
    redisReply *reply = ASK(redis, "GET", key);
    judge_cursor(redis, key, reply);
    freeReplyObject(reply);
}

/* ---- A cluster ---- */

/* -1: no usable answer. */
static long long slot_of(const struct redis *redis, const char *key)
{
    redisReply *reply = ASK(redis, "CLUSTER", "KEYSLOT", key);
    long long slot = reply != NULL && reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;
    freeReplyObject(reply);
    return slot;
}

/* Without a hash tag in `cursor_key`, journal and sink determine its slot, and a stream is in it
 * only by chance. */
static void probe_cluster(const struct redis *redis, const struct hs_redis_options *options,
                          const struct hs_probe_place *places, size_t count)
{
    const char *open = strchr(options->cursor_key, '{');
    const char *end = open != NULL ? strchr(open, '}') : NULL;
    if (end == NULL || end == open + 1) {
        hs_config_error(redis->probe->config, HS_FINDING_ONLINE_CLUSTER, redis->node,
                        "sink `%s`: this Redis is a cluster, and streams and `cursor_key` (`%s`) "
                        "have no common hash tag: no batch would be taken",
                        redis->probe->name, options->cursor_key);
        return;
    }
    long long wanted = slot_of(redis, options->cursor_key);
    for (size_t i = 0; i < count; i++)
        if (slot_of(redis, places[i].destination) != wanted)
            hs_config_error(redis->probe->config, HS_FINDING_ONLINE_CLUSTER, places[i].node,
                            "sink `%s`: this Redis is a cluster, and the stream `%s` is in another "
                            "slot than `cursor_key` (`%s`): give both one hash tag",
                            redis->probe->name, places[i].destination, options->cursor_key);
}

/* ---- Rights ---- */

/* Whether the user may run one of the sink's commands; false: no usable answer. */
static bool probe_right(const struct redis *redis, const char *user, const char **command,
                        int count, const struct hs_node *node)
{
    const char *words[12] = {"ACL", "DRYRUN", user};
    for (int i = 0; i < count; i++)
        words[3 + i] = command[i];
    redisReply *reply = ask(redis, words, 3 + count);
    bool answered = is_text(reply);
    if (answered && !hs_slice_equal(text_of(reply), HS_SLICE("OK")))
        hs_config_error(redis->probe->config, HS_FINDING_ONLINE_RIGHTS, node,
                        "sink `%s`: the user `%s` may not %s%s%s: extend its ACL (%.*s)",
                        redis->probe->name, user, command[0], count > 1 ? " " : "",
                        count > 1 ? command[1] : "", HS_SLICE_ARG(text_of(reply)));
    freeReplyObject(reply);
    return answered;
}

static bool probe_cursor_rights(const struct redis *redis, const char *user, const char *key)
{
    static const char *const plain[] = {"MULTI", "EXEC"};
    const struct hs_node *node = redis->node;
    bool asked = probe_right(redis, user, (const char *[]){"SET", key, "1 1"}, 3, node) &&
                 probe_right(redis, user, (const char *[]){"GET", key}, 2, node) &&
                 probe_right(redis, user, (const char *[]){"APPEND", key, ""}, 3, node) &&
                 probe_right(redis, user, (const char *[]){"WATCH", key}, 2, node);
    for (size_t i = 0; asked && i < HS_ARRAY_SIZE(plain); i++)
        asked = probe_right(redis, user, (const char *[]){plain[i]}, 1, node);
    return asked;
}

static void probe_rights(const struct redis *redis, const struct hs_redis_options *options,
                         const struct hs_probe_place *places, size_t count)
{
    redisReply *reply = ASK(redis, "ACL", "WHOAMI");
    bool asked = is_text(reply);
    if (asked) {
        char key[256]; /* a sample of ours: a rule about keys has a prefix of it */
        snprintf(key, sizeof(key), "%.128s:journal:%.64s", options->cursor_key, redis->probe->name);
        asked = probe_cursor_rights(redis, reply->str, key);
        for (size_t i = 0; asked && i < count; i++)
            asked = probe_right(redis, reply->str,
                                (const char *[]){"XADD", places[i].destination, "*", "body", "{}"},
                                5, places[i].node);
    }
    if (!asked)
        hs_probe_say(redis->probe, "the user's rights could not be asked (ACL DRYRUN, Redis 7)");
    freeReplyObject(reply);
}

/* ---- All checks ---- */

void hs_redis_probe(const struct hs_probe *probe, const struct hs_sink_options *sink,
                    const struct hs_probe_place *places, size_t count)
{
    const struct hs_redis_options *options = hs_redis_options(sink);
    const struct hs_node *node = sink->node;
    const struct hs_node *url = node != NULL ? hs_node_get(node, "url") : NULL;
    struct redis redis = {.probe = probe, .node = url != NULL ? url : node};
    if (options->url == NULL || !reach(&redis, options->url, options->username, options->password))
        return;
    if (judge_server(&redis)) {
        for (size_t i = 0; i < count; i++)
            probe_stream(&redis, &places[i]);
        if (redis.is_cluster && options->cursor_key != NULL)
            probe_cluster(&redis, options, places, count);
        probe_cursor(&redis, options);
        probe_rights(&redis, options, places, count);
    }
    redisFree(redis.link);
}
