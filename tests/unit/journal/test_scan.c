/* Reading on behind damage: whatever bodies hold, every whole record is found, and the work stays
 * in proportion to the file (J6). Work is counted: bytes read, and bytes of checksums that were
 * wrong. */
#include "fillings.h"
#include "hs_test.h"
#include "internal.h"
#include "records.h"
#include "sanitized.h"

#include <fcntl.h>
#include <hookstream/journal_inspect.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define LARGEST_FILE (SANITIZED ? 2 * MIB : 8 * MIB)
#define FREE ((uint64_t)HS_RECORD_MAX) /* as in records.c */

static char folder[64];
static struct hs_disk counting;
static uint64_t bytes_read, reads;

static ssize_t count_pread(void *context, int file, void *data, size_t size, off_t offset)
{
    ssize_t got = pread(file, data, size, offset);
    bytes_read += got > 0 ? (uint64_t)got : 0;
    reads++;
    return got;
}

static void make_folder(void)
{
    snprintf(folder, sizeof(folder), "/tmp/hs-scan-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    counting = *hs_disk_system();
    counting.pread = count_pread;
}

static struct hs_journal *open_journal(struct hs_metrics *metrics)
{
    const struct hs_journal_options options = {
        .path = folder, .max_size = UINT64_C(1) << 30, .segment_size = 64 * MIB};
    struct hs_journal *journal = NULL;
    ck_assert_int_eq(hs_journal_open(&counting, &options, metrics, &journal), 0);
    return journal;
}

/* The segment's path. */
static char *write_image(const struct image *image)
{
    char *path = NULL;
    ck_assert_int_gt(asprintf(&path, "%s/segments/%020d.hsj", folder, 1), 0);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, image->data, image->size), (ssize_t)image->size);
    close(file);
    return path;
}

static void identity_of(char ret_identity[37])
{
    struct hs_metrics *metrics = hs_metrics_create();
    struct hs_journal *journal = open_journal(metrics);
    snprintf(ret_identity, 37, "%s", hs_journal_identity(journal));
    hs_journal_close(journal);
    hs_metrics_free(metrics);
}

/* ---- The ways through a segment ---- */

/* By itself; what its checksums cost in vain. */
static uint64_t read_records(const struct image *image, const char *path, uint64_t *ret_wasted)
{
    struct hs_records records;
    struct hs_event event;
    uint64_t good = 0;
    hs_records_init(&records, &counting);
    int file = hs_disk_open(&counting, path, O_RDONLY);
    hs_records_enter(&records, file, image->seed, 1, image->size);
    ssize_t length;
    while ((length = hs_records_peek(&records, &event)) != 0) {
        if (length == -EBADMSG) {
            ck_assert_int_eq(hs_records_pass_damage(&records), 0);
            continue;
        }
        ck_assert_int_gt(length, 0);
        good++;
        hs_records_pass(&records, (size_t)length);
    }
    *ret_wasted = records.wasted;
    hs_records_free(&records);
    return good;
}

/* As a start and a sink do. */
static uint64_t recover_and_read(void)
{
    struct hs_metrics *metrics = hs_metrics_create();
    struct hs_journal *journal = open_journal(metrics);
    struct hs_reader *reader;
    struct hs_event event;
    uint64_t good = 0;
    ck_assert_int_eq(hs_reader_open(journal, 1, &reader), 0);
    int code;
    while ((code = hs_reader_next(reader, &event)) != 0) {
        ck_assert(code == 1 || code == -EBADMSG);
        good += code == 1;
    }
    hs_reader_close(reader);
    hs_journal_close(journal);
    hs_metrics_free(metrics);
    return good;
}

static int on_event(void *context, const struct hs_event *event)
{
    ++*(uint64_t *)context;
    return 0;
}

/* As `journal dump` and `journal verify` do. */
static uint64_t walk(void)
{
    uint64_t good = 0;
    struct hs_journal_totals totals;
    const struct hs_journal_walk walk = {.to = UINT64_MAX, .context = &good, .event = on_event};
    ck_assert_int_eq(hs_journal_walk(&counting, folder, &walk, &totals), 0);
    return good;
}

/* ---- Tests ---- */

static void judge(const struct image *image, uint64_t least_good)
{
    char *path = write_image(image);
    uint64_t wasted, most_read = FREE + 16 * (uint64_t)image->size, most_reads = image->size / 64;
    bytes_read = reads = 0;
    uint64_t good = read_records(image, path, &wasted);
    ck_assert_msg(good >= least_good && good <= image->good, "%d of %d records", (int)good,
                  (int)image->good);
    ck_assert_uint_le(wasted, FREE + (8 + 2048 / HS_RECORD_HEADER) * (uint64_t)image->size);
    ck_assert_uint_le(bytes_read, most_read);
    ck_assert_uint_le(reads, most_reads);
    bytes_read = reads = 0;
    ck_assert_uint_eq(walk(), good);
    ck_assert_uint_le(bytes_read, 2 * most_read);
    bytes_read = reads = 0;
    ck_assert_uint_eq(recover_and_read(), good);
    ck_assert_uint_le(bytes_read, 3 * most_read);
    unlink(path);
    free(path);
}

START_TEST(work_grows_with_the_file_and_nothing_whole_is_missed)
{
    char identity[37];
    make_folder();
    identity_of(identity);
    for (size_t size = 2 * MIB; size <= LARGEST_FILE; size *= 2)
        for (enum filling filling = 0; filling < FILLINGS; filling++)
            for (enum damage damage = 0; damage < DAMAGES; damage++) {
                struct image image = make_image(identity, size, filling, damage);
                judge(&image, image.good);
                free(image.data);
            }
}
END_TEST

START_TEST(heads_that_only_a_disk_may_hold_cost_no_more)
{
    char identity[37];
    make_folder();
    identity_of(identity);
    for (size_t size = 2 * MIB; size <= 2 * LARGEST_FILE; size *= 2) {
        struct image image = make_ladder(identity, size);
        judge(&image, image.good);
        free(image.data);
    }
}
END_TEST

HS_TEST_MAIN("journal scan", work_grows_with_the_file_and_nothing_whole_is_missed,
             heads_that_only_a_disk_may_hold_cost_no_more)
