/* Redis options: the tables of `sinks.<name>` and of a target. */
#include "options.h"
#include "rows.h"

#define OWN(field) offsetof(struct hs_redis_options, field)
#define TARGET(field) offsetof(struct hs_redis_target, field)

static const struct hs_option wait_rows[] = {
    {.name = "replicas",
     .kind = HS_OPTION_COUNT,
     .offset = offsetof(struct hs_redis_wait_options, replicas),
     .fallback = "0",
     .least = 1,
     .most = 16,
     .example = "1",
     .help = "An event is delivered once that many replicas have it, too (in memory, per WAIT). "
             "While fewer do, the sink is blocked (`replicas`) and asks again; nothing is written "
             "twice. 0: the master is enough."},
    {.name = "timeout",
     .kind = HS_OPTION_DURATION,
     .offset = offsetof(struct hs_redis_wait_options, timeout_ns),
     .fallback = "500ms",
     .least = 1000000,
     .most = 10000000000,
     .help = "How long Redis waits for its replicas each time that it is asked."},
};

static void check_wait(struct hs_config *config, const struct hs_node *node, void *bound)
{
    const struct hs_redis_wait_options *wait = bound;
    if (node != NULL && hs_node_get(node, "replicas") == NULL && wait->replicas == 0)
        hs_config_error(config, HS_FINDING_MISSING_KEY, node,
                        "`wait` says for how many `replicas`: such as {replicas: 1}");
}

static const struct hs_options wait_table = {
    .name = "sinks.*.wait",
    .title = "Replicas that must have it",
    .options = wait_rows,
    .option_count = HS_ARRAY_SIZE(wait_rows),
    .struct_size = sizeof(struct hs_redis_wait_options),
    .node_offset = SIZE_MAX,
    .check = check_wait,
};

static const struct hs_option redis_rows[] = {
    {.name = "url",
     .kind = HS_OPTION_SECRET,
     .secret = HS_SECRET_URL,
     .offset = OWN(url),
     .required = true,
     .example = "redis://redis:6379/0",
     .help = "redis://[user:password@]host[:port][/database], or unix:///path/to/socket."},
    {.name = "username",
     .kind = HS_OPTION_STRING,
     .offset = OWN(username),
     .example = "hookstream",
     .help = "ACL user, if the url has none."},
    {.name = "password",
     .kind = HS_OPTION_SECRET,
     .secret = HS_SECRET_PASSWORD,
     .offset = OWN(password),
     .example = "\"${REDIS_PASSWORD}\"",
     .help = "Password, if the url has none."},
    {.name = "cursor_key",
     .kind = HS_OPTION_STRING,
     .offset = OWN(cursor_key),
     .fallback = "hookstream:cursor",
     .help = "Prefix of the key in which Redis keeps how far it is; each event is written once "
             "because the key moves in the same transaction. Keep it from being evicted."},
    HS_SINK_CURSOR_LOST_ROW(
        "replay", "If the cursor's key is gone (Redis restarted empty, FLUSHALL, another Redis "
                  "behind url). replay: send again what the journal keeps (retain), so that "
                  "nothing is missing; what is still in the streams comes twice. continue: "
                  "send only new events, and log the command that sends the others."),
    {.name = "wait",
     .kind = HS_OPTION_TABLE,
     .offset = OWN(wait),
     .child = &wait_table,
     .help = "Whether replicas must have an event before it counts as delivered."},
    HS_SINK_START_ROW,
};

const struct hs_options hs_redis_option_table = {
    .name = "redis",
    .title = "Redis streams",
    .options = redis_rows,
    .option_count = HS_ARRAY_SIZE(redis_rows),
    .struct_size = sizeof(struct hs_redis_options),
    .node_offset = SIZE_MAX,
};

/* In the order of enum hs_redis_fields. */
static const char *const field_names[] = {"body", "flat", NULL};

static const struct hs_option redis_target_rows[] = {
    HS_TARGET_SINK_ROW,
    {.name = "stream",
     .kind = HS_OPTION_STRING,
     .offset = HS_TARGET_OFFSET(destination),
     .required = true,
     .example = "\"fanfare:{family}\"",
     .help = "Template of the stream's key."},
    {.name = "max_length",
     .kind = HS_OPTION_COUNT,
     .offset = TARGET(max_length),
     .fallback = "0",
     .least = 1,
     .help = "XADD with MAXLEN ~ this: Redis trims older entries. Without it nothing is trimmed."},
    {.name = "fields",
     .kind = HS_OPTION_CHOICE,
     .offset = TARGET(fields),
     .fallback = "body",
     .choices = field_names,
     .help = "body: one field `body` with the JSON. flat: a field for each member of the event, "
             "texts as they are, all else as JSON."},
    HS_TARGET_ROUTER_ROWS,
};

const struct hs_options hs_redis_target_table = {
    .name = "to.redis",
    .title = "A target of a redis sink",
    .options = redis_target_rows,
    .option_count = HS_ARRAY_SIZE(redis_target_rows),
    .struct_size = sizeof(struct hs_redis_target),
    .node_offset = SIZE_MAX,
};
