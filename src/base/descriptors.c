/* Descriptors: RLIMIT_NOFILE by getrlimit(2), and the open ones from /proc (proc(5)). */
#include <hookstream/descriptors.h>

#include <dirent.h>
#include <sys/resource.h>

/* The admin port's share of the limit, and its bounds. */
#define ADMIN_PART 16u
#define ADMIN_LEAST 4u
#define ADMIN_MOST 256u

uint64_t hs_descriptors_limit(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? 0 : (uint64_t)limit.rlim_cur;
}

uint64_t hs_descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* a failure leaves the lower limit, which is read
                                                 * back below */
    }
    return hs_descriptors_limit();
}

uint64_t hs_descriptors_open(void)
{
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return 0;
    uint64_t count = 0;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL)
        count += entry->d_name[0] != '.';
    (void)closedir(folder);
    return count - 1; /* without the one for the folder itself */
}

uint64_t hs_descriptors_of_admin(void)
{
    uint64_t part = hs_descriptors_limit() / ADMIN_PART;
    return part < ADMIN_LEAST ? ADMIN_LEAST : part > ADMIN_MOST ? ADMIN_MOST : part;
}
