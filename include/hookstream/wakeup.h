/* Wakeup: how one thread tells another, asleep in its event loop, that a watermark has
 * moved. An eventfd that is written only when the sleeper said that it is about to sleep,
 * so that under load a busy thread costs its teller no system call.
 *
 * The sleeper's protocol, which closes the race: handle what is there; arm; look once more;
 * if there is more, handle it and arm again; only then sleep.
 * Threads: one sleeper, any number of tellers. */
#ifndef HOOKSTREAM_WAKEUP_H
#define HOOKSTREAM_WAKEUP_H

#include <hookstream/base.h>
#include <stdatomic.h>

struct hs_wakeup {
    int file; /* becomes readable when told; for the sleeper's event loop */
    atomic_bool armed;
};

/* -errno and words. */
HS_MUST_CHECK int hs_wakeup_init(struct hs_wakeup *wakeup);
void hs_wakeup_close(struct hs_wakeup *wakeup);
/* Sleeper: from now on a teller must write. */
void hs_wakeup_arm(struct hs_wakeup *wakeup);
/* Sleeper: empties the file after it became readable. */
void hs_wakeup_clear(struct hs_wakeup *wakeup);
/* Teller: after the watermark was stored. */
void hs_wakeup_tell(struct hs_wakeup *wakeup);

#endif
