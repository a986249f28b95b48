/* Walk: every segment of a folder, from the oldest to the newest, without the lock. A segment holds
 * one event per sequence, from its first to the last valid one, which the next header records.
 * Anything beyond that is void (J4), and anything missing before it is lost. */
#include "internal.h"
#include "records.h"
#include "tail.h"

#include <fcntl.h>
#include <hookstream/journal_inspect.h>
#include <poll.h>
#include <stdio.h>

/* How often to reread the newest segment's end, which may look damaged during a write. */
#define AGAIN_TRIES 25u
#define AGAIN_MS 10
/* If the newest listed segment is gone when it is reached, the folder is listed again. */
#define LIST_TRIES 16u
/* Allows for a clock that was set back by this much. */
#define CLOCK_SLACK_NS UINT64_C(3600000000000)

#define CHECK_DISK "restore the file from a backup if there is one; check the disk's health"

struct walking {
    const struct hs_disk *disk;
    const struct hs_journal_walk *walk;
    struct hs_journal_totals *totals;
    const char *segments_path;
    uint64_t *firsts; /* of all segments, from their names */
    size_t count;
    uint64_t next; /* segments before it are done */
    bool missed;   /* the last segment to read was removed */
    uint64_t gone; /* the first event removed after one that was read; 0: none */

    /* The segment at hand. */
    char *path;
    struct hs_segment_header header;
    struct hs_records records;
    bool newest;            /* nothing records where it ends */
    uint64_t bound;         /* the last valid sequence in it */
    uint64_t expected;      /* the next sequence */
    uint64_t hole, hole_to; /* damaged bytes passed and not yet reported; 0: none */
    unsigned tries;
};

/* ---- Reporting ---- */

static void tell(struct walking *walking, const struct hs_journal_finding *finding)
{
    walking->totals->damages += finding->damage ? 1 : 0;
    if (finding->damage && finding->first <= finding->last)
        walking->totals->lost += finding->last - finding->first + 1;
    if (walking->walk->finding != NULL)
        walking->walk->finding(walking->walk->context, finding);
}

/* The events from `expected` to `last` are missing; the hole, if any, is where they were. */
static void tell_lost(struct walking *walking, uint64_t last)
{
    bool hole = walking->hole != 0;
    tell(walking, &(struct hs_journal_finding){
                      .damage = true,
                      .file = walking->path,
                      .offset = hole ? walking->hole : hs_records_place(&walking->records),
                      .bytes = hole ? walking->hole_to - walking->hole : 0,
                      .first = walking->expected,
                      .last = last,
                      .what = hole ? "damaged record: its checksum or its form is wrong"
                                   : "records are missing: the file was cut short, or a segment "
                                     "behind it is gone",
                      .advice = CHECK_DISK,
                      .passed_over = true,
                  });
    walking->hole = 0;
    if (last > walking->totals->end)
        walking->totals->end = last;
}

/* Events from `gone` to `last` (0: unknown) existed when the walk began or came since, and were
 * removed before the walk reached them. The caller knows why. */
static void tell_gone(struct walking *walking, uint64_t last)
{
    if (walking->gone == 0)
        return;
    HS_AUTO_FREE char *path = hs_segment_path(walking->segments_path, walking->gone);
    tell(walking, &(struct hs_journal_finding){
                      .file = path,
                      .first = walking->gone,
                      .last = last < walking->walk->to ? last : walking->walk->to,
                      .what = "removed while the journal was read",
                      .advice = "nothing",
                      .removed = true,
                  });
    walking->gone = 0;
}

/* ---- One segment ---- */

/* Damage in the newest segment may be a write in progress, so it is read again after a while. 1: it
 * was; 0: it remains damaged; -errno. */
static int wait_for_write(struct walking *walking)
{
    struct hs_records *records = &walking->records;
    int64_t size = hs_disk_size(walking->disk, records->file);
    if (size < 0)
        return (int)size;
    int open = hs_tail_is_open(walking->disk, records->file, (uint64_t)size);
    if (open <= 0 || walking->tries++ >= AGAIN_TRIES)
        return open < 0 ? open : 0;
    (void)poll(NULL, 0, AGAIN_MS);
    size = hs_disk_size(walking->disk, records->file);
    if (size < 0)
        return (int)size;
    hs_records_reread(records, (uint64_t)size);
    return 1;
}

static ssize_t peek(struct walking *walking, struct hs_event *ret_event)
{
    struct hs_records *records = &walking->records;
    ssize_t length = hs_records_peek(records, ret_event);
    while (length == -EBADMSG && walking->newest) {
        int code =
            hs_tail_is_blank(walking->disk, records->file, hs_records_place(records), UINT64_MAX);
        if (code != 0)
            return code < 0 ? code : 0;
        code = wait_for_write(walking);
        if (code <= 0)
            return code < 0 ? code : -EBADMSG;
        length = hs_records_peek(records, ret_event);
    }
    return length;
}

static int take(struct walking *walking, const struct hs_event *event)
{
    uint64_t sequence = event->sequence;
    if (sequence > walking->bound)
        return 0; /* void */
    if (sequence > walking->expected) {
        tell_lost(walking, sequence - 1);
    } else if (sequence < walking->expected || walking->hole != 0) {
        tell(walking, &(struct hs_journal_finding){
                          .damage = true,
                          .file = walking->path,
                          .offset = hs_records_place(&walking->records),
                          .first = 1,
                          .what = sequence < walking->expected
                                      ? "a sequence number stands behind a larger one"
                                      : "damaged bytes between two events; none is lost",
                          .advice = CHECK_DISK,
                      });
        walking->hole = 0;
        if (sequence < walking->expected)
            return 0;
    }
    walking->expected = sequence + 1;
    struct hs_journal_totals *totals = walking->totals;
    if (totals->events++ == 0)
        totals->first = sequence;
    totals->last = totals->end = sequence;
    const struct hs_journal_walk *walk = walking->walk;
    if (walk->event == NULL || sequence < walk->from || sequence > walk->to)
        return 0;
    return walk->event(walk->context, event);
}

/* The newest segment ends in bytes that are neither a record nor zeros. */
static int finish_newest(struct walking *walking)
{
    const struct hs_records *records = &walking->records;
    int count = hs_tail_records(walking->disk, records->file, walking->hole, walking->hole_to);
    if (count > 0)
        tell_lost(walking, walking->expected + (uint64_t)count - 1);
    else if (count == 0)
        tell(walking, &(struct hs_journal_finding){
                          .file = walking->path,
                          .offset = walking->hole,
                          .bytes = walking->hole_to - walking->hole,
                          .first = 1,
                          .what = "the newest segment ends in a record that is not whole: it is "
                                  "being written, or a crash tore it",
                          .advice = "nothing: such an event was not answered 2xx, and the next "
                                    "start cuts it off",
                      });
    return count < 0 ? count : 0;
}

static int finish_segment(struct walking *walking)
{
    if (!walking->newest) {
        if (walking->expected <= walking->bound)
            tell_lost(walking, walking->bound);
        return 0; /* damage beyond the bound concerns void bytes */
    }
    return walking->hole != 0 ? finish_newest(walking) : 0;
}

static int read_records(struct walking *walking)
{
    struct hs_records *records = &walking->records;
    for (;;) {
        struct hs_event event;
        ssize_t length = peek(walking, &event);
        int code = 0;
        if (length > 0) {
            code = take(walking, &event);
            hs_records_pass(records, (size_t)length);
        } else if (length == -EBADMSG) {
            walking->hole = walking->hole != 0 ? walking->hole : hs_records_place(records);
            code = hs_records_pass_damage(records);
            walking->hole_to = hs_records_place(records);
        } else {
            return length < 0 ? (int)length : finish_segment(walking);
        }
        if (code != 0)
            return code;
    }
}

/* ---- Headers ---- */

/* The last valid sequence of the segment at `index` according to the later ones, and when it was
 * finished. false: no later segment records it. */
static bool find_bound(const struct walking *walking, size_t index, uint64_t *ret_bound,
                       uint64_t *ret_finished_ns)
{
    for (size_t i = index + 1; i < walking->count; i++) {
        struct hs_segment_header header;
        uint64_t size;
        HS_AUTO_FREE char *path = hs_segment_path(walking->segments_path, walking->firsts[i]);
        int file = hs_segment_open(walking->disk, path, O_RDONLY, &header, &size);
        if (file < 0)
            continue;
        hs_disk_close(walking->disk, file);
        *ret_bound = header.previous_last;
        *ret_finished_ns = header.created_wall_ns;
        /* The next one's name is good even if its header is not. */
        if (i > index + 1 && *ret_bound >= walking->firsts[index + 1])
            *ret_bound = walking->firsts[index + 1] - 1;
        return true;
    }
    return false;
}

static void tell_bad_header(struct walking *walking, size_t index, bool damaged)
{
    HS_AUTO_FREE char *what = NULL;
    if (asprintf(&what, "%s: none of its events can be read", hs_error_text()) < 0)
        what = NULL;
    /* The segment before it does not record this: everything up to the next one's bound is lost. */
    uint64_t first = walking->firsts[index], last = 0, finished_ns;
    if (!find_bound(walking, index, &last, &finished_ns))
        last = 0;
    tell(walking, &(struct hs_journal_finding){
                      .damage = true,
                      .file = walking->path,
                      .bytes = HS_SEGMENT_HEADER,
                      .first = last >= first ? first : 1,
                      .last = last >= first ? last : 0,
                      .what = what != NULL ? what : "damaged header",
                      .advice = damaged ? CHECK_DISK "; the next start sets it aside as .damaged"
                                        : "move it away: hookstream does not start with it",
                  });
}

/* Checks all of it, even unused bytes. A journal of an early version has no copy. */
static int check_header(struct walking *walking)
{
    char bytes[HS_SEGMENT_HEADER], good[HS_SEGMENT_HEADER];
    ssize_t got = hs_disk_read(walking->disk, walking->records.file, bytes, sizeof(bytes), 0);
    if (got < 0)
        return (int)got;
    hs_segment_header_encode(&walking->header, good);
    if (memcmp(bytes, good, sizeof(good)) == 0)
        return 0;
    memset(good + HS_SEGMENT_COPY, 0, HS_SEGMENT_HEADER - HS_SEGMENT_COPY);
    if (memcmp(bytes, good, sizeof(good)) == 0)
        return 0;
    size_t at = 0;
    while (bytes[at] == good[at])
        at++;
    tell(walking, &(struct hs_journal_finding){
                      .damage = true,
                      .file = walking->path,
                      .offset = at,
                      .first = 1,
                      .what = "damaged bytes in the segment's header; nothing is lost",
                      .advice = CHECK_DISK,
                  });
    return 0;
}

static int open_segment(struct walking *walking, size_t index)
{
    uint64_t size = 0;
    int file = hs_segment_open(walking->disk, walking->path, O_RDONLY, &walking->header, &size);
    walking->totals->segments += file != -ENOENT;
    walking->totals->bytes += size;
    if (file >= 0)
        hs_records_enter(&walking->records, file, walking->header.seed, walking->header.first,
                         size);
    if (file >= 0 && walking->totals->begin == 0)
        walking->totals->begin = walking->header.previous_last + 1;
    if (file >= 0 && walking->header.previous_last > walking->totals->end)
        walking->totals->end = walking->header.previous_last;
    if (file >= 0 && walking->header.first != walking->firsts[index])
        return hs_fail(-EBADMSG, "its name is not that of its first event");
    return file < 0 ? file : 0;
}

static int walk_segment(struct walking *walking, size_t index)
{
    uint64_t finished_ns = UINT64_MAX;
    walking->newest = !find_bound(walking, index, &walking->bound, &finished_ns);
    if (walking->newest)
        walking->bound = UINT64_MAX;
    if (walking->bound < walking->walk->from ||
        hs_add_sat(finished_ns, CLOCK_SLACK_NS) < walking->walk->received_from_ns)
        return 0;
    int code = open_segment(walking, index);
    walking->missed = code == -ENOENT;
    if (walking->missed && walking->totals->begin != 0 && walking->gone == 0)
        walking->gone = walking->firsts[index]; /* otherwise nothing older was read */
    if (!walking->missed)
        tell_gone(walking, walking->firsts[index] - 1);
    bool unreadable = code == -EBADMSG || hs_disk_is_wrong_kind(code);
    if (unreadable)
        tell_bad_header(walking, index, code == -EBADMSG);
    if (code < 0)
        return code == -ENOENT || unreadable ? 0 : code;
    walking->expected = walking->header.first;
    walking->hole = 0;
    walking->tries = 0;
    code = check_header(walking);
    return code == 0 ? read_records(walking) : code;
}

/* Walks the segments that exist now, from `next` on. */
static int walk_listed(struct walking *walking)
{
    walking->missed = false;
    int code = hs_folder_list_segments(walking->disk, walking->segments_path, &walking->firsts,
                                       &walking->count);
    if (code < 0)
        return code;
    for (size_t i = 0; code == 0 && i < walking->count; i++) {
        uint64_t first = walking->firsts[i];
        if (first < walking->next || first > walking->walk->to)
            continue;
        walking->next = first + 1;
        walking->path = hs_segment_path(walking->segments_path, first);
        code = walk_segment(walking, i);
        hs_records_leave(&walking->records);
        free(walking->path);
    }
    free(walking->firsts);
    return code;
}

int hs_journal_walk(const struct hs_disk *disk, const char *path,
                    const struct hs_journal_walk *walk, struct hs_journal_totals *ret_totals)
{
    HS_AUTO_FREE char *segments_path = NULL;
    if (asprintf(&segments_path, "%s/segments", path) < 0)
        return hs_fail(-ENOMEM, "no memory for a path");
    struct hs_journal_totals totals = {.segments = 0};
    struct walking walking = {
        .disk = disk,
        .walk = walk,
        .totals = &totals,
        .segments_path = segments_path,
    };
    hs_records_init(&walking.records, disk);
    int code = walk_listed(&walking);
    for (unsigned i = 1; code == 0 && walking.missed && i < LIST_TRIES; i++)
        code = walk_listed(&walking);
    if (code == -ENOENT)
        code = hs_fail(-ENOENT, "%s holds no journal", path);
    if (code == 0 && walking.missed && totals.begin == 0)
        code = hs_fail(-EAGAIN, "%s: segments are removed faster than they can be read: try again",
                       path);
    if (code == 0)
        tell_gone(&walking, 0);
    hs_records_free(&walking.records);
    *ret_totals = totals;
    return code;
}
