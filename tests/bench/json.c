/* What parsing, editing and writing an event costs with src/json and with json-c, and whether the
 * bytes that no edit touches stay: docs/decisions/0014-json.md.
 *
 *     cmake --build --preset release --target bench_json
 *     build/release/bench_json
 */
#include <hookstream/json.h>

#include <json-c/json.h>
#include <stdio.h>
#include <time.h>

#define EVENT_MAX (1u << 20)
#define WORK_BYTES (200u << 20) /* of events, per row */

static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "%s\n", what);
    exit(EXIT_FAILURE);
}

/* An order, with what senders write and parsers normalize: spaces, `\/`, `\u00fc`, 10.50, 1E2, a
 * number beyond 64 bits, a repeated member. */
static void make_event(size_t size, struct hs_buffer *event)
{
    hs_buffer_append_text(event,
                          "{\"id\": \"whk_1\", \"type\": \"order.paid\", \"data\": {\"url\": "
                          "\"https:\\/\\/example.com\\/a\", \"name\": \"Z\\u00fcrich\", "
                          "\"total\": 10.50, \"rate\": 1E2, "
                          "\"serial\": 123456789012345678901234567890, \"tag\": 1, "
                          "\"tag\": 2, \"items\": [");
    for (size_t i = 0; i == 0 || event->size + 100 < size; i++)
        hs_buffer_printf(event, "%s{\"sku\": \"A-%zu\", \"price\": %zu.90, \"count\": 3}",
                         i > 0 ? ", " : "", i, i % 100);
    hs_buffer_append_text(event, "]}}\n");
}

static void by_tree(struct hs_json_tree *tree, const struct hs_json_path *path,
                    struct hs_slice event, bool edit, struct hs_buffer *ret_text)
{
    need(hs_json_tree_parse(tree, event) == 0, "parse");
    need(!edit || hs_json_set(tree, path, HS_SLICE("true")) == 0, "set");
    hs_json_write(tree, ret_text);
}

static void by_json_c(struct json_tokener *tokener, struct hs_slice event, bool edit,
                      struct hs_buffer *ret_text)
{
    json_tokener_reset(tokener);
    struct json_object *root = json_tokener_parse_ex(tokener, event.data, (int)event.size);
    need(root != NULL, "json-c: parse");
    if (edit)
        json_object_object_add(json_object_object_get(root, "data"), "seen",
                               json_object_new_boolean(1));
    size_t size;
    const char *text = json_object_to_json_string_length(
        root, JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
    hs_buffer_append(ret_text, text, size);
    json_object_put(root);
}

static void measure(size_t size)
{
    struct hs_buffer event, text;
    struct hs_json_path path;
    hs_buffer_init(&event, EVENT_MAX);
    hs_buffer_init(&text, EVENT_MAX);
    make_event(size, &event);
    need(hs_json_path_parse(HS_SLICE("data.seen"), &path) == 0, "path");
    struct hs_json_tree *tree = hs_json_tree_create();
    struct json_tokener *tokener = json_tokener_new_ex(64);
    struct hs_slice slice = hs_buffer_slice(&event);
    size_t rounds = WORK_BYTES / slice.size;
    for (int json_c = 0; json_c < 2; json_c++) {
        double begin = cpu_us();
        for (size_t i = 0; i < rounds; i++) {
            hs_buffer_clear(&text);
            if (json_c)
                by_json_c(tokener, slice, true, &text);
            else
                by_tree(tree, &path, slice, true, &text);
        }
        double each = (cpu_us() - begin) / (double)rounds;
        hs_buffer_clear(&text);
        if (json_c)
            by_json_c(tokener, slice, false, &text);
        else
            by_tree(tree, &path, slice, false, &text);
        printf("| %zu | %s | %.1f | %s |\n", slice.size, json_c ? "json-c" : "src/json", each,
               hs_slice_equal(slice, hs_buffer_slice(&text)) ? "kept" : "changed");
    }
    json_tokener_free(tokener);
    hs_json_tree_free(tree);
    hs_json_path_free(&path);
    hs_buffer_free(&text);
    hs_buffer_free(&event);
}

int main(void)
{
    printf("| bytes | with | CPU us per event | bytes without an edit |\n"
           "| --- | --- | --- | --- |\n");
    measure(1024);
    measure(100 * 1024);
    return EXIT_SUCCESS;
}
