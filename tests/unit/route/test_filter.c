/* A standalone `match`, as `journal dump` takes it. */
#include "hs_test.h"

#include <hookstream/route.h>

static bool takes(const char *match, const char *type)
{
    struct hs_type_filter *filter = hs_type_filter_create(match);
    ck_assert_msg(filter != NULL, "%s", hs_error_text());
    bool taken = hs_type_filter_takes(filter, hs_slice_text(type));
    ck_assert(hs_type_filter_takes(filter, hs_slice_text(type)) == taken);
    hs_type_filter_free(filter);
    return taken;
}

START_TEST(it_means_what_it_means_in_a_route)
{
    ck_assert(takes("order", "order.created") && takes("order", "order"));
    ck_assert(!takes("order", "orders.created") && !takes("order", ""));
    ck_assert(takes("order.**", "order.a.b") && takes("**", "x"));
    ck_assert(takes("*.consumer.won", "draw.consumer.won"));
    ck_assert(!takes("*.consumer.won", "consumer.won") && !takes("*", "a.b"));
    /* It accepts types of any kind, even those that no pattern could name. */
    ck_assert(takes("order", "order.\xff..x") && !takes("order.*", "order.a.b.c.d.e.f.g.h.i"));
}
END_TEST

START_TEST(what_is_no_pattern_is_refused_in_words)
{
    ck_assert_ptr_null(hs_type_filter_create(""));
    ck_assert_str_eq(hs_error_text(), "the pattern is empty: write a prefix, such as order, or a "
                                      "pattern, such as \"*.consumer.won\"");
    ck_assert_ptr_null(hs_type_filter_create("a..b"));
    ck_assert_str_eq(
        hs_error_text(),
        "`a..b` is not a pattern: a segment is empty; segments are separated by one dot");
    ck_assert_ptr_null(hs_type_filter_create("ord*"));
}
END_TEST

HS_TEST_MAIN("type filter", it_means_what_it_means_in_a_route,
             what_is_no_pattern_is_refused_in_words)
