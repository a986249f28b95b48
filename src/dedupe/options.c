/* Options: the table of `dedupe:` in the configuration, and its checks. */
#include <hookstream/dedupe.h>
#include <hookstream/redis.h>

#include <stddef.h>

#define DEDUPE(field) offsetof(struct hs_dedupe_options, field)
#define PREFIX_MAX 128u

static const char *const store_names[] = {"local", "redis", NULL};
static const char *const unavailable_names[] = {"accept", "refuse", NULL};

static const struct hs_option rows[] = {
    {.name = "window",
     .kind = HS_OPTION_DURATION,
     .offset = DEDUPE(window_ns),
     .fallback = "48h",
     .least = UINT64_C(1000000000),
     .most = UINT64_C(240) * 3600 * 1000000000,
     .help = "How long the id of an event is remembered. Fanfare retries for 44.5 h; shorter, and "
             "a late retry is delivered again. Counted in whole hours, rounded up."},
    {.name = "store",
     .kind = HS_OPTION_CHOICE,
     .offset = DEDUPE(store),
     .choices = store_names,
     .fallback = "local",
     .help = "local: by the journal alone. redis: for several replicas behind one address; ids "
             "unknown to this one are asked of the others by a Redis."},
    {.name = "url",
     .kind = HS_OPTION_SECRET,
     .secret = HS_SECRET_URL,
     .offset = DEDUPE(url),
     .help = "With `store: redis`: redis://[user:password@]host[:port][/database], or "
             "unix:///path/to/socket. A name is looked up by the threads that answer senders, at "
             "each attempt to connect: give an address where that may be slow.",
     .example = "redis://10.0.0.5:6379/0"},
    {.name = "username",
     .kind = HS_OPTION_STRING,
     .offset = DEDUPE(username),
     .example = "hookstream",
     .help = "ACL user, if the url has none."},
    {.name = "password",
     .kind = HS_OPTION_SECRET,
     .secret = HS_SECRET_PASSWORD,
     .offset = DEDUPE(password),
     .example = "\"${REDIS_PASSWORD}\"",
     .help = "Password, if the url has none."},
    {.name = "prefix",
     .kind = HS_OPTION_STRING,
     .offset = DEDUPE(prefix),
     .fallback = "hookstream:id:",
     .help = "Begin of the keys in Redis. The same for replicas that share ids, different for "
             "others."},
    {.name = "reservation",
     .kind = HS_OPTION_DURATION,
     .offset = DEDUPE(reservation_ns),
     .fallback = "60s",
     .least = UINT64_C(1000000000),
     .most = UINT64_C(3600) * 1000000000,
     .help = "How long one replica may take to make an event safe before another may take it; "
             "longer than server.deadline. Also how long senders get 503 for what a replica had "
             "begun when it died."},
    {.name = "timeout",
     .kind = HS_OPTION_DURATION,
     .offset = DEDUPE(timeout_ns),
     .fallback = "250ms",
     .least = UINT64_C(1000000),
     .most = UINT64_C(10000000000),
     .help = "A Redis that does not answer for so long is away."},
    {.name = "on_unavailable",
     .kind = HS_OPTION_CHOICE,
     .offset = DEDUPE(on_unavailable),
     .choices = unavailable_names,
     .fallback = "accept",
     .help = "While Redis is away. accept: go by the ids of this replica alone; what two replicas "
             "take meanwhile may be there twice. refuse: senders get 503 and try again."},
};

/* A secret must not be repeated: the messages of the URL parser contain none. */
static void check_url(struct hs_config *config, const struct hs_node *node,
                      const struct hs_dedupe_options *options)
{
    struct hs_redis_url url;
    const struct hs_node *at = node != NULL ? hs_node_get(node, "url") : NULL;
    if (options->url == NULL || options->url[0] == '\0')
        hs_config_error(config, HS_FINDING_DEDUPE_STORE, node,
                        "dedupe.store is redis: name the Redis in dedupe.url");
    else if (hs_redis_url_parse(options->url, options->username, options->password, &url) < 0)
        hs_config_error(config, HS_FINDING_DEDUPE_STORE, at, "dedupe.url: %s", hs_error_text());
    else
        hs_redis_url_free(&url);
}

static void check(struct hs_config *config, const struct hs_node *node, void *bound)
{
    const struct hs_dedupe_options *options = bound;
    if (options->store == HS_DEDUPE_LOCAL) {
        if (options->url != NULL)
            hs_config_warning(config, HS_FINDING_DEDUPE_STORE, node,
                              "dedupe.url is not used: say `store: redis` with it");
        return;
    }
    check_url(config, node, options);
    size_t size = hs_slice_text(options->prefix).size;
    if (size == 0 || size > PREFIX_MAX)
        hs_config_error(config, HS_FINDING_DEDUPE_STORE, node,
                        "dedupe.prefix must have 1 to %u bytes", PREFIX_MAX);
    if (options->timeout_ns >= options->reservation_ns)
        hs_config_error(config, HS_FINDING_DEDUPE_TIMES, node,
                        "dedupe.timeout must be shorter than dedupe.reservation");
}

const struct hs_options hs_dedupe_option_table = {
    .name = "dedupe",
    .title = "How retries of the same event are found",
    .options = rows,
    .option_count = HS_ARRAY_SIZE(rows),
    .struct_size = sizeof(struct hs_dedupe_options),
    .node_offset = SIZE_MAX,
    .check = check,
};
