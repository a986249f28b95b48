/* Applies random edits to random documents, in the tree and in a model. After each edit both must
 * produce the same bytes, which must scan, and a walk over the tree must match the model. The seeds
 * are fixed: a failure names its own. */
#include "model.h"
#include "sanitized.h"

#define ROUNDS (6000u / ONE_IN)
#define EDITS_MAX 12u

static struct hs_buffer text_of(const struct model *model)
{
    struct hs_buffer text;
    hs_buffer_init(&text, TEXT_MAX);
    model_write(model, &text);
    ck_assert_int_eq(hs_buffer_status(&text), 0);
    return text;
}

/* Checks by walking that the tree below `node` equals the model. */
static void assert_same(const struct hs_json_tree *tree, hs_json_node node,
                        const struct model *model)
{
    ck_assert_int_eq(hs_json_node_kind(tree, node), model->kind);
    if (model->kind < HS_JSON_ARRAY) {
        assert_slice(hs_json_node_text(tree, node), hs_slice_text(model->token));
        ck_assert_uint_eq(hs_json_first_child(tree, node), HS_JSON_NO_NODE);
        return;
    }
    hs_json_node child = hs_json_first_child(tree, node);
    for (size_t i = 0; i < model->count; i++) {
        ck_assert_uint_ne(child, HS_JSON_NO_NODE);
        const struct item *item = model->items[i];
        struct hs_slice name = hs_json_node_name(tree, child);
        if (model->kind == HS_JSON_OBJECT)
            assert_slice(hs_slice(name.data - 1, name.size + 2), hs_slice_text(item->name));
        else
            ck_assert_ptr_null(name.data);
        assert_same(tree, child, item->value);
        child = hs_json_next(tree, child);
    }
    ck_assert_uint_eq(child, HS_JSON_NO_NODE);
}

/* A random node in both, with the item and container that hold it in the model. */
struct spot {
    hs_json_node node;
    struct model *in;
    size_t place;
    char path[256];
};

static hs_json_node child_number(const struct hs_json_tree *tree, hs_json_node node, size_t place)
{
    hs_json_node child = hs_json_first_child(tree, node);
    while (place-- > 0)
        child = hs_json_next(tree, child);
    return child;
}

static bool pick_spot(const struct hs_json_tree *tree, struct model *root, struct spot *ret_spot)
{
    struct spot spot = {.node = hs_json_root(tree)};
    struct model *model = root;
    while (model->count > 0 && (spot.in == NULL || pick(3) > 0)) {
        size_t size = strlen(spot.path);
        spot.in = model;
        spot.place = pick((unsigned)model->count);
        struct item *item = model->items[spot.place];
        spot.node = child_number(tree, spot.node, spot.place);
        if (model->kind == HS_JSON_OBJECT)
            snprintf(spot.path + size, sizeof(spot.path) - size, "[\"%s\"]", item->plain);
        else
            snprintf(spot.path + size, sizeof(spot.path) - size, "[%zu]", spot.place);
        model = item->value;
    }
    *ret_spot = spot;
    return spot.in != NULL;
}

/* The model's version of set: follows the steps, the last of equal names. NULL: something is in the
 * way. */
static bool model_set(struct model *root, const struct hs_json_path *path, struct model *value)
{
    struct model *model = root;
    for (size_t i = 0; i < path->count; i++) {
        const struct hs_json_step *step = &path->steps[i];
        struct item *item = NULL;
        char plain[PIECE_MAX] = "";
        if (step->name.data != NULL)
            snprintf(plain, sizeof(plain), "%.*s", HS_SLICE_ARG(step->name));
        if (step->name.data != NULL)
            item = model_get(model, plain);
        else if (model->kind == HS_JSON_ARRAY && (size_t)step->index < model->count)
            item = model->items[step->index];
        if (item == NULL) {
            if (step->name.data == NULL || model->kind != HS_JSON_OBJECT)
                return false;
            for (size_t j = i + 1; j < path->count; j++)
                if (path->steps[j].name.data == NULL)
                    return false;
            for (size_t j = path->count; j-- > i + 1;) {
                struct model *round = model_alloc(sizeof(*round));
                round->kind = HS_JSON_OBJECT;
                char inner[PIECE_MAX];
                snprintf(inner, sizeof(inner), "%.*s", HS_SLICE_ARG(path->steps[j].name));
                model_insert(round, inner, value);
                round->items[0]->inserted = false; /* it was parsed with its braces */
                value = round;
            }
            model_insert(model, plain, value);
            return true;
        }
        if (i + 1 == path->count) {
            item->value = value;
            for (size_t j = model->count; step->name.data != NULL && j-- > 0;)
                if (model->items[j] != item && strcmp(model->items[j]->plain, plain) == 0)
                    model_remove(model, j);
        }
        model = item->value;
    }
    return true;
}

static void mark(struct model *root, const struct hs_json_path *path)
{
    struct item *way[HS_JSON_PATH_STEPS_MAX];
    struct model *model = root;
    for (size_t i = 0; i < path->count; i++) {
        const struct hs_json_step *step = &path->steps[i];
        char plain[PIECE_MAX] = "";
        way[i] = NULL;
        if (step->name.data != NULL) {
            snprintf(plain, sizeof(plain), "%.*s", HS_SLICE_ARG(step->name));
            way[i] = model_get(model, plain);
        } else if (model->kind == HS_JSON_ARRAY && (size_t)step->index < model->count) {
            way[i] = model->items[step->index];
        }
        if (way[i] == NULL)
            return;
        model = way[i]->value;
    }
    for (size_t i = 0; i < path->count; i++)
        way[i]->on_way = true;
    way[path->count - 1]->kept = true;
}

/* ---- One edit to both ---- */

static void edit_set(struct hs_json_tree *tree, struct model *root, const struct spot *spot)
{
    static const char *const more[] = {"", "", ".c", ".new", ".new.b", "[0]", "[\"x.y\"].c"};
    char text[320];
    snprintf(text, sizeof(text), "%s%s", spot->path, PICK(more));
    struct hs_json_path path = path_of(text);
    struct model *value = random_model(2);
    struct hs_buffer json = text_of(value);
    bool wanted = model_set(root, &path, value);
    int code = hs_json_set(tree, &path, hs_buffer_slice(&json));
    ck_assert_msg(code == (wanted ? 0 : -ENOTDIR), "%s: %d", text, code);
    hs_buffer_free(&json);
    hs_json_path_free(&path);
}

static void edit_keep(struct hs_json_tree *tree, struct model *root)
{
    struct hs_json_path paths[3];
    const struct hs_json_path *given[3];
    size_t count = 0;
    struct spot spot;
    model_unmark(root);
    for (unsigned i = 1 + pick(3); i > 0; i--) {
        if (!pick_spot(tree, root, &spot))
            continue;
        paths[count] = path_of(spot.path);
        given[count] = &paths[count];
        mark(root, &paths[count]);
        count++;
    }
    hs_json_keep(tree, given, count);
    model_prune(root);
    while (count > 0)
        hs_json_path_free(&paths[--count]);
}

static void edit_at(struct hs_json_tree *tree, const struct spot *spot, unsigned what)
{
    static const char *const names[] = {"a", "b", "z", "\xe2\x82\xac", "a much longer name"};
    struct item *item = spot->in->items[spot->place];
    if (what == 0) {
        hs_json_remove(tree, spot->node);
        model_remove(spot->in, spot->place);
    } else if (what == 1) {
        item->value = random_model(3);
        struct hs_buffer json = text_of(item->value);
        hs_json_replace(tree, spot->node, hs_buffer_slice(&json));
        hs_buffer_free(&json);
    } else if (spot->in->kind == HS_JSON_OBJECT) {
        const char *name = PICK(names);
        hs_json_rename(tree, spot->node, hs_slice_text(name));
        model_name(item, name);
    }
}

static void edit_both(struct hs_json_tree *tree, struct model *root)
{
    struct spot spot;
    if (!pick_spot(tree, root, &spot))
        return;
    unsigned what = pick(20);
    if (what == 0)
        edit_keep(tree, root);
    else if (what < 8)
        edit_at(tree, &spot, 0);
    else if (what < 11)
        edit_at(tree, &spot, 1);
    else if (what < 14)
        edit_at(tree, &spot, 2);
    else
        edit_set(tree, root, &spot);
}

START_TEST(test_the_tree_does_as_the_model)
{
    struct hs_json_tree *tree = hs_json_tree_create();
    for (unsigned seed = 1; seed <= ROUNDS; seed++) {
        srand(seed);
        struct model *root = random_model(5);
        struct hs_buffer read = text_of(root);
        struct hs_slice text = exact(hs_buffer_slice(&read));
        ck_assert_msg(hs_json_tree_parse(tree, text) == 0, "seed %u: %s", seed, hs_error_text());
        assert_written(tree, text);
        for (unsigned edits = pick(EDITS_MAX + 1); edits > 0; edits--) {
            edit_both(tree, root);
            struct hs_buffer wanted = text_of(root), got;
            hs_buffer_init(&got, TEXT_MAX);
            hs_json_write(tree, &got);
            ck_assert_msg(hs_slice_equal(hs_buffer_slice(&got), hs_buffer_slice(&wanted)),
                          "seed %u, %u edits left: `%.*s`\nwanted `%.*s`\nread `%.*s`", seed,
                          edits - 1, HS_SLICE_ARG(hs_buffer_slice(&got)),
                          HS_SLICE_ARG(hs_buffer_slice(&wanted)), HS_SLICE_ARG(text));
            ck_assert_msg(is_json(hs_buffer_slice(&got)), "seed %u: %s", seed, hs_error_text());
            assert_same(tree, hs_json_root(tree), root);
            hs_buffer_free(&wanted);
            hs_buffer_free(&got);
        }
        drop(text);
        model_forget();
        hs_buffer_free(&read);
    }
    hs_json_tree_free(tree);
}
END_TEST

/* Changes one byte anywhere: scanner and tree agree, and what both accept is written unchanged. */
START_TEST(test_damaged_documents)
{
    static const char damage[] = "{}[]\",:\\0-.e \n\x01\x7f\x80\xc3\xed\xffu";
    struct hs_json_tree *tree = hs_json_tree_create();
    unsigned taken = 0;
    for (unsigned seed = 1; seed <= 10000; seed++) {
        srand(seed);
        struct model *root = random_model(5);
        struct hs_buffer made = text_of(root);
        made.data[pick((unsigned)made.size)] = damage[pick(sizeof(damage) - 1)];
        struct hs_slice text = exact(hs_buffer_slice(&made));
        enum hs_json_kind kind;
        size_t offset;
        int code = hs_json_scan(text, NULL, 0, &kind, &offset);
        ck_assert_msg(hs_json_tree_parse(tree, text) == code, "seed %u", seed);
        if (code < 0)
            ck_assert_uint_le(offset, text.size);
        else
            assert_written(tree, text);
        taken += code == 0;
        hs_buffer_free(&made);
        drop(text);
        model_forget();
    }
    ck_assert_uint_gt(taken, 500); /* the damage is sometimes fatal, but not always */
    ck_assert_uint_lt(taken, 9500);
    hs_json_tree_free(tree);
}
END_TEST

HS_TEST_MAIN("json random", test_the_tree_does_as_the_model, test_damaged_documents)
