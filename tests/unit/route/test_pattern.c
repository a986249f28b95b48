/* Patterns against types: what each matches, and which of several wins, in any order. */
#include "routing.h"

#define TO " to: [{sink: file, file: x}]}\n"

/* Whether a router with this one pattern takes the type. */
static bool matches(const char *pattern, const char *type)
{
    char yaml[1024];
    snprintf(yaml, sizeof(yaml),
             ROUTING_SINKS "default: drop\nroutes:\n  - {name: r, match: \"%s\"," TO, pattern);
    struct routing routing;
    routing_open(&routing, yaml);
    routing_expect_no_findings(&routing, yaml);
    bool taken = strcmp(routing_winner(&routing, type, "fanfare", "{}"), "r") == 0;
    routing_close(&routing);
    return taken;
}

START_TEST(test_what_a_pattern_matches)
{
    static const struct {
        const char *pattern, *type;
        bool matches;
    } rows[] = {
        {"queue", "queue", true},
        {"queue", "queue.opened", true},
        {"queue", "queue.consumer.entered", true},
        {"queue", "queued.x", false},
        {"queue", "queued", false},
        {"queue", "que", false},
        {"queue", "x.queue", false},
        {"queue.consumer", "queue.consumer.entered", true},
        {"queue.consumer", "queue.consumer", true},
        {"queue.consumer", "queue", false},
        {"queue.consumer", "queue.consumers.entered", false},
        {"queue.**", "queue", true},
        {"queue.**", "queue.a.b", true},
        {"queue.*", "queue.a", true},
        {"queue.*", "queue", false},
        {"queue.*", "queue.a.b", false},
        {"*", "queue", true},
        {"*", "queue.a", false},
        {"*.*", "queue.a", true},
        {"**", "queue", true},
        {"**", "queue.a.b.c", true},
        {"*.consumer.won", "draw.consumer.won", true},
        {"*.consumer.won", "consumer.won", false},
        {"*.consumer.won", "draw.consumer.won.x", false},
        {"**.won", "won", true},
        {"**.won", "draw.consumer.won", true},
        {"**.won", "draw.won.consumer", false},
        {"a.**.z", "a.z", true},
        {"a.**.z", "a.b.z", true},
        {"a.**.z", "a.z.z", true},
        {"a.**.z", "a.b.c", false},
        {"a.**.z", "b.z", false},
        {"**.a.**", "a", true},
        {"**.a.**", "x.a.y", true},
        {"**.a.**", "x.y", false},
        {"a.*.**", "a", false},
        {"a.*.**", "a.b", true},
        {"a.*.**", "a.b.c", true},
        {"**.*", "a.b", true},
        {"order", "order.item-added_2", true},
        {"Order", "order", false},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        ck_assert_msg(matches(rows[i].pattern, rows[i].type) == rows[i].matches, "%s and %s",
                      rows[i].pattern, rows[i].type);
}
END_TEST

static const char *const patterns[] = {
    "**",      "*",       "*.consumer.won", "*.consumer.*",  "*.consumer.**", "queue",
    "queue.*", "draw",    "draw.consumer",  "draw.*.won",    "draw.**.won",   "draw.consumer.won",
    "**.won",  "*.*.won", "**.consumer.**", "auction.bid.*", "auction.bid",
};

static const struct {
    const char *type, *winner;
} winners[] = {
    {"queue", "queue"},
    {"queue.opened", "queue.*"},
    {"queue.consumer.entered", "queue"},
    {"queue.consumer.won", "queue"},
    {"draw.consumer.won", "draw.consumer.won"},
    {"draw.consumer.won.late", "draw.consumer.won"}, /* a pattern without * is a prefix */
    {"draw.consumer.lost", "draw.consumer"},
    {"draw.team.won", "draw.*.won"},
    {"draw.won", "draw.**.won"},
    {"draw.a.b.won", "draw.**.won"},
    {"draw.completed", "draw"},
    {"auction.bid.placed", "auction.bid.*"},
    {"auction.bid", "auction.bid"},
    {"auction.bid.a.b", "auction.bid"},
    {"auction.consumer.won", "*.consumer.won"},
    {"auction.consumer.lost", "*.consumer.*"},
    {"auction.consumer", "*.consumer.**"},
    {"auction.consumer.a.b", "*.consumer.**"},
    {"auction.team.won", "*.*.won"},
    {"a.b.c.won", "**.won"},
    {"a.b.consumer.c", "**.consumer.**"},
    {"order", "*"},
    {"order.created", "**"},
};

static unsigned random_below(uint64_t *state, unsigned below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((*state >> 33) % below);
}

START_TEST(test_the_most_specific_wins_in_any_order)
{
    const char *order[HS_ARRAY_SIZE(patterns)];
    memcpy(order, patterns, sizeof(patterns));
    uint64_t state = 42;
    for (int round = 0; round < 30; round++) {
        char yaml[4096] = ROUTING_SINKS "default: drop\nroutes:\n";
        for (size_t i = 0; i < HS_ARRAY_SIZE(order); i++)
            sprintf(yaml + strlen(yaml), "  - {name: \"%s\", match: \"%s\"," TO, order[i],
                    order[i]);
        struct routing routing;
        routing_open(&routing, yaml);
        routing_expect_no_findings(&routing, yaml);
        for (size_t i = 0; i < HS_ARRAY_SIZE(winners); i++) {
            const char *winner = routing_winner(&routing, winners[i].type, "fanfare", "{}");
            ck_assert_msg(strcmp(winner, winners[i].winner) == 0, "%s took %s, not %s",
                          winners[i].type, winner, winners[i].winner);
        }
        routing_close(&routing);
        for (size_t i = HS_ARRAY_SIZE(order) - 1; i > 0; i--) {
            size_t j = random_below(&state, (unsigned)i + 1);
            const char *swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
    }
}
END_TEST

/* The walk over the type reaches the second pattern first. */
START_TEST(test_what_is_found_first_does_not_win_for_that)
{
    struct routing routing;
    static const char yaml[] = ROUTING_SINKS "default: drop\nroutes:\n"
                                             "  - {name: below, match: \"**.won.**\"," TO
                                             "  - {name: end, match: \"**.won\"," TO;
    routing_open(&routing, yaml);
    routing_expect_no_findings(&routing, yaml);
    ck_assert_str_eq(routing_winner(&routing, "won.won", "fanfare", "{}"), "end");
    ck_assert_str_eq(routing_winner(&routing, "won.won.x", "fanfare", "{}"), "below");
    routing_close(&routing);
}
END_TEST

/* An independent implementation of pattern matching: tries every split. */
static bool plain_match(const char *pattern, const char *type)
{
    if (*pattern == '\0')
        return *type == '\0';
    size_t p = strcspn(pattern, "."), t = strcspn(type, ".");
    const char *rest = pattern + p + (pattern[p] == '.');
    const char *type_rest = type + t + (type[t] == '.');
    if (p == 2 && memcmp(pattern, "**", 2) == 0)
        return plain_match(rest, type) || (*type != '\0' && plain_match(pattern, type_rest));
    if (*type == '\0')
        return false;
    bool same = (p == 1 && *pattern == '*') || (p == t && memcmp(pattern, type, p) == 0);
    return same && plain_match(rest, type_rest);
}

static void random_text(uint64_t *state, const char *const *segments, unsigned count,
                        char *ret_text)
{
    unsigned length = 1 + random_below(state, 5);
    ret_text[0] = '\0';
    for (unsigned i = 0; i < length; i++) {
        const char *segment = segments[random_below(state, count)];
        size_t size = strlen(ret_text);
        if (strcmp(segment, "**") == 0 && size >= 2 && ret_text[size - 1] == '*' &&
            ret_text[size - 2] == '*')
            continue;
        sprintf(ret_text + size, "%s%s", size ? "." : "", segment);
    }
}

START_TEST(test_agrees_with_a_plain_matcher)
{
    static const char *const segments[] = {"a", "b", "*", "**"};
    uint64_t state = 7;
    for (int i = 0; i < 400; i++) {
        char pattern[64], type[64];
        random_text(&state, segments, 4, pattern);
        if (strchr(pattern, '*') == NULL)
            strcat(pattern, ".**");
        char yaml[1024];
        snprintf(yaml, sizeof(yaml),
                 ROUTING_SINKS "default: drop\nroutes:\n  - {name: r, match: \"%s\"," TO, pattern);
        struct routing routing;
        routing_open(&routing, yaml);
        for (int j = 0; j < 20; j++) {
            random_text(&state, segments, 2, type);
            bool taken = strcmp(routing_winner(&routing, type, "fanfare", "{}"), "r") == 0;
            ck_assert_msg(taken == plain_match(pattern, type), "%s and %s", pattern, type);
        }
        routing_close(&routing);
    }
}
END_TEST

/* Backtracking over several ** would try the parts of this type in some 10^12 ways. */
START_TEST(test_many_stars_are_matched_in_bounded_time)
{
    char type[201] = "", pattern[] = "**.a.**.a.**.a.**.a.**.a.**.a.**.a.**.b";
    for (int i = 0; i < 100; i++)
        strcat(type, i ? ".a" : "a");
    char yaml[1024];
    snprintf(yaml, sizeof(yaml),
             ROUTING_SINKS "default: drop\nroutes:\n  - {name: r, match: \"%s\"," TO, pattern);
    struct routing routing;
    routing_open(&routing, yaml);
    routing_expect_no_findings(&routing, yaml);
    ck_assert_str_eq(routing_winner(&routing, type, "fanfare", "{}"), "(none)");
    strcat(type, "b"); /* ".ab": still none */
    type[strlen(type) - 2] = 'b';
    type[strlen(type) - 1] = '\0';
    ck_assert_str_eq(routing_winner(&routing, type, "fanfare", "{}"), "r");
    routing_close(&routing);
}
END_TEST

HS_TEST_MAIN("patterns", test_what_a_pattern_matches, test_the_most_specific_wins_in_any_order,
             test_what_is_found_first_does_not_win_for_that, test_agrees_with_a_plain_matcher,
             test_many_stars_are_matched_in_bounded_time)
