/* How many random cases a test goes through, and which: HOOKSTREAM_TEST_CASES and
 * HOOKSTREAM_TEST_SEED change both, so that one failed case can be repeated alone and a hundred
 * thousand can be run by hand (`scripts/test random`). All that is drawn follows from the seed. A
 * sanitizer's build goes through its share (sanitized.h) unless it is given a number. */
#ifndef HS_TEST_CASES_H
#define HS_TEST_CASES_H

#include "sanitized.h"

#include <stdint.h>
#include <stdlib.h>

static inline uint64_t cases_number(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);
    return text != NULL && text[0] != '\0' ? strtoull(text, NULL, 10) : fallback;
}

static uint64_t cases_state;

static inline void cases_begin(uint64_t seed)
{
    cases_state = seed;
}

/* splitmix64: neighbouring seeds have nothing in common. */
static inline uint64_t cases_next(void)
{
    uint64_t value = cases_state += UINT64_C(0x9E3779B97F4A7C15);
    value = (value ^ value >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ value >> 27) * UINT64_C(0x94D049BB133111EB);
    return value ^ value >> 31;
}

static inline unsigned pick(unsigned below)
{
    return (unsigned)(cases_next() % below);
}

/* Calls `play` for each case, with its random numbers begun: `all` of them, or a sanitizer's share.
 */
static inline void cases_tell(uint64_t all, void (*play)(uint64_t seed, void *context),
                              void *context)
{
    uint64_t count = cases_number("HOOKSTREAM_TEST_CASES", all / ONE_IN);
    uint64_t first = cases_number("HOOKSTREAM_TEST_SEED", 1);
    for (uint64_t seed = first; seed < first + count; seed++) {
        cases_begin(seed);
        play(seed, context);
    }
}

#endif
