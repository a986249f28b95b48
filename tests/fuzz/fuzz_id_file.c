/* Fuzzes id files: no more ids are given than the file has room for, and a file that is called good
 * has no damage. The first byte says which range the name has. */
#include "fuzz.h"

#include "dedupe/internal.h"

#define ENTRY_LEAST 20u

static void count_id(void *context, struct hs_hash128 hash, uint64_t wall_ns)
{
    (*(size_t *)context)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct hs_slice file = hs_slice(data + 1, size - 1);
    struct hs_disk disk = one_file(&file);
    const struct hs_id_place place = {.disk = &disk, .key = 7};
    size_t count = 0;
    uint64_t damage = UINT64_MAX;
    int code = hs_id_file_check(&place, "/j/ids/x.hsi", 1, data[0], count_id, &count, &damage);
    require(count * ENTRY_LEAST <= size);
    require(code != -EBADMSG || damage <= size);
    uint64_t first, last;
    char *name = hs_slice_dup(file);
    if (hs_id_file_name(name, &first, &last))
        require(strlen(name) == 45 && first <= last);
    free(name);
    return 0;
}
