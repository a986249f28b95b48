/* How many simulated crashes a test goes through, and which: HOOKSTREAM_TEST_CASES and
 * HOOKSTREAM_TEST_SEED change both, so that one failed case can be repeated alone and a
 * million can be run by hand (`scripts/test power`). Each tenth runs in a process of its own.
 * What is drawn follows from the seed; in which order the journal's threads meet does not, so
 * a rare failure may take its case a few times to come again. */
#ifndef HS_TEST_CRASH_CASES_H
#define HS_TEST_CRASH_CASES_H

#include "journal/model_disk.h"
#include "sanitized.h"

#include <check.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define CRASH_PARTS 10

/* What was gone through, over all processes; told at the end. `amid`: at a call of the run, the
 * rest came when the run had ended by itself. */
struct crash_counts {
    _Atomic uint64_t cases, cuts, cuts_amid, kills, kills_amid;
};
static struct crash_counts *crash_counts;

static inline uint64_t crash_number(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);
    return text != NULL && text[0] != '\0' ? strtoull(text, NULL, 10) : fallback;
}

/* Tells the cases of this part, one after the other: `all` of them, or a sanitizer's share. */
static inline void crash_tell_part(int part, uint64_t all, void (*tell)(uint64_t seed))
{
    uint64_t count = crash_number("HOOKSTREAM_TEST_CASES", all / ONE_IN);
    uint64_t first = crash_number("HOOKSTREAM_TEST_SEED", 0);
    for (uint64_t seed = first + (uint64_t)part; seed < first + count; seed += CRASH_PARTS) {
        tell(seed);
        atomic_fetch_add(&crash_counts->cases, 1);
    }
}

/* A run is over: three times in four the power goes, else it was a kill and the system stayed. */
static inline void crash_end_run(struct model_disk *disk)
{
    bool amid = disk->dead, kill = model_draw(disk, 4) == 0;
    atomic_fetch_add(kill ? &crash_counts->kills : &crash_counts->cuts, 1);
    if (amid)
        atomic_fetch_add(kill ? &crash_counts->kills_amid : &crash_counts->cuts_amid, 1);
    if (kill)
        model_revive(disk);
    else
        model_power_cut(disk);
}

static inline void crash_print(const char *name)
{
    printf("%s: %" PRIu64 " cases gone through; %" PRIu64 " power cuts, %" PRIu64
           " of them in the middle of a run; %" PRIu64 " kills, %" PRIu64 " in the middle\n",
           name, crash_counts->cases, crash_counts->cuts, crash_counts->cuts_amid,
           crash_counts->kills, crash_counts->kills_amid);
}

/* The main of such a test. */
static inline int crash_main(const char *name, TCase *tcase)
{
    tcase_set_timeout(tcase, 0); /* ctest's own limit holds */
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    crash_counts = mmap(NULL, sizeof(*crash_counts), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (crash_counts == MAP_FAILED)
        return EXIT_FAILURE;
    hs_log_configure(HS_LOG_ERROR + 1, HS_LOG_LOGFMT); /* each fault would say so */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    crash_print(name);
    if (failed > 0)
        fprintf(stderr, "repeat a case N with HOOKSTREAM_TEST_CASES=1 HOOKSTREAM_TEST_SEED=N\n");
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
