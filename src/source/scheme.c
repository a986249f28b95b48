/* Scheme: the rows of all schemes. */
#include <hookstream/scheme.h>

#define HS_SCHEME(name) extern const struct hs_scheme hs_##name##_scheme;
#include <hookstream/scheme.def>
#undef HS_SCHEME

const struct hs_scheme *const hs_schemes[HS_SCHEME_COUNT] = {
#define HS_SCHEME(name) &hs_##name##_scheme,
#include <hookstream/scheme.def>
#undef HS_SCHEME
};

const char *const hs_scheme_names[HS_SCHEME_COUNT + 1] = {
#define HS_SCHEME(name) #name,
#include <hookstream/scheme.def>
#undef HS_SCHEME
};

/* W3C Trace Context. */
const struct hs_slice hs_kept_general[] = {{"traceparent", 11}};
const size_t hs_kept_general_count = HS_ARRAY_SIZE(hs_kept_general);

size_t hs_kept_header_count(void)
{
    size_t count = hs_kept_general_count;
    for (size_t i = 0; i < HS_SCHEME_COUNT; i++)
        count += hs_schemes[i]->kept_count;
    return count;
}

struct hs_slice hs_kept_header(size_t index)
{
    if (index < hs_kept_general_count)
        return hs_kept_general[index];
    index -= hs_kept_general_count;
    for (size_t i = 0; i < HS_SCHEME_COUNT; i++) {
        if (index < hs_schemes[i]->kept_count)
            return hs_schemes[i]->kept[index];
        index -= hs_schemes[i]->kept_count;
    }
    HS_ASSERT(false); /* the caller counts */
    return HS_SLICE_NONE;
}
