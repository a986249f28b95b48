/* Cursor file: a sink's progress, on disk. Replaced as a whole; 104 bytes:
 *
 *   offset size
 *        0    8  "HSCURS\0\3"
 *        8    8  position: the last sequence that is done
 *       16    8  given: the last sequence that the sink's server has confirmed
 *       24   72  the name of the file, padded with zeros
 *       96    8  XXH3-64 of the 96 bytes before
 *
 * The name reveals a copy: with another sink's position, a sink would skip events it never got. An
 * operator may rename the file when a sink gets a new name: see is_renamed().
 * Format 2 has no name and 32 bytes; format 1 has no `given` either, and 24 bytes. */
#include "internal.h"

#include <fcntl.h>
#include <hookstream/hash.h>
#include <hookstream/journal_inspect.h>
#include <stdio.h>

#define VERSION 3
#define NAME_AT 24u
#define NAME_SIZE 72u
#define FILE_SIZE 104u

static const char magic[7] = {'H', 'S', 'C', 'U', 'R', 'S', 0};
static const size_t sizes[] = {0, 24, 32, FILE_SIZE}; /* by version */

/* The file's name without the folder. */
static const char *name_in(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

int hs_cursor_file_write(const struct hs_disk *disk, const char *path, struct hs_cursor_marks marks)
{
    char bytes[FILE_SIZE] = {0};
    struct hs_slice name = hs_slice_text(name_in(path)); /* a name of is_name() and a suffix */
    HS_ASSERT(name.size < NAME_SIZE);
    memcpy(bytes, magic, sizeof(magic));
    bytes[sizeof(magic)] = VERSION;
    hs_put64(bytes + 8, marks.position);
    hs_put64(bytes + 16, marks.given);
    memcpy(bytes + NAME_AT, name.data, name.size);
    hs_put64(bytes + FILE_SIZE - 8, hs_hash64(hs_slice(bytes, FILE_SIZE - 8), 0));
    return hs_disk_replace(disk, path, hs_slice(bytes, FILE_SIZE));
}

/* `ret_name` is "" in a format that has none. */
static int decode(const char *path, struct hs_slice bytes, struct hs_cursor_marks *ret_marks,
                  char ret_name[NAME_SIZE])
{
    bool ours = bytes.size > sizeof(magic) && memcmp(bytes.data, magic, sizeof(magic)) == 0;
    unsigned version = ours ? (unsigned char)bytes.data[sizeof(magic)] : 0;
    if (ours && (version == 0 || version > VERSION))
        return hs_fail(-EPROTO, "%s has a format that this hookstream does not know", path);
    size_t size = sizes[version];
    if (!ours || bytes.size != size ||
        hs_get64(bytes.data + size - 8) != hs_hash64(hs_slice(bytes.data, size - 8), 0))
        return hs_fail(-EBADMSG, "%s is damaged", path);
    ret_marks->position = hs_get64(bytes.data + 8);
    ret_marks->given = version == 1 ? ret_marks->position : hs_get64(bytes.data + 16);
    ret_name[0] = '\0';
    if (version == VERSION)
        memcpy(ret_name, bytes.data + NAME_AT, NAME_SIZE);
    ret_name[NAME_SIZE - 1] = '\0';
    return 0;
}

static bool exists(const struct hs_disk *disk, const char *path)
{
    int file = hs_disk_open(disk, path, O_RDONLY);
    if (file >= 0)
        hs_disk_close(disk, file);
    return file != -ENOENT;
}

/* Whether an operator renamed `before`, the cursor of a sink that got a new name: the old file is
 * gone, and the journal has had no sink of the new name. Otherwise it is a copy. */
static bool is_renamed(const struct hs_disk *disk, const char *path, const char *before)
{
    const char *name = name_in(path);
    HS_AUTO_FREE char *old_sink = hs_folder_cursor_name(before);
    HS_AUTO_FREE char *sink = hs_folder_cursor_name(name);
    HS_AUTO_FREE char *old_path = NULL;
    HS_AUTO_FREE char *journal = NULL;
    const char *folder_end = memrchr(path, '/', name > path ? (size_t)(name - path) - 1 : 0);
    int size = asprintf(&old_path, "%.*s%s", (int)(name - path), path, before);
    if (size > 0 && folder_end != NULL)
        journal = hs_slice_dup(hs_slice(path, (size_t)(folder_end - path)));
    HS_ASSERT(size > 0); /* out of memory ends the program, as in hs_alloc() */
    return old_sink != NULL && sink != NULL && journal != NULL && !exists(disk, old_path) &&
           !hs_journal_had_cursor(disk, journal, sink);
}

int hs_cursor_file_read(const struct hs_disk *disk, const char *path,
                        struct hs_cursor_marks *ret_marks)
{
    char name[NAME_SIZE];
    struct hs_buffer bytes;
    hs_buffer_init(&bytes, 4096);
    int code = hs_disk_read_own(disk, path, &bytes);
    if (code == 0)
        code = decode(path, hs_buffer_slice(&bytes), ret_marks, name);
    hs_buffer_free(&bytes);
    if (code == 0 && name[0] != '\0' && strcmp(name, name_in(path)) != 0 &&
        !is_renamed(disk, path, name))
        code = hs_fail(-EBADMSG, "%s is a copy of %s, and says nothing of this sink", path, name);
    return code;
}

int hs_cursor_read(const struct hs_disk *disk, const char *path, uint64_t *ret_position)
{
    struct hs_cursor_marks marks = {0};
    int code = hs_cursor_file_read(disk, path, &marks);
    if (code == 0)
        *ret_position = marks.position;
    return code;
}
