/* Random events with random lists of all operations: the output is always JSON, according to our
 * scanner and json-c; the envelope's numbers keep their digits; and the same seed gives the same
 * bytes whatever preceded. */
#include "edit.h"

#include "judge.h"
#include "operations.h"

#define CASES 4000
#define REPEAT "repeat it with HOOKSTREAM_TEST_CASES=1 HOOKSTREAM_TEST_SEED=%llu\n"

struct game {
    struct hs_work *work; /* shared by all events */
    struct hs_buffer body, yaml, out;
    unsigned events, changed, failed;
};

static struct hs_json_member number_of(struct hs_slice text, const char *name)
{
    struct hs_json_member member = {.name = hs_slice_text(name)};
    enum hs_json_kind kind;
    size_t offset;
    ck_assert_int_eq(hs_json_scan(text, &member, 1, &kind, &offset), 0);
    return member;
}

static void check_number(const struct game *game, struct hs_slice out, const char *name, bool thins,
                         uint64_t seed)
{
    struct hs_json_member before = number_of(hs_buffer_slice(&game->body), name);
    struct hs_json_member after = number_of(out, name);
    if (after.value.data == NULL && thins)
        return;
    ck_assert_msg(hs_slice_equal(before.value, after.value) && !after.repeated,
                  "%s is no longer %.*s in %.*s\n%s\n" REPEAT, name, HS_SLICE_ARG(before.value),
                  HS_SLICE_ARG(out), game->yaml.data, (unsigned long long)seed);
}

/* Applies the list and appends the result to game->out. */
static void edit(struct game *game, const struct hs_transform *transform, struct hs_work *work,
                 bool thins, uint64_t seed)
{
    struct hs_event event = edit_event(hs_buffer_slice(&game->body));
    struct hs_slice out;
    enum hs_json_kind kind;
    size_t offset = 0;
    hs_work_begin(work, &event);
    int code = hs_transform_apply(transform, work);
    /* Even after a failure the tree must be sound. */
    ck_assert_int_eq(hs_work_body(work, &out), 0);
    ck_assert_msg(hs_json_scan(out, NULL, 0, &kind, &offset) == 0 && judge_takes(out),
                  "%s\n%.*s\ngave %.*s\n%s at %zu\n" REPEAT, game->yaml.data,
                  HS_SLICE_ARG(hs_buffer_slice(&game->body)), HS_SLICE_ARG(out), hs_error_text(),
                  offset, (unsigned long long)seed);
    check_number(game, out, DOCUMENT_FIRST, thins, seed);
    check_number(game, out, DOCUMENT_LAST, thins, seed);
    hs_buffer_append_slice(&game->out, out);
    hs_buffer_append_byte(&game->out, code == 0 ? '.' : '!');
}

static void play(uint64_t seed, void *context)
{
    struct game *game = context;
    hs_buffer_clear(&game->body);
    hs_buffer_clear(&game->yaml);
    hs_buffer_clear(&game->out);
    put_event(&game->body, false);
    bool thins = put_list(&game->yaml);
    struct hs_config *config = edit_config(game->yaml.data);
    struct hs_transform *transform =
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform"));
    edit_expect_no_findings(config, game->yaml.data);
    edit(game, transform, game->work, thins, seed);
    size_t size = game->out.size;
    game->events++;
    game->failed += game->out.data[size - 1] == '!';
    game->changed +=
        !hs_slice_equal(hs_slice(game->out.data, size - 1), hs_buffer_slice(&game->body));
    struct hs_work *fresh = hs_work_create();
    edit(game, transform, fresh, thins, seed);
    ck_assert_int_eq(hs_buffer_status(&game->out), 0);
    ck_assert_msg(game->out.size == 2 * size &&
                      memcmp(game->out.data, game->out.data + size, size) == 0,
                  "not the same twice: %.*s\n" REPEAT, HS_SLICE_ARG(hs_buffer_slice(&game->out)),
                  (unsigned long long)seed);
    hs_work_free(fresh);
    hs_transform_free(transform);
    hs_config_free(config);
}

START_TEST(test_what_comes_out_is_json)
{
    struct game game = {.work = hs_work_create()};
    hs_buffer_init(&game.body, DOCUMENT_MAX);
    hs_buffer_init(&game.yaml, DOCUMENT_MAX);
    hs_buffer_init(&game.out, 128u << 20);
    cases_tell(CASES, play, &game);
    if (game.events >= 100) { /* neither may be rare, otherwise little was tried */
        ck_assert_uint_gt(game.changed, game.events / 3);
        ck_assert_uint_gt(game.failed, game.events / 20);
    }
    hs_work_free(game.work);
    hs_buffer_free(&game.body);
    hs_buffer_free(&game.yaml);
    hs_buffer_free(&game.out);
}
END_TEST

/* The manual has a row for each: "| `name` | ...". */
START_TEST(test_every_operation_is_played)
{
    struct hs_buffer page;
    hs_buffer_init(&page, 1 << 20);
    hs_transform_manual(&page);
    hs_buffer_append_byte(&page, '\0');
    const char *at = strstr(page.data, "| operation |"), *end = strstr(at, "\n\n#");
    size_t count = 0;
    for (at = strstr(at, "\n| `"); at != NULL && at < end; at = strstr(at + 1, "\n| `")) {
        bool found = false;
        for (size_t i = 0; i < HS_ARRAY_SIZE(random_operations); i++) {
            char start[64];
            snprintf(start, sizeof(start), "\n| `%s` |", random_operations[i].name);
            found = found || strncmp(at, start, strlen(start)) == 0;
        }
        ck_assert_msg(found, "no row in operations.h for %.20s", at + 3);
        count++;
    }
    ck_assert_uint_eq(count, HS_ARRAY_SIZE(random_operations));
    hs_buffer_free(&page);
}
END_TEST

HS_TEST_MAIN("random transformations", test_what_comes_out_is_json, test_every_operation_is_played)
