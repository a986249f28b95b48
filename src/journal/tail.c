/* Tail: see tail.h. */
#include "tail.h"

#define SECTOR 512u
#define PAGE 4096u
#define BLANK_END 64u /* no record ends in so many zeros */
#define STEP (64u << 10)
#define RECORDS_MAX 64u /* damaged ones in a row that are still told apart */

static bool is_zero(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

int hs_tail_is_blank(const struct hs_disk *disk, int file, uint64_t from, uint64_t end)
{
    HS_AUTO_FREE char *bytes = hs_alloc(STEP);
    while (from < end) {
        size_t size = end - from < STEP ? (size_t)(end - from) : STEP;
        ssize_t got = hs_disk_read(disk, file, bytes, size, from);
        if (got < 0)
            return (int)got;
        if (!is_zero(bytes, (size_t)got))
            return 0;
        if ((size_t)got < size)
            break;
        from += size;
    }
    return 1;
}

int64_t hs_tail_extent(const struct hs_disk *disk, int file, uint64_t from, uint64_t end)
{
    HS_AUTO_FREE char *bytes = hs_alloc(STEP);
    uint64_t extent = 0;
    for (uint64_t at = from; at < end;) {
        size_t size = end - at < STEP ? (size_t)(end - at) : STEP;
        ssize_t got = hs_disk_read(disk, file, bytes, size, at);
        if (got < 0)
            return got;
        if (got == 0)
            break;
        for (size_t i = (size_t)got; i-- > 0;)
            if (bytes[i] != 0) {
                extent = at + i + 1 - from;
                break;
            }
        at += (size_t)got;
    }
    return (int64_t)extent;
}

int hs_tail_is_open(const struct hs_disk *disk, int file, uint64_t size)
{
    /* Reserved as zeros, or, where that could not be done, written a page at a time. */
    return size % PAGE == 0 || size < BLANK_END
               ? 1
               : hs_tail_is_blank(disk, file, size - BLANK_END, size);
}

int hs_tail_looks_torn(const struct hs_disk *disk, int file, uint64_t from, uint64_t end)
{
    char bytes[SECTOR];
    while (from < end) {
        uint64_t next = (from / SECTOR + 1) * SECTOR;
        size_t size = (size_t)((next < end ? next : end) - from);
        ssize_t got = hs_disk_read(disk, file, bytes, size, from);
        if (got < 0)
            return (int)got;
        if (is_zero(bytes, (size_t)got))
            return 1;
        from = next;
    }
    return 0;
}

static int count_records(const struct hs_disk *disk, int file, uint64_t from, uint64_t end,
                         unsigned most)
{
    char head[HS_RECORD_HEADER];
    if (most == 0)
        return 0;
    ssize_t got = hs_disk_read(disk, file, head, sizeof(head), from);
    if (got < 0)
        return (int)got;
    size_t lengths[2], choices = hs_record_guess_lengths(head, (size_t)got, lengths);
    for (size_t i = 0; i < choices; i++) {
        if (lengths[i] > end - from)
            continue;
        if (lengths[i] == end - from)
            return 1;
        int rest = count_records(disk, file, from + lengths[i], end, most - 1);
        if (rest != 0)
            return rest < 0 ? rest : rest + 1;
    }
    return 0;
}

int hs_tail_records(const struct hs_disk *disk, int file, uint64_t from, uint64_t end)
{
    return from < end ? count_records(disk, file, from, end, RECORDS_MAX) : 0;
}
