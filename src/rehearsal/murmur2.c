/* Murmur2: the hash that decides the partition of a Kafka key.
 * Source: Austin Appleby's MurmurHash2 with the seed of Kafka's Utils.murmur2. */
#include <hookstream/rehearsal.h>

#define SEED 0x9747b28cu
#define FACTOR 0x5bd1e995u
#define SHIFT 24

static uint32_t mix(uint32_t k)
{
    k *= FACTOR;
    k ^= k >> SHIFT;
    return k * FACTOR;
}

uint32_t hs_murmur2(struct hs_slice key)
{
    uint32_t hash = SEED ^ (uint32_t)key.size;
    const unsigned char *at = (const unsigned char *)key.data;
    size_t left = key.size;
    for (; left >= 4; left -= 4, at += 4) {
        uint32_t word =
            at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        hash = (hash * FACTOR) ^ mix(word);
    }
    for (size_t i = left; i-- > 0;)
        hash ^= (uint32_t)at[i] << (8 * i);
    if (left > 0)
        hash *= FACTOR;
    hash ^= hash >> 13;
    hash *= FACTOR;
    return hash ^ (hash >> 15);
}

uint32_t hs_murmur2_positive(struct hs_slice key)
{
    return hs_murmur2(key) & INT32_MAX;
}
