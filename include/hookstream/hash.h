/* Hashes: XXH3 (libxxhash) for checksums and fixed-size tables; a keyed hash for tables that hold
 * data from senders. Not for secrets: HMAC-SHA256 (libcrypto) is behind source.h and transform.h.
 * Threads: any. */
#ifndef HOOKSTREAM_HASH_H
#define HOOKSTREAM_HASH_H

#include <hookstream/base.h>

struct hs_hash128 {
    uint64_t low, high;
};

/* XXH3, 64 bits, of `bytes` with a seed. */
uint64_t hs_hash64(struct hs_slice bytes, uint64_t seed);
/* XXH3, 128 bits, of `bytes` with a seed. */
struct hs_hash128 hs_hash128(struct hs_slice bytes, uint64_t seed);

/* Computes hs_hash64() over bytes that arrive in pieces. */
struct hs_hasher;
/* Starts a hash; end it with hs_hasher_end(). */
struct hs_hasher *hs_hasher_create(uint64_t seed);
/* Adds the next piece. */
void hs_hasher_add(struct hs_hasher *hasher, struct hs_slice bytes);
/* Returns the hash and frees the hasher. */
uint64_t hs_hasher_end(struct hs_hasher *hasher);

/* SipHash-1-3 with a random key per process, for tables that grow with data from senders: no sender
 * can construct colliding names. `salt` separates one use, or one parent, from another. */
uint64_t hs_keyed_hash(struct hs_slice bytes, uint64_t salt);
/* SipHash-c-d with a given key: for tests, and for values that must be equal in every process. */
uint64_t hs_siphash(struct hs_slice bytes, const uint64_t key[2], unsigned c, unsigned d);

/* Fills the memory with random bytes from the kernel; ends the program if it cannot. */
void hs_random_bytes(void *ret_bytes, size_t size);
/* A random UUID, version 4 (RFC 9562, 5.4), as 36 characters and a NUL. */
void hs_random_uuid(char ret_text[37]);

#endif
