/* File sink, private. */
#ifndef HS_SINK_FILE_H
#define HS_SINK_FILE_H

#include "kind.h"
#include "options.h"

#include <hookstream/disk.h>

extern const struct hs_sink_kind hs_file_kind;

HS_MUST_CHECK int hs_file_open(const struct hs_sink_spec *spec, struct hs_sink **ret_sink);
void hs_file_check(struct hs_config *config, const struct hs_sink_options *sink);
/* See hs_sink_probe(). */
void hs_file_probe(const struct hs_probe *probe, const struct hs_sink_options *sink,
                   const struct hs_probe_place *places, size_t count);
/* Opens it on another disk, for tests. */
HS_MUST_CHECK int hs_file_open_on(const struct hs_sink_spec *spec, const struct hs_disk *disk,
                                  struct hs_sink **ret_sink);

#endif
