/* Reading on behind damage: whatever bodies hold, every whole record is found, and the work stays
 * in proportion to the file (J6). Work is counted: bytes read, and bytes of checksums that were
 * wrong. */
#include "hs_test.h"
#include "internal.h"
#include "records.h"
#include "sanitized.h"
#include "segment_ways.h"

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
    ways_folder = folder;
    ways_disk = &counting;
}

/* A segment by itself; what its checksums cost in vain. */
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

static void judge(const struct image *image, uint64_t least_good)
{
    char *path = ways_write(image);
    uint64_t wasted, most_read = FREE + 16 * (uint64_t)image->size, most_reads = image->size / 64;
    bytes_read = reads = 0;
    uint64_t good = read_records(image, path, &wasted);
    ck_assert_msg(good >= least_good && good <= image->good, "%d of %d records", (int)good,
                  (int)image->good);
    ck_assert_uint_le(wasted, FREE + (8 + 2048 / HS_RECORD_HEADER) * (uint64_t)image->size);
    ck_assert_uint_le(bytes_read, most_read);
    ck_assert_uint_le(reads, most_reads);
    bytes_read = reads = 0;
    ck_assert_uint_eq(ways_walk(), good);
    ck_assert_uint_le(bytes_read, 2 * most_read);
    bytes_read = reads = 0;
    ck_assert_uint_eq(ways_recover_and_read(), good);
    ck_assert_uint_le(bytes_read, 3 * most_read);
    unlink(path);
    free(path);
}

START_TEST(work_grows_with_the_file_and_nothing_whole_is_missed)
{
    char identity[37];
    make_folder();
    ways_identity(identity);
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
    ways_identity(identity);
    for (size_t size = 2 * MIB; size <= 2 * LARGEST_FILE; size *= 2) {
        struct image image = make_ladder(identity, size);
        judge(&image, image.good);
        free(image.data);
    }
}
END_TEST

HS_TEST_MAIN("journal scan", work_grows_with_the_file_and_nothing_whole_is_missed,
             heads_that_only_a_disk_may_hold_cost_no_more)
