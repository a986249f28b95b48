/* Paths: what is a path, and what is not and why. */
#include "text.h"

struct step {
    const char *name; /* NULL: an array step */
    int64_t index;
};

static void check(const char *text, bool wildcard, const struct step *steps, size_t count)
{
    struct hs_json_path path = path_of(text);
    ck_assert_str_eq(path.text, text);
    ck_assert_int_eq(path.wildcard, wildcard);
    ck_assert_uint_eq(path.count, count);
    for (size_t i = 0; i < count; i++) {
        if (steps[i].name != NULL)
            assert_slice(path.steps[i].name, hs_slice_text(steps[i].name));
        else
            ck_assert_ptr_null(path.steps[i].name.data);
        if (steps[i].name == NULL)
            ck_assert_int_eq(path.steps[i].index, steps[i].index);
    }
    hs_json_path_free(&path);
    hs_json_path_free(&path); /* twice is fine */
}

START_TEST(test_paths)
{
    check("id", false, (struct step[]){{"id", 0}}, 1);
    check("data.orderId", false, (struct step[]){{"data", 0}, {"orderId", 0}}, 2);
    check("data.items[0].price", false,
          (struct step[]){{"data", 0}, {"items", 0}, {NULL, 0}, {"price", 0}}, 4);
    check("items[*].price", true, (struct step[]){{"items", 0}, {NULL, -1}, {"price", 0}}, 3);
    check("[12][*]", true, (struct step[]){{NULL, 12}, {NULL, -1}}, 2);
    check("a[\"like.this\"].b", false, (struct step[]){{"a", 0}, {"like.this", 0}, {"b", 0}}, 3);
    check("[\"a[0]\"]", false, (struct step[]){{"a[0]", 0}}, 1);
    check("a[\"\"]", false, (struct step[]){{"a", 0}, {"", 0}}, 2);
    check("a-b c.\xc3\xa9.*", false, (struct step[]){{"a-b c", 0}, {"\xc3\xa9", 0}, {"*", 0}}, 3);
    check("a[2147483647]", false, (struct step[]){{"a", 0}, {NULL, 2147483647}}, 2);
}
END_TEST

START_TEST(test_no_paths)
{
    static const char *const rows[][2] = {
        {"", "a name is missing"},
        {".", "a name is missing"},
        {".a", "a name is missing"},
        {"a.", "a name is missing"},
        {"a..b", "a name is missing"},
        {"a.[0]", "a name is missing"},
        {"a[", "not closed"},
        {"a[0", "not closed"},
        {"a[]", "brackets hold"},
        {"a[-1]", "brackets hold"},
        {"a[1x]", "brackets hold"},
        {"a[ 1]", "brackets hold"},
        {"a[2147483648]", "brackets hold"},
        {"a[**]", "brackets hold"},
        {"a['b']", "brackets hold"},
        {"a[\"b", "ends with"},
        {"a[\"b\"", "ends with"},
        {"a[\"b\"x]", "ends with"},
        {"a[0]b", "`.` or `[`"},
        {"a]", "`.` or `[`"},
        {"]", "a name is missing"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_slice text = exact(hs_slice_text(rows[i][0]));
        struct hs_json_path path = {.count = 99};
        ck_assert_msg(hs_json_path_parse(text, &path) == -EINVAL, "`%s`", rows[i][0]);
        ck_assert_uint_eq(path.count, 99); /* untouched */
        ck_assert_msg(strstr(hs_error_text(), rows[i][1]) != NULL, "`%s`: %s", rows[i][0],
                      hs_error_text());
        drop(text);
    }
}
END_TEST

START_TEST(test_steps_are_bounded)
{
    char text[4 * HS_JSON_PATH_STEPS_MAX + 8] = "a";
    for (unsigned i = 1; i < HS_JSON_PATH_STEPS_MAX; i++)
        strcat(text, ".a");
    struct hs_json_path path = path_of(text);
    ck_assert_uint_eq(path.count, HS_JSON_PATH_STEPS_MAX);
    hs_json_path_free(&path);
    strcat(text, "[0]");
    ck_assert_int_eq(hs_json_path_parse(hs_slice_text(text), &path), -EINVAL);
    ck_assert_ptr_nonnull(strstr(hs_error_text(), "too many steps"));
}
END_TEST

HS_TEST_MAIN("json path", test_paths, test_no_paths, test_steps_are_bounded)
