/* Model: JSON documents in a naive form, as pieces with the white space between them; edits move
 * pieces. The tree's output must equal the model's, byte for byte. model_forget() frees all
 * memory. */
#ifndef HS_JSON_TEST_MODEL_H
#define HS_JSON_TEST_MODEL_H

#include "text.h"

#define CHILDREN_MAX 32u
#define PIECE_MAX 32u

struct model {
    enum hs_json_kind kind;
    char token[PIECE_MAX]; /* of a scalar */
    char inner[PIECE_MAX]; /* white space inside a container that was parsed empty */
    struct item *items[CHILDREN_MAX];
    size_t count;
};

struct item {
    char before[PIECE_MAX]; /* white space: from the bracket or comma to the item */
    char name[PIECE_MAX];   /* in JSON, with quotes */
    char plain[PIECE_MAX];  /* decoded name */
    char colon[PIECE_MAX];  /* the colon and its white space */
    char after[PIECE_MAX];  /* white space: from the item to the comma or bracket */
    bool inserted;
    bool kept, on_way;
    struct model *value;
};

static struct hs_arena *model_arena;

static inline void *model_alloc(size_t size)
{
    if (model_arena == NULL)
        model_arena = hs_arena_create();
    return hs_arena_alloc(model_arena, size);
}

static inline void model_forget(void)
{
    hs_arena_free(model_arena);
    model_arena = NULL;
}

/* ---- Random documents ---- */

static inline unsigned pick(unsigned below)
{
    return (unsigned)rand() % below;
}

static inline const char *pick_of(const char *const *words, size_t count)
{
    return words[pick((unsigned)count)];
}
#define PICK(words) pick_of(words, HS_ARRAY_SIZE(words))

static inline void random_space(char *room)
{
    static const char *const spaces[] = {"", "", "", " ", "\n  ", "\t", "\r\n"};
    snprintf(room, PIECE_MAX, "%s", PICK(spaces));
}

/* Only a few names, so that repeats and matching paths are frequent. */
static const char *const model_names[][2] = {
    {"\"a\"", "a"},
    {"\"b\"", "b"},
    {"\"c\"", "c"},
    {"\"\\u0061\"", "a"},
    {"\"b\\/\"", "b/"},
    {"\"\"", ""},
    {"\"x.y\"", "x.y"},
    {"\"\xc3\xa9\"", "\xc3\xa9"},
    {"\"\\u00e9\"", "\xc3\xa9"},
    {"\"long-name-here\"", "long-name-here"},
};

static inline struct model *random_model(unsigned depth);

static inline struct item *random_item(bool object, unsigned depth)
{
    struct item *item = model_alloc(sizeof(*item));
    random_space(item->before);
    random_space(item->after);
    if (object) {
        const char *const *name = model_names[pick(HS_ARRAY_SIZE(model_names))];
        char left[PIECE_MAX / 4], right[PIECE_MAX];
        snprintf(item->name, PIECE_MAX, "%s", name[0]);
        snprintf(item->plain, PIECE_MAX, "%s", name[1]);
        random_space(right);
        snprintf(left, sizeof(left), "%s", pick(4) ? "" : " ");
        snprintf(item->colon, PIECE_MAX, "%s:%.8s", left, right);
    }
    item->value = random_model(depth);
    return item;
}

static inline struct model *random_model(unsigned depth)
{
    static const char *const tokens[] = {
        "null",
        "true",
        "false",
        "0",
        "-1.50",
        "1e400",
        "12345678901234567890123",
        "\"\"",
        "\"a\"",
        "\"\\u0000\"",
        "\"\\ud83d\"",
        "\"\xf0\x9f\x98\x80, \\\"{[\"",
        "\"plain text of more\"",
    };
    struct model *model = model_alloc(sizeof(*model));
    unsigned what = depth == 0 ? 2 : pick(4);
    if (what >= 2 && depth < 5) {
        snprintf(model->token, PIECE_MAX, "%s", PICK(tokens));
        static const enum hs_json_kind kinds[256] = {['n'] = HS_JSON_NULL,
                                                     ['t'] = HS_JSON_TRUE,
                                                     ['f'] = HS_JSON_FALSE,
                                                     ['"'] = HS_JSON_STRING};
        model->kind = kinds[(unsigned char)model->token[0]];
        if (model->token[0] == '-' || (model->token[0] >= '0' && model->token[0] <= '9'))
            model->kind = HS_JSON_NUMBER;
        return model;
    }
    model->kind = pick(3) ? HS_JSON_OBJECT : HS_JSON_ARRAY;
    random_space(model->inner);
    for (unsigned count = pick(6); count > 0; count--)
        model->items[model->count++] =
            random_item(model->kind == HS_JSON_OBJECT, depth > 0 ? depth - 1 : 0);
    return model;
}

static inline void model_write(const struct model *model, struct hs_buffer *json)
{
    if (model->kind < HS_JSON_ARRAY) {
        hs_buffer_append_text(json, model->token);
        return;
    }
    bool object = model->kind == HS_JSON_OBJECT;
    hs_buffer_append_byte(json, object ? '{' : '[');
    if (model->count == 0)
        hs_buffer_append_text(json, model->inner);
    for (size_t i = 0; i < model->count; i++) {
        const struct item *item = model->items[i];
        hs_buffer_append_text(json, item->before);
        hs_buffer_append_text(json, item->name);
        hs_buffer_append_text(json, item->colon);
        model_write(item->value, json);
        hs_buffer_append_text(json, item->after);
        hs_buffer_append_text(json, i + 1 < model->count ? "," : "");
    }
    hs_buffer_append_byte(json, object ? '}' : ']');
}

/* ---- Edits ---- */

static inline void copy_piece(char *to, const char *from)
{
    memcpy(to, from, PIECE_MAX);
}

/* A removed item takes the comma before it along, the first one the comma after it. */
static inline void model_remove(struct model *model, size_t place)
{
    struct item *item = model->items[place];
    struct item *next = place + 1 < model->count ? model->items[place + 1] : NULL;
    if (place > 0)
        copy_piece(model->items[place - 1]->after, item->after);
    else if (next != NULL && !next->inserted)
        copy_piece(next->before, item->before);
    model->count--;
    memmove(&model->items[place], &model->items[place + 1],
            (model->count - place) * sizeof(model->items[0]));
    if (model->count == 0) {
        /* All removed: nothing is between the brackets, but a new member reuses the original white
         * space. */
        model->inner[0] = '\0';
        model->items[CHILDREN_MAX - 1] = item;
    }
}

/* Names here need no escapes. */
static inline void model_name(struct item *item, const char *plain)
{
    snprintf(item->plain, PIECE_MAX, "%s", plain);
    snprintf(item->name, PIECE_MAX, "\"%.20s\"", plain);
}

static inline void model_insert(struct model *model, const char *plain, struct model *value)
{
    ck_assert_uint_lt(model->count, CHILDREN_MAX - 1);
    struct item *item = model_alloc(sizeof(*item));
    model_name(item, plain);
    snprintf(item->colon, PIECE_MAX, ":");
    item->inserted = true;
    item->value = value;
    if (model->count > 0) {
        copy_piece(item->after, model->items[model->count - 1]->after);
        model->items[model->count - 1]->after[0] = '\0';
    } else if (model->items[CHILDREN_MAX - 1] != NULL) {
        copy_piece(item->after, model->items[CHILDREN_MAX - 1]->after);
    } else {
        copy_piece(item->after, model->inner);
    }
    model->items[model->count++] = item;
}

/* The last member of that name, or NULL. */
static inline struct item *model_get(const struct model *model, const char *plain)
{
    struct item *found = NULL;
    for (size_t i = 0; i < model->count && model->kind == HS_JSON_OBJECT; i++)
        if (strcmp(model->items[i]->plain, plain) == 0)
            found = model->items[i];
    return found;
}

/* Removes what is not marked. */
static inline void model_prune(struct model *model)
{
    for (size_t i = model->count; i-- > 0;) {
        struct item *item = model->items[i];
        if (!item->kept && !item->on_way)
            model_remove(model, i);
        else if (!item->kept)
            model_prune(item->value);
    }
}

static inline void model_unmark(struct model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        model->items[i]->kept = model->items[i]->on_way = false;
        model_unmark(model->items[i]->value);
    }
}

#endif
