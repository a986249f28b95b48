/* Descriptors: the process's limit of open files, and how many are in use. Threads: any. */
#ifndef HOOKSTREAM_DESCRIPTORS_H
#define HOOKSTREAM_DESCRIPTORS_H

#include <hookstream/base.h>

/* Raises the soft limit to the hard limit. Returns the resulting limit. */
uint64_t hs_descriptors_raise(void);
/* The current soft limit of open files. */
uint64_t hs_descriptors_limit(void);
/* The number of descriptors open now. */
uint64_t hs_descriptors_open(void);
/* The share of the limit reserved for admin port connections. */
uint64_t hs_descriptors_of_admin(void);

#endif
