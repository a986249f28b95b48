/* Hashes: XXH3 by libxxhash, for checksums and for tables. Not for secrets: HMAC-SHA256
 * stands in source.h and transform.h's implementations, by libcrypto. Threads: any. */
#ifndef HOOKSTREAM_HASH_H
#define HOOKSTREAM_HASH_H

#include <hookstream/base.h>

struct hs_hash128 {
    uint64_t low, high;
};

uint64_t hs_hash64(struct hs_slice bytes, uint64_t seed);
struct hs_hash128 hs_hash128(struct hs_slice bytes, uint64_t seed);

/* Fills with bytes from the kernel's random source; ends the program if there is none. */
void hs_random_bytes(void *ret_bytes, size_t size);
/* A random UUID, version 4 (RFC 9562, 5.4), as 36 characters and a NUL. */
void hs_random_uuid(char ret_text[37]);

#endif
