/* Redis errors: the first word of an error reply, and how it is taken. What is not listed is
 * held: a command that Redis does not take is for a person to look at. */
#include "redis.h"

static const struct row {
    const char *word;
    struct hs_error_class class;
} rows[] = {
    {"LOADING", {HS_TRANSIENT, "loading", ""}},
    {"BUSY", {HS_TRANSIENT, "busy", ""}},
    {"TRYAGAIN", {HS_TRANSIENT, "try_again", ""}},
    {"MASTERDOWN", {HS_TRANSIENT, "master_down", ""}},
    {"CLUSTERDOWN", {HS_TRANSIENT, "cluster_down", ""}},
    {"NOREPLICAS", {HS_TRANSIENT, "no_replicas", "too few replicas: see min-replicas-to-write"}},

    {"OOM", {HS_HELD, "oom", "Redis has reached maxmemory: raise it or trim (max_length)"}},
    {"READONLY", {HS_HELD, "read_only", "this is a replica: point the sink at the master"}},
    {"MISCONF", {HS_HELD, "misconf", "Redis cannot save to its disk: check it"}},
    {"MOVED", {HS_HELD, "moved", "this is a cluster: name a Redis that is none"}},
    {"ASK", {HS_HELD, "moved", "this is a cluster: name a Redis that is none"}},
    {"CROSSSLOT", {HS_HELD, "moved", "this is a cluster: name a Redis that is none"}},
    {"NOAUTH", {HS_HELD, "authentication", "give a password in the sink's url"}},
    {"WRONGPASS", {HS_HELD, "authentication", "check user and password"}},
    {"NOPERM",
     {HS_HELD, "permission",
      "allow this user MULTI, EXEC, XADD, TYPE, GET and SET on the sink's keys"}},
    {"EXECABORT", {HS_HELD, "exec_abort", ""}},
    {"ERR", {HS_HELD, "error", ""}},

    {"WRONGTYPE", {HS_PERMANENT, "wrong_type", "the stream's key holds something else"}},
};

const struct hs_error_class *hs_redis_classify(struct hs_slice reply)
{
    static const struct hs_error_class other = {HS_HELD, "other", ""};
    const char *space = reply.size ? memchr(reply.data, ' ', reply.size) : NULL;
    struct hs_slice word = hs_slice(reply.data, space ? (size_t)(space - reply.data) : reply.size);
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        if (hs_slice_equal(hs_slice_text(rows[i].word), word))
            return &rows[i].class;
    return &other;
}
