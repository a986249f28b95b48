/* Near: names and values that are nearly those which the catalogue has. */
#include "look.h"

#define FOLDED_MAX 128u
#define FOLDED_LEAST 4u /* shorter names are near to too many */
#define ENDING_MAX 3u   /* "request", "requested" */

struct folded {
    char text[FOLDED_MAX];
    size_t size;
};

/* Letters in lower case, and digits; nothing else. */
static void fold(struct hs_slice name, struct folded *ret)
{
    ret->size = 0;
    for (size_t i = 0; i < name.size && ret->size < FOLDED_MAX; i++) {
        char c = name.data[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            ret->text[ret->size++] = c;
    }
}

static bool same_end(const struct folded *a, size_t from_a, const struct folded *b, size_t from_b)
{
    return a->size - from_a == b->size - from_b &&
           memcmp(a->text + from_a, b->text + from_b, a->size - from_a) == 0;
}

/* One letter put in, left out or replaced, or two neighbours exchanged; or none. */
static bool is_one_edit_away(const struct folded *a, const struct folded *b)
{
    size_t at = 0;
    while (at < a->size && at < b->size && a->text[at] == b->text[at])
        at++;
    if (at == a->size || at == b->size)
        return a->size + 1 >= b->size && b->size + 1 >= a->size;
    bool exchanged = at + 1 < a->size && at + 1 < b->size && a->text[at] == b->text[at + 1] &&
                     a->text[at + 1] == b->text[at];
    return same_end(a, at + 1, b, at + 1) || same_end(a, at + 1, b, at) ||
           same_end(a, at, b, at + 1) || (exchanged && same_end(a, at + 2, b, at + 2));
}

static bool is_longer_by(const struct folded *a, const struct folded *b, size_t most)
{
    return a->size > b->size && a->size - b->size <= most && memcmp(a->text, b->text, b->size) == 0;
}

bool hs_is_near_value(struct hs_slice value, struct hs_slice known)
{
    struct folded a, b;
    fold(value, &a);
    fold(known, &b);
    if (hs_slice_equal(value, known) || a.size < FOLDED_LEAST || b.size < FOLDED_LEAST)
        return false;
    return is_one_edit_away(&a, &b) || is_longer_by(&a, &b, ENDING_MAX) ||
           is_longer_by(&b, &a, ENDING_MAX);
}

bool hs_is_near_name(struct hs_slice name, struct hs_slice known)
{
    struct folded a, b;
    fold(name, &a);
    fold(known, &b);
    if (hs_slice_equal(name, known) || a.size < FOLDED_LEAST || b.size < FOLDED_LEAST)
        return false;
    /* A name of its own: item beside items, address2 beside address. */
    bool longer = is_longer_by(&a, &b, 1) || is_longer_by(&b, &a, 1);
    return !longer && is_one_edit_away(&a, &b);
}
