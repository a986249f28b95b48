/* Hashes by libxxhash, random bytes by the kernel. */
#include <hookstream/hash.h>

#include <hookstream/log.h>
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

void hs_random_bytes(void *ret_bytes, size_t size)
{
    char *at = ret_bytes;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            hs_log_last_words("hookstream: the kernel gives no random bytes");
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
