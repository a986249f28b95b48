/* The file sink: lines, syncs, turning, and a disk that fails. */
#include "file/file.h"
#include "file/out.h"
#include "owner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* ---- A folder, and a disk that fails on demand ---- */

static char folder[64];
static struct hs_disk disk;
static unsigned opens, syncs, folder_syncs;
static int write_error, sync_error;
static size_t write_part; /* bytes that a failing write writes all the same */

static ssize_t failing_pwrite(void *context, int file, const void *data, size_t size, off_t offset)
{
    if (write_error == 0)
        return pwrite(file, data, size, offset);
    if (write_part > 0) {
        size_t part = write_part < size ? write_part : size;
        write_part = 0;
        return pwrite(file, data, part, offset);
    }
    errno = write_error;
    return -1;
}

static int counting_open(void *context, const char *path, int flags, mode_t mode)
{
    opens++;
    return open(path, flags, mode);
}

static int failing_fdatasync(void *context, int file)
{
    syncs++;
    errno = sync_error;
    return sync_error == 0 ? fdatasync(file) : -1;
}

static int counting_fsync(void *context, int file)
{
    folder_syncs++;
    return fsync(file);
}

static struct hs_file_options options;

static struct owner *begin(uint64_t max_size)
{
    strcpy(folder, "/tmp/hs-file-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    disk = *hs_disk_system();
    disk.open = counting_open;
    disk.pwrite = failing_pwrite;
    disk.fdatasync = failing_fdatasync;
    disk.fsync = counting_fsync;
    write_error = sync_error = 0;
    options = (struct hs_file_options){
        .sink.kind = HS_SINK_INDEX_file, .path = folder, .max_size = max_size};
    return owner_create();
}

static void open_sink(struct owner *owner)
{
    struct hs_sink_spec spec = {owner->base, "files", "identity", &options.sink, &owner->host};
    ck_assert_int_eq(hs_file_open_on(&spec, &disk, &owner->sink), 0);
    size_t resumes = owner->resumes;
    OWNER_WAIT(owner, owner->resumes > resumes);
    syncs = folder_syncs = 0; /* those of the folder's own files are not counted */
}

static void end(struct owner *owner)
{
    owner_free(owner);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *contents(const char *name)
{
    static char text[1 << 16];
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int file = open(path, O_RDONLY);
    if (file < 0)
        return NULL;
    ssize_t size = read(file, text, sizeof(text) - 1);
    close(file);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

/* A file as hookstream leaves it, with its mark. */
static void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(fsetxattr(file, "user.hookstream", "1", 1, 0), 0);
    close(file);
}

static void push_and_wait(struct owner *owner)
{
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, hs_sink_in_flight(owner->sink) == 0);
}

/* ---- Cases ---- */

START_TEST(an_event_is_one_compact_line_of_its_file)
{
    struct owner *owner = begin(0);
    open_sink(owner);
    ck_assert_int_eq(owner->state, HS_SINK_UP);
    owner_give_one(owner, 1, "order.jsonl", "{ \"a\" : 149.90 ,\n \"b\":[ 1 , \"x y\"] }");
    owner_give_one(owner, 2, "queue.jsonl", "{}");
    owner_give_one(owner, 3, "order.jsonl", "[1e400,\"\\u0000\"]");
    ck_assert_uint_eq(hs_sink_in_flight(owner->sink), 3);
    push_and_wait(owner);
    ck_assert_uint_eq(owner->delivered, 3);
    ck_assert_str_eq(contents("order.jsonl"),
                     "{\"a\":149.90,\"b\":[1,\"x y\"]}\n[1e400,\"\\u0000\"]\n");
    ck_assert_str_eq(contents("queue.jsonl"), "{}\n");
    end(owner);
}
END_TEST

START_TEST(nothing_is_delivered_before_its_file_was_synced)
{
    struct owner *owner = begin(0);
    open_sink(owner);
    owner_give_one(owner, 1, "a", NULL);
    owner_give_one(owner, 2, "b", NULL);
    owner_give_one(owner, 3, "a", NULL);
    ck_assert_uint_eq(syncs, 0);
    push_and_wait(owner);
    ck_assert_uint_eq(syncs, 2);        /* one a file, not one an event */
    ck_assert_uint_eq(folder_syncs, 4); /* two new names, two marks */
    end(owner);
}
END_TEST

START_TEST(a_torn_last_line_is_cut_when_the_file_is_opened)
{
    struct owner *owner = begin(0);
    write_file("a", "{\"n\":1}\n{\"n\":2}\n{\"n\":");
    write_file("b", "{\"n\":");
    open_sink(owner);
    owner_give_one(owner, 3, "a", NULL);
    owner_give_one(owner, 4, "b", NULL);
    push_and_wait(owner);
    ck_assert_str_eq(contents("a"), "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    ck_assert_str_eq(contents("b"), "{\"n\":4}\n");
    end(owner);
}
END_TEST

START_TEST(a_long_torn_line_is_cut_too)
{
    struct owner *owner = begin(0);
    char text[10000];
    memset(text, 'x', sizeof(text));
    memcpy(text, "{}\n", 3);
    text[sizeof(text) - 1] = '\0';
    write_file("a", text);
    open_sink(owner);
    owner_give_one(owner, 1, "a", NULL);
    push_and_wait(owner);
    ck_assert_str_eq(contents("a"), "{}\n{\"n\":1}\n");
    end(owner);
}
END_TEST

START_TEST(a_full_disk_holds_leaves_no_part_of_a_line_and_goes_on_later)
{
    struct owner *owner = begin(0);
    open_sink(owner);
    owner_give_one(owner, 1, "a", NULL);
    push_and_wait(owner);
    write_error = ENOSPC;
    write_part = 3;
    owner_give_one(owner, 2, "a", NULL);
    owner_give_one(owner, 3, "a", NULL);
    push_and_wait(owner);
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_BLOCKED);
    ck_assert_str_eq(owner_end(owner, 3, 0)->reason, "disk_full");
    ck_assert_int_eq(owner->state, HS_SINK_BLOCKED);
    ck_assert_str_eq(contents("a"), "{\"n\":1}\n");
    write_error = 0;
    owner_give_one(owner, 2, "a", NULL);
    owner_give_one(owner, 3, "a", NULL);
    push_and_wait(owner);
    ck_assert_int_eq(owner->state, HS_SINK_UP);
    ck_assert_str_eq(contents("a"), "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    end(owner);
}
END_TEST

START_TEST(a_failed_sync_is_not_believed_and_the_lines_are_written_anew)
{
    struct owner *owner = begin(0);
    open_sink(owner);
    owner_give_one(owner, 1, "a", NULL);
    sync_error = EIO;
    push_and_wait(owner);
    ck_assert_int_eq(owner_end(owner, 1, 0)->outcome, HS_BLOCKED);
    ck_assert_str_eq(owner_end(owner, 1, 0)->reason, "disk_error");
    ck_assert_str_eq(contents("a"), "");
    sync_error = 0;
    unsigned opened = opens;
    owner_give_one(owner, 1, "a", NULL);
    push_and_wait(owner);
    ck_assert_uint_gt(opens, opened); /* read anew: its pages may be gone */
    ck_assert_str_eq(contents("a"), "{\"n\":1}\n");
    end(owner);
}
END_TEST

START_TEST(what_is_no_json_is_permanent_and_its_neighbours_are_written)
{
    struct owner *owner = begin(0);
    open_sink(owner);
    owner_give_one(owner, 1, "a", NULL);
    owner_give_one(owner, 2, "a", "{\"n\":");
    owner_give_one(owner, 3, "a", NULL);
    push_and_wait(owner);
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_PERMANENT);
    ck_assert_str_eq(owner_end(owner, 2, 0)->reason, "not_json");
    ck_assert_ptr_nonnull(strstr(owner_end(owner, 2, 0)->detail, "file "));
    ck_assert_str_eq(contents("a"), "{\"n\":1}\n{\"n\":3}\n");
    end(owner);
}
END_TEST

START_TEST(a_file_that_reached_its_size_is_turned_and_no_older_one_is_lost)
{
    struct owner *owner = begin(16);
    write_file("a.1", "old\n");
    write_file("a.2", "old\n");
    open_sink(owner);
    for (uint64_t n = 1; n <= 5; n++) {
        owner_give_one(owner, n, "a", NULL);
        push_and_wait(owner);
    }
    ck_assert_str_eq(contents("a.1"), "old\n");
    ck_assert_str_eq(contents("a.2"), "old\n");
    ck_assert_str_eq(contents("a.3"), "{\"n\":1}\n{\"n\":2}\n");
    ck_assert_str_eq(contents("a.4"), "{\"n\":3}\n{\"n\":4}\n");
    ck_assert_str_eq(contents("a"), "{\"n\":5}\n");
    ck_assert_ptr_null(contents("a.5"));
    end(owner);
}
END_TEST

START_TEST(more_files_than_are_kept_open_are_all_written)
{
    struct owner *owner = begin(0);
    open_sink(owner);
    for (uint64_t round = 0; round < 2; round++)
        for (uint64_t n = 0; n < 200; n++) {
            char name[16];
            snprintf(name, sizeof(name), "f%u", (unsigned)n);
            while (owner_give_one(owner, round * 200 + n + 1, name, NULL) == HS_SUBMIT_FULL)
                push_and_wait(owner);
        }
    push_and_wait(owner);
    ck_assert_uint_eq(owner->delivered, 400);
    ck_assert_str_eq(contents("f0"), "{\"n\":1}\n{\"n\":201}\n");
    ck_assert_str_eq(contents("f199"), "{\"n\":200}\n{\"n\":400}\n");
    end(owner);
}
END_TEST

START_TEST(full_is_followed_by_room)
{
    struct owner *owner = begin(0);
    open_sink(owner);
    uint64_t n = 0;
    while (owner_give_one(owner, n + 1, "a", NULL) == HS_SUBMIT_ACCEPTED)
        n++;
    ck_assert_uint_ge(n, 1000);
    ck_assert_uint_eq(owner->rooms, 0);
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, owner->rooms == 1);
    ck_assert_uint_eq(owner->delivered, n);
    ck_assert_int_eq(owner_give_one(owner, n + 1, "a", NULL), HS_SUBMIT_ACCEPTED);
    end(owner);
}
END_TEST

START_TEST(closing_with_gathered_events_completes_nothing)
{
    struct owner *owner = begin(0);
    open_sink(owner);
    owner_give_one(owner, 1, "a", NULL);
    owner_close(owner);
    ck_assert_uint_eq(owner->ended, 0);
    ck_assert_ptr_null(contents("a"));
    end(owner);
}
END_TEST

HS_TEST_MAIN("file sink", an_event_is_one_compact_line_of_its_file,
             nothing_is_delivered_before_its_file_was_synced,
             a_torn_last_line_is_cut_when_the_file_is_opened, a_long_torn_line_is_cut_too,
             a_full_disk_holds_leaves_no_part_of_a_line_and_goes_on_later,
             a_failed_sync_is_not_believed_and_the_lines_are_written_anew,
             what_is_no_json_is_permanent_and_its_neighbours_are_written,
             a_file_that_reached_its_size_is_turned_and_no_older_one_is_lost,
             more_files_than_are_kept_open_are_all_written, full_is_followed_by_room,
             closing_with_gathered_events_completes_nothing)
