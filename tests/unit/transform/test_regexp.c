/* Regexp: a table of expressions and texts, faults at their place, and random expressions held
 * against what the C library's regexec() says of them. */
#include "edit.h"
#include "conditions/regexp.h"
#include "sanitized.h"

#include <regex.h>

#define ROUNDS (20000u / ONE_IN)

static struct hs_regexp *must_compile(const char *text)
{
    struct hs_regexp_fault fault = {0};
    struct hs_regexp *regex = hs_regexp_compile(hs_slice_text(text), &fault);
    ck_assert_msg(regex != NULL, "%s: %s", text, fault.words);
    return regex;
}

START_TEST(test_two_meet_where_some_text_matches_both)
{
    static const struct {
        const char *a, *b;
        bool meet;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"", "a*", true},
        {"abc", "abc", true},
        {"abc", "abd", false},
        {"abc", "ab", false},
        {"[a-z]+", "-?[0-9]+", false},
        {"[a-z0-9]+", "-?[0-9]+", true},
        {"[^0-9]+", "[0-9]+", false},
        {"[^0-9]+", "[0-9]+x", false},
        {"[^0-9]*", "x|[0-9]+", true},
        {"[^a]", "[^b]", true},
        {".", "[^a]", true},
        {"\\d{3}", "[A-Z]{3}", false},
        {"yes|no", "true|false", false},
        {"t.*", "true|false", true},
        {".{5}", "true|false", true},
        {".{6}", "true|false", false},
        {"(ab)*", "(ba)*", true}, /* nothing at all */
        {"(ab)+", "(ba)+", false},
        {"(aa)+", "(aaa)+", true},
        {"(aa)+a", "(aa)+", false},
        {"@example[.]com", ".+@.+", false},
        {".*@example[.]com", ".+@.+", true},
        {"[\u00fc]", "[^\u00fc]", false},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_regexp *a = must_compile(rows[i].a), *b = must_compile(rows[i].b);
        ck_assert_msg(hs_regexp_meet(a, b) == rows[i].meet, "%s %s", rows[i].a, rows[i].b);
        ck_assert_msg(hs_regexp_meet(b, a) == rows[i].meet, "%s %s", rows[i].b, rows[i].a);
        hs_regexp_free(a);
        hs_regexp_free(b);
    }
}
END_TEST

START_TEST(test_matches)
{
    static const struct {
        const char *regex, *text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"abc", "abc", true},
        {"abc", "abcd", false},
        {"abc", "xabc", false},
        {"a|b|cd", "b", true},
        {"a|b|cd", "cd", true},
        {"a|b|cd", "ad", false},
        {"a|", "", true},
        {"(|a)b", "b", true},
        {"a*", "", true},
        {"a*", "aaaa", true},
        {"a+", "", false},
        {"a+b?", "aaab", true},
        {"a?b", "aab", false},
        {"a{3}", "aaa", true},
        {"[x-zb-ea-c_]{3}", "dz_", true}, /* unsorted, and overlapping */
        {"[x-zb-ea-c_]", "f", false},
        {"[^x-zb-ea-c_]", "f", true},
        {"a{3}", "aaaa", false},
        {"a{2,}", "a", false},
        {"a{2,}", "aaaaa", true},
        {"a{0,2}", "", true},
        {"a{0,2}b", "aab", true},
        {"a{0,2}b", "aaab", false},
        {"a{1,3}", "aaa", true},
        {"a{1,3}", "aaaa", false},
        {"(ab){2,3}", "ababab", true},
        {"(ab){2,3}", "ab", false},
        {"a{0}b", "b", true},
        {"a{0}b", "ab", false},
        {"(a|b{2}){2}", "abb", true},
        {"(?:ab)+", "abab", true},
        {"(a*)*", "aaa", true},
        {"((a?)+)+b", "aab", true},
        {"()*", "", true},
        {"()*", "a", false},
        {"[a-c]x", "bx", true},
        {"[a-c]x", "dx", false},
        {"[^a-c]x", "dx", true},
        {"[^a-c]x", "ax", false},
        {"[a-]+", "-a", true},
        {"[\\]\\\\]+", "]\\", true},
        {"[\\d.]+", "1.5", true},
        {"\\d{4}-\\d\\d", "2026-11", true},
        {"\\D+", "1", false},
        {"\\w+\\s\\w+", "data new", true},
        {"\\W\\S", "-x", true},
        {"a.c", "a\nc", true},
        {"\xC3\xA9.", "\xC3\xA9\xE2\x82\xAC", true}, /* e acute and the euro sign */
        {"..", "\xE2\x82\xAC", false},
        {"[\xC3\xA0-\xC3\xBF]", "\xC3\xA9", true},
        {"[^a]", "\xFF", true},
        {".", "\xE2\x82", false},
        {"a\\.b\\*", "a.b*", true},
        {"\\t\\n\\r", "\t\n\r", true},
        {"que_[0-9A-Za-z]{8,}", "que_01HZX3ABCD", true},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_regexp *regex = must_compile(rows[i].regex);
        ck_assert_msg(hs_regexp_matches(regex, hs_slice_text(rows[i].text)) == rows[i].matches,
                      "%s and %s", rows[i].regex, rows[i].text);
        hs_regexp_free(regex);
    }
}
END_TEST

START_TEST(test_faults_at_their_place)
{
    static const struct {
        const char *regex;
        size_t offset;
        const char *words;
    } rows[] = {
        {"^a", 0, "omit ^ and $"},
        {"a$", 1, "omit ^ and $"},
        {"*a", 0, "nothing before it"},
        {"a|+", 2, "nothing before it"},
        {"({2})", 1, "nothing before it"},
        {"a**", 2, "parentheses"},
        {"a+?", 2, "parentheses"},
        {"(a", 0, "closing parenthesis"},
        {"ab(c(d)", 2, "closing parenthesis"},
        {"a)", 1, "no group"},
        {"(?=a)", 0, "only (?:"},
        {"[ab", 0, "closing bracket"},
        {"que[", 3, "closing bracket"}, /* before any class has a range */
        {"x[]", 1, "empty"},
        {"x[^]", 1, "empty"},
        {"[z-a]", 1, "smaller"},
        {"\\p", 0, "after \\"},
        {"a\\1", 1, "after \\"},
        {"ab\\", 2, "must follow"},
        {"a{", 1, "{2,5}"},
        {"a{x}", 1, "{2,5}"},
        {"a{3,2}", 1, "{2,5}"},
        {"a{2000}", 1, "1000"},
        {"a{1,2", 1, "{2,5}"},
        {"(a{100}){100}", 13, "too long"},
        {"((((((((((((((((((((((((((((((((((a", 32, "at most 32 deep"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_regexp_fault fault = {0};
        ck_assert_msg(hs_regexp_compile(hs_slice_text(rows[i].regex), &fault) == NULL, "%s",
                      rows[i].regex);
        ck_assert_msg(fault.offset == rows[i].offset && strstr(fault.words, rows[i].words),
                      "%s: %zu: %s", rows[i].regex, fault.offset, fault.words);
    }
}
END_TEST

/* Expressions that take a backtracking matcher unbounded time take this one at most steps times
 * characters; the largest of both finish in a moment here. */
START_TEST(test_bounds)
{
    char text[HS_REGEXP_TEXT_MAX + 2];
    memset(text, 'a', sizeof(text));
    struct hs_regexp *regex = must_compile("(a*)*b");
    ck_assert(!hs_regexp_matches(regex, hs_slice(text, HS_REGEXP_TEXT_MAX)));
    hs_regexp_free(regex);
    regex = must_compile("(a|a|a|a){0,50}(a?){100}a*");
    ck_assert(hs_regexp_matches(regex, hs_slice(text, 20000)));
    hs_regexp_free(regex);
    regex = must_compile("a*");
    ck_assert(hs_regexp_matches(regex, hs_slice(text, HS_REGEXP_TEXT_MAX)));
    ck_assert(!hs_regexp_matches(regex, hs_slice(text, HS_REGEXP_TEXT_MAX + 1)));
    hs_regexp_free(regex);
    regex = must_compile("a{999}"); /* and the end: 1000 steps */
    ck_assert(hs_regexp_matches(regex, hs_slice(text, 999)));
    ck_assert(!hs_regexp_matches(regex, hs_slice(text, 998)));
    hs_regexp_free(regex);
}
END_TEST

/* ---- Against the C library ---- */

static uint64_t random_state = 20261127;

static unsigned pick(unsigned count)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned)(random_state >> 33) % count;
}

static void add_random(char *text, unsigned depth)
{
    static const char *const atoms[] = {"a", "b", "c", ".", "[ab]", "[^a]", "[b-c]"};
    static const char *const repeats[] = {"",  "",    "",      "*",     "+",
                                          "?", "{2}", "{1,2}", "{0,2}", "{1,}"};
    unsigned pieces = 1 + pick(3);
    for (unsigned i = 0; i < pieces; i++) {
        if (depth > 0 && pick(3) == 0) {
            strcat(text, "(");
            add_random(text, depth - 1);
            strcat(text, ")");
        } else {
            strcat(text, atoms[pick(HS_ARRAY_SIZE(atoms))]);
        }
        strcat(text, repeats[pick(HS_ARRAY_SIZE(repeats))]);
        if (i + 1 < pieces && pick(5) == 0)
            strcat(text, "|");
    }
}

START_TEST(test_agrees_with_the_c_library)
{
    unsigned held = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        char expression[1024] = "", anchored[1100];
        add_random(expression, 2);
        snprintf(anchored, sizeof(anchored), "^(%s)$", expression);
        regex_t other;
        ck_assert_int_eq(regcomp(&other, anchored, REG_EXTENDED | REG_NOSUB), 0);
        struct hs_regexp *regex = must_compile(expression);
        for (unsigned i = 0; i < 5; i++) {
            char text[8] = "";
            unsigned size = pick(8);
            for (unsigned k = 0; k < size; k++)
                text[k] = (char)('a' + pick(3));
            bool expected = regexec(&other, text, 0, NULL, 0) == 0;
            ck_assert_msg(hs_regexp_matches(regex, hs_slice_text(text)) == expected, "%s and %s",
                          expression, text);
            held += expected;
        }
        hs_regexp_free(regex);
        regfree(&other);
    }
    ck_assert_uint_gt(held, ROUNDS / 4); /* both answers were asked for */
}
END_TEST

HS_TEST_MAIN("regular expressions", test_matches, test_two_meet_where_some_text_matches_both,
             test_faults_at_their_place, test_bounds, test_agrees_with_the_c_library)
