/* Process: what the system knows of this process, for the metrics page. Threads: any. */
#ifndef HS_BASE_PROCESS_H
#define HS_BASE_PROCESS_H

#include <hookstream/metrics.h>

/* The figure behind one of the process_... metrics, read now. */
double hs_process_figure(enum hs_metric metric);

#endif
