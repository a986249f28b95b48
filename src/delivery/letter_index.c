/* Letter index: which records of a store, whether in use or not, are letters still kept. Only reads
 * the files: takes no lock and writes nothing. */
#include "letters.h"

#include <hookstream/journal_inspect.h>
#include <stdlib.h>

struct hs_letter_index {
    struct hs_number_set gone;
};

static void add_gone(void *context, uint64_t first, uint64_t last)
{
    struct hs_letter_index *index = context;
    for (uint64_t number = first; number <= last && number >= first; number++)
        (void)hs_number_set_add(&index->gone, number);
}

static int on_record(void *context, const struct hs_event *record)
{
    (void)hs_letter_each_gone(record, add_gone, context);
    return 0;
}

/* Letters before the cursor are gone without a record. If damage hides the cursor, more are
 * listed. */
static void read_hold(struct hs_letter_index *index, const struct hs_disk *disk, const char *path)
{
    struct hs_journal_summary summary;
    if (hs_journal_summarize(disk, path, &summary) < 0)
        return;
    for (size_t i = 0; i < summary.cursor_count; i++)
        if (strcmp(summary.cursors[i].name, "hold") == 0)
            index->gone.base = summary.cursors[i].position + 1;
    hs_journal_summary_free(&summary);
}

int hs_letter_index_read(const struct hs_disk *disk, const char *path,
                         struct hs_letter_index **ret_index)
{
    struct hs_letter_index *index = hs_alloc(sizeof(*index));
    const struct hs_journal_walk walk = {.to = UINT64_MAX, .context = index, .event = on_record};
    struct hs_journal_totals totals;
    read_hold(index, disk, path);
    int code = hs_journal_walk(disk, path, &walk, &totals);
    if (code < 0) {
        hs_letter_index_free(index);
        return code;
    }
    *ret_index = index;
    return 0;
}

void hs_letter_index_free(struct hs_letter_index *index)
{
    if (index == NULL)
        return;
    hs_number_set_free(&index->gone);
    free(index);
}

bool hs_letter_index_has(const struct hs_letter_index *index, const struct hs_event *record)
{
    struct hs_letter letter;
    return !hs_number_set_has(&index->gone, record->sequence) && hs_letter_decode(record, &letter);
}
