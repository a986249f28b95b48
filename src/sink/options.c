/* Sink options: the table of `sinks.<name>`; its `type:` selects the table of a kind. */
#include "rows.h"

#include <hookstream/sink_kind.h>

const char *const hs_sink_start_names[] = {"now", "oldest", NULL};
const char *const hs_sink_cursor_lost_names[] = {"replay", "continue", NULL};

#define HS_SINK_KIND(name, destination) extern const struct hs_options hs_##name##_option_table;
#include <hookstream/sink_kind.def>
#undef HS_SINK_KIND

static const struct hs_options *const kinds[] = {
#define HS_SINK_KIND(name, destination) &hs_##name##_option_table,
#include <hookstream/sink_kind.def>
#undef HS_SINK_KIND
    NULL};

const struct hs_options hs_sink_option_table = {
    .name = "sinks.*",
    .title = "A sink",
    .options = NULL,
    .option_count = 0,
    .struct_size = sizeof(struct hs_sink_options),
    .node_offset = offsetof(struct hs_sink_options, node),
    .tag = "type",
    .tag_offset = offsetof(struct hs_sink_options, kind),
    .kinds = kinds,
};
