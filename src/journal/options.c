/* Options: the table of `journal:` in the configuration, and its checks. */
#include <hookstream/journal.h>

/* Default limit of a journal in memory. */
#define MEMORY_MAX_SIZE (UINT64_C(256) << 20)

#define JOURNAL(field) offsetof(struct hs_journal_options, field)

static const char *const store_names[] = {"disk", "memory", NULL};

static const struct hs_option rows[] = {
    {.name = "store",
     .kind = HS_OPTION_CHOICE,
     .offset = JOURNAL(store),
     .choices = store_names,
     .fallback = "disk",
     .help = "memory: nothing is written, for sources with `ack: delivered`; what was not "
             "delivered is gone with the process, and so are its dead letters."},
    {.name = "path",
     .kind = HS_OPTION_STRING,
     .offset = JOURNAL(path),
     .fallback = "/var/lib/hookstream",
     .help = "Folder of the journal, on a disk that syncs. One process at a time."},
    {.name = "max_size",
     .kind = HS_OPTION_SIZE,
     .offset = JOURNAL(max_size),
     .fallback = "10GiB",
     .least = 8 << 20,
     .help = "Ceiling of the bytes on disk. What is delivered makes room early; when nothing can, "
             "senders get 503 until a sink catches up. With `store: memory` 256MiB if not said."},
    {.name = "retain",
     .kind = HS_OPTION_DURATION,
     .offset = JOURNAL(retain_ns),
     .fallback = "24h",
     .help = "How long delivered events are kept, if max_size and the disk allow. With "
             "`store: memory` they go at once."},
    {.name = "commit_window",
     .kind = HS_OPTION_DURATION,
     .offset = JOURNAL(commit_window_ns),
     .fallback = "200us",
     .most = 10000000,
     .help = "Under load the longest wait for more events to share one sync. An event that comes "
             "alone never waits."},
};

static void check(struct hs_config *config, const struct hs_node *node, void *bound)
{
    struct hs_journal_options *options = bound;
    if (options->store == HS_STORE_MEMORY &&
        (node == NULL || hs_node_get(node, "max_size") == NULL))
        options->max_size = MEMORY_MAX_SIZE;
    if (options->store == HS_STORE_DISK && (options->path == NULL || options->path[0] == '\0'))
        hs_config_error(config, HS_FINDING_EMPTY_VALUE, node,
                        "journal.path is empty: name a folder on disk");
}

const struct hs_options hs_journal_option_table = {
    .name = "journal",
    .title = "Where events are kept until they are delivered",
    .options = rows,
    .option_count = HS_ARRAY_SIZE(rows),
    .struct_size = sizeof(struct hs_journal_options),
    .node_offset = SIZE_MAX,
    .check = check,
};
