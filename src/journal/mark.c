/* Mark: the durable sequence, and how far the journal was removed, in a small file of its own. It
 * reveals a missing end or beginning: no other file records where the newest segment ended, or that
 * only the keeper removed the oldest.
 *
 * Two slots of 64 bytes, at 0 and at 4096, written in turn, so that a torn write leaves the other:
 *
 *   offset size
 *        0    8  "HSMARK\0\1"
 *        8    8  turn: the slot with the larger one counts
 *       16    8  durable: every event up to this one was synced before this was written
 *       24    8  newest: the first sequence of the newest segment
 *       32    8  limit: no event of that segment has a larger sequence
 *       40    8  XXH3-64 of the 40 bytes before
 *       48    8  kept_from: no event from this one on was removed
 *       56    8  XXH3-64 of the 56 bytes before
 *
 * The last two came later. An early version leaves them as they are, so their checksum no longer
 * matches: what was removed is then unknown.
 *
 * The keeper writes it at most once a second, before it removes a segment, at the start of each
 * segment, and at the stop: no batch waits for it. So it is never ahead of the durable sequence,
 * and after a power cut at most about a second behind.
 *
 * The committer writes a third slot, at 8192, before each batch is confirmed, and never syncs it. A
 * killed process leaves it in the system's cache, so after a kill the mark is exact. Only its
 * `durable` counts; after a power cut it is older or not a valid slot.
 *
 * The blocks are allocated from the start, so a full disk does not block writes. */
#include "internal.h"

#include <fcntl.h>
#include <hookstream/hash.h>
#include <hookstream/log.h>
#include <stdio.h>

#define SLOT_SIZE 64u
#define SLOT_SIZE_EARLY 48u
#define SLOT_STEP 4096u
#define SLOTS 2u
#define RECENT_PLACE (SLOTS * SLOT_STEP) /* the third slot */
#define FILE_SIZE (RECENT_PLACE + SLOT_SIZE)

static const char magic[8] = {'H', 'S', 'M', 'A', 'R', 'K', 0, 1};

static void encode(const struct hs_mark *mark, char ret_bytes[SLOT_SIZE])
{
    memcpy(ret_bytes, magic, sizeof(magic));
    hs_put64(ret_bytes + 8, mark->turn);
    hs_put64(ret_bytes + 16, mark->durable);
    hs_put64(ret_bytes + 24, mark->newest);
    hs_put64(ret_bytes + 32, mark->limit);
    hs_put64(ret_bytes + 40, hs_hash64(hs_slice(ret_bytes, 40), 0));
    hs_put64(ret_bytes + 48, mark->kept_from);
    hs_put64(ret_bytes + 56, hs_hash64(hs_slice(ret_bytes, 56), 0));
}

/* Bytes that an early version did not write are zeros. */
static bool decode(const char bytes[SLOT_SIZE], struct hs_mark *ret_mark)
{
    bool early = hs_get64(bytes + 56) != hs_hash64(hs_slice(bytes, 56), 0);
    if (memcmp(bytes, magic, sizeof(magic)) != 0 ||
        hs_get64(bytes + 40) != hs_hash64(hs_slice(bytes, 40), 0))
        return false;
    *ret_mark = (struct hs_mark){
        .turn = hs_get64(bytes + 8),
        .durable = hs_get64(bytes + 16),
        .newest = hs_get64(bytes + 24),
        .limit = hs_get64(bytes + 32),
        .kept_from = early ? 0 : hs_get64(bytes + 48),
    };
    return true;
}

/* 1: the slot is whole; 0: it is not; -errno. */
static int read_slot(const struct hs_disk *disk, int file, uint64_t place, struct hs_mark *ret_mark)
{
    char bytes[SLOT_SIZE] = {0};
    ssize_t got = hs_disk_read(disk, file, bytes, sizeof(bytes), place);
    if (got < 0)
        return (int)got;
    return (size_t)got >= SLOT_SIZE_EARLY && decode(bytes, ret_mark);
}

/* The newer slot that is whole. -ENODATA: none is. */
static int read_slots(const struct hs_disk *disk, int file, struct hs_mark *ret_mark)
{
    bool any = false;
    struct hs_mark mark;
    for (unsigned i = 0; i < SLOTS; i++) {
        int code = read_slot(disk, file, (uint64_t)i * SLOT_STEP, &mark);
        if (code < 0)
            return code;
        if (code == 0 || (any && mark.turn < ret_mark->turn))
            continue;
        *ret_mark = mark;
        any = true;
    }
    if (!any)
        return -ENODATA;
    int code = read_slot(disk, file, RECENT_PLACE, &mark);
    if (code > 0 && mark.durable > ret_mark->durable)
        ret_mark->durable = mark.durable;
    return code < 0 ? code : 0;
}

static char *mark_path(const char *folder)
{
    char *path = NULL;
    int size = asprintf(&path, "%s/mark", folder);
    HS_ASSERT(size > 0); /* out of memory ends the program, as in hs_alloc() */
    return path;
}

int hs_mark_read(const struct hs_disk *disk, const char *folder, struct hs_mark *ret_mark)
{
    HS_AUTO_FREE char *path = mark_path(folder);
    int file = hs_disk_open(disk, path, O_RDONLY);
    if (file < 0)
        return file;
    int code = read_slots(disk, file, ret_mark);
    hs_disk_close(disk, file);
    return code == -ENODATA ? hs_fail(-EBADMSG, "%s is damaged", path) : code;
}

/* Allocates blocks for all slots, and a name that survives a power cut. */
static int make(struct hs_journal *journal, const char *path)
{
    static const char zeros[FILE_SIZE];
    const struct hs_disk *disk = journal->disk;
    int file = hs_disk_open(disk, path, O_RDWR | O_CREAT);
    if (file < 0)
        return file;
    int code = hs_disk_write(disk, file, hs_slice(zeros, sizeof(zeros)), 0);
    if (code == 0)
        code = hs_disk_sync(disk, file);
    if (code == 0)
        code = hs_disk_sync_directory(disk, journal->path);
    if (code == 0)
        return file;
    hs_disk_close(disk, file);
    return code;
}

/* Whether the first start ended before it wrote a slot: the file has at most its blocks, and no
 * sink was ever recorded. */
static bool is_unused(const struct hs_journal *journal, int file)
{
    char bytes[SLOT_STEP + SLOT_SIZE];
    ssize_t size = hs_disk_read(journal->disk, file, bytes, sizeof(bytes), 0);
    bool blank = size >= 0;
    for (ssize_t i = 0; i < size && blank; i++)
        blank = bytes[i] == 0;
    return blank && !hs_known_is_kept(journal->disk, journal->path);
}

void hs_mark_open(struct hs_journal *journal)
{
    if (hs_disk_is_memory(journal->disk))
        return;
    HS_AUTO_FREE char *path = mark_path(journal->path);
    int file = hs_disk_open(journal->disk, path, O_RDWR);
    int64_t size = file >= 0 ? hs_disk_size(journal->disk, file) : 0;
    if (size > 0 && is_unused(journal, file))
        size = 0;
    bool gone = (file == -ENOENT || size == 0) && hs_known_is_kept(journal->disk, journal->path);
    int code = size > 0 ? read_slots(journal->disk, file, &journal->mark) : 0;
    if (code < 0 || gone) {
        hs_counter_add(journal->damaged, 1);
        hs_log(HS_LOG_ERROR,
               "the record of how far the journal goes is damaged or gone: events that are missing "
               "at its "
               "end cannot be noticed at this start; check the disk",
               HS_F("file", "%s", path));
    }
    if (file == -ENOENT || size == 0) {
        hs_disk_close(journal->disk, file);
        file = make(journal, path);
    }
    journal->mark_file = file < 0 ? -1 : file;
    atomic_store(&journal->kept_from, journal->mark.kept_from);
    if (file < 0)
        hs_log(HS_LOG_WARN,
               "cannot write the record of how far the journal goes: events that go missing at its "
               "end would not be noticed",
               HS_F("file", "%s", path), HS_F("error", "%s", hs_error_text()));
}

/* With mark_lock held. */
static int write_mark(struct hs_journal *journal, const struct hs_mark *mark)
{
    char bytes[SLOT_SIZE];
    encode(mark, bytes);
    uint64_t place = mark->turn % SLOTS * SLOT_STEP;
    int code =
        hs_disk_write(journal->disk, journal->mark_file, hs_slice(bytes, sizeof(bytes)), place);
    /* After a failed sync, the next one follows a new write of the same bytes. */
    return code == 0 ? hs_disk_sync(journal->disk, journal->mark_file) : code;
}

static int save(struct hs_journal *journal, uint64_t newest, uint64_t limit)
{
    pthread_mutex_lock(&journal->mark_lock);
    struct hs_mark mark = journal->mark;
    uint64_t durable = hs_journal_durable(journal);
    /* A start that fails midway knows less than the run before it. */
    durable = durable > mark.durable ? durable : mark.durable;
    uint64_t kept_from = atomic_load(&journal->kept_from);
    bool same = mark.turn > 0 && mark.durable == durable && newest <= mark.newest &&
                mark.kept_from == kept_from;
    mark.turn++;
    mark.durable = durable;
    mark.kept_from = kept_from;
    if (newest > mark.newest) {
        mark.newest = newest;
        mark.limit = limit;
    }
    int code = same || journal->mark_file < 0 ? 0 : write_mark(journal, &mark);
    if (code == 0 && !same)
        journal->mark = mark;
    pthread_mutex_unlock(&journal->mark_lock);
    if (code < 0)
        hs_log_limited(HS_LOG_WARN, "mark",
                       "cannot write the record of how far the journal goes; it is tried again",
                       HS_F("path", "%s", journal->path), HS_F("error", "%s", hs_error_text()));
    return code;
}

void hs_mark_save(struct hs_journal *journal)
{
    HS_IGNORE(save(journal, 0, 0)); /* retried a second later */
}

int hs_mark_remove(struct hs_journal *journal, uint64_t kept_from)
{
    if (kept_from > atomic_load(&journal->kept_from))
        atomic_store(&journal->kept_from, kept_from);
    pthread_mutex_unlock(&journal->table_lock);
    int code = save(journal, 0, 0);
    pthread_mutex_lock(&journal->table_lock);
    return code;
}

/* Without mark_lock, which is held during syncs of the mark. No version of the slot is newer. */
void hs_mark_touch(struct hs_journal *journal, uint64_t durable)
{
    char bytes[SLOT_SIZE];
    if (journal->mark_file < 0)
        return;
    encode(&(struct hs_mark){.durable = durable}, bytes);
    if (hs_disk_write(journal->disk, journal->mark_file, hs_slice(bytes, sizeof(bytes)),
                      RECENT_PLACE) < 0)
        hs_log_limited(HS_LOG_WARN, "mark",
                       "cannot write the record of how far the journal goes; it is tried again",
                       HS_F("path", "%s", journal->path), HS_F("error", "%s", hs_error_text()));
}

void hs_mark_settle(struct hs_journal *journal)
{
    uint64_t begin = hs_journal_begin(journal);
    if (journal->removal_allowed && atomic_load(&journal->kept_from) < begin &&
        begin - 1 <= hs_cursors_least(journal))
        atomic_store(&journal->kept_from, begin);
}

void hs_mark_begin(struct hs_journal *journal, uint64_t first)
{
    /* Retried a second later. */
    HS_IGNORE(save(journal, first, first + journal->options.segment_size / HS_RECORD_HEADER));
}

void hs_mark_close(struct hs_journal *journal)
{
    hs_disk_close(journal->disk, journal->mark_file);
    journal->mark_file = -1;
}
