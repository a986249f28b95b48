/* Tail: see tail.h. */
#include "tail.h"

#define SECTOR 512u
#define PAGE 4096u
#define BLANK_END 64u /* no record ends in this many zeros */
#define STEP (64u << 10)
#define RECORDS_MAX 64u /* damaged ones in a row that are still distinguished */
#define LOOKS_MAX 4096u /* at heads: each damaged one gives two lengths to try */

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
    /* Usually the first bytes decide: a file may have very many such places. */
    for (size_t step = SECTOR; from < end; step = step < STEP ? step * 2 : STEP) {
        size_t size = end - from < step ? (size_t)(end - from) : step;
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
    /* Reserved as zeros, or, if that failed, written a page at a time. */
    return size % PAGE == 0 || size < BLANK_END
               ? 1
               : hs_tail_is_blank(disk, file, size - BLANK_END, size);
}

int hs_tail_looks_torn(const struct hs_disk *disk, int file, uint64_t from, uint64_t end)
{
    HS_AUTO_FREE char *bytes = hs_alloc(STEP);
    while (from < end) {
        uint64_t next = (from / STEP + 1) * STEP, to = next < end ? next : end;
        ssize_t got = hs_disk_read(disk, file, bytes, (size_t)(to - from), from);
        if (got < 0)
            return (int)got;
        uint64_t read_to = from + (uint64_t)got;
        for (uint64_t at = from, after; at < to; at = after) {
            after = (at / SECTOR + 1) * SECTOR;
            after = after < read_to ? after : read_to;
            if (after <= at || is_zero(bytes + (at - from), (size_t)(after - at)))
                return 1; /* including bytes beyond the end of the file */
        }
        from = next;
    }
    return 0;
}

static int count_records(const struct hs_disk *disk, int file, uint64_t from, uint64_t end,
                         unsigned most, unsigned *looks)
{
    char head[HS_RECORD_HEADER];
    if (most == 0 || *looks == 0)
        return 0;
    --*looks;
    ssize_t got = hs_disk_read(disk, file, head, sizeof(head), from);
    if (got < 0)
        return (int)got;
    size_t lengths[2], choices = hs_record_guess_lengths(head, (size_t)got, lengths);
    for (size_t i = 0; i < choices; i++) {
        if (lengths[i] > end - from)
            continue;
        if (lengths[i] == end - from)
            return 1;
        int rest = count_records(disk, file, from + lengths[i], end, most - 1, looks);
        if (rest != 0)
            return rest < 0 ? rest : rest + 1;
    }
    return 0;
}

int hs_tail_records(const struct hs_disk *disk, int file, uint64_t from, uint64_t end)
{
    unsigned looks = LOOKS_MAX;
    return from < end ? count_records(disk, file, from, end, RECORDS_MAX, &looks) : 0;
}
