/* What a table of stages must keep: unique names, exactly the transitions that the code makes, and
 * a way out of every stage but the last. */
#ifndef HS_TEST_STAGE_TABLE_H
#define HS_TEST_STAGE_TABLE_H

#include "hs_test.h"

#include <hookstream/base.h>
#include <stdio.h>
#include <string.h>

struct stage_table {
    unsigned count;
    const char *(*name)(unsigned stage);
    bool (*allows)(unsigned from, unsigned to);
    const char *moves; /* " from>to from>to ": all that the code makes */
    const char *last;  /* the stage that is never left; NULL: none */
};

static void names_are_unique(const struct stage_table *table)
{
    for (unsigned a = 0; a < table->count; a++) {
        ck_assert_ptr_nonnull(table->name(a));
        for (unsigned b = 0; b < a; b++)
            ck_assert_str_ne(table->name(a), table->name(b));
    }
}

static void moves_are_allowed_and_no_others(const struct stage_table *table)
{
    size_t allowed = 0, listed = 0;
    char move[64];
    for (unsigned from = 0; from < table->count; from++)
        for (unsigned to = 0; to < table->count; to++) {
            snprintf(move, sizeof(move), " %s>%s ", table->name(from), table->name(to));
            bool is_listed = strstr(table->moves, move) != NULL;
            ck_assert_msg(table->allows(from, to) == is_listed, "%s", move);
            allowed += is_listed;
        }
    for (const char *at = table->moves; (at = strchr(at, '>')) != NULL; at++)
        listed++;
    ck_assert_uint_eq(allowed, listed); /* none of an unknown name */
}

static void stages_can_be_left(const struct stage_table *table)
{
    for (unsigned from = 0; from < table->count; from++) {
        bool is_last = table->last != NULL && strcmp(table->name(from), table->last) == 0;
        bool is_left = false;
        for (unsigned to = 0; to < table->count; to++)
            is_left = is_left || (to != from && table->allows(from, to));
        ck_assert_msg(is_left != is_last, "%s", table->name(from));
    }
}

static void check_stages(const struct stage_table *table)
{
    names_are_unique(table);
    moves_are_allowed_and_no_others(table);
    stages_can_be_left(table);
}

#endif
