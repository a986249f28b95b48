/* Wakeup: an eventfd behind a flag; wakeup.h describes the protocol. */
#include <hookstream/wakeup.h>

#include <sys/eventfd.h>
#include <unistd.h>

int hs_wakeup_init(struct hs_wakeup *wakeup)
{
    int file = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (file < 0)
        return hs_fail_errno(errno, "cannot create an eventfd");
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
    /* A read-modify-write here and one in hs_wakeup_tell() are ordered against each other. Either
     * the signalling thread finds the flag set, or the sleeper's second look finds what that thread
     * stored. */
    (void)atomic_exchange(&wakeup->armed, true);
}

void hs_wakeup_clear(struct hs_wakeup *wakeup)
{
    uint64_t count;
    /* Nothing to read is fine: an earlier clear emptied it. */
    ssize_t size = read(wakeup->file, &count, sizeof(count));
    (void)size;
}

void hs_wakeup_tell(struct hs_wakeup *wakeup)
{
    if (!atomic_exchange(&wakeup->armed, false))
        return;
    uint64_t one = 1;
    /* Fails only if the counter is full, and then the sleeper has been signalled already. */
    ssize_t size = write(wakeup->file, &one, sizeof(one));
    (void)size;
}
