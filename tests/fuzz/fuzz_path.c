/* Fuzzes paths: what is taken has names and indexes within its bounds, reads the same when it is
 * written out in brackets, and finds its way in a document, or none. */
#include <hookstream/json.h>

#include <stdlib.h>

#define TEXT_MAX (1u << 20)

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool same(const struct hs_json_path *a, const struct hs_json_path *b)
{
    bool good = a->count == b->count && a->wildcard == b->wildcard;
    for (size_t i = 0; good && i < a->count; i++)
        good = (a->steps[i].name.data == NULL) == (b->steps[i].name.data == NULL) &&
               (a->steps[i].name.data != NULL ? hs_slice_equal(a->steps[i].name, b->steps[i].name)
                                              : a->steps[i].index == b->steps[i].index);
    return good;
}

/* Writes every step in brackets; false: a name has a quotation mark, which those cannot hold. */
static bool write_out(const struct hs_json_path *path, struct hs_buffer *ret_text)
{
    bool wildcard = false;
    for (size_t i = 0; i < path->count; i++) {
        const struct hs_json_step *step = &path->steps[i];
        if (step->name.size > 0 && memchr(step->name.data, '"', step->name.size) != NULL)
            return false;
        if (step->name.data != NULL)
            hs_buffer_printf(ret_text, "[\"%.*s\"]", HS_SLICE_ARG(step->name));
        else if (step->index >= 0)
            hs_buffer_printf(ret_text, "[%lld]", (long long)step->index);
        else
            hs_buffer_append_text(ret_text, "[*]");
        wildcard = wildcard || (step->name.data == NULL && step->index < 0);
        require(step->name.data != NULL || step->index >= -1);
    }
    require(wildcard == path->wildcard);
    return true;
}

static int count_visit(void *context, struct hs_json_tree *tree, hs_json_node node)
{
    require(hs_json_node_kind(tree, node) <= HS_JSON_OBJECT);
    (*(size_t *)context)++;
    return 0;
}

static void find_way(const struct hs_json_path *path)
{
    static const struct hs_slice document = HS_SLICE(
        "{\"id\":\"i\",\"data\":{\"a\":[{\"b\":1},[2,{\"\":3}]],\"x.y\":4,\"\":{\"\":5}}}");
    struct hs_json_tree *tree = hs_json_tree_create();
    require(hs_json_tree_parse(tree, document) == 0);
    size_t count = 0;
    require(hs_json_each(tree, path, count_visit, &count) == 0);
    require((hs_json_find(tree, path) != HS_JSON_NO_NODE) == (count > 0));
    require(path->wildcard || count <= 1);
    hs_json_tree_free(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hs_json_path path, again;
    if (hs_json_path_parse(hs_slice(data, size), &path) < 0)
        return 0;
    struct hs_buffer text;
    hs_buffer_init(&text, TEXT_MAX);
    require(path.count >= 1 && path.count <= HS_JSON_PATH_STEPS_MAX);
    if (memchr(path.text, '\0', size) == NULL && write_out(&path, &text)) {
        require(hs_json_path_parse(hs_buffer_slice(&text), &again) == 0 && same(&path, &again));
        hs_json_path_free(&again);
    }
    find_way(&path);
    hs_buffer_free(&text);
    hs_json_path_free(&path);
    return 0;
}
