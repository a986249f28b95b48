/* How much of what is tried with many seeds, or at every byte, a build goes through by itself: the
 * dev build all of it, those with sanitizers, ten times as slow, one in so many. Most of what a
 * sanitizer sees it sees in any of them; the rare cases are the dev build's and `scripts/test
 * power`'s. */
#ifndef HS_TEST_SANITIZED_H
#define HS_TEST_SANITIZED_H

#if defined(__SANITIZE_THREAD__)
#define SANITIZED true
#define ONE_IN 32u
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#define ONE_IN 8u
#else
#define SANITIZED false
#define ONE_IN 1u
#endif

#endif
