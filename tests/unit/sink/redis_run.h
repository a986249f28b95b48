/* A run of the Redis sink for its tests: a real server, the owner, and what the streams have in the
 * end. One of each at a time: Check runs every test in a process of its own. */
#ifndef HS_TEST_REDIS_RUN_H
#define HS_TEST_REDIS_RUN_H

#include "owner.h"
#include "redis/options.h"
#include "redis/redis.h"
#include "redis_server.h"

#define CURSOR "cur:0000-identity:test"

static struct redis_server server;
static struct hs_redis_options options;
static struct owner *owner;

static inline void begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    server = server_create();
    options = (struct hs_redis_options){
        .sink.kind = HS_SINK_INDEX_redis, .url = server.url, .cursor_key = "cur"};
    owner = owner_create();
}

static inline void begin_open(void)
{
    begin();
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1);
}

static inline void end(void)
{
    owner_free(owner);
    server_end(&server);
}

/* The sink of another run of the program. */
static inline void reopen(void)
{
    owner_close(owner);
    owner_open(owner, &options.sink);
    size_t resumes = owner->resumes;
    OWNER_WAIT(owner, owner->resumes > resumes);
}

static inline void drained(void)
{
    OWNER_WAIT(owner, hs_sink_in_flight(owner->sink) == 0);
}

/* Says in one text which events the stream has: "1 2 3 ". */
static inline const char *events_of(const char *stream)
{
    static char text[1 << 20];
    size_t size = 0;
    text[0] = '\0';
    redisReply *reply = redisCommand(server.client, "XRANGE %s - +", stream);
    ck_assert_ptr_nonnull(reply);
    for (size_t i = 0; i < reply->elements; i++) {
        unsigned long long n = 0;
        const redisReply *fields = reply->element[i]->element[1];
        ck_assert_str_eq(fields->element[0]->str, "body");
        ck_assert_int_eq(sscanf(fields->element[1]->str, "{\"n\":%llu}", &n), 1);
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%llu ", n);
    }
    freeReplyObject(reply);
    return text;
}

static inline const char *numbers(uint64_t first, uint64_t last)
{
    static char text[1 << 20];
    size_t size = 0;
    for (uint64_t n = first; n <= last; n++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%llu ", (unsigned long long)n);
    return text;
}

/* Does what an owner does: gives first..last in order, and again what was not delivered when
 * the sink forgot it or gave it back. `disturb` is called now and then. */
static inline void deliver_all(uint64_t first, uint64_t last, const char *stream,
                               void (*disturb)(void))
{
    uint64_t next = first, delivered = first - 1, disturbed = 0;
    size_t resumes = owner->resumes, failed = owner->failed;
    while (delivered < last) {
        if (owner->resumes != resumes || owner->failed != failed) {
            /* All behind the first that is missing comes back before more is given. */
            drained();
            if (owner->resumes != resumes && owner->position > delivered)
                delivered = owner->position;
            resumes = owner->resumes;
            failed = owner->failed;
            next = delivered + 1;
        }
        while (next <= last && owner_give_one(owner, next, stream, NULL) == HS_SUBMIT_ACCEPTED)
            next++;
        hs_sink_push(owner->sink);
        owner_turn(owner);
        while (delivered < last && owner_end(owner, delivered + 1, 0)->ended &&
               owner_end(owner, delivered + 1, 0)->outcome == HS_DELIVERED)
            delivered++;
        if (disturb != NULL && delivered / 1000 > disturbed) {
            disturbed = delivered / 1000;
            disturb();
        }
    }
}

#endif
