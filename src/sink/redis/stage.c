/* Redis stages: names and transitions of the link's stages (redis.h). */
#include "redis.h"

#include <hookstream/log.h>

#define FROM(stage) (1u << HS_REDIS_##stage)

static const struct {
    const char *name;
    unsigned from; /* the allowed predecessors */
} stages[HS_REDIS_STAGE_COUNT] = {
    /* The connection ended; or, after WAITING, none could be made. */
    [HS_REDIS_WAITING] = {"waiting", FROM(WAITING) | FROM(GREETING) | FROM(READY)},
    [HS_REDIS_GREETING] = {"greeting", FROM(WAITING)},
    [HS_REDIS_READY] = {"ready", FROM(GREETING)},
};

const char *hs_redis_stage_name(enum hs_redis_stage stage)
{
    return stages[stage].name;
}

bool hs_redis_stage_allows(enum hs_redis_stage from, enum hs_redis_stage to)
{
    return (stages[to].from & (1u << from)) != 0;
}

void hs_redis_set_stage(struct hs_redis *redis, enum hs_redis_stage stage)
{
    HS_ASSERT(hs_redis_stage_allows(redis->stage, stage));
    if (stage != redis->stage)
        hs_log(HS_LOG_DEBUG, "redis stage", HS_F("sink", "%s", redis->sink.name),
               HS_F("from", "%s", hs_redis_stage_name(redis->stage)),
               HS_F("to", "%s", hs_redis_stage_name(stage)));
    redis->stage = stage;
}
