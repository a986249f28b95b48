/* Proves: writes complete or return an error, whatever each system call does. */
#include "hs_test.h"

#include <fcntl.h>
#include <hookstream/buffer.h>
#include <hookstream/disk.h>
#include <hookstream/open.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void make_folder(void)
{
    strcpy(folder, "/tmp/hs-disk-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

/* A system that writes a byte at a time, is sometimes interrupted, and fails at the n-th call. */
static int calls, fail_at, fail_with;

static ssize_t stingy_pwrite(void *context, int file, const void *data, size_t size, off_t offset)
{
    calls++;
    if (calls == fail_at) {
        errno = fail_with;
        return -1;
    }
    if (calls % 3 == 0) {
        errno = EINTR;
        return -1;
    }
    return pwrite(file, data, 1, offset);
}

static ssize_t stingy_pread(void *context, int file, void *data, size_t size, off_t offset)
{
    if (++calls % 3 == 0) {
        errno = EINTR;
        return -1;
    }
    return pread(file, data, 1, offset);
}

static int failing_fdatasync(void *context, int file)
{
    errno = EIO;
    return -1;
}

START_TEST(short_writes_are_continued)
{
    make_folder();
    struct hs_disk disk = *hs_disk_system();
    disk.pwrite = stingy_pwrite;
    disk.pread = stingy_pread;
    calls = fail_at = 0;
    int file = hs_disk_open(&disk, path_of("a"), O_RDWR | O_CREAT);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(hs_disk_write(&disk, file, HS_SLICE("0123456789"), 5), 0);
    char back[16];
    ck_assert_int_eq(hs_disk_read(&disk, file, back, sizeof(back), 5), 10);
    ck_assert_int_eq(memcmp(back, "0123456789", 10), 0);
    ck_assert_int_eq(hs_disk_size(&disk, file), 15);
    hs_disk_close(&disk, file);
}
END_TEST

START_TEST(errors_come_through)
{
    static const int errors[] = {EIO, ENOSPC, EDQUOT};
    make_folder();
    struct hs_disk disk = *hs_disk_system();
    disk.pwrite = stingy_pwrite;
    int file = hs_disk_open(&disk, path_of("a"), O_RDWR | O_CREAT);
    for (size_t i = 0; i < HS_ARRAY_SIZE(errors); i++) {
        calls = 0;
        fail_at = 5;
        fail_with = errors[i];
        ck_assert_int_eq(hs_disk_write(&disk, file, HS_SLICE("0123456789"), 0), -errors[i]);
    }
    hs_disk_close(&disk, file);
    ck_assert_int_eq(hs_disk_open(&disk, path_of("none"), O_RDONLY), -ENOENT);
    ck_assert_int_eq(hs_disk_unlink(&disk, path_of("none")), 0);
}
END_TEST

START_TEST(replace_keeps_the_old_when_it_fails)
{
    make_folder();
    struct hs_disk disk = *hs_disk_system();
    ck_assert_int_eq(hs_disk_replace(&disk, path_of("c"), HS_SLICE("old")), 0);
    disk.pwrite = stingy_pwrite;
    calls = 0;
    fail_at = 2;
    fail_with = ENOSPC;
    ck_assert_int_eq(hs_disk_replace(&disk, path_of("c"), HS_SLICE("newer")), -ENOSPC);
    struct hs_buffer back;
    hs_buffer_init(&back, 100);
    ck_assert_int_eq(hs_disk_read_all(hs_disk_system(), path_of("c"), &back), 0);
    ck_assert(hs_slice_equal(hs_buffer_slice(&back), HS_SLICE("old")));
    hs_buffer_free(&back);
}
END_TEST

START_TEST(read_all_has_a_ceiling)
{
    make_folder();
    ck_assert_int_eq(hs_disk_replace(hs_disk_system(), path_of("d"), HS_SLICE("0123456789")), 0);
    struct hs_buffer back;
    hs_buffer_init(&back, 10);
    ck_assert_int_eq(hs_disk_read_all(hs_disk_system(), path_of("d"), &back), 0);
    ck_assert_uint_eq(back.size, 10);
    hs_buffer_free(&back);
    hs_buffer_init(&back, 9);
    ck_assert_int_eq(hs_disk_read_all(hs_disk_system(), path_of("d"), &back), -EFBIG);
    hs_buffer_free(&back);
}
END_TEST

/* ---- What is opened ---- */

START_TEST(no_file_gets_a_standard_descriptor)
{
    make_folder();
    const char *path = path_of("own");
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++) {
        int kept = dup(number);
        close(number);
        int file = hs_disk_open(hs_disk_system(), path, O_RDWR | O_CREAT);
        FILE *stream = hs_open_stream(path);
        bool free_still = fcntl(number, F_GETFD) < 0;
        int opened = hs_open_standard(), flags = fcntl(number, F_GETFD);
        dup2(kept, number);
        close(kept);
        ck_assert_int_gt(file, STDERR_FILENO);
        ck_assert(free_still);
        ck_assert_int_gt(fileno(stream), STDERR_FILENO);
        ck_assert_int_eq(fcntl(file, F_GETFD), FD_CLOEXEC);
        ck_assert_int_eq(opened, 0);
        ck_assert_int_ge(flags, 0);
        fclose(stream);
        hs_disk_close(hs_disk_system(), file);
    }
}
END_TEST

START_TEST(only_regular_files_are_opened)
{
    static const struct {
        const char *name;
        int code;
    } odd[] = {{"fifo", -ENXIO}, {"link", -ELOOP}, {"folder", -EISDIR}};
    static const int flags[] = {O_RDONLY, O_RDWR, O_WRONLY, O_RDWR | O_CREAT | O_TRUNC};
    const struct hs_disk *disk = hs_disk_system();
    make_folder();
    ck_assert_int_eq(hs_disk_replace(disk, path_of("victim"), HS_SLICE("precious")), 0);
    ck_assert_int_eq(mkfifo(path_of("fifo"), 0600), 0);
    ck_assert_int_eq(symlink("victim", path_of("link")), 0);
    ck_assert_int_eq(mkdir(path_of("folder"), 0700), 0);
    for (size_t i = 0; i < HS_ARRAY_SIZE(odd); i++) {
        for (size_t f = 0; f < HS_ARRAY_SIZE(flags); f++) {
            ck_assert_int_eq(hs_disk_open(disk, path_of(odd[i].name), flags[f]), odd[i].code);
            ck_assert(hs_disk_is_wrong_kind(odd[i].code));
            ck_assert_ptr_nonnull(strstr(hs_error_text(), odd[i].name));
        }
        int file = hs_disk_create(disk, path_of(odd[i].name));
        ck_assert_int_eq(file >= 0, odd[i].code != -EISDIR);
        hs_disk_close(disk, file);
    }
    struct hs_buffer back;
    hs_buffer_init(&back, 100);
    ck_assert_int_eq(hs_disk_read_own(disk, path_of("victim"), &back), 0);
    ck_assert(hs_slice_equal(hs_buffer_slice(&back), HS_SLICE("precious")));
    hs_buffer_free(&back);
}
END_TEST

START_TEST(errors_name_the_file)
{
    struct rlimit before, small = {.rlim_cur = 100};
    make_folder();
    struct hs_disk disk = *hs_disk_system();
    disk.fdatasync = failing_fdatasync;
    int file = hs_disk_open(&disk, path_of("named"), O_RDWR | O_CREAT);
    ck_assert_int_eq(hs_disk_sync(&disk, file), -EIO);
    ck_assert_ptr_nonnull(strstr(hs_error_text(), path_of("named")));
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    int code = hs_disk_write(&disk, file, HS_SLICE("x"), 100);
    setrlimit(RLIMIT_FSIZE, &before);
    ck_assert_int_eq(code, -EFBIG);
    ck_assert_ptr_nonnull(strstr(hs_error_text(), path_of("named")));
    ck_assert_ptr_nonnull(strstr(hs_error_text(), "100 bytes"));
    hs_disk_close(&disk, file);
}
END_TEST

static void count(void *arg, const char *name)
{
    ++*(int *)arg;
}

START_TEST(reserved_blocks_read_as_zeros_and_take_writes_of_any_size)
{
    static const size_t sizes[] = {4096, 64 * 4096, 65 * 4096, 100000};
    const struct hs_disk *disk = hs_disk_system();
    make_folder();
    for (size_t i = 0; i < HS_ARRAY_SIZE(sizes); i++) {
        int file = hs_disk_open(disk, path_of("reserved"), O_RDWR | O_CREAT | O_TRUNC);
        ck_assert_int_ge(file, 0);
        ck_assert_int_eq(hs_disk_allocate(disk, file, sizes[i]), 0);
        ck_assert_int_eq(hs_disk_size(disk, file), (int64_t)sizes[i]);
        ck_assert_int_eq(hs_disk_write(disk, file, HS_SLICE("x"), 7), 0); /* O_DIRECT is off */
        char *data = malloc(sizes[i] + 1);
        ck_assert_int_eq(hs_disk_read(disk, file, data, sizes[i] + 1, 0), (ssize_t)sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++)
            ck_assert_int_eq(data[at], at == 7 ? 'x' : 0);
        free(data);
        hs_disk_close(disk, file);
    }
}
END_TEST

START_TEST(folders_are_made_with_their_parents_and_listed)
{
    make_folder();
    ck_assert_int_eq(hs_disk_make_directory(hs_disk_system(), path_of("x/y/z")), 0);
    ck_assert_int_eq(hs_disk_make_directory(hs_disk_system(), path_of("x/y/z")), 0);
    ck_assert_int_eq(hs_disk_replace(hs_disk_system(), path_of("x/y/a"), HS_SLICE("1")), 0);
    int names = 0;
    ck_assert_int_eq(hs_disk_list(hs_disk_system(), path_of("x/y"), count, &names), 0);
    ck_assert_int_eq(names, 2);
    ck_assert_int_eq(hs_disk_list(hs_disk_system(), path_of("none"), count, &names), -ENOENT);
}
END_TEST

/* The folders synced so far, each followed by a colon. */
static char opened_folder[128], synced[512];

static int noting_open(void *context, const char *path, int flags, mode_t mode)
{
    snprintf(opened_folder, sizeof(opened_folder), "%s", path + strlen(folder));
    return open(path, flags, mode);
}

static int noting_fsync(void *context, int file)
{
    size_t size = strlen(synced);
    snprintf(synced + size, sizeof(synced) - size, "%s:", opened_folder);
    return fsync(file);
}

START_TEST(the_names_of_folders_that_are_made_are_synced)
{
    make_folder();
    struct hs_disk disk = *hs_disk_system();
    disk.open = noting_open;
    disk.fsync = noting_fsync;
    ck_assert_int_eq(hs_disk_make_directory(&disk, path_of("x/y/z")), 0);
    ck_assert_str_eq(synced, ":/x:/x/y:");
    ck_assert_int_eq(hs_disk_make_directory(&disk, path_of("x/y/z")), 0);
    ck_assert_str_eq(synced, ":/x:/x/y:");
}
END_TEST

HS_TEST_MAIN("base disk", short_writes_are_continued, errors_come_through,
             replace_keeps_the_old_when_it_fails, read_all_has_a_ceiling,
             reserved_blocks_read_as_zeros_and_take_writes_of_any_size,
             no_file_gets_a_standard_descriptor, only_regular_files_are_opened,
             errors_name_the_file, folders_are_made_with_their_parents_and_listed,
             the_names_of_folders_that_are_made_are_synced)
