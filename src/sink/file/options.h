/* File options: what `sinks.<name>` of type file binds. Its targets have only the common
 * options. */
#ifndef HS_SINK_FILE_OPTIONS_H
#define HS_SINK_FILE_OPTIONS_H

#include <hookstream/sink.h>

struct hs_file_options {
    struct hs_sink_options sink;
    const char *path;  /* folder */
    uint64_t max_size; /* a file is renamed when it reaches this many bytes; 0: never */
};
extern const struct hs_options hs_file_option_table, hs_file_target_table;

static inline const struct hs_file_options *hs_file_options(const struct hs_sink_options *options)
{
    return (const struct hs_file_options *)options;
}

#endif
