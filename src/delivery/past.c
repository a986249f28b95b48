/* Past: see past.h. */
#include "past.h"

#include "routing.h"

#include <fcntl.h>
#include <hookstream/buffer.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX (16u << 20)
/* How many changes of the routes are distinguished while a sink is behind. With more, the two
 * oldest become one that gives everything to every sink: possibly a dead letter too many, never one
 * too few. */
#define GENERATIONS_MAX 64u

/* ---- Files ---- */

static char *path_of(const struct hs_journal *journal, const char *name)
{
    char *path = NULL;
    int size =
        asprintf(&path, "%s/routing%s%s", hs_journal_path(journal), name[0] ? "/" : "", name);
    HS_ASSERT(size > 0);
    return path;
}

struct untils {
    uint64_t items[GENERATIONS_MAX + 1]; /* one more after a crash while joining two */
    size_t count;
};

static void on_name(void *arg, const char *name)
{
    struct untils *untils = arg;
    struct hs_slice text = hs_slice_text(name);
    uint64_t until;
    if (text.size == 20 && hs_slice_to_u64(text, UINT64_MAX, &until) == 0 &&
        untils->count < HS_ARRAY_SIZE(untils->items))
        untils->items[untils->count++] = until;
}

static int compare_untils(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

/* Ascending. */
static int list_untils(struct hs_journal *journal, struct untils *ret_untils)
{
    HS_AUTO_FREE char *folder = path_of(journal, "");
    ret_untils->count = 0;
    int code = hs_disk_list(hs_journal_disk(journal), folder, on_name, ret_untils);
    if (code == 0)
        qsort(ret_untils->items, ret_untils->count, sizeof(uint64_t), compare_untils);
    return code;
}

static char *path_until(const struct hs_journal *journal, uint64_t until)
{
    char name[32];
    snprintf(name, sizeof(name), "%020" PRIu64, until);
    return path_of(journal, name);
}

/* ---- Recording ---- */

/* Makes room for one more: see GENERATIONS_MAX. */
static int join_oldest(struct hs_journal *journal, struct untils *untils,
                       const struct hs_children *sinks)
{
    const struct hs_disk *disk = hs_journal_disk(journal);
    HS_AUTO_FREE char *oldest = path_until(journal, untils->items[0]);
    HS_AUTO_FREE char *joined = path_until(journal, untils->items[1]);
    struct hs_buffer text;
    hs_buffer_init(&text, TEXT_MAX);
    hs_router_write_any(sinks, &text);
    int code = hs_buffer_status(&text);
    if (code == 0)
        code = hs_disk_replace(disk, joined, hs_buffer_slice(&text));
    hs_buffer_free(&text);
    if (code == 0)
        code = hs_disk_unlink(disk, oldest);
    if (code < 0)
        return code;
    hs_log(HS_LOG_WARN,
           "the routes have changed very often while a sink is behind: its oldest events that it "
           "no longer gets all become dead letters, including events that were for other sinks",
           HS_F("changes", "%u", GENERATIONS_MAX),
           HS_F("events_until", "%" PRIu64, untils->items[1]));
    memmove(untils->items, untils->items + 1, --untils->count * sizeof(untils->items[0]));
    return 0;
}

/* The routes that were in force become the former ones up to now. */
static int put_by(struct hs_journal *journal, const struct hs_children *sinks, const char *current)
{
    const struct hs_disk *disk = hs_journal_disk(journal);
    struct untils untils;
    int code = list_untils(journal, &untils);
    if (code < 0)
        return code;
    uint64_t durable = hs_journal_durable(journal);
    HS_AUTO_FREE char *path = path_until(journal, durable);
    /* One with the same end: no event arrived under the routes in between. */
    bool between = untils.count > 0 && untils.items[untils.count - 1] >= durable;
    while (!between && code == 0 && untils.count >= GENERATIONS_MAX)
        code = join_oldest(journal, &untils, sinks);
    if (code < 0)
        return code;
    if (!between && disk->rename(disk->context, current, path) < 0)
        return hs_fail_errno(errno, "cannot rename %s", current);
    if (!between)
        hs_log(HS_LOG_INFO,
               "the routes have changed; waiting events go by the current ones, and those that a "
               "sink no longer gets become dead letters",
               HS_F("events_until", "%" PRIu64, durable));
    return 0;
}

/* A killed run may have left the folder and its names only in memory, but events are accepted
 * relying on them. */
static int make_folder(struct hs_journal *journal)
{
    const struct hs_disk *disk = hs_journal_disk(journal);
    HS_AUTO_FREE char *folder = path_of(journal, "");
    int code = hs_disk_make_directory(disk, folder);
    if (code == 0)
        code = hs_disk_sync_directory(disk, hs_journal_path(journal));
    return code == 0 ? hs_disk_sync_directory(disk, folder) : code;
}

static int record(const struct hs_delivery_spec *spec, struct hs_slice today)
{
    struct hs_journal *journal = spec->journal;
    const struct hs_disk *disk = hs_journal_disk(journal);
    HS_AUTO_FREE char *current = path_of(journal, "current");
    struct hs_buffer before;
    hs_buffer_init(&before, TEXT_MAX);
    int code = make_folder(journal);
    if (code == 0)
        code = hs_disk_read_own(disk, current, &before);
    bool same = code == 0 && hs_slice_equal(hs_buffer_slice(&before), today);
    if (code == 0 && !same)
        code = put_by(journal, spec->sinks, current);
    if ((code == 0 || code == -ENOENT) && !same)
        code = hs_disk_replace(disk, current, today);
    hs_buffer_free(&before);
    return code;
}

int hs_past_record(const struct hs_delivery_spec *spec, const struct hs_router *router)
{
    if (hs_journal_in_memory(spec->journal))
        return 0;
    struct hs_buffer today;
    hs_buffer_init(&today, TEXT_MAX);
    hs_router_write(router, spec->sinks, spec->sources, &today);
    int code = hs_buffer_status(&today);
    if (code == 0)
        code = record(spec, hs_buffer_slice(&today));
    hs_buffer_free(&today);
    /* On a full disk hookstream must start, so that sinks can make room. */
    if (code == -ENOSPC || code == -EDQUOT) {
        hs_log(HS_LOG_WARN, "cannot note the routes in force; do not change them now",
               HS_F("error", "%s", hs_error_text()));
        return 0;
    }
    return code;
}

void hs_past_forget(struct hs_journal *journal, uint64_t least)
{
    struct untils untils;
    if (hs_journal_in_memory(journal) || list_untils(journal, &untils) < 0)
        return;
    for (size_t i = 0; i < untils.count && untils.items[i] <= least; i++) {
        HS_AUTO_FREE char *path = path_until(journal, untils.items[i]);
        HS_IGNORE(hs_disk_unlink(hs_journal_disk(journal), path)); /* at the next start then */
    }
}

/* ---- Looking up ---- */

struct generation {
    uint64_t until;
    struct hs_routing routing;
    unsigned sink; /* index of the pump's, or sinks.count: it did not exist */
};

struct hs_past {
    struct generation items[GENERATIONS_MAX];
    size_t count;
};

static int load(struct hs_journal *journal, const char *sink, struct generation *generation)
{
    HS_AUTO_FREE char *path = path_until(journal, generation->until);
    int code = hs_routing_load(hs_journal_disk(journal), path, &generation->routing);
    if (code == -EBADMSG)
        return hs_fail(-EBADMSG,
                       "%s cannot be read: events that waited for %s and that its routes "
                       "of today do not name could be passed over; remove the file to "
                       "start all the same",
                       path, sink);
    if (code == 0)
        generation->sink = hs_routing_sink(&generation->routing, sink);
    return code;
}

int hs_past_open(struct hs_journal *journal, const char *sink, uint64_t position,
                 struct hs_past **ret_past)
{
    struct untils untils = {.count = 0};
    *ret_past = NULL;
    int code = hs_journal_in_memory(journal) ? 0 : list_untils(journal, &untils);
    struct hs_past *past = NULL;
    for (size_t i = 0; code == 0 && i < untils.count; i++) {
        if (untils.items[i] <= position)
            continue;
        past = past != NULL ? past : hs_alloc(sizeof(*past));
        past->items[past->count].until = untils.items[i];
        code = load(journal, sink, &past->items[past->count++]);
    }
    if (code < 0) {
        hs_past_free(past);
        return code;
    }
    *ret_past = past;
    return 0;
}

void hs_past_free(struct hs_past *past)
{
    for (size_t i = 0; past != NULL && i < past->count; i++)
        hs_routing_free(&past->items[i].routing);
    free(past);
}

/* The routes in force when the event was accepted; NULL: the current ones. */
static const struct generation *find_generation(const struct hs_past *past, uint64_t sequence)
{
    for (size_t i = 0; past != NULL && i < past->count; i++)
        if (sequence <= past->items[i].until)
            return &past->items[i];
    return NULL;
}

bool hs_past_was_for(struct hs_past *past, struct hs_work *work)
{
    const struct hs_route *route;
    const struct generation *generation = find_generation(past, hs_work_event(work)->sequence);
    return generation != NULL && generation->sink < generation->routing.sinks.count &&
           hs_router_match(generation->routing.router, work, &route) > 0 &&
           hs_route_reaches(route, generation->sink, work) != 0; /* cannot be evaluated:
                                                                  * dead-lettered */
}

bool hs_past_was_unrouted(struct hs_past *past, struct hs_work *work)
{
    const struct hs_route *route;
    const struct generation *generation = find_generation(past, hs_work_event(work)->sequence);
    return generation != NULL &&
           hs_router_default(generation->routing.router) == HS_DEFAULT_DEAD_LETTER &&
           hs_router_match(generation->routing.router, work, &route) == 0;
}
