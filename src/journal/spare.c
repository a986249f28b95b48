/* Spare: what stays free on the disk beside the segments, so that they can be removed.
 *
 * An event that cannot be delivered is copied into a store beside the journal, and only then
 * passed. If the journal took the copies' space, no cursor would move, no segment would be removed,
 * and space would never be freed. So the next segment is made only if the copies of all events that
 * some cursor has yet to pass fit beside it, oldest segment first: a passed segment frees its space
 * for the copies of the next. Another program may take that space, so free space is read at each
 * try. */
#include "internal.h"

/* Bytes per event if the size of events is unknown, and at most. */
#define EVENT_BYTES_TYPICAL 1024u

void hs_journal_keep_free(struct hs_journal *journal, hs_journal_copies_fn *copies, void *context)
{
    pthread_mutex_lock(&journal->table_lock);
    journal->copies = copies;
    journal->copies_context = context;
    pthread_mutex_unlock(&journal->table_lock);
}

uint64_t hs_journal_prepared_bytes(const struct hs_journal *constant)
{
    struct hs_journal *journal = (struct hs_journal *)(uintptr_t)constant; /* only to lock */
    pthread_mutex_lock(&journal->table_lock);
    uint64_t bytes = journal->next_ready ? journal->next_size : 0;
    pthread_mutex_unlock(&journal->table_lock);
    return bytes;
}

static uint64_t events_in(const struct hs_segment *segment)
{
    return segment->last >= segment->first ? segment->last - segment->first + 1 : 0;
}

/* The first segment that not every cursor has passed. Until all cursors are open, all count. */
static size_t first_waiting(const struct hs_journal *journal)
{
    size_t at = 0;
    uint64_t passed = journal->removal_allowed ? hs_cursors_least(journal) : 0;
    while (at < journal->segment_count && journal->segments[at]->sealed &&
           journal->segments[at]->last <= passed)
        at++;
    return at;
}

/* The size of the smallest waiting events: those still to come may be as small. */
static uint64_t event_bytes(const struct hs_journal *journal, size_t from)
{
    uint64_t least = EVENT_BYTES_TYPICAL;
    for (size_t i = from; i < journal->segment_count; i++) {
        uint64_t events = events_in(journal->segments[i]);
        uint64_t each = events > 0 ? journal->segments[i]->end / events : least;
        least = each < least ? each : least;
    }
    return least > HS_RECORD_HEADER ? least : HS_RECORD_HEADER;
}

uint64_t hs_spare_for(const struct hs_journal *journal, uint64_t next)
{
    if (journal->copies == NULL)
        return 0;
    size_t from = first_waiting(journal);
    uint64_t each = event_bytes(journal, from), most = 0, bytes = 0, events = 0, freed = 0;
    for (size_t i = from; i <= journal->segment_count; i++) {
        const struct hs_segment *segment =
            i < journal->segment_count ? journal->segments[i] : NULL; /* NULL: the next one */
        uint64_t size = segment != NULL ? segment->size : next;
        bytes += size;
        events += segment != NULL && segment->sealed ? events_in(segment) : size / each;
        uint64_t room = journal->copies(journal->copies_context, bytes, events);
        most = room > freed && room - freed > most ? room - freed : most;
        freed += size;
    }
    return most;
}

bool hs_spare_is_short(struct hs_journal *journal)
{
    if (journal->copies == NULL)
        return false;
    uint64_t spare = hs_spare_for(journal, 0);
    pthread_mutex_unlock(&journal->table_lock);
    bool is_short = hs_disk_room(journal->disk, journal->segments_path) < spare;
    pthread_mutex_lock(&journal->table_lock);
    return is_short;
}
