/* Samples: expands the <words> of a type's sample into values that look real and vary. Ids
 * come from pools of a thousand, so that keys repeat as they do in life. */
#include <hookstream/catalogue.h>
#include <hookstream/clock.h>
#include <hookstream/json.h>

#include <stdio.h>

#define POOL 1000u

struct sample {
    struct hs_slice id;
    uint64_t now_ns;
    uint64_t *random;
    struct hs_buffer *body;
};

/* splitmix64 (Steele, Lea, Flood 2014): small, and any seed is good. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static unsigned draw(struct sample *sample, unsigned below)
{
    return (unsigned)(next_random(sample->random) % below);
}

static void put_id(struct sample *sample)
{
    hs_json_encode_string(sample->id, sample->body);
}

static void put_time(struct sample *sample, uint64_t wall_ns)
{
    char text[32];
    hs_clock_format(wall_ns - wall_ns % HS_NS_PER_SECOND, text);
    /* The provider writes whole seconds: "2024-12-01T09:00:00Z". */
    hs_buffer_printf(sample->body, "\"%.19sZ\"", text);
}

static void put_now(struct sample *sample)
{
    put_time(sample, sample->now_ns);
}

static void put_before(struct sample *sample)
{
    put_time(sample, sample->now_ns - (1 + draw(sample, 1800)) * HS_NS_PER_SECOND);
}

static void put_count(struct sample *sample)
{
    hs_buffer_printf(sample->body, "%u", 1 + draw(sample, 5000));
}

static void put_few(struct sample *sample)
{
    hs_buffer_printf(sample->body, "%u", 1 + draw(sample, 9));
}

static void put_money(struct sample *sample)
{
    hs_buffer_printf(sample->body, "\"%u.%02u\"", 10 + draw(sample, 990), draw(sample, 100));
}

static void put_currency(struct sample *sample)
{
    static const char *const codes[] = {"USD", "EUR", "GBP"};
    hs_buffer_printf(sample->body, "\"%s\"", codes[draw(sample, HS_ARRAY_SIZE(codes))]);
}

static void put_bool(struct sample *sample)
{
    hs_buffer_append_text(sample->body, draw(sample, 2) ? "true" : "false");
}

/* A JWT's shape, with nothing in it that could be one. */
static void put_token(struct sample *sample)
{
    hs_buffer_printf(sample->body, "\"eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.sample.%08x\"",
                     draw(sample, UINT32_MAX));
}

static void put_email(struct sample *sample)
{
    hs_buffer_printf(sample->body, "\"customer%u@example.com\"", draw(sample, POOL));
}

static void put_phone(struct sample *sample)
{
    if (draw(sample, 2))
        hs_buffer_append_text(sample->body, "null");
    else
        hs_buffer_printf(sample->body, "\"+1555%07u\"", draw(sample, 10000000));
}

static void put_name(struct sample *sample)
{
    static const char *const first[] = {"John", "Jane", "Zo\u00eb", "Miguel", "Aiko"};
    static const char *const last[] = {"Doe", "Roe", "M\u00fcller", "Ortega", "Tanaka"};
    hs_buffer_printf(sample->body, "\"%s %s\"", first[draw(sample, HS_ARRAY_SIZE(first))],
                     last[draw(sample, HS_ARRAY_SIZE(last))]);
}

static const struct word {
    struct hs_slice name;
    void (*put)(struct sample *sample);
} words[] = {
    {{"id", 2}, put_id},
    {{"now", 3}, put_now},
    {{"before", 6}, put_before},
    {{"count", 5}, put_count},
    {{"few", 3}, put_few},
    {{"money", 5}, put_money},
    {{"currency", 8}, put_currency},
    {{"bool", 4}, put_bool},
    {{"token", 5}, put_token},
    {{"email", 5}, put_email},
    {{"phone", 5}, put_phone},
    {{"name", 4}, put_name},
};

/* A word of the table, or else the prefix of an id: <cons> is "cons_01H...". */
static void put_word(struct sample *sample, struct hs_slice name)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(words); i++) {
        if (hs_slice_equal(words[i].name, name)) {
            words[i].put(sample);
            return;
        }
    }
    hs_buffer_printf(sample->body, "\"%.*s_01HXYZ%09u\"", HS_SLICE_ARG(name), draw(sample, POOL));
}

void hs_catalogue_sample(const struct hs_event_type *type, struct hs_slice id, uint64_t now_wall_ns,
                         uint64_t *random, struct hs_buffer *ret_body)
{
    struct sample sample = {id, now_wall_ns, random, ret_body};
    const char *at = type->sample;
    for (;;) {
        const char *open = strchr(at, '<');
        if (open == NULL)
            break;
        const char *close = strchr(open, '>');
        HS_ASSERT(close != NULL);
        hs_buffer_append(ret_body, at, (size_t)(open - at));
        put_word(&sample, hs_slice(open + 1, (size_t)(close - open - 1)));
        at = close + 1;
    }
    hs_buffer_append_text(ret_body, at);
}
