/* Wakeup: an eventfd behind a flag, see wakeup.h for the protocol between the two sides. */
#include <hookstream/wakeup.h>

#include <sys/eventfd.h>
#include <unistd.h>

int hs_wakeup_init(struct hs_wakeup *wakeup)
{
    int file = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (file < 0)
        return hs_fail_errno(errno, "cannot make an eventfd");
    wakeup->file = file;
    atomic_init(&wakeup->armed, true);
    return 0;
}

void hs_wakeup_close(struct hs_wakeup *wakeup)
{
    if (wakeup->file >= 0)
        close(wakeup->file);
    wakeup->file = -1;
}

void hs_wakeup_arm(struct hs_wakeup *wakeup)
{
    /* A read-modify-write here and one in tell are ordered against each other: either the
     * teller finds the flag set, or the sleeper's second look at the watermark finds what
     * the teller stored before it looked at the flag. */
    (void)atomic_exchange(&wakeup->armed, true);
}

void hs_wakeup_clear(struct hs_wakeup *wakeup)
{
    uint64_t count;
    /* Nothing to read is fine: another clear came first. */
    ssize_t size = read(wakeup->file, &count, sizeof(count));
    (void)size;
}

void hs_wakeup_tell(struct hs_wakeup *wakeup)
{
    if (!atomic_exchange(&wakeup->armed, false))
        return;
    uint64_t one = 1;
    /* Cannot fail but by a full counter, and then the sleeper is told already. */
    ssize_t size = write(wakeup->file, &one, sizeof(one));
    (void)size;
}
