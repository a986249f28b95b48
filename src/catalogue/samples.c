/* Samples: writes the rows of a type as a document with realistic, varying values. Ids come from
 * pools of a thousand, so that keys repeat as in practice. */
#include "rows.h"

#include <hookstream/clock.h>
#include <hookstream/json.h>

#define POOL 1000u
#define ELEMENTS_MOST 3u /* of an array in a varied sample */

struct sample {
    const struct hs_event_type *type;
    enum hs_sample_form form;
    struct hs_slice id;
    uint64_t now_ns;
    uint64_t *random;
    struct hs_buffer *body;
    const struct hs_sample_change *changes;
    size_t change_count;
};

/* splitmix64 (Steele, Lea, Flood 2014): small, and any seed works. */
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

static void put_type(struct sample *sample)
{
    hs_json_encode_string(hs_slice_text(sample->type->name), sample->body);
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

/* Has the shape of a JWT without being a valid one. */
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
    {{"id", 2}, put_id},         {{"type", 4}, put_type},         {{"now", 3}, put_now},
    {{"before", 6}, put_before}, {{"count", 5}, put_count},       {{"few", 3}, put_few},
    {{"money", 5}, put_money},   {{"currency", 8}, put_currency}, {{"bool", 4}, put_bool},
    {{"token", 5}, put_token},   {{"email", 5}, put_email},       {{"phone", 5}, put_phone},
    {{"name", 4}, put_name},
};

/* A generator of the table, or else the prefix of an id: <cons> is "cons_01H...". */
static void put_word(struct sample *sample, struct hs_slice name)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(words); i++) {
        if (hs_slice_equal(words[i].name, name)) {
            words[i].put(sample);
            return;
        }
    }
    char digits[] = "_01HXYZ000000000\"";
    unsigned number = draw(sample, POOL);
    for (size_t at = sizeof(digits) - 3; number > 0; number /= 10)
        digits[at--] = (char)('0' + number % 10);
    hs_buffer_append_byte(sample->body, '"');
    hs_buffer_append_slice(sample->body, name);
    hs_buffer_append(sample->body, digits, sizeof(digits) - 1);
}

static unsigned count_choices(const char *choices)
{
    unsigned count = 1;
    for (const char *at = choices; (at = strchr(at, '|')) != NULL; at++)
        count++;
    return count;
}

/* The `pick`-th of "a|b|c", as a text or, for numbers and booleans, as written. */
static void put_choice(struct sample *sample, enum hs_field_type type, const char *choices,
                       unsigned pick)
{
    for (unsigned skip = pick; skip > 0; skip--)
        choices = strchr(choices, '|') + 1;
    struct hs_slice text = hs_slice(choices, strcspn(choices, "|"));
    if (type == HS_FIELD_INTEGER || type == HS_FIELD_NUMBER || type == HS_FIELD_BOOLEAN)
        hs_buffer_append_slice(sample->body, text);
    else
        hs_json_encode_string(text, sample->body);
}

static void put_value(struct sample *sample, const struct hs_catalogue_field *field)
{
    static const char *const by_type[] = {
        [HS_FIELD_TEXT] = "text",
        [HS_FIELD_INTEGER] = "<count>",
        [HS_FIELD_NUMBER] = "1.5|2.25|10",
        [HS_FIELD_BOOLEAN] = "<bool>",
        [HS_FIELD_TIME] = "<now>",
        [HS_FIELD_MONEY] = "<money>",
        [HS_FIELD_CURRENCY] = "<currency>",
        [HS_FIELD_ID] = "<id>",
        [HS_FIELD_OBJECT] = "",
        [HS_FIELD_ARRAY] = "",
        [HS_FIELD_ANY] = "text",
    };
    const char *rule = field->sample != NULL ? field->sample : by_type[field->type];
    size_t size = hs_slice_text(rule).size;
    if (size > 2 && rule[0] == '<' && rule[size - 1] == '>')
        put_word(sample, hs_slice(rule + 1, size - 2));
    else
        put_choice(sample, field->type, rule, draw(sample, count_choices(rule)));
}

static bool chance(struct sample *sample)
{
    return sample->form == HS_SAMPLE_FULL ||
           (sample->form == HS_SAMPLE_VARIED && draw(sample, 2) != 0);
}

/* The first change of the row, or NULL. */
static const struct hs_sample_change *change_of(const struct sample *sample, size_t row)
{
    for (size_t i = 0; i < sample->change_count; i++)
        if (sample->changes[i].row == row)
            return &sample->changes[i];
    return NULL;
}

static bool is_left_out(struct sample *sample, size_t row)
{
    const struct hs_sample_change *change = change_of(sample, row);
    if (change != NULL)
        return change->kind == HS_SAMPLE_ABSENT;
    return sample->type->fields[row].optional && !chance(sample);
}

static void put_row(struct sample *sample, size_t at);

/* The member rows from `at` to `end`; their names begin after `skip` bytes. */
static void put_members(struct sample *sample, size_t at, size_t end, size_t skip)
{
    bool first = true;
    hs_buffer_append_byte(sample->body, '{');
    for (; at < end; at = hs_catalogue_row_after(sample->type, at)) {
        const struct hs_catalogue_field *field = &sample->type->fields[at];
        if (is_left_out(sample, at))
            continue;
        if (!first)
            hs_buffer_append_byte(sample->body, ',');
        first = false;
        hs_json_encode_string(hs_slice_text(field->path + skip), sample->body);
        hs_buffer_append_byte(sample->body, ':');
        put_row(sample, at);
    }
    hs_buffer_append_byte(sample->body, '}');
}

/* The row after an array's is that of its elements; without one the array is empty. Elements chosen
 * from "a|b|c" are all different. */
static void put_elements(struct sample *sample, size_t at, size_t end)
{
    hs_buffer_append_byte(sample->body, '[');
    const char *choices = at < end ? sample->type->fields[at].sample : NULL;
    bool chosen = choices != NULL && choices[0] != '<';
    unsigned most = chosen ? count_choices(choices) : ELEMENTS_MOST;
    unsigned count = sample->form == HS_SAMPLE_VARIED ? 1 + draw(sample, most) : chosen ? most : 1;
    const struct hs_sample_change *change = at > 0 ? change_of(sample, at - 1) : NULL;
    if (change != NULL)
        count = change->elements;
    for (unsigned i = 0; at < end && i < count; i++) {
        if (i > 0)
            hs_buffer_append_byte(sample->body, ',');
        if (chosen)
            put_choice(sample, sample->type->fields[at].type, choices, i % most);
        else
            put_row(sample, at);
    }
    hs_buffer_append_byte(sample->body, ']');
}

static void put_row(struct sample *sample, size_t at)
{
    const struct hs_catalogue_field *field = &sample->type->fields[at];
    const struct hs_sample_change *change = change_of(sample, at);
    if (change != NULL && change->kind == HS_SAMPLE_VALUE)
        hs_buffer_append_slice(sample->body, change->json);
    else if (field->nullable && change == NULL && !chance(sample))
        hs_buffer_append_text(sample->body, "null");
    else if (field->type == HS_FIELD_OBJECT)
        put_members(sample, at + 1, hs_catalogue_row_after(sample->type, at),
                    hs_slice_text(field->path).size + 1);
    else if (field->type == HS_FIELD_ARRAY)
        put_elements(sample, at + 1, hs_catalogue_row_after(sample->type, at));
    else
        put_value(sample, field);
}

void hs_catalogue_sample(const struct hs_event_type *type, enum hs_sample_form form,
                         struct hs_slice id, uint64_t now_wall_ns, uint64_t *random,
                         struct hs_buffer *ret_body)
{
    hs_catalogue_sample_changed(type, form, NULL, 0, id, now_wall_ns, random, ret_body);
}

void hs_catalogue_sample_changed(const struct hs_event_type *type, enum hs_sample_form form,
                                 const struct hs_sample_change *changes, size_t change_count,
                                 struct hs_slice id, uint64_t now_wall_ns, uint64_t *random,
                                 struct hs_buffer *ret_body)
{
    struct sample sample = {type, form, id, now_wall_ns, random, ret_body, changes, change_count};
    put_members(&sample, 0, type->field_count, 0);
}
