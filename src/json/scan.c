/* Scan: one pass that checks the text and picks members of the top level. */
#include "walk.h"

struct scan {
    struct hs_json_member *wanted;
    size_t wanted_count;
    unsigned depth;
    enum hs_json_kind kind;
    struct hs_json_member *open; /* a wanted container that is still open */
    const char *open_at;
};

static struct hs_json_member *find_wanted(struct scan *scan, struct hs_slice name)
{
    if (scan->depth != 1 || name.data == NULL)
        return NULL;
    bool escaped = hs_json_is_escaped(name);
    for (size_t i = 0; i < scan->wanted_count; i++) {
        struct hs_json_member *member = &scan->wanted[i];
        if (escaped ? !hs_json_escaped_name_is(name, member->name)
                    : !hs_slice_equal(name, member->name))
            continue;
        if (member->value.data == NULL)
            return member;
        member->repeated = true;
        return NULL;
    }
    return NULL;
}

static void on_open(void *context, enum hs_json_kind kind, struct hs_slice name, const char *at)
{
    struct scan *scan = context;
    struct hs_json_member *member = find_wanted(scan, name);
    if (member != NULL) {
        member->kind = kind;
        member->value = hs_slice(at, 1); /* its end follows at the closing bracket */
        scan->open = member;
    }
    if (scan->depth == 0)
        scan->kind = kind;
    scan->depth++;
}

static void on_close(void *context, const char *end)
{
    struct scan *scan = context;
    scan->depth--;
    if (scan->depth == 1 && scan->open != NULL) {
        scan->open->value.size = (size_t)(end - scan->open->value.data);
        scan->open = NULL;
    }
}

static void on_scalar(void *context, enum hs_json_kind kind, struct hs_slice name, const char *at,
                      const char *end)
{
    struct scan *scan = context;
    struct hs_json_member *member = find_wanted(scan, name);
    if (member != NULL) {
        member->kind = kind;
        member->value = hs_slice(at, (size_t)(end - at));
    }
    if (scan->depth == 0)
        scan->kind = kind;
}

int hs_json_scan(struct hs_slice text, struct hs_json_member *wanted, size_t wanted_count,
                 enum hs_json_kind *ret_kind, size_t *ret_offset)
{
    static const struct hs_json_handlers handlers = {on_open, on_close, on_scalar};
    struct scan scan = {.wanted = wanted, .wanted_count = wanted_count};
    for (size_t i = 0; i < wanted_count; i++) {
        wanted[i].value = HS_SLICE_NONE;
        wanted[i].repeated = false;
    }
    int code = hs_json_walk(text, HS_JSON_DEPTH_MAX, &handlers, &scan, ret_offset);
    if (code == 0)
        *ret_kind = scan.kind;
    return code;
}
