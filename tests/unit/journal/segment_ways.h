/* A journal whose first segment is a file that the caller made, and the ways through it: what a
 * start and a sink do, and what `journal verify` does. For a test that counts work and a benchmark
 * that takes the time. What fails ends the process and says why. */
#ifndef HS_TEST_SEGMENT_WAYS_H
#define HS_TEST_SEGMENT_WAYS_H

#include "fillings.h"

#include <fcntl.h>
#include <hookstream/disk.h>
#include <hookstream/journal.h>
#include <hookstream/journal_inspect.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

/* The journal's folder and what reads it; to be set before all else. */
static const char *ways_folder;
static const struct hs_disk *ways_disk;

static inline void ways_need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "%s: %s\n", what, hs_error_text());
    abort();
}

static inline struct hs_journal *ways_open(struct hs_metrics *metrics)
{
    const struct hs_journal_options options = {
        .path = ways_folder, .max_size = UINT64_C(1) << 34, .segment_size = 64 * MIB};
    struct hs_journal *journal;
    ways_need(hs_journal_open(ways_disk, &options, metrics, &journal) == 0, "the journal");
    return journal;
}

/* Makes the journal where there is none. */
static inline void ways_identity(char ret_identity[37])
{
    struct hs_metrics *metrics = hs_metrics_create();
    struct hs_journal *journal = ways_open(metrics);
    snprintf(ret_identity, 37, "%s", hs_journal_identity(journal));
    hs_journal_close(journal);
    hs_metrics_free(metrics);
}

/* Makes the image the first segment. The caller frees its path. */
static inline char *ways_write(const struct image *image)
{
    char *path = NULL;
    ways_need(asprintf(&path, "%s/segments/%020d.hsj", ways_folder, 1) > 0, "memory");
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ways_need(file >= 0 && write(file, image->data, image->size) == (ssize_t)image->size, path);
    close(file);
    return path;
}

/* As a start and a sink do: how many records are good. */
static inline uint64_t ways_recover_and_read(void)
{
    struct hs_metrics *metrics = hs_metrics_create();
    struct hs_journal *journal = ways_open(metrics);
    struct hs_reader *reader;
    struct hs_event event;
    uint64_t good = 0;
    int code;
    ways_need(hs_reader_open(journal, 1, &reader) == 0, "a reader");
    while ((code = hs_reader_next(reader, &event)) != 0) {
        ways_need(code == 1 || code == -EBADMSG, "reading");
        good += code == 1;
    }
    hs_reader_close(reader);
    hs_journal_close(journal);
    hs_metrics_free(metrics);
    return good;
}

static inline int ways_on_event(void *context, const struct hs_event *event)
{
    ++*(uint64_t *)context;
    return 0;
}

/* As `journal dump` and `journal verify` do: how many records are good. */
static inline uint64_t ways_walk(void)
{
    uint64_t good = 0;
    struct hs_journal_totals totals;
    const struct hs_journal_walk all = {.to = UINT64_MAX, .context = &good, .event = ways_on_event};
    ways_need(hs_journal_walk(ways_disk, ways_folder, &all, &totals) == 0, "walking");
    return good;
}

#endif
