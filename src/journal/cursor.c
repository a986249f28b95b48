/* Cursor: a sink's progress, in memory for those who wait and in a small file for the next start
 * (cursor_file.c). */
#include "internal.h"

#include <hookstream/disk.h>
#include <hookstream/journal_inspect.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>

/* Files of the same form: <name>.unheard, the end of the journal when it was first opened since the
 * cursor's server was heard; <name>.place, where else the position is kept. */
#define NAME_MAX_SIZE 63u

struct hs_cursor {
    struct hs_journal *journal;
    char *path, *unheard_path, *place_path;
    char name[NAME_MAX_SIZE + 1];
    _Atomic uint64_t position;
    _Atomic uint64_t saved;
    _Atomic uint64_t kept; /* hs_cursor_keep(); UINT64_MAX: none */
    uint64_t given;        /* hs_cursor_give(); the owner's, like the following */
    uint64_t given_saved;
    uint64_t end; /* the last event that the cursor's server may have */
    bool unheard; /* the .unheard file may exist */
    bool is_new;
};

static bool is_name(const char *name)
{
    size_t size = strlen(name); /* strlen: a name out of the configuration */
    return size > 0 && size <= NAME_MAX_SIZE &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               size;
}

static uint64_t start_position(const struct hs_journal *journal, enum hs_cursor_start start)
{
    return start == HS_CURSOR_FROM_NOW ? hs_journal_durable(journal)
                                       : hs_journal_oldest(journal) - 1;
}

/* The journal has events, so at least the dead letters' cursor existed. */
static bool is_lost(const struct hs_cursor *cursor)
{
    struct hs_journal *journal = cursor->journal;
    return (journal->had_events && !journal->had_cursors) ||
           hs_journal_had_cursor(journal->disk, journal->path, cursor->name);
}

/* Where a sink whose cursor is gone begins: at the first event that must exist, so that it reports
 * missing ones. Without a mark that records it, at the oldest event found. */
static uint64_t lost_position(const struct hs_journal *journal)
{
    uint64_t position = start_position(journal, HS_CURSOR_FROM_OLDEST);
    uint64_t kept_from = atomic_load(&journal->kept_from);
    return kept_from > 0 && kept_from - 1 < position ? kept_from - 1 : position;
}

static void report_lost(const struct hs_cursor *cursor, bool damaged, uint64_t position)
{
    struct hs_journal *journal = cursor->journal;
    uint64_t before = start_position(journal, HS_CURSOR_FROM_OLDEST);
    uint64_t after = position > before ? position : before;
    hs_counter_add(journal->damaged, 1);
    hs_log(HS_LOG_ERROR,
           damaged
               ? "a cursor's file is damaged, or a copy of another sink's: its sink gets every "
                 "event that is kept, some for the second time"
               : "a cursor's file is gone, though its sink is not new: it gets every event that "
                 "is kept, some for the second time",
           HS_F("sink", "%s", cursor->name), HS_F("file", "%s", cursor->path),
           HS_F("begins_after", "%" PRIu64, after),
           HS_F("events", "%" PRIu64, hs_journal_durable(journal) - after));
}

/* The position in the file. If the file is damaged or gone, no event may be lost: the sink gets
 * everything kept again. A position beyond the end means that the journal was restored from an
 * older copy: all events from now on are new to the sink. */
static int find_position(struct hs_cursor *cursor, enum hs_cursor_start start)
{
    const struct hs_journal *journal = cursor->journal;
    struct hs_cursor_marks marks = {0};
    uint64_t position, durable = hs_journal_durable(journal);
    int code = hs_cursor_file_read(journal->disk, cursor->path, &marks);
    if (code < 0 && code != -ENOENT && code != -EBADMSG)
        return code;
    bool lost = code == -EBADMSG || (code == -ENOENT && is_lost(cursor));
    if (code == 0)
        position = marks.position;
    else
        position = lost ? lost_position(journal) : start_position(journal, start);
    position = position > durable ? durable : position;
    cursor->is_new = code == -ENOENT && !lost;
    cursor->given = code == 0 ? marks.given : position;
    if (lost)
        report_lost(cursor, code == -EBADMSG, position);
    if (cursor->is_new && durable > 0 && cursor->name[0] != '.')
        hs_log(HS_LOG_WARN, "a sink is new to this journal", HS_F("sink", "%s", cursor->name),
               HS_F("begins_after", "%" PRIu64, position), HS_F("durable", "%" PRIu64, durable),
               HS_F("start", "%s", start == HS_CURSOR_FROM_NOW ? "now" : "oldest"));
    atomic_store(&cursor->position, position);
    /* Saved again: what the last process wrote may not be on the disk yet, and J5 relies on it. If
     * that fails, as on a full disk, nothing counts as saved. */
    atomic_store(&cursor->saved, UINT64_MAX);
    if (hs_cursor_save(cursor) == 0)
        return 0;
    hs_log(HS_LOG_WARN, "cannot save a cursor at the start; it holds all events back until it can",
           HS_F("cursor", "%s", cursor->name), HS_F("error", "%s", hs_error_text()));
    atomic_store(&cursor->saved, 0);
    return 0;
}

static int add(struct hs_journal *journal, struct hs_cursor *cursor)
{
    int code = 0;
    pthread_mutex_lock(&journal->table_lock);
    for (size_t i = 0; i < journal->cursor_count; i++)
        if (strcmp(journal->cursors[i]->name, cursor->name) == 0)
            code = hs_fail(-EINVAL, "the cursor %s is open already", cursor->name);
    if (code == 0 && journal->cursor_count == HS_CURSORS_MAX)
        code = hs_fail(-EINVAL, "more than %u cursors", HS_CURSORS_MAX);
    if (code == 0)
        journal->cursors[journal->cursor_count++] = cursor;
    pthread_mutex_unlock(&journal->table_lock);
    return code;
}

static void free_cursor(struct hs_cursor *cursor)
{
    free(cursor->path);
    free(cursor->unheard_path);
    free(cursor->place_path);
    free(cursor);
}

int hs_cursor_open(struct hs_journal *journal, const char *name, enum hs_cursor_start start,
                   struct hs_cursor **ret_cursor)
{
    if (!is_name(name))
        return hs_fail(-EINVAL, "`%s` is no name for a cursor", name);
    struct hs_cursor *cursor = hs_alloc(sizeof(*cursor));
    cursor->journal = journal;
    atomic_store(&cursor->kept, UINT64_MAX);
    snprintf(cursor->name, sizeof(cursor->name), "%s", name);
    int size = asprintf(&cursor->path, "%s/%s.cursor", journal->cursors_path, name);
    if (size > 0)
        size = asprintf(&cursor->unheard_path, "%s/%s.unheard", journal->cursors_path, name);
    if (size > 0)
        size = asprintf(&cursor->place_path, "%s/%s.place", journal->cursors_path, name);
    HS_ASSERT(size > 0); /* out of memory ends the program, as in hs_alloc() */
    int code = find_position(cursor, start);
    if (code == 0)
        code = add(journal, cursor);
    if (code < 0) {
        free_cursor(cursor);
        return code;
    }
    *ret_cursor = cursor;
    return 0;
}

/* ---- Another copy of the journal ---- */

static void note_end(struct hs_cursor *cursor, uint64_t end)
{
    cursor->end = end;
    cursor->unheard = true;
    if (hs_cursor_file_write(cursor->journal->disk, cursor->unheard_path,
                             (struct hs_cursor_marks){.position = end}) < 0)
        hs_log(HS_LOG_WARN,
               "cannot note what a sink's server may have: another copy of the journal would not "
               "be found out after the next start",
               HS_F("cursor", "%s", cursor->name), HS_F("error", "%s", hs_error_text()));
}

void hs_cursor_expect_server(struct hs_cursor *cursor)
{
    uint64_t noted = 0, end = hs_journal_next(cursor->journal) - 1;
    if (hs_cursor_read(cursor->journal->disk, cursor->unheard_path, &noted) < 0) {
        note_end(cursor, end);
        return;
    }
    cursor->end = noted < end ? noted : end;
    cursor->unheard = true;
}

bool hs_cursor_hear_server(struct hs_cursor *cursor, uint64_t last, uint64_t given)
{
    const struct hs_journal *journal = cursor->journal;
    cursor->end = given > cursor->end ? given : cursor->end;
    if (last > cursor->end && !cursor->unheard)
        note_end(cursor, hs_cursor_position(cursor)); /* later events are not known to be ours */
    if (last > cursor->end)
        return false;
    if (!cursor->unheard)
        return true;
    /* Synced before events are given: otherwise our own events would block the sink. */
    int code = hs_disk_unlink(journal->disk, cursor->unheard_path);
    if (code == 0)
        code = hs_disk_sync_directory(journal->disk, journal->cursors_path);
    cursor->unheard = code < 0;
    if (code < 0)
        hs_log(HS_LOG_WARN,
               "cannot remove a note of the journal's end: remove it, or the next start may hold "
               "the sink",
               HS_F("file", "%s", cursor->unheard_path), HS_F("error", "%s", hs_error_text()));
    return true;
}

bool hs_cursor_is_moved_to(struct hs_cursor *cursor, uint64_t place)
{
    uint64_t before = 0;
    bool known = hs_cursor_read(cursor->journal->disk, cursor->place_path, &before) == 0;
    if (known && before == place)
        return false;
    /* If the cursor is kept only here, no old position can be found elsewhere. */
    if (!known || place == 0)
        hs_cursor_settle_at(cursor, place);
    return known && place != 0;
}

void hs_cursor_settle_at(struct hs_cursor *cursor, uint64_t place)
{
    if (hs_cursor_file_write(cursor->journal->disk, cursor->place_path,
                             (struct hs_cursor_marks){.position = place}) < 0)
        hs_log(HS_LOG_WARN,
               "cannot note where the position of a sink is kept; do not change it now",
               HS_F("cursor", "%s", cursor->name), HS_F("error", "%s", hs_error_text()));
}

uint64_t hs_cursor_end(const struct hs_cursor *cursor)
{
    return cursor->end;
}

/* ---- Closing ---- */

void hs_cursor_close(struct hs_cursor *cursor)
{
    if (cursor == NULL)
        return;
    struct hs_journal *journal = cursor->journal;
    if (hs_cursor_save(cursor) < 0)
        hs_log(HS_LOG_ERROR, "cannot save a cursor; events may be sent again",
               HS_F("cursor", "%s", cursor->name), HS_F("error", "%s", hs_error_text()));
    pthread_mutex_lock(&journal->table_lock);
    /* What its sink still needs is no longer known (J5). */
    journal->removal_allowed = false;
    for (size_t i = 0; i < journal->cursor_count; i++) {
        if (journal->cursors[i] != cursor)
            continue;
        journal->cursors[i] = journal->cursors[--journal->cursor_count];
        break;
    }
    pthread_mutex_unlock(&journal->table_lock);
    free_cursor(cursor);
}

bool hs_cursor_is_new(const struct hs_cursor *cursor)
{
    return cursor->is_new;
}

uint64_t hs_cursor_position(const struct hs_cursor *cursor)
{
    return atomic_load_explicit(&cursor->position, memory_order_acquire);
}

void hs_cursor_give(struct hs_cursor *cursor, uint64_t sequence)
{
    cursor->given = sequence > cursor->given ? sequence : cursor->given;
}

uint64_t hs_cursor_given(const struct hs_cursor *cursor)
{
    return cursor->given;
}

bool hs_cursor_lost(const struct hs_cursor *cursor, uint64_t last)
{
    return last < cursor->given;
}

void hs_cursor_keep(struct hs_cursor *cursor, uint64_t sequence)
{
    atomic_store(&cursor->kept, sequence);
}

void hs_cursor_move(struct hs_cursor *cursor, uint64_t sequence)
{
    HS_ASSERT(sequence >= hs_cursor_position(cursor));
    atomic_store(&cursor->kept, UINT64_MAX);
    atomic_store(&cursor->position, sequence);
    hs_journal_tell_cursors(cursor->journal);
}

int hs_cursor_save(struct hs_cursor *cursor)
{
    uint64_t position = hs_cursor_position(cursor), kept = atomic_load(&cursor->kept);
    /* If the next start comes before the sink has these events again, it must begin there. */
    position = kept < position ? kept : position;
    if (position == atomic_load(&cursor->saved) && cursor->given == cursor->given_saved)
        return 0;
    int code = hs_cursor_file_write(cursor->journal->disk, cursor->path,
                                    (struct hs_cursor_marks){position, cursor->given});
    if (code < 0)
        return code;
    atomic_store(&cursor->saved, position);
    cursor->given_saved = cursor->given;
    /* This cursor may be what holds the oldest segment. */
    if (atomic_load(&cursor->journal->starved))
        hs_keeper_wake(cursor->journal);
    return 0;
}

uint64_t hs_cursors_least(const struct hs_journal *journal)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < journal->cursor_count; i++) {
        uint64_t saved = atomic_load(&journal->cursors[i]->saved);
        uint64_t kept = atomic_load(&journal->cursors[i]->kept);
        least = saved < least ? saved : least;
        least = kept < least ? kept : least;
    }
    return least;
}

bool hs_cursor_is_open(struct hs_journal *journal, const char *name)
{
    bool open = false;
    pthread_mutex_lock(&journal->table_lock);
    for (size_t i = 0; i < journal->cursor_count; i++)
        open = open || strcmp(journal->cursors[i]->name, name) == 0;
    pthread_mutex_unlock(&journal->table_lock);
    return open;
}
