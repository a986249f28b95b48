/* Letter room: how much of the disk letters may need. The journal of the events leaves that free if
 * the store is on its disk: a sink that found no room for a letter would keep its segments, and
 * none would ever be removed. */
#include "letters.h"

/* Dead letters are rare: small segments, but each holds at least two of the largest events. */
#define HEADERS_MAX (UINT64_C(128) << 10)
#define PAGE_SIZE UINT64_C(4096)
/* What a letter has in addition to its event: a detail, names, numbers, the names of headers. */
#define LETTER_HEADERS UINT64_C(1024)
/* A segment is prepared only if this part of it stays free besides. */
#define SPARE_PART 8u

static uint64_t record_max(const struct hs_dead_letters_options *options)
{
    return options->body_max + HEADERS_MAX;
}

uint64_t hs_letters_segment_size(const struct hs_dead_letters_options *options)
{
    uint64_t two = 2 * record_max(options);
    uint64_t least = options->segment_size > 0 ? options->segment_size : HS_LETTERS_SEGMENT_LEAST;
    return two > least ? (two + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE : least;
}

uint64_t hs_dead_letters_bytes_max(const struct hs_dead_letters_options *options)
{
    return hs_add_sat(options->max_size,
                      HS_LETTERS_SPARE_SEGMENTS * hs_letters_segment_size(options));
}

/* A segment ends when the next letter does not fit: less than the largest one is left unused. */
uint64_t hs_letters_room_for(const struct hs_dead_letters_options *options, uint64_t bytes,
                             uint64_t events)
{
    uint64_t copies = options->copies > 0 ? options->copies : 1;
    uint64_t letters = hs_mul_sat(hs_add_sat(bytes, hs_mul_sat(events, LETTER_HEADERS)), copies);
    uint64_t segment = hs_letters_segment_size(options), used = segment - record_max(options);
    return hs_mul_sat(letters / used + (letters % used > 0), segment);
}

/* No more than the store's own limit allows, where the oldest letters are dropped. What is prepared
 * already is not needed again. */
static uint64_t copies(void *context, uint64_t bytes, uint64_t events)
{
    const struct hs_dead_letters *letters = context;
    uint64_t room = hs_letters_room_for(&letters->options, bytes, events);
    uint64_t most = hs_journal_room(letters->journal);
    uint64_t prepared = hs_journal_prepared_bytes(letters->journal);
    room = room < most ? room : most;
    room = room > prepared ? room - prepared : 0;
    return hs_add_sat(room, hs_letters_segment_size(&letters->options) / SPARE_PART);
}

void hs_letters_keep_room(struct hs_dead_letters *letters)
{
    struct hs_file_id outer, inner;
    const struct hs_disk *disk = hs_journal_disk(letters->outer);
    /* Where nobody knows the disk, the store is where the journal's folder is. */
    bool known = hs_disk_identify(disk, -1, hs_journal_path(letters->outer), &outer) == 0 &&
                 hs_disk_identify(disk, -1, hs_journal_path(letters->journal), &inner) == 0;
    if (hs_journal_in_memory(letters->outer) || (known && outer.device != inner.device))
        return;
    hs_journal_keep_free(letters->outer, copies, letters);
}
