/* Test cases: the contents of a file of cases, bound by tables. Threads: the main one. */
#ifndef HS_CLI_TEST_CASES_H
#define HS_CLI_TEST_CASES_H

#include <hookstream/config.h>
#include <hookstream/sink_kind.h>

struct hs_test_message {
    const struct hs_node *node;
    const char *sink, *key, *body_bytes;
    const char *destinations[HS_SINK_KIND_COUNT]; /* by the kind's index */
    struct hs_pairs headers;
    struct hs_strings absent;
    const struct hs_node *body, *body_subset;
};

struct hs_test_expect {
    const struct hs_node *node;
    uint64_t answer, count;
    const char *route, *dead_letter, *file;
    bool dropped;
    struct hs_children messages; /* struct hs_test_message */
};

struct hs_test_case {
    const char *name, *source, *at, *sign_with;
    bool bare; /* unsigned: true */
    const struct hs_node *event;
    struct hs_pairs headers;
    struct hs_test_expect expect;
};

/* The keys of a file. */
struct hs_test_file {
    struct hs_children cases; /* struct hs_test_case */
};
extern const struct hs_options hs_test_file_table;

/* A node as JSON: an unquoted number, true, false or null becomes that, everything else text. */
void hs_test_json(const struct hs_node *node, struct hs_buffer *ret_json);

#endif
