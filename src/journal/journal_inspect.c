/* Journal inspect: every file of a journal's folder except the id files, without the lock. walk.c
 * walks the events. */
#include "internal.h"

#include <hookstream/journal_inspect.h>
#include <stdio.h>

struct cursors {
    struct verifying *verifying;
    struct hs_cursor_summary items[HS_CURSORS_MAX];
    size_t count;
};

struct verifying {
    const struct hs_disk *disk;
    char *segments_path, *cursors_path;
    hs_journal_finding_fn *finding;
    void *context;
    struct hs_journal_totals totals;
    bool first_look; /* while reading the cursors: report each faulty file once */
    bool unsure;     /* a cursor is gone or damaged: its sink may need any event */
};

static void tell(struct verifying *verifying, const struct hs_journal_finding *finding)
{
    verifying->totals.damages += finding->damage ? 1 : 0;
    verifying->finding(verifying->context, finding);
}

/* ---- Cursors ---- */

static void on_cursor(void *arg, const char *name)
{
    struct cursors *cursors = arg;
    struct verifying *verifying = cursors->verifying;
    HS_AUTO_FREE char *cursor = hs_folder_cursor_name(name);
    HS_AUTO_FREE char *path = NULL;
    uint64_t position;
    if (cursor == NULL || asprintf(&path, "%s/%s", verifying->cursors_path, name) < 0)
        return;
    int code = hs_cursor_read(verifying->disk, path, &position);
    verifying->unsure = verifying->unsure || code < 0;
    if (code < 0 && code != -ENOENT && verifying->first_look)
        tell(verifying,
             &(struct hs_journal_finding){
                 .damage = true,
                 .file = path,
                 .first = 1,
                 .what = code == -EBADMSG ? "damaged cursor, or a copy of another one: how far its "
                                            "sink is cannot be known"
                                          : hs_error_text(),
                 .advice =
                     code == -EBADMSG
                         ? "nothing: the next start gives the sink every event that is kept, some "
                           "of them twice; or restore the file from a backup"
                         : "hookstream does not start with it: restore the file from a backup; "
                           "without it the sink begins as a new one",
             });
    if (code < 0 || cursors->count == HS_CURSORS_MAX)
        return;
    struct hs_cursor_summary *item = &cursors->items[cursors->count++];
    snprintf(item->name, sizeof(item->name), "%s", cursor);
    item->position = position;
}

static int look_at_cursors(struct verifying *verifying, bool first_look, struct cursors *ret)
{
    *ret = (struct cursors){.verifying = verifying};
    verifying->first_look = first_look;
    int code = hs_disk_list(verifying->disk, verifying->cursors_path, on_cursor, ret);
    return code == -ENOENT ? 0 : code;
}

static void on_missing_cursor(void *context, const char *path)
{
    ((struct verifying *)context)->unsure = true;
    tell(context, &(struct hs_journal_finding){
                      .damage = true,
                      .file = path,
                      .first = 1,
                      .what = "the cursor's file is gone: how far its sink is cannot be known",
                      .advice = "restore the file from a backup; or nothing: the next start gives "
                                "the sink every event that is kept, some of them twice, and "
                                "forgets a sink that is no longer configured",
                  });
}

static void judge_cursor(struct verifying *verifying, const struct hs_cursor_summary *cursor,
                         bool past)
{
    HS_AUTO_FREE char *path = NULL;
    if (asprintf(&path, "%s/%s.cursor", verifying->cursors_path, cursor->name) < 0)
        return;
    struct hs_journal_totals *totals = &verifying->totals;
    tell(verifying,
         &(struct hs_journal_finding){
             .damage = past,
             .file = path,
             .first = past ? totals->end + 1 : cursor->position + 1,
             .last = past ? cursor->position : totals->begin - 1,
             .what = past ? "the cursor points past the end: its sink had events that the journal "
                            "does not hold"
                          : "the cursor points before the beginning: its sink was not given events "
                            "that were removed since",
             .advice = past ? "see whether segments are missing or an older copy was restored; no "
                              "number that the sink has seen is used again"
                            : "remove the file if the sink is no longer configured",
         });
}

/* ---- The mark ---- */

/* Read before the segments: everything the mark says was durable then is in them. */
static int look_at_mark(struct verifying *verifying, const char *path, struct hs_mark *ret_mark)
{
    HS_AUTO_FREE char *file = NULL;
    int code = hs_mark_read(verifying->disk, path, ret_mark);
    if (code == -ENOENT && hs_known_is_kept(verifying->disk, path))
        code = -EBADMSG;
    if (code != -EBADMSG || asprintf(&file, "%s/mark", path) < 0)
        return code == -ENOENT ? 0 : code;
    tell(verifying, &(struct hs_journal_finding){
                        .damage = true,
                        .file = file,
                        .first = 1,
                        .what = "damaged or gone: it says how far the journal was durable, and "
                                "nothing else is in it",
                        .advice = "nothing: the next start writes it again",
                    });
    return 0;
}

static void judge_mark(struct verifying *verifying, const char *path, const struct hs_mark *mark)
{
    struct hs_journal_totals *totals = &verifying->totals;
    HS_AUTO_FREE char *file = NULL;
    if (mark->durable <= totals->end || asprintf(&file, "%s/mark", path) < 0)
        return;
    totals->lost += mark->durable - totals->end;
    tell(verifying, &(struct hs_journal_finding){
                        .damage = true,
                        .file = file,
                        .first = totals->end + 1,
                        .last = mark->durable,
                        .what = "the end of the journal is missing: these events were durable, and "
                                "no segment has them; there may have been more",
                        .advice = "restore the newest segment from a backup before the next start, "
                                  "or ask the sender for them",
                        .passed_over = true,
                    });
}

/* After the segments were read: on a live journal the mark records a removal beforehand. Events
 * that every sink had passed are not lost. */
static void judge_begin(struct verifying *verifying, const char *path,
                        const struct cursors *cursors)
{
    struct hs_journal_totals *totals = &verifying->totals;
    struct hs_mark mark;
    uint64_t passed = verifying->unsure || cursors->count == 0 ? 0 : UINT64_MAX;
    for (size_t i = 0; i < cursors->count; i++)
        passed = cursors->items[i].position < passed ? cursors->items[i].position : passed;
    if (hs_mark_read(verifying->disk, path, &mark) < 0 || mark.kept_from == 0 ||
        mark.kept_from >= totals->begin)
        return;
    bool damage = passed < totals->begin - 1;
    uint64_t first = mark.kept_from > passed ? mark.kept_from : passed + 1;
    totals->lost += damage ? totals->begin - first : 0;
    tell(verifying, &(struct hs_journal_finding){
                        .damage = damage,
                        .file = verifying->segments_path,
                        .first = mark.kept_from,
                        .last = totals->begin - 1,
                        .what = "the beginning of the journal is missing: hookstream did not "
                                "remove the segments with these events",
                        .advice = damage ? "restore the oldest segments from a backup before the "
                                           "next start, or ask the sender for the events"
                                         : "nothing: every sink was done with them; find out who "
                                           "removes files there",
                        .passed_over = damage,
                    });
}

/* On a live journal cursors move. A cursor is past the end if it was so before the segments were
 * read, and before the beginning if it still is afterwards. */
static int verify_segments_and_cursors(struct verifying *verifying, const char *path)
{
    struct cursors before, after;
    const struct hs_journal_walk walk = {
        .to = UINT64_MAX,
        .context = verifying->context,
        .finding = verifying->finding,
    };
    struct hs_mark mark = {0};
    int code = look_at_cursors(verifying, true, &before);
    hs_known_each_missing(verifying->disk, path, verifying->cursors_path, on_missing_cursor,
                          verifying);
    if (code == 0)
        code = look_at_mark(verifying, path, &mark);
    uint64_t damages = verifying->totals.damages; /* so far */
    if (code == 0)
        code = hs_journal_walk(verifying->disk, path, &walk, &verifying->totals);
    verifying->totals.damages += damages;
    if (code == 0)
        code = look_at_cursors(verifying, false, &after);
    if (code < 0)
        return code;
    for (size_t i = 0; i < before.count; i++)
        if (before.items[i].position > verifying->totals.end)
            judge_cursor(verifying, &before.items[i], true);
    for (size_t i = 0; i < after.count; i++)
        if (after.items[i].position + 1 < verifying->totals.begin)
            judge_cursor(verifying, &after.items[i], false);
    judge_mark(verifying, path, &mark);
    judge_begin(verifying, path, &after);
    return 0;
}

/* ---- The rest ---- */

int hs_journal_read_hash_key(const struct hs_disk *disk, const char *path, uint64_t *ret_hash_key)
{
    char identity[37];
    return hs_folder_read_meta(disk, path, identity, ret_hash_key);
}

/* `ret_identity` is "" if unknown. */
static int verify_meta(struct verifying *verifying, const char *path, char ret_identity[37])
{
    HS_AUTO_FREE char *file = NULL;
    HS_AUTO_FREE uint64_t *firsts = NULL;
    uint64_t hash_key;
    size_t count = 0;
    ret_identity[0] = '\0';
    int code = hs_folder_read_meta(verifying->disk, path, ret_identity, &hash_key);
    bool missing = code == -ENOENT;
    if (missing &&
        (hs_folder_list_segments(verifying->disk, verifying->segments_path, &firsts, &count) < 0 ||
         count == 0))
        return hs_fail(-ENOENT, "%s holds no journal", path);
    if (code != -EBADMSG && !missing)
        return code;
    if (asprintf(&file, "%s/meta", path) < 0)
        return hs_fail(-ENOMEM, "no memory for a path");
    tell(verifying,
         &(struct hs_journal_finding){
             .damage = true,
             .file = file,
             .first = 1,
             .what = missing ? "missing, though there are segments: hookstream does not "
                               "start without it"
                             : "damaged: the journal's identity and the key of its ids are here; "
                               "hookstream does not start without them",
             .advice = "restore this file from any backup of the journal, however old: "
                       "it never changes",
         });
    return 0;
}

/* Files that a start has set aside. */
static void on_segment_name(void *arg, const char *name)
{
    struct verifying *verifying = arg;
    HS_AUTO_FREE char *path = NULL;
    struct hs_slice text = hs_slice_text(name), end = HS_SLICE(".damaged");
    if (text.size <= end.size || memcmp(name + text.size - end.size, end.data, end.size) != 0 ||
        asprintf(&path, "%s/%s", verifying->segments_path, name) < 0)
        return;
    tell(verifying, &(struct hs_journal_finding){
                        .damage = true,
                        .file = path,
                        .bytes = HS_SEGMENT_HEADER,
                        .first = 1,
                        .what = "a segment whose header is damaged; a start set it aside, its "
                                "events were not delivered",
                        .advice = "restore the segment under its name without .damaged from a "
                                  "backup, and start; or remove the file if its events are not "
                                  "needed",
                    });
}

int hs_journal_verify(const struct hs_disk *disk, const char *path, hs_journal_finding_fn *finding,
                      void *context, struct hs_journal_totals *ret_totals)
{
    struct verifying verifying = {.disk = disk, .finding = finding, .context = context};
    HS_AUTO_FREE char *segments_path = NULL;
    HS_AUTO_FREE char *cursors_path = NULL;
    if (asprintf(&segments_path, "%s/segments", path) < 0 ||
        asprintf(&cursors_path, "%s/cursors", path) < 0)
        return hs_fail(-ENOMEM, "no memory for a path");
    verifying.segments_path = segments_path;
    verifying.cursors_path = cursors_path;
    char identity[37];
    uint64_t damages = 0;
    int code = verify_meta(&verifying, path, identity);
    if (code == 0)
        code = verify_segments_and_cursors(&verifying, path);
    if (code == 0)
        code = hs_inspect_names(disk, path, identity, finding, context, &damages);
    verifying.totals.damages += damages;
    if (code == 0)
        code = hs_disk_list(disk, segments_path, on_segment_name, &verifying);
    *ret_totals = verifying.totals;
    return code;
}
