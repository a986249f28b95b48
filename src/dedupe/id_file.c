/* Id file: the ids of one finished segment, so that a start need not read the segment, and the
 * window may outlive it. <first>-<last>.hsi, the two sequences in 20 digits:
 *
 *   offset size
 *        0    8  "HSIDS\0\0\1"
 *        8    8  first sequence of the segment
 *       16    8  last
 *       24    8  number of ids
 *       32    8  received time of the newest, ns since 1970
 *       40    8  the journal's hash key: hashes of another key mean nothing
 *       48    8  XXH3-64 of the 48 bytes before
 *       56       blocks of 16 + 3200 * 20 bytes; the last one ends with the file
 *
 *   block 0  4  number of its ids, 3200 except in the last
 *         4  4  zeros
 *         8  8  XXH3-64 of its ids, with the hash key plus the block's offset as seed
 *        16 20  each: hash (low, high), hour since 1970 (4 bytes)
 *
 * All little-endian. Each block has its own checksum, so that damage costs one block, and reading
 * or writing one takes no more memory than a block. */
#include "internal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#define HEADER_SIZE 56u
#define BLOCK_HEADER 16u
#define ENTRY_SIZE 20u
#define BLOCK_ENTRIES 3200u
#define BLOCK_SIZE (BLOCK_HEADER + BLOCK_ENTRIES * ENTRY_SIZE)

static const char magic[8] = {'H', 'S', 'I', 'D', 'S', 0, 0, 1};

/* ---- Names ---- */

char *hs_id_file_path(const struct hs_dedupe *dedupe, uint64_t first, uint64_t last)
{
    char *path = NULL;
    int size = asprintf(&path, "%s/%020" PRIu64 "-%020" PRIu64 ".hsi", dedupe->folder, first, last);
    HS_ASSERT(size > 0);
    return path;
}

bool hs_id_file_name(const char *name, uint64_t *ret_first, uint64_t *ret_last)
{
    struct hs_slice text = hs_slice_text(name); /* a directory entry ends in NUL */
    return text.size == 45 && name[20] == '-' && memcmp(name + 41, ".hsi", 4) == 0 &&
           hs_slice_to_u64(hs_slice(name, 20), UINT64_MAX, ret_first) == 0 &&
           hs_slice_to_u64(hs_slice(name + 21, 20), UINT64_MAX, ret_last) == 0;
}

/* ---- Reading the journal ---- */

int hs_ids_of_journal(const struct hs_dedupe *dedupe, uint64_t first, uint64_t last,
                      hs_each_id_fn *each, hs_each_hole_fn *hole, void *context,
                      uint64_t *ret_newest_wall_ns)
{
    struct hs_reader *reader;
    int code = hs_reader_open(dedupe->journal, first, &reader);
    if (code < 0)
        return code;
    hs_reader_look_only(reader);
    uint64_t newest = 0, sequence = 0;
    while (sequence < last) {
        struct hs_event event;
        code = hs_reader_next(reader, &event);
        if (code == -EBADMSG) { /* counted and logged by the reader */
            struct hs_reader_loss loss = hs_reader_loss(reader);
            if (hole != NULL && loss.first <= last)
                hole(context, loss);
            if (loss.last >= last) /* the next loss concerns other events */
                break;
            continue;
        }
        if (code <= 0 || event.sequence > last)
            break;
        sequence = event.sequence;
        newest = event.received_wall_ns > newest ? event.received_wall_ns : newest;
        if (event.id.size > 0) /* also of events that are not envelopes */
            each(context, hs_id_hash(dedupe, event.source, event.id), event.received_wall_ns);
    }
    hs_reader_close(reader);
    *ret_newest_wall_ns = newest;
    return code < 0 && code != -EBADMSG ? code : 0;
}

/* ---- Writing ---- */

struct writing {
    const struct hs_disk *disk;
    int file;
    uint64_t key, place, count;
    uint32_t entries; /* in the current block */
    char *block;
    int code; /* the first error */
};

static void write_block(struct writing *writing)
{
    size_t size = writing->entries * ENTRY_SIZE;
    if (writing->entries == 0 || writing->code < 0)
        return;
    hs_put32(writing->block, writing->entries);
    hs_put32(writing->block + 4, 0);
    hs_put64(writing->block + 8, hs_hash64(hs_slice(writing->block + BLOCK_HEADER, size),
                                           writing->key + writing->place));
    writing->code = hs_disk_write(writing->disk, writing->file,
                                  hs_slice(writing->block, BLOCK_HEADER + size), writing->place);
    writing->place += BLOCK_HEADER + size;
    writing->entries = 0;
}

static void write_id(void *context, struct hs_hash128 hash, uint64_t wall_ns)
{
    struct writing *writing = context;
    char *at = writing->block + BLOCK_HEADER + writing->entries * ENTRY_SIZE;
    hs_put64(at, hash.low);
    hs_put64(at + 8, hash.high);
    hs_put32(at + 16, hs_hour_of(wall_ns));
    writing->count++;
    if (++writing->entries == BLOCK_ENTRIES)
        write_block(writing);
}

static int write_header(struct writing *writing, const struct hs_id_file *header)
{
    char bytes[HEADER_SIZE];
    memcpy(bytes, magic, sizeof(magic));
    hs_put64(bytes + 8, header->first);
    hs_put64(bytes + 16, header->last);
    hs_put64(bytes + 24, header->count);
    hs_put64(bytes + 32, header->newest_wall_ns);
    hs_put64(bytes + 40, writing->key);
    hs_put64(bytes + 48, hs_hash64(hs_slice(bytes, 48), 0));
    return hs_disk_write(writing->disk, writing->file, hs_slice(bytes, sizeof(bytes)), 0);
}

static int fill(struct hs_dedupe *dedupe, int file, uint64_t first, uint64_t last)
{
    HS_AUTO_FREE char *block = hs_alloc(BLOCK_SIZE);
    struct writing writing = {
        .disk = hs_journal_disk(dedupe->journal),
        .file = file,
        .key = dedupe->key,
        .place = HEADER_SIZE,
        .block = block,
    };
    struct hs_id_file header = {.first = first, .last = last};
    int code =
        hs_ids_of_journal(dedupe, first, last, write_id, NULL, &writing, &header.newest_wall_ns);
    write_block(&writing);
    header.count = writing.count;
    code = code < 0 ? code : writing.code;
    if (code == 0)
        code = write_header(&writing, &header);
    return code == 0 ? hs_disk_sync(writing.disk, file) : code;
}

int hs_id_file_write(struct hs_dedupe *dedupe, uint64_t first, uint64_t last)
{
    const struct hs_disk *disk = hs_journal_disk(dedupe->journal);
    HS_AUTO_FREE char *path = hs_id_file_path(dedupe, first, last);
    HS_AUTO_FREE char *fresh = NULL;
    if (asprintf(&fresh, "%s.new", path) < 0)
        return hs_fail(-ENOMEM, "no memory for a path");
    int file = hs_disk_create(disk, fresh);
    if (file < 0)
        return file;
    int code = fill(dedupe, file, first, last);
    hs_disk_close(disk, file);
    if (code == 0 && disk->rename(disk->context, fresh, path) < 0)
        code = hs_fail_errno(errno, "cannot rename %s", fresh);
    if (code < 0) {
        (void)disk->unlink(disk->context, fresh); /* it takes space on a disk that may be full */
        return code;
    }
    code = hs_disk_sync_directory(disk, dedupe->folder);
    /* If the next try found it there, it would count as safe. */
    if (code < 0)
        (void)disk->unlink(disk->context, path);
    return code;
}

/* ---- Reading ---- */

/* Reads the header of an open file; -EBADMSG: damaged, or of another journal. */
static int read_header(const struct hs_id_place *place, int file, struct hs_id_file *ret_file)
{
    char bytes[HEADER_SIZE];
    ssize_t got = hs_disk_read(place->disk, file, bytes, sizeof(bytes), 0);
    if (got < 0)
        return (int)got;
    if ((size_t)got < sizeof(bytes) || memcmp(bytes, magic, sizeof(magic)) != 0 ||
        hs_get64(bytes + 48) != hs_hash64(hs_slice(bytes, 48), 0) ||
        hs_get64(bytes + 40) != place->key)
        return hs_fail(-EBADMSG, "the header of a file of ids is damaged");
    *ret_file = (struct hs_id_file){
        .first = hs_get64(bytes + 8),
        .last = hs_get64(bytes + 16),
        .count = hs_get64(bytes + 24),
        .newest_wall_ns = hs_get64(bytes + 32),
    };
    return 0;
}

static struct hs_id_place place_of(const struct hs_dedupe *dedupe)
{
    return (struct hs_id_place){hs_journal_disk(dedupe->journal), dedupe->key};
}

int hs_id_file_look(const struct hs_dedupe *dedupe, uint64_t first, uint64_t last,
                    struct hs_id_file *ret_file)
{
    HS_AUTO_FREE char *path = hs_id_file_path(dedupe, first, last);
    const struct hs_id_place place = place_of(dedupe);
    int file = hs_disk_open(place.disk, path, O_RDONLY);
    if (file < 0)
        return file;
    int code = read_header(&place, file, ret_file);
    hs_disk_close(place.disk, file);
    if (code == 0 && (ret_file->first != first || ret_file->last != last))
        return hs_fail(-EBADMSG, "a file of ids has the name of another one");
    return code;
}

/* The number of ids in a block of `size` bytes at `place`; 0: damaged. */
static uint32_t check_block(const struct hs_id_place *place, const char *block, size_t size,
                            uint64_t offset)
{
    uint32_t entries = size >= BLOCK_HEADER ? hs_get32(block) : 0;
    if (entries == 0 || entries > BLOCK_ENTRIES || size < BLOCK_HEADER + entries * ENTRY_SIZE)
        return 0;
    struct hs_slice ids = hs_slice(block + BLOCK_HEADER, entries * ENTRY_SIZE);
    return hs_get64(block + 8) == hs_hash64(ids, place->key + offset) ? entries : 0;
}

static void give_block(const char *block, uint32_t entries, hs_each_id_fn *each, void *context)
{
    for (uint32_t i = 0; i < entries; i++) {
        const char *at = block + BLOCK_HEADER + i * ENTRY_SIZE;
        each(context, (struct hs_hash128){hs_get64(at), hs_get64(at + 8)},
             hs_get32(at + 16) * HS_NS_PER_HOUR);
    }
}

/* Reads all intact blocks; returns the number of their ids and the position of the first damaged
 * one. */
static int read_blocks(const struct hs_id_place *place, int file, hs_each_id_fn *each,
                       void *context, uint64_t *ret_count, uint64_t *ret_damage)
{
    HS_AUTO_FREE char *block = hs_alloc(BLOCK_SIZE);
    *ret_count = *ret_damage = 0;
    for (uint64_t offset = HEADER_SIZE;; offset += BLOCK_SIZE) {
        ssize_t got = hs_disk_read(place->disk, file, block, BLOCK_SIZE, offset);
        if (got <= 0)
            return (int)got;
        uint32_t entries = check_block(place, block, (size_t)got, offset);
        if (each != NULL)
            give_block(block, entries, each, context);
        if (entries == 0 && *ret_damage == 0)
            *ret_damage = offset;
        *ret_count += entries;
    }
}

int hs_id_file_check(const struct hs_id_place *place, const char *path, uint64_t first,
                     uint64_t last, hs_each_id_fn *each, void *context, uint64_t *ret_damage)
{
    int file = hs_disk_open(place->disk, path, O_RDONLY);
    if (file < 0)
        return file;
    struct hs_id_file header = {.count = UINT64_MAX};
    uint64_t count = 0, damage = 0;
    int code = read_header(place, file, &header);
    bool bad = code == -EBADMSG;
    if (code == 0 || bad)
        code = read_blocks(place, file, each, context, &count, &damage);
    hs_disk_close(place->disk, file);
    if (code < 0)
        return code;
    bad = bad || header.first != first || header.last != last;
    *ret_damage = bad ? 0 : damage;
    return bad || count != header.count ? hs_fail(-EBADMSG, "%s is damaged", path) : 0;
}

int hs_id_file_read(const struct hs_dedupe *dedupe, uint64_t first, uint64_t last,
                    hs_each_id_fn *each, void *context)
{
    HS_AUTO_FREE char *path = hs_id_file_path(dedupe, first, last);
    const struct hs_id_place place = place_of(dedupe);
    uint64_t damage;
    return hs_id_file_check(&place, path, first, last, each, context, &damage);
}
