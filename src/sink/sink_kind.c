/* Sink kind: the rows of all kinds. */
#include <hookstream/sink_kind.h>

#define HS_SINK_KIND(name, destination) extern const struct hs_sink_kind hs_##name##_kind;
#include <hookstream/sink_kind.def>
#undef HS_SINK_KIND

const struct hs_sink_kind *const hs_sink_kinds[HS_SINK_KIND_COUNT] = {
#define HS_SINK_KIND(name, destination) &hs_##name##_kind,
#include <hookstream/sink_kind.def>
#undef HS_SINK_KIND
};
