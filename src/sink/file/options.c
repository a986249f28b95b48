/* File options: the tables of `sinks.<name>` and of a target. */
#include "options.h"
#include "rows.h"

#define OWN(field) offsetof(struct hs_file_options, field)

static const struct hs_option file_rows[] = {
    {.name = "path",
     .kind = HS_OPTION_STRING,
     .offset = OWN(path),
     .required = true,
     .example = "data",
     .help =
         "Folder of the files, created if it does not exist. No other sink may use it, and it "
         "must not be in or around the journal's. Files there that hookstream did not write are "
         "left alone, and links are not followed: an event whose file has such a name becomes a "
         "dead letter."},
    {.name = "max_size",
     .kind = HS_OPTION_SIZE,
     .offset = OWN(max_size),
     .fallback = "0",
     .help = "A file that reaches this size is renamed to NAME.1, NAME.2 and so on, and a new one "
             "begun. 0: never."},
    HS_SINK_START_ROW,
};

const struct hs_options hs_file_option_table = {
    .name = "file",
    .title = "Files of JSON lines",
    .options = file_rows,
    .option_count = HS_ARRAY_SIZE(file_rows),
    .struct_size = sizeof(struct hs_file_options),
    .node_offset = SIZE_MAX,
};

static const struct hs_option file_target_rows[] = {
    HS_TARGET_SINK_ROW,
    {.name = "file",
     .kind = HS_OPTION_STRING,
     .offset = HS_TARGET_OFFSET(destination),
     .fallback = "{family}.jsonl",
     .help = "Template of the file's name in the sink's folder: 1 to 200 bytes, without a slash, a "
             "control character or a leading dot."},
    HS_TARGET_ROUTER_ROWS,
};

const struct hs_options hs_file_target_table = {
    .name = "to.file",
    .title = "A target of a file sink",
    .options = file_target_rows,
    .option_count = HS_ARRAY_SIZE(file_target_rows),
    .struct_size = sizeof(struct hs_target_options),
    .node_offset = SIZE_MAX,
};
