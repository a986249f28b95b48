/* Redis row: the kind's row of sink_kind.h, in one place. */
#include "options.h"
#include "redis.h"

#include <hiredis/hiredis.h>
#include <hookstream/shown.h>

#define KEY_MAX 1024u

static int check_key(struct hs_slice key)
{
    char shown[HS_SINK_NAME_SHOWN];
    if (key.size > 0 && key.size <= KEY_MAX)
        return 0;
    hs_shown_copy(key, shown, sizeof(shown));
    return hs_fail(-EINVAL, "a stream's key has 1 to %u bytes, `%s` has %zu", KEY_MAX, shown,
                   key.size);
}

static int check_fixed(struct hs_slice text, size_t before, bool first)
{
    (void)first;
    return hs_sink_check_fixed_size("a stream's key", before + text.size, KEY_MAX);
}

/* Not the address of the server: a replica that is promoted has another one. */
static uint64_t place(const struct hs_sink_options *options)
{
    return hs_sink_place_add(2, hs_redis_options(options)->cursor_key) | 1;
}

static const char *needs_json(const struct hs_target_options *target)
{
    return hs_redis_target(target)->fields == HS_FIELDS_FLAT ? "fields" : NULL;
}

static void explain(const struct hs_target_options *target, struct hs_buffer *ret_text)
{
    bool flat = hs_redis_target(target)->fields == HS_FIELDS_FLAT;
    hs_buffer_printf(ret_text, "    fields    %s\n", flat ? "one a member of the body" : "body");
}

static void version(struct hs_buffer *ret_text)
{
    hs_buffer_printf(ret_text, "hiredis %d.%d.%d", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
}

static const char *const letter_reasons[] = {"wrong_type", "not_flat", "too_large", NULL};

const struct hs_sink_kind hs_redis_kind = {
    .name = "redis",
    .destination = "stream",
    .options = &hs_redis_option_table,
    .target = &hs_redis_target_table,
    .letter_reasons = letter_reasons,
    .check_destination = check_key,
    .check_fixed = check_fixed,
    .check = hs_redis_check,
    .probe = hs_redis_probe,
    .place = place,
    .needs_json = needs_json,
    .explain = explain,
    .version = version,
    .init = {.sink = "  redis:\n    type: redis\n"
                     "    url: \"${REDIS_URL:-redis://localhost:6379/0}\"\n",
             .target = "stream: \"$SOURCE:$FAMILY\", max_length: 100000",
             .needs = "#   REDIS_URL        redis://host:port/0; else that of localhost:6379\n"},
    .open = hs_redis_open,
};
