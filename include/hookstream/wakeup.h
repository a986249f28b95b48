/* Wakeup: wakes a thread asleep in its event loop after a shared counter has moved. An eventfd that
 * is written only if the sleeper announced that it is about to sleep, so signalling a busy thread
 * costs no system call.
 *
 * The sleeper's protocol, which closes the race: handle what is there; arm; look once more; if
 * there is more, handle it and arm again; only then sleep. Threads: one sleeper, any number of
 * signalling threads. */
#ifndef HOOKSTREAM_WAKEUP_H
#define HOOKSTREAM_WAKEUP_H

#include <hookstream/base.h>
#include <stdatomic.h>

struct hs_wakeup {
    int file; /* becomes readable when signalled; for the sleeper's event loop */
    atomic_bool armed;
};

/* Creates the eventfd. -errno and a message. */
HS_MUST_CHECK int hs_wakeup_init(struct hs_wakeup *wakeup);
/* Closes the eventfd. */
void hs_wakeup_close(struct hs_wakeup *wakeup);
/* Sleeper: from now on hs_wakeup_tell() writes to the file. */
void hs_wakeup_arm(struct hs_wakeup *wakeup);
/* Sleeper: empties the file after it became readable. */
void hs_wakeup_clear(struct hs_wakeup *wakeup);
/* Signals the sleeper; call it after the counter was stored. */
void hs_wakeup_tell(struct hs_wakeup *wakeup);

#endif
