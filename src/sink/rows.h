/* Rows: options common to several kinds of sink. The structs that kinds bind begin with the common
 * ones, so the offsets hold for each. */
#ifndef HS_SINK_ROWS_H
#define HS_SINK_ROWS_H

#include <hookstream/sink.h>

extern const char *const hs_sink_start_names[], *const hs_sink_cursor_lost_names[];

#define HS_TARGET_OFFSET(field) offsetof(struct hs_target_options, field)

/* ---- sinks.<name> ---- */

/* Of every kind. */
#define HS_SINK_START_ROW                                                                          \
    {                                                                                              \
        .name = "start", .kind = HS_OPTION_CHOICE,                                                 \
        .offset = offsetof(struct hs_sink_options, start), .choices = hs_sink_start_names,         \
        .fallback = "now",                                                                         \
        .help = "Where a sink that is new to the journal begins: with events that come from now "  \
                "on, or with the oldest that the journal still keeps. A known sink continues "     \
                "where it stopped."                                                                \
    }

#define HS_SINK_CURSOR_LOST_ROW(by_default, words)                                                 \
    {                                                                                              \
        .name = "on_cursor_lost", .kind = HS_OPTION_CHOICE,                                        \
        .offset = offsetof(struct hs_sink_options, on_cursor_lost),                                \
        .choices = hs_sink_cursor_lost_names, .fallback = by_default, .help = words                \
    }

/* ---- Targets ---- */

#define HS_TARGET_SINK_ROW                                                                         \
    {                                                                                              \
        .name = "sink", .kind = HS_OPTION_STRING, .offset = HS_TARGET_OFFSET(sink),                \
        .required = true, .example = "kafka", .help = "Name of a sink under `sinks`."              \
    }

/* Of every kind; the router reads them. */
#define HS_TARGET_ROUTER_ROWS                                                                      \
    {.name = "when",                                                                               \
     .kind = HS_OPTION_NODE,                                                                       \
     .offset = HS_TARGET_OFFSET(when),                                                             \
     .form = "condition",                                                                          \
     .help = "Only events for which this condition holds, asked as for the route of the event as " \
             "it was received. The others have no message for this target.",                       \
     .example = "\"data.amount >= 1000\""},                                                        \
        {.name = "sample",                                                                         \
         .kind = HS_OPTION_STRING,                                                                 \
         .offset = HS_TARGET_OFFSET(sample),                                                       \
         .help = "Only this share of the route's events, chosen by their id: always the same "     \
                 "ones.",                                                                          \
         .example = "10%"},                                                                        \
        {.name = "accept",                                                                         \
         .kind = HS_OPTION_STRINGS,                                                                \
         .offset = HS_TARGET_OFFSET(accept),                                                       \
         .help = "Warnings of `check` about this target that are known and meant, as those of a "  \
                 "route.",                                                                         \
         .example = "[HS205 data.email]"},                                                         \
    {                                                                                              \
        .name = "transform", .kind = HS_OPTION_NODE, .offset = HS_TARGET_OFFSET(transform),        \
        .form = "transform",                                                                       \
        .help = "Transformations for this target alone, after those of the route.",                \
        .example = "[{remove: [data.email]}]"                                                      \
    }

#endif
