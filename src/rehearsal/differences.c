/* Differences: compares two JSON texts leaf by leaf. A leaf is found by the keyed hash of its path,
 * so its cost is independent of their number; the path is written out only for a leaf that
 * differs. */
#include <hookstream/hash.h>
#include <hookstream/json.h>
#include <hookstream/rehearsal.h>

#include <stdlib.h>

#define NONE UINT32_MAX
/* How many steps of a path are shown at either end, and how many bytes of a name at either end: a
 * field's last name shows whether it is a credential. */
#define STEPS_SHOWN 8u
#define NAME_HEAD_SHOWN 60u
#define NAME_TAIL_SHOWN 30u
#define PATH_BYTES_MAX 4096u
#define FIRST_CAPACITY 64u

/* One name or index on the path to a leaf. */
struct step {
    uint32_t up; /* NONE: the top */
    struct hs_slice name;
    size_t index;  /* without `name`: an element */
    uint64_t hash; /* of the path so far */
};

struct leaf {
    uint32_t way; /* NONE: the whole document is a leaf */
    uint64_t hash;
    struct hs_slice text;
    uint32_t next; /* of the same path, in document order */
    bool matched;
};

/* The leaves of one text. */
struct leaves {
    struct hs_json_tree *tree;
    struct step *steps;
    uint32_t step_count, step_capacity;
    struct leaf *items;
    uint32_t count, capacity;
};

/* The unmatched leaves by path. */
struct table {
    struct spot {
        uint64_t hash;
        uint32_t first, last; /* NONE: no more; a spot is free unless `used` is set */
        bool used;
    } * spots;
    size_t count; /* a power of two, more than twice the leaves */
};

static uint32_t add_step(struct leaves *leaves, struct step step)
{
    if (leaves->step_count == leaves->step_capacity) {
        leaves->step_capacity = leaves->step_capacity ? 2 * leaves->step_capacity : FIRST_CAPACITY;
        leaves->steps =
            hs_realloc_array(leaves->steps, leaves->step_capacity, sizeof(*leaves->steps));
    }
    leaves->steps[leaves->step_count] = step;
    return leaves->step_count++;
}

static uint64_t hash_of(const struct leaves *leaves, uint32_t way)
{
    return way == NONE ? 0 : leaves->steps[way].hash;
}

static void add_leaf(struct leaves *leaves, uint32_t way, struct hs_slice text)
{
    if (leaves->count == leaves->capacity) {
        leaves->capacity = leaves->capacity ? 2 * leaves->capacity : FIRST_CAPACITY;
        leaves->items = hs_realloc_array(leaves->items, leaves->capacity, sizeof(*leaves->items));
    }
    leaves->items[leaves->count++] =
        (struct leaf){.way = way, .hash = hash_of(leaves, way), .text = text, .next = NONE};
}

/* The path one step further; names and indexes hash differently. */
static uint32_t step_on(struct leaves *leaves, uint32_t up, struct hs_slice name, size_t index)
{
    struct step step = {.up = up, .name = name, .index = index};
    struct hs_slice number = hs_slice((const char *)&step.index, sizeof(step.index));
    uint64_t salt = 2 * hash_of(leaves, up);
    step.hash = name.data != NULL ? hs_keyed_hash(name, salt) : hs_keyed_hash(number, salt + 1);
    return add_step(leaves, step);
}

/* Depth is bounded by HS_JSON_DEPTH_MAX: the text was parsed. */
static void collect(struct leaves *leaves, hs_json_node node, uint32_t way)
{
    const struct hs_json_tree *tree = leaves->tree;
    enum hs_json_kind kind = hs_json_node_kind(tree, node);
    hs_json_node child = kind >= HS_JSON_ARRAY ? hs_json_first_child(tree, node) : HS_JSON_NO_NODE;
    if (child == HS_JSON_NO_NODE) {
        struct hs_slice text = hs_json_node_text(tree, node);
        if (kind >= HS_JSON_ARRAY)
            text = kind == HS_JSON_ARRAY ? HS_SLICE("[]") : HS_SLICE("{}");
        add_leaf(leaves, way, text);
    }
    for (size_t i = 0; child != HS_JSON_NO_NODE; child = hs_json_next(tree, child), i++)
        collect(leaves, child, step_on(leaves, way, hs_json_node_name(tree, child), i));
}

static int read_leaves(struct leaves *leaves, struct hs_slice json)
{
    leaves->tree = hs_json_tree_create();
    int code = hs_json_tree_parse(leaves->tree, json);
    if (code == 0)
        collect(leaves, hs_json_root(leaves->tree), NONE);
    return code;
}

static void leaves_free(struct leaves *leaves)
{
    hs_json_tree_free(leaves->tree);
    free(leaves->steps);
    free(leaves->items);
}

/* ---- Paths as text ---- */

/* The largest offset up to `at` where a character begins. */
static size_t whole_characters(struct hs_slice name, size_t at)
{
    while (at > 0 && ((unsigned char)name.data[at] & 0xC0) == 0x80)
        at--;
    return at;
}

static void put_name(struct hs_buffer *path, struct hs_slice name)
{
    bool plain = name.size > 0 && memchr(name.data, '.', name.size) == NULL &&
                 memchr(name.data, '[', name.size) == NULL;
    size_t head = name.size, tail = name.size;
    if (name.size > NAME_HEAD_SHOWN + NAME_TAIL_SHOWN) {
        head = whole_characters(name, NAME_HEAD_SHOWN);
        tail = whole_characters(name, name.size - NAME_TAIL_SHOWN);
    }
    hs_buffer_append_text(path, !plain ? "[\"" : path->size > 0 ? "." : "");
    hs_buffer_append(path, name.data, head);
    hs_buffer_append_text(path, head < tail ? "..." : "");
    hs_buffer_append(path, name.data + tail, name.size - tail);
    hs_buffer_append_text(path, plain ? "" : "\"]");
}

/* Writes the path into the buffer, and returns it NUL-terminated. */
static const char *path_of(const struct leaves *leaves, uint32_t way, struct hs_buffer *path)
{
    uint32_t ways[HS_JSON_DEPTH_MAX + 1];
    size_t count = 0;
    hs_buffer_clear(path);
    for (; way != NONE && count < HS_ARRAY_SIZE(ways); way = leaves->steps[way].up)
        ways[count++] = way;
    if (count == 0)
        return "the whole";
    for (size_t i = count; i-- > 0;) {
        const struct step *step = &leaves->steps[ways[i]];
        if (i >= STEPS_SHOWN && count - i > STEPS_SHOWN) {
            hs_buffer_append_text(path, i == STEPS_SHOWN ? "..." : "");
            continue;
        }
        if (step->name.data != NULL)
            put_name(path, step->name);
        else
            hs_buffer_printf(path, "[%zu]", step->index);
    }
    hs_buffer_append_byte(path, '\0');
    return path->data;
}

/* ---- Matching ---- */

static struct spot *find_spot(const struct table *table, uint64_t hash)
{
    size_t mask = table->count - 1, at = (size_t)hash & mask;
    while (table->spots[at].used && table->spots[at].hash != hash)
        at = (at + 1) & mask;
    return &table->spots[at];
}

static void fill_table(struct table *table, struct leaves *leaves)
{
    table->count = FIRST_CAPACITY;
    while (table->count <= 2 * (size_t)leaves->count)
        table->count *= 2;
    table->spots = hs_alloc_array(table->count, sizeof(*table->spots));
    for (uint32_t i = 0; i < leaves->count; i++) {
        struct spot *spot = find_spot(table, leaves->items[i].hash);
        if (!spot->used)
            *spot = (struct spot){leaves->items[i].hash, i, i, true};
        else
            leaves->items[spot->last].next = i;
        spot->last = i;
    }
}

/* Takes the first unmatched leaf of this path and marks it as matched; NULL: none. */
static struct leaf *take_twin(const struct table *table, struct leaves *leaves, uint64_t hash)
{
    struct spot *spot = find_spot(table, hash);
    if (!spot->used || spot->first == NONE)
        return NULL;
    struct leaf *twin = &leaves->items[spot->first];
    spot->first = twin->next;
    twin->matched = true;
    return twin;
}

static void compare(struct leaves *old, struct leaves *new, hs_difference_fn *visit, void *context)
{
    struct table table;
    struct hs_buffer path;
    hs_buffer_init(&path, PATH_BYTES_MAX);
    fill_table(&table, new);
    for (uint32_t i = 0; i < old->count; i++) {
        const struct leaf *leaf = &old->items[i];
        const struct leaf *twin = take_twin(&table, new, leaf->hash);
        if (twin == NULL || !hs_slice_equal(twin->text, leaf->text))
            visit(context, path_of(old, leaf->way, &path), leaf->text,
                  twin ? twin->text : HS_SLICE_NONE);
    }
    for (uint32_t i = 0; i < new->count; i++)
        if (!new->items[i].matched)
            visit(context, path_of(new, new->items[i].way, &path), HS_SLICE_NONE,
                  new->items[i].text);
    free(table.spots);
    hs_buffer_free(&path);
}

int hs_json_differences(struct hs_slice before, struct hs_slice after, hs_difference_fn *visit,
                        void *context)
{
    struct leaves old = {0}, new = {0};
    int code = read_leaves(&old, before);
    if (code == 0)
        code = read_leaves(&new, after);
    if (code == 0)
        compare(&old, &new, visit, context);
    leaves_free(&old);
    leaves_free(&new);
    return code;
}
