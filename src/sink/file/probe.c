/* File probe: tests the folder by writing and syncing in it. */
#include "file.h"
#include "options.h"
#include "probe.h"

#include <hookstream/storage.h>

/* Less than this is too little for a sink that is to run for a while. */
#define FREE_LEAST (UINT64_C(1) << 30)

void hs_file_probe(const struct hs_probe *probe, const struct hs_sink_options *sink,
                   const struct hs_probe_place *places, size_t count)
{
    (void)places, (void)count; /* files are made when they are first written */
    const struct hs_file_options *options = hs_file_options(sink);
    const struct hs_node *path = sink->node != NULL ? hs_node_get(sink->node, "path") : NULL;
    struct hs_storage storage;
    if (options->path == NULL)
        return; /* the binding reported it */
    if (hs_storage_look(options->path, &storage) < 0) {
        hs_config_error(probe->config, HS_FINDING_ONLINE_FOLDER, path ? path : sink->node,
                        "sink `%s`: %s", probe->name, hs_error_text());
        return;
    }
    if (storage.free_bytes < FREE_LEAST)
        hs_config_warning(probe->config, HS_FINDING_ONLINE_SPACE, path ? path : sink->node,
                          "sink `%s`: its disk has only %llu MiB free", probe->name,
                          (unsigned long long)(storage.free_bytes >> 20));
    hs_probe_say(probe, "%s can be written and synced, %llu GiB free%s", options->path,
                 (unsigned long long)(storage.free_bytes >> 30),
                 storage.exists ? "" : " (the folder will be made)");
}
