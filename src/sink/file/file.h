/* File sink, private: opening it on another disk, for tests. */
#ifndef HS_SINK_FILE_H
#define HS_SINK_FILE_H

#include "kind.h"

#include <hookstream/disk.h>

HS_MUST_CHECK int hs_file_open_on(const struct hs_sink_spec *spec, const struct hs_disk *disk,
                                  struct hs_sink **ret_sink);

#endif
