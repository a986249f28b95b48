/* Probe, private: one file a kind, and the line of the report that all write. */
#ifndef HS_SINK_PROBE_H
#define HS_SINK_PROBE_H

#include <hookstream/probe.h>

/* Adds "NAME: text" to the report. */
void hs_probe_say(const struct hs_probe *probe, const char *format, ...) HS_PRINTF(2, 3);

void hs_kafka_probe(const struct hs_probe *probe, const struct hs_sink_options *options,
                    const struct hs_probe_place *places, size_t count);
void hs_redis_probe(const struct hs_probe *probe, const struct hs_sink_options *options,
                    const struct hs_probe_place *places, size_t count);

#endif
