/* Probe: which kind is asked how; and the kind that has no server. */
#include "probe.h"

#include <hookstream/storage.h>
#include <stdio.h>

/* Less than this is no room for a sink that is to run for a while. */
#define FREE_LEAST (UINT64_C(1) << 30)

void hs_probe_say(const struct hs_probe *probe, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments); /* a line too long is cut */
    va_end(arguments);
    hs_buffer_printf(probe->report, "%s: %s\n", probe->name, text);
}

static void probe_file(const struct hs_probe *probe, const struct hs_sink_options *options)
{
    const struct hs_node *path = options->node != NULL ? hs_node_get(options->node, "path") : NULL;
    struct hs_storage storage;
    if (options->path == NULL)
        return; /* the binding said so */
    if (hs_storage_look(options->path, &storage) < 0) {
        hs_config_error(probe->config, HS_FINDING_ONLINE_FOLDER, path ? path : options->node,
                        "sink `%s`: %s", probe->name, hs_error_text());
        return;
    }
    if (storage.free_bytes < FREE_LEAST)
        hs_config_warning(probe->config, HS_FINDING_ONLINE_SPACE, path ? path : options->node,
                          "sink `%s`: its disk has only %llu MiB free", probe->name,
                          (unsigned long long)(storage.free_bytes >> 20));
    hs_probe_say(probe, "%s can be written and synced, %llu GiB free%s", options->path,
                 (unsigned long long)(storage.free_bytes >> 30),
                 storage.exists ? "" : " (the folder will be made)");
}

void hs_sink_probe(const struct hs_probe *probe, const struct hs_sink_options *options,
                   const struct hs_probe_place *places, size_t count)
{
    switch ((enum hs_sink_kind)options->kind) {
    case HS_SINK_KAFKA:
        hs_kafka_probe(probe, options, places, count);
        return;
    case HS_SINK_REDIS:
        hs_redis_probe(probe, options, places, count);
        return;
    case HS_SINK_FILE:
        probe_file(probe, options);
        return;
    case HS_SINK_KIND_COUNT:
        return;
    }
}
