/* The file sink in a folder that others use, too: nothing of theirs is changed, followed or waited
 * for, and what cannot be written becomes a permanent failure of its own event. */
#include "file/file.h"
#include "file/own.h"
#include "owner.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

static char folder[64], outside[80];
static struct hs_disk disk;
static struct hs_file_options options;

static const char *path_of(const char *name)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static struct owner *begin(void)
{
    strcpy(folder, "/tmp/hs-own-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(outside, sizeof(outside), "%s.outside", folder);
    disk = *hs_disk_system();
    options = (struct hs_file_options){.sink.kind = HS_SINK_INDEX_file, .path = folder};
    return owner_create();
}

static void open_sink(struct owner *owner)
{
    struct hs_sink_spec spec = {owner->base, "files", "identity", &options.sink, &owner->host};
    ck_assert_int_eq(hs_file_open_on(&spec, &disk, &owner->sink), 0);
    size_t resumes = owner->resumes;
    OWNER_WAIT(owner, owner->resumes > resumes);
}

static void end(struct owner *owner)
{
    owner_free(owner);
    char command[256];
    snprintf(command, sizeof(command), "rm -rf %s %s", folder, outside);
    ck_assert_int_eq(system(command), 0);
}

static void put(const char *path, const char *text, mode_t mode)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(fchmod(file, mode), 0);
    ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
}

static const char *contents(const char *path)
{
    static char text[1 << 16];
    int file = open(path, O_RDONLY | O_NONBLOCK);
    if (file < 0)
        return "(not there)";
    ssize_t size = read(file, text, sizeof(text) - 1);
    close(file);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

static void push_and_wait(struct owner *owner)
{
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, hs_sink_in_flight(owner->sink) == 0);
}

static const struct owner_end *give(struct owner *owner, uint64_t n, const char *name)
{
    owner_give_one(owner, n, name, NULL);
    push_and_wait(owner);
    return owner_end(owner, n, 0);
}

/* ---- Names that belong to something else ---- */

static void make_folder(void)
{
    ck_assert_int_eq(mkdir(path_of("x"), 0700), 0);
}

static void make_fifo(void)
{
    ck_assert_int_eq(mkfifo(path_of("x"), 0600), 0);
}

static void make_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/x", folder);
    int file = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(file, (struct sockaddr *)&address, sizeof(address)), 0);
    close(file);
}

static void link_to(const char *text)
{
    put(outside, text, 0600);
    ck_assert_int_eq(symlink(outside, path_of("x")), 0);
}

static void make_link(void)
{
    link_to("precious without a line feed");
}

static void make_link_to_an_empty_file(void)
{
    link_to("");
}

static void make_link_to_nothing(void)
{
    ck_assert_int_eq(symlink(outside, path_of("x")), 0);
}

static void make_link_to_a_device(void)
{
    ck_assert_int_eq(symlink("/dev/null", path_of("x")), 0);
}

static void make_foreign(void)
{
    put(path_of("x"), "line one\nan unfinished line of someone else", 0644);
}

static void make_foreign_lines(void)
{
    put(path_of("x"), "{\"of\":\"someone else\"}\n", 0600);
}

static void make_hard_link(void)
{
    put(outside, "precious\n", 0600);
    ck_assert_int_eq(link(outside, path_of("x")), 0);
}

static void make_hard_link_to_an_empty_file(void)
{
    put(outside, "", 0600);
    ck_assert_int_eq(link(outside, path_of("x")), 0);
}

static const struct {
    const char *what;
    void (*make)(void);
    const char *reason;
} taken[] = {
    {"a folder", make_folder, "not_a_file"},
    {"a FIFO", make_fifo, "not_a_file"},
    {"a socket", make_socket, "not_a_file"},
    {"a symbolic link", make_link, "not_a_file"},
    {"a symbolic link to an empty file", make_link_to_an_empty_file, "not_a_file"},
    {"a symbolic link to nothing", make_link_to_nothing, "not_a_file"},
    {"a symbolic link to a device", make_link_to_a_device, "not_a_file"},
    {"a file of someone else", make_foreign, "foreign_file"},
    {"lines of someone else", make_foreign_lines, "foreign_file"},
    {"a hard link", make_hard_link, "foreign_file"},
    {"a hard link to an empty file", make_hard_link_to_an_empty_file, "foreign_file"},
};

START_TEST(a_name_of_something_else_is_permanent_and_nothing_is_changed)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(taken); i++) {
        struct owner *owner = begin();
        open_sink(owner);
        taken[i].make();
        struct stat before, after;
        ck_assert_int_eq(lstat(path_of("x"), &before), 0);
        char *inside = strdup(contents(path_of("x"))), *behind = strdup(contents(outside));
        owner_give_one(owner, 1, "x", NULL);
        owner_give_one(owner, 2, "good", NULL);
        push_and_wait(owner);
        const struct owner_end *bad = owner_end(owner, 1, 0);
        ck_assert_msg(bad->outcome == HS_PERMANENT && strcmp(bad->reason, taken[i].reason) == 0,
                      "%s: %d %s: %s", taken[i].what, bad->outcome, bad->reason, bad->detail);
        ck_assert_msg(strstr(bad->detail, "/x: ") != NULL, "%s names no file", bad->detail);
        ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_DELIVERED);
        ck_assert_int_eq(owner->state, HS_SINK_UP);
        ck_assert_int_eq(lstat(path_of("x"), &after), 0);
        ck_assert_uint_eq(before.st_ino, after.st_ino);
        ck_assert_int_eq(before.st_size, after.st_size);
        ck_assert_msg(strcmp(inside, contents(path_of("x"))) == 0, "%s changed", taken[i].what);
        ck_assert_msg(strcmp(behind, contents(outside)) == 0, "%s changed", taken[i].what);
        free(inside);
        free(behind);
        end(owner);
    }
}
END_TEST

START_TEST(a_name_the_file_system_does_not_take_is_permanent)
{
    struct owner *owner = begin();
    open_sink(owner);
    char name[300];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    const struct owner_end *bad = give(owner, 1, name);
    ck_assert_int_eq(bad->outcome, HS_PERMANENT);
    ck_assert_str_eq(bad->reason, "name_refused");
    end(owner);
}
END_TEST

START_TEST(a_file_that_this_user_may_not_write_is_permanent)
{
    struct owner *owner = begin();
    open_sink(owner);
    put(path_of("x"), "", 0400);
    if (geteuid() != 0) { /* root may */
        const struct owner_end *bad = give(owner, 1, "x");
        ck_assert_int_eq(bad->outcome, HS_PERMANENT);
        ck_assert_str_eq(bad->reason, "file_refused");
    }
    end(owner);
}
END_TEST

static const struct {
    const char *name;
    bool good;
} names[] = {
    {"a", true},
    {"a.jsonl", true},
    {"A b", true},
    {"a..b", true},
    {"a.", true},
    {"", false},
    {".", false},
    {"..", false},
    {".hidden", false},
    {"a/b", false},
    {"/a", false},
    {"a/", false},
    {"../a", false},
    {"/etc/x", false},
    {"a\nb", false},
    {"a\x7f", false},
    {HS_FILE_LEDGER, false},
};

START_TEST(a_name_is_one_plain_component)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(names); i++)
        ck_assert_msg((hs_file_kind.check_destination(hs_slice_text(names[i].name)) == 0) ==
                          names[i].good,
                      "`%s`", names[i].name);
    ck_assert_int_lt(hs_file_kind.check_destination(hs_slice("a\0b", 3)), 0);
}
END_TEST

/* ---- What users do to files ---- */

START_TEST(a_file_that_is_removed_or_renamed_is_begun_again)
{
    struct owner *owner = begin();
    open_sink(owner);
    give(owner, 1, "a");
    ck_assert_int_eq(unlink(path_of("a")), 0);
    ck_assert_int_eq(give(owner, 2, "a")->outcome, HS_DELIVERED);
    ck_assert_str_eq(contents(path_of("a")), "{\"n\":2}\n");
    char before[512];
    strcpy(before, path_of("a"));
    ck_assert_int_eq(rename(before, path_of("a.old")), 0);
    give(owner, 3, "a");
    ck_assert_str_eq(contents(path_of("a")), "{\"n\":3}\n");
    ck_assert_str_eq(contents(path_of("a.old")), "{\"n\":2}\n");
    end(owner);
}
END_TEST

START_TEST(a_file_that_is_copied_and_truncated_goes_on_at_its_new_end)
{
    struct owner *owner = begin();
    open_sink(owner);
    give(owner, 1, "a");
    give(owner, 2, "a");
    ck_assert_int_eq(truncate(path_of("a"), 0), 0);
    give(owner, 3, "a");
    ck_assert_str_eq(contents(path_of("a")), "{\"n\":3}\n");
    end(owner);
}
END_TEST

/* As on a file system that does not tell upper from lower case. */
START_TEST(two_names_of_one_file_do_not_overwrite_each_other)
{
    struct owner *owner = begin();
    open_sink(owner);
    give(owner, 1, "a");
    char before[512];
    strcpy(before, path_of("a"));
    ck_assert_int_eq(link(before, path_of("b")), 0);
    give(owner, 2, "b");
    give(owner, 3, "a");
    owner_give_one(owner, 4, "a", NULL);
    owner_give_one(owner, 5, "b", NULL);
    push_and_wait(owner);
    ck_assert_str_eq(contents(path_of("a")),
                     "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n{\"n\":5}\n");
    end(owner);
}
END_TEST

START_TEST(a_name_that_is_taken_while_it_is_open_is_left_alone)
{
    struct owner *owner = begin();
    open_sink(owner);
    give(owner, 1, "x");
    ck_assert_int_eq(unlink(path_of("x")), 0);
    make_link();
    ck_assert_str_eq(give(owner, 2, "x")->reason, "not_a_file");
    ck_assert_str_eq(contents(outside), "precious without a line feed");
    ck_assert_int_eq(unlink(path_of("x")), 0);
    make_foreign();
    ck_assert_str_eq(give(owner, 3, "x")->reason, "foreign_file");
    ck_assert_str_eq(contents(path_of("x")), "line one\nan unfinished line of someone else");
    end(owner);
}
END_TEST

START_TEST(a_folder_that_is_gone_is_made_again)
{
    struct owner *owner = begin();
    open_sink(owner);
    give(owner, 1, "a");
    char away[80];
    snprintf(away, sizeof(away), "%s.away", folder);
    ck_assert_int_eq(rename(folder, away), 0);
    ck_assert_int_eq(give(owner, 2, "a")->outcome, HS_DELIVERED);
    ck_assert_int_eq(owner->state, HS_SINK_UP);
    ck_assert_str_eq(contents(path_of("a")), "{\"n\":2}\n");
    end(owner);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", away);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_holds_until_it_can)
{
    struct owner *owner = begin();
    static char path[128];
    snprintf(path, sizeof(path), "%s/file/out", folder);
    options.path = path;
    put(path_of("file"), "in the way", 0600);
    struct hs_sink_spec spec = {owner->base, "files", "identity", &options.sink, &owner->host};
    ck_assert_int_eq(hs_file_open_on(&spec, &disk, &owner->sink), 0);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "folder");
    ck_assert_uint_eq(owner->resumes, 0);
    ck_assert_int_eq(unlink(path_of("file")), 0);
    OWNER_WAIT(owner, owner->resumes == 1);
    ck_assert_int_eq(owner->state, HS_SINK_UP);
    end(owner);
}
END_TEST

/* ---- The mark ---- */

static void take_mark_away(const char *name)
{
    ck_assert_int_eq(removexattr(path_of(name), "user.hookstream"), 0);
}

START_TEST(a_mark_outlives_a_restart_and_a_torn_line_of_our_own_is_cut)
{
    struct owner *owner = begin();
    open_sink(owner);
    give(owner, 1, "a");
    owner_close(owner);
    int file = open(path_of("a"), O_WRONLY | O_APPEND);
    ck_assert_int_eq(write(file, "{\"n\":", 5), 5);
    close(file);
    open_sink(owner);
    give(owner, 2, "a");
    ck_assert_str_eq(contents(path_of("a")), "{\"n\":1}\n{\"n\":2}\n");
    owner_close(owner);
    take_mark_away("a");
    open_sink(owner);
    ck_assert_str_eq(give(owner, 3, "a")->reason, "foreign_file");
    end(owner);
}
END_TEST

START_TEST(a_ledger_serves_where_there_are_no_attributes)
{
    struct owner *owner = begin();
    struct hs_file_folder place = {&disk, folder, 0};
    open_sink(owner);
    give(owner, 1, "a");
    give(owner, 2, "b");
    owner_close(owner);
    take_mark_away("a");
    take_mark_away("b");
    /* As after fsetxattr() with ENOTSUP. */
    int file = open(path_of("a"), O_RDWR);
    ck_assert_int_eq(hs_file_own_add_to_ledger(&place, file, path_of("a")), 0);
    close(file);
    open_sink(owner);
    ck_assert_int_eq(give(owner, 3, "a")->outcome, HS_DELIVERED);
    ck_assert_str_eq(give(owner, 4, "b")->reason, "foreign_file");
    end(owner);
}
END_TEST

START_TEST(files_of_an_earlier_version_are_known_and_those_of_others_are_not)
{
    struct owner *owner = begin();
    put(path_of("ours"), "{\"n\":1}\n{\"n\":2}\n", 0600);
    put(path_of("torn"), "{\"n\":1}\n{\"n\":", 0600);
    put(path_of("readable"), "{\"n\":1}\n", 0644);
    put(path_of("text"), "line one\n", 0600);
    put(path_of("program"), "{\"n\":1}\n", 0755);
    put(path_of("unended"), "{\"n\":1}\n{\"n\":2}", 0600);
    put(path_of("other"), "{\"n\":1}\nand a text", 0600);
    owner->host.known = true;
    open_sink(owner);
    ck_assert_int_eq(give(owner, 3, "ours")->outcome, HS_DELIVERED);
    ck_assert_str_eq(contents(path_of("ours")), "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    ck_assert_int_eq(give(owner, 4, "torn")->outcome, HS_DELIVERED);
    ck_assert_str_eq(contents(path_of("torn")), "{\"n\":1}\n{\"n\":4}\n");
    ck_assert_int_eq(give(owner, 5, "readable")->outcome, HS_DELIVERED);
    ck_assert_str_eq(contents(path_of("readable")), "{\"n\":1}\n{\"n\":5}\n");
    ck_assert_str_eq(give(owner, 6, "text")->reason, "foreign_file");
    ck_assert_str_eq(give(owner, 8, "program")->reason, "foreign_file");
    ck_assert_str_eq(give(owner, 9, "unended")->reason, "foreign_file");
    ck_assert_str_eq(contents(path_of("unended")), "{\"n\":1}\n{\"n\":2}");
    ck_assert_str_eq(give(owner, 10, "other")->reason, "foreign_file");
    owner_close(owner);
    put(path_of("later"), "{\"n\":1}\n", 0600); /* the folder has a ledger now */
    open_sink(owner);
    ck_assert_str_eq(give(owner, 7, "later")->reason, "foreign_file");
    end(owner);
}
END_TEST

static uint64_t bytes_read;

static ssize_t count_pread(void *context, int file, void *data, size_t size, off_t offset)
{
    ssize_t got = pread(file, data, size, offset);
    bytes_read += got > 0 ? (uint64_t)got : 0;
    return got;
}

/* The start waits for it, so what is read of a file does not grow with it. */
START_TEST(of_large_files_of_an_earlier_version_little_is_read)
{
    struct owner *owner = begin();
    const size_t size = 4 << 20;
    char *text = malloc(size + 1);
    for (size_t at = 0; at < size; at += 8)
        memcpy(text + at, "{\"n\":1}\n", 8);
    text[size] = '\0';
    put(path_of("large"), text, 0600);
    memset(text, ' ', size); /* a line that is longer than the first look */
    memcpy(text, "{\"n\":1", 6);
    memcpy(text + size - 2, "}\n", 2);
    put(path_of("one line"), text, 0600);
    free(text);
    disk.pread = count_pread;
    owner->host.known = true;
    bytes_read = 0;
    open_sink(owner);
    ck_assert_uint_ge(bytes_read, 2 * size); /* the one line */
    ck_assert_uint_lt(bytes_read, 2 * size + (1 << 20));
    ck_assert_int_eq(give(owner, 3, "large")->outcome, HS_DELIVERED);
    ck_assert_int_eq(give(owner, 4, "one line")->outcome, HS_DELIVERED);
    end(owner);
}
END_TEST

HS_TEST_MAIN("file sink among others", a_name_of_something_else_is_permanent_and_nothing_is_changed,
             a_name_the_file_system_does_not_take_is_permanent,
             a_file_that_this_user_may_not_write_is_permanent, a_name_is_one_plain_component,
             a_file_that_is_removed_or_renamed_is_begun_again,
             a_file_that_is_copied_and_truncated_goes_on_at_its_new_end,
             two_names_of_one_file_do_not_overwrite_each_other,
             a_name_that_is_taken_while_it_is_open_is_left_alone,
             a_folder_that_is_gone_is_made_again, a_folder_that_cannot_be_made_holds_until_it_can,
             a_mark_outlives_a_restart_and_a_torn_line_of_our_own_is_cut,
             a_ledger_serves_where_there_are_no_attributes,
             files_of_an_earlier_version_are_known_and_those_of_others_are_not,
             of_large_files_of_an_earlier_version_little_is_read)
