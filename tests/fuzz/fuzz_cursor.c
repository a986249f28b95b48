/* Fuzzes cursor files, as they are and with a right checksum: a position is taken or refused, and
 * the name inside is read no further than its field. */
#include "fuzz.h"

#include "journal/internal.h"
#include <hookstream/hash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = malloc(size + 1);
    if (size > 0)
        memcpy(bytes, data, size);
    struct hs_slice file = hs_slice(bytes, size);
    struct hs_disk disk = one_file(&file);
    for (int sealed = 0; sealed < 2 && size >= 8; sealed++) {
        struct hs_cursor_marks marks = {0};
        int code = hs_cursor_file_read(&disk, "/j/cursors/kafka.cursor", &marks);
        require(code == 0 || code == -EBADMSG || code == -EPROTO || code == -EFBIG);
        hs_put64(bytes + size - 8, hs_hash64(hs_slice(bytes, size - 8), 0));
    }
    free(bytes);
    return 0;
}
