/* Hashes: XXH3 by libxxhash for checksums and for tables whose size is fixed; a keyed hash for
 * tables that hold what a sender wrote. Not for secrets: HMAC-SHA256 is in the implementations of
 * source.h and transform.h, by libcrypto. Threads: any. */
#ifndef HOOKSTREAM_HASH_H
#define HOOKSTREAM_HASH_H

#include <hookstream/base.h>

struct hs_hash128 {
    uint64_t low, high;
};

uint64_t hs_hash64(struct hs_slice bytes, uint64_t seed);
struct hs_hash128 hs_hash128(struct hs_slice bytes, uint64_t seed);

/* hs_hash64() of bytes that come piece by piece. hs_hasher_end() gives the hash and frees. */
struct hs_hasher;
struct hs_hasher *hs_hasher_create(uint64_t seed);
void hs_hasher_add(struct hs_hasher *hasher, struct hs_slice bytes);
uint64_t hs_hasher_end(struct hs_hasher *hasher);

/* SipHash-1-3 with a random key of this process, for tables that grow with what a sender wrote:
 * nobody outside can make names that collide. `salt` sets one use, or one parent, apart from
 * another. */
uint64_t hs_keyed_hash(struct hs_slice bytes, uint64_t salt);
/* SipHash-c-d with a given key: for the tests, and for what must be the same in every process. */
uint64_t hs_siphash(struct hs_slice bytes, const uint64_t key[2], unsigned c, unsigned d);

/* Fills with bytes from the kernel's random source; ends the program if there is none. */
void hs_random_bytes(void *ret_bytes, size_t size);
/* A random UUID, version 4 (RFC 9562, 5.4), as 36 characters and a NUL. */
void hs_random_uuid(char ret_text[37]);

#endif
