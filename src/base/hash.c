/* Hashes from libxxhash, a SipHash of our own, and random bytes from the kernel. */
#include <hookstream/hash.h>

#include <hookstream/log.h>
#include <endian.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

uint64_t hs_hash64(struct hs_slice bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.data ? bytes.data : "", bytes.size, seed);
}

struct hs_hash128 hs_hash128(struct hs_slice bytes, uint64_t seed)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data ? bytes.data : "", bytes.size, seed);
    return (struct hs_hash128){hash.low64, hash.high64};
}

struct hs_hasher {
    XXH3_state_t *state;
};

struct hs_hasher *hs_hasher_create(uint64_t seed)
{
    struct hs_hasher *hasher = hs_alloc(sizeof(*hasher));
    hasher->state = XXH3_createState();
    HS_ASSERT(hasher->state != NULL); /* out of memory ends the program, as in hs_alloc() */
    HS_ASSERT(XXH3_64bits_reset_withSeed(hasher->state, seed) == XXH_OK);
    return hasher;
}

void hs_hasher_add(struct hs_hasher *hasher, struct hs_slice bytes)
{
    HS_ASSERT(XXH3_64bits_update(hasher->state, bytes.data, bytes.size) == XXH_OK);
}

uint64_t hs_hasher_end(struct hs_hasher *hasher)
{
    uint64_t hash = XXH3_64bits_digest(hasher->state);
    (void)XXH3_freeState(hasher->state); /* always XXH_OK */
    free(hasher);
    return hash;
}

/* ---- SipHash (Aumasson and Bernstein, 2012) ---- */

static uint64_t rotate(uint64_t value, unsigned by)
{
    return value << by | value >> (64 - by);
}

static inline void mix(uint64_t v[4], unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32) + v[3];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static void absorb(uint64_t v[4], uint64_t word, unsigned rounds)
{
    v[3] ^= word;
    mix(v, rounds);
    v[0] ^= word;
}

/* Little endian. */
static uint64_t word_at(const char *at, size_t size)
{
    uint64_t word = 0;
    for (size_t i = size; i-- > 0;)
        word = word << 8 | (unsigned char)at[i];
    return word;
}

uint64_t hs_siphash(struct hs_slice bytes, const uint64_t key[2], unsigned c, unsigned d)
{
    uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                     key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
    size_t whole = bytes.size / 8 * 8;
    for (size_t at = 0; at < whole; at += 8) {
        uint64_t word;
        memcpy(&word, bytes.data + at, sizeof(word));
        absorb(v, le64toh(word), c);
    }
    uint64_t rest = bytes.size > whole ? word_at(bytes.data + whole, bytes.size - whole) : 0;
    absorb(v, rest | (uint64_t)bytes.size << 56, c);
    v[2] ^= 0xff;
    mix(v, d);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t process_key[2];

static void make_key(void)
{
    hs_random_bytes(process_key, sizeof(process_key));
}

uint64_t hs_keyed_hash(struct hs_slice bytes, uint64_t salt)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_key);
    const uint64_t key[2] = {process_key[0] ^ salt, process_key[1]};
    return hs_siphash(bytes, key, 1, 3);
}

/* ---- Random bytes ---- */

void hs_random_bytes(void *ret_bytes, size_t size)
{
    char *at = ret_bytes;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            hs_log_last_words("hookstream: the kernel returns no random bytes");
            abort();
        }
        at += got;
        size -= (size_t)got;
    }
}

void hs_random_uuid(char ret_text[37])
{
    unsigned char b[16];
    hs_random_bytes(b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(ret_text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
}
