/* Redis errors: the table of every error reply that matters to a writer of streams, with its class
 * and label. Inside a transaction an error at queueing time discards the whole transaction; one at
 * execution affects only its own command (batch.c distinguishes the two). */
#include "errors.h"

#define REPLICA "this Redis is a replica: point `url` at the master, or promote this one"

static const struct hs_redis_error table[] = {
    /* Never accepted. */
    {"WRONGTYPE", {HS_PERMANENT, "wrong_type", "the key holds something that is no stream"}, false},

    /* An operator must act. */
    {"OOM", {HS_BLOCKED, "oom", "Redis is at its maxmemory: raise it, or trim streams"}, false},
    {"MISCONF", {HS_BLOCKED, "misconf", "Redis cannot save to its disk and refuses writes"}, false},
    {"NOAUTH", {HS_BLOCKED, "no_auth", "Redis wants a password: set `password`"}, true},
    {"WRONGPASS", {HS_BLOCKED, "wrong_password", "Redis refuses the user or the password"}, true},
    {"NOPERM", {HS_BLOCKED, "no_permission", "the user may not do this: extend its ACL"}, false},
    {"DENIED",
     {HS_BLOCKED, "denied", "Redis runs in protected mode: set a password or bind"},
     true},
    {"MOVED", {HS_BLOCKED, "moved", "a Redis cluster keeps this key on another node"}, false},
    {"ASK", {HS_BLOCKED, "moved", "a Redis cluster keeps this key on another node"}, false},
    {"CROSSSLOT",
     {HS_BLOCKED, "cross_slot", "streams and cursor_key need one hash tag in a cluster"},
     false},
    {"READONLY", {HS_BLOCKED, "read_only", REPLICA}, true},
    /* Before the other ERR. */
    {"ERR WAIT cannot be used with replica", {HS_BLOCKED, "read_only", REPLICA}, true},
    {"ERR", {HS_BLOCKED, "error", "Redis refuses the command"}, false},
    {"NOPROTO", {HS_BLOCKED, "error", "Redis refuses the protocol"}, true},

    /* Sent again. */
    {"EXECABORT", {HS_TRANSIENT, "aborted", "the transaction was discarded"}, false},
    {"LOADING", {HS_TRANSIENT, "loading", "Redis reads its data from disk"}, false},
    {"BUSY", {HS_TRANSIENT, "busy", "a script keeps Redis busy"}, false},
    {"MASTERDOWN", {HS_TRANSIENT, "master_down", "a replica without its master"}, true},
    {"UNBLOCKED", {HS_TRANSIENT, "failover", "the master became a replica"}, true},
    {"NOREPLICAS",
     {HS_TRANSIENT, "no_replicas", "fewer replicas than min-replicas-to-write"},
     false},
    {"CLUSTERDOWN", {HS_TRANSIENT, "cluster_down", "the Redis cluster is not whole"}, false},
    {"TRYAGAIN", {HS_TRANSIENT, "try_again", "the Redis cluster moves the key"}, false},
    {"NOGOODSLAVE", {HS_TRANSIENT, "failover", "a failover goes on"}, true},
};

static const struct hs_redis_error other = {
    "", {HS_BLOCKED, "error", "an error that has no row of its own"}, false};

static bool begins_with_word(struct hs_slice text, const char *word)
{
    size_t size = strlen(word); /* strlen: of the table above */
    return text.size >= size && memcmp(text.data, word, size) == 0 &&
           (text.size == size || text.data[size] == ' ');
}

const struct hs_redis_error *hs_redis_error(struct hs_slice text)
{
    static const struct hs_slice because = {"discarded because of: ", 22};
    const char *cause =
        text.size > 0 ? memmem(text.data, text.size, because.data, because.size) : NULL;
    if (cause != NULL && begins_with_word(text, "EXECABORT")) {
        cause += because.size;
        text = hs_slice(cause, text.size - (size_t)(cause - text.data));
    }
    for (size_t i = 0; i < HS_ARRAY_SIZE(table); i++)
        if (begins_with_word(text, table[i].prefix))
            return &table[i];
    return &other;
}

const struct hs_redis_error *hs_redis_error_table(size_t *ret_count)
{
    *ret_count = HS_ARRAY_SIZE(table);
    return table;
}
