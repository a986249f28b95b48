/* Process: figures about this process for the metrics page. Threads: any. */
#ifndef HS_BASE_PROCESS_H
#define HS_BASE_PROCESS_H

#include <hookstream/metrics.h>

/* The value of a process_... metric, read now. */
double hs_process_figure(enum hs_metric metric);

#endif
