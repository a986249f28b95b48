/* Descriptors: how many files this process may have open, and has. Threads: any. */
#ifndef HOOKSTREAM_DESCRIPTORS_H
#define HOOKSTREAM_DESCRIPTORS_H

#include <hookstream/base.h>

/* Raises the soft limit to the hard one. Returns the limit. */
uint64_t hs_descriptors_raise(void);
uint64_t hs_descriptors_limit(void);
/* Those that are open now. */
uint64_t hs_descriptors_open(void);
/* How many of the limit the connections of the admin port may have. */
uint64_t hs_descriptors_of_admin(void);

#endif
