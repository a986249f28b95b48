/* Place: checks whether the journal's files are still where they were put. Someone may delete, move
 * or replace a segment, or the folder, while hookstream runs: it would continue to write to a file
 * that no start finds. The keeper looks once a second; this costs nothing per event.
 *
 *   what happened                     what is done
 *   the active segment was deleted    its contents are written to a new file of its name; nothing
 *                                     is lost (committer)
 *   it, or the folder, was moved      nothing is accepted (503, /readyz) until it is put back
 *   another file has its name, or     the same
 *   the segments' folder was replaced
 *   a finished segment was deleted    the scrubber finds its events lost, so that their retries
 *                                     are new; sinks that have it open continue, others report them
 *   it was replaced or its size       the scrubber reads it, and finds which events are lost
 *   changed
 *   it was written to                 the same, but nothing is reported before something is found
 *
 * A kill before the keeper has looked is a deletion while stopped: the next start reports it. */
#include "internal.h"

#include <fcntl.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>

#define COPY_STEP (256u << 10)
/* Finished segments checked in one round of the keeper. */
#define FINISHED_A_ROUND 256u

/* Result of comparing a file or folder with its earlier identity. */
enum whereabouts { HERE, GONE, OTHER, UNKNOWN };

/* `ret_found` is set for HERE and OTHER. */
static enum whereabouts find(const struct hs_disk *disk, const char *path,
                             const struct hs_file_id *wanted, struct hs_file_id *ret_found)
{
    if (!wanted->known)
        return UNKNOWN;
    int code = hs_disk_identify(disk, -1, path, ret_found);
    if (code == -ENOENT || code == -ENOTDIR)
        return GONE;
    if (code < 0)
        return UNKNOWN; /* a failing disk is reported elsewhere */
    return ret_found->device == wanted->device && ret_found->number == wanted->number ? HERE
                                                                                      : OTHER;
}

static enum whereabouts look(const struct hs_disk *disk, const char *path,
                             const struct hs_file_id *wanted)
{
    struct hs_file_id found;
    return find(disk, path, wanted, &found);
}

struct hs_file_id hs_place_of(const struct hs_journal *journal, int file, const char *path)
{
    struct hs_file_id id = {.known = false};
    if (hs_disk_identify(journal->disk, file, path, &id) < 0)
        id.known = false;
    return id;
}

void hs_place_note_all(struct hs_journal *journal)
{
    journal->folder_id = hs_place_of(journal, -1, journal->segments_path);
    for (size_t i = 0; i < journal->segment_count; i++)
        journal->segments[i]->id = hs_place_of(journal, -1, journal->segments[i]->path);
}

int hs_place_check_folder(const struct hs_journal *journal)
{
    switch (look(journal->disk, journal->segments_path, &journal->folder_id)) {
    case GONE:
        return hs_fail(-ESTALE,
                       "the folder %s was moved or removed while in use: put it back where it was, "
                       "or stop hookstream, mend journal.path, and start",
                       journal->segments_path);
    case OTHER:
        return hs_fail(-ESTALE,
                       "another folder is where %s was when hookstream started: put the first one "
                       "back, or stop hookstream, decide which one counts, and start",
                       journal->segments_path);
    default:
        return 0;
    }
}

/* ---- The keeper's look ---- */

/* Why the active segment cannot be relied on; 0: it can. */
static int check_active(const struct hs_journal *journal, const char *path,
                        const struct hs_file_id *id)
{
    enum whereabouts where = look(journal->disk, path, id);
    if (where == HERE || where == UNKNOWN)
        return 0;
    int code = hs_place_check_folder(journal);
    if (code < 0)
        return code;
    if (where == OTHER)
        return hs_fail(-ESTALE,
                       "another file has the name of the segment in use, %s: move it away and put "
                       "the first one back; or stop hookstream, decide which one counts, and start",
                       path);
    return hs_fail(
        -ESTALE,
        "the segment in use, %s, was deleted or moved: it is being written again, or put "
        "it back; and find out who removes files there",
        path);
}

/* With table_lock held; released meanwhile. */
static void look_at_active(struct hs_journal *journal)
{
    const struct hs_segment *active = hs_table_active(journal);
    if (active == NULL || !active->id.known)
        return;
    HS_AUTO_FREE char *path = hs_strdup(active->path);
    struct hs_file_id id = active->id;
    pthread_mutex_unlock(&journal->table_lock);
    if (check_active(journal, path, &id) < 0)
        hs_journal_displace(journal);
    pthread_mutex_lock(&journal->table_lock);
}

/* What became of a finished segment. */
enum fate { UNTOUCHED, DELETED, REPLACED, RESIZED, WRITTEN };

static const char *const fate_messages[] = {
    [DELETED] = "a segment was deleted while in use: a sink that has not had its events loses them "
                "and reports them; find out who removes files there",
    [REPLACED] = "a segment was replaced by another file while in use: what a sink has not had is "
                 "checked, and reported if it is lost; find out who writes files there",
    [RESIZED] = "the size of a finished segment changed while in use: what a sink has not had is "
                "checked, and reported if it is lost; find out who writes files there",
    [WRITTEN] = NULL, /* perhaps only its time changed; damage is reported by itself */
};

/* A file may be gone with the whole folder, which may come back, so only a change to the file alone
 * counts. Sets `id` to what was found. */
static enum fate judge(struct hs_journal *journal, const char *path, struct hs_file_id *id)
{
    const struct hs_file_id before = *id;
    enum whereabouts where = find(journal->disk, path, &before, id);
    if (where != HERE && where != UNKNOWN && hs_place_check_folder(journal) < 0)
        where = UNKNOWN;
    switch (where) {
    case GONE:
        return DELETED;
    case OTHER:
        return REPLACED;
    case HERE:
        if (id->size != before.size)
            return RESIZED;
        return id->changed_ns != before.changed_ns ? WRITTEN : UNTOUCHED;
    default:
        *id = before;
        return UNTOUCHED;
    }
}

static void report(struct hs_journal *journal, enum fate fate, const char *path, uint64_t first,
                   uint64_t last)
{
    if (fate_messages[fate] == NULL)
        return;
    hs_counter_add(journal->misplaced, 1);
    hs_log(HS_LOG_ERROR, fate_messages[fate], HS_F("file", "%s", path),
           HS_F("first", "%" PRIu64, first), HS_F("last", "%" PRIu64, last));
}

/* With table_lock: the scrubber reads events that some sink has not had. */
static void suspect(struct hs_journal *journal, uint64_t first, enum fate fate,
                    const struct hs_file_id *id)
{
    for (size_t i = 0; i < journal->segment_count; i++) {
        struct hs_segment *segment = journal->segments[i];
        if (segment->first != first || !segment->sealed)
            continue;
        segment->gone = fate == DELETED;
        segment->suspect = true;
        segment->id = *id;
    }
    hs_scrubber_wake(journal);
}

/* Checks some of the finished segments; the next call continues with the next ones. */
static void look_at_finished(struct hs_journal *journal)
{
    for (unsigned i = 0; i < FINISHED_A_ROUND && i < journal->segment_count; i++) {
        journal->looked_at = (journal->looked_at + 1) % journal->segment_count;
        const struct hs_segment *segment = journal->segments[journal->looked_at];
        if (!segment->sealed || segment->gone || !segment->id.known)
            continue;
        HS_AUTO_FREE char *path = hs_strdup(segment->path);
        struct hs_file_id id = segment->id;
        uint64_t first = segment->first, last = segment->last;
        pthread_mutex_unlock(&journal->table_lock);
        enum fate fate = judge(journal, path, &id);
        report(journal, fate, path, first, last);
        pthread_mutex_lock(&journal->table_lock);
        if (fate != UNTOUCHED)
            suspect(journal, first, fate, &id);
    }
}

void hs_place_look(struct hs_journal *journal)
{
    look_at_active(journal);
    look_at_finished(journal);
}

/* ---- The committer's repair ---- */

static int copy(struct hs_journal *journal, int to, uint64_t end)
{
    HS_AUTO_FREE char *bytes = hs_alloc(COPY_STEP);
    for (uint64_t at = 0; at < end;) {
        size_t size = end - at < COPY_STEP ? (size_t)(end - at) : COPY_STEP;
        ssize_t got = hs_disk_read(journal->disk, journal->active_file, bytes, size, at);
        if (got < 0)
            return (int)got;
        if (got == 0)
            return hs_fail(-EIO, "the segment in use became shorter");
        int code = hs_disk_write(journal->disk, to, hs_slice(bytes, (size_t)got), at);
        if (code < 0)
            return code;
        at += (size_t)got;
    }
    return hs_disk_sync(journal->disk, to);
}

/* Writes everything durable in the active segment to a new file of its name. */
static int write_again(struct hs_journal *journal, const char *path, uint64_t end)
{
    const struct hs_disk *disk = journal->disk;
    int file = hs_disk_open(disk, journal->fresh_path, O_RDWR | O_CREAT | O_TRUNC);
    if (file < 0)
        return file;
    int code = copy(journal, file, end);
    if (code == 0 && disk->rename(disk->context, journal->fresh_path, path) < 0)
        code = hs_fail_errno(errno, "cannot rename %s", journal->fresh_path);
    if (code == 0)
        code = hs_disk_sync_directory(disk, journal->segments_path);
    if (code < 0) {
        hs_disk_close(disk, file);
        return code;
    }
    hs_disk_close(disk, journal->active_file);
    journal->active_file = file;
    return 0;
}

int hs_place_restore(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->table_lock);
    struct hs_segment *active = hs_table_active(journal);
    HS_ASSERT(active != NULL); /* only this thread changes that */
    HS_AUTO_FREE char *path = hs_strdup(active->path);
    struct hs_file_id id = active->id;
    uint64_t first = active->first, last = active->last, end = active->end;
    pthread_mutex_unlock(&journal->table_lock);
    enum whereabouts where = look(journal->disk, path, &id);
    if (where == HERE || where == UNKNOWN)
        return 0;
    int code = hs_place_check_folder(journal);
    if (code == 0)
        code = where == OTHER ? check_active(journal, path, &id) : 0;
    if (code == 0)
        code = write_again(journal, path, end);
    if (code < 0)
        return code;
    id = hs_place_of(journal, journal->active_file, path);
    pthread_mutex_lock(&journal->table_lock);
    active->id = id;
    pthread_mutex_unlock(&journal->table_lock);
    hs_log(HS_LOG_WARN,
           "the segment in use was deleted; all that it holds was written to a new file of its "
           "name, and nothing is lost; find out who removes files there",
           HS_F("file", "%s", path), HS_F("first", "%" PRIu64, first),
           HS_F("last", "%" PRIu64, last));
    return 1;
}
