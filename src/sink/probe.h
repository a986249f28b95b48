/* Probe, private: the report line format shared by all kinds. */
#ifndef HS_SINK_PROBE_H
#define HS_SINK_PROBE_H

#include <hookstream/probe.h>

/* Adds "NAME: text" to the report. */
void hs_probe_say(const struct hs_probe *probe, const char *format, ...) HS_PRINTF(2, 3);

#endif
