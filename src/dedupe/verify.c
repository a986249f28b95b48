/* Verify: checks the id files of a journal without opening it, for `journal verify`. Files may
 * appear and disappear meanwhile. */
#include "internal.h"

#include <stdio.h>

struct verifying {
    struct hs_id_place place;
    const char *folder;
    hs_journal_finding_fn *finding;
    void *context;
    uint64_t files, damages;
    int code; /* the first error of the disk */
};

static void on_name(void *arg, const char *name)
{
    struct verifying *verifying = arg;
    HS_AUTO_FREE char *path = NULL;
    uint64_t first, last, offset;
    if (!hs_id_file_name(name, &first, &last) ||
        asprintf(&path, "%s/%s", verifying->folder, name) < 0)
        return;
    int code = hs_id_file_check(&verifying->place, path, first, last, NULL, NULL, &offset);
    verifying->files += code != -ENOENT;
    if (code == -EBADMSG) {
        verifying->damages++;
        verifying->finding(
            verifying->context,
            &(struct hs_journal_finding){
                .damage = true,
                .file = path,
                .offset = offset,
                .first = first,
                .last = last,
                .what = "damaged file of ids: retries of some of these events might not be "
                        "recognised",
                .advice = "nothing if the segment of these events still exists: the next start "
                          "rebuilds the file; otherwise restore it from a backup",
            });
    } else if (hs_disk_is_wrong_kind(code)) {
        verifying->damages++;
        verifying->finding(verifying->context,
                           &(struct hs_journal_finding){
                               .damage = true,
                               .file = path,
                               .first = 1,
                               .what = hs_error_text(),
                               .advice = "move it away: hookstream does not start with it",
                           });
    } else if (code < 0 && code != -ENOENT && verifying->code == 0) {
        verifying->code = code;
    }
}

int hs_dedupe_verify(const struct hs_disk *disk, const char *path, hs_journal_finding_fn *finding,
                     void *context, uint64_t *ret_files, uint64_t *ret_damages)
{
    HS_AUTO_FREE char *folder = NULL;
    uint64_t key;
    *ret_files = *ret_damages = 0;
    /* Without its key no id file can be read; hs_journal_verify() reports a damaged meta. */
    int code = hs_journal_read_hash_key(disk, path, &key);
    if (code == -EBADMSG || code == -ENOENT)
        return 0;
    if (code < 0)
        return code;
    struct verifying verifying = {
        .place = {disk, key},
        .finding = finding,
        .context = context,
    };
    if (asprintf(&folder, "%s/ids", path) < 0)
        return hs_fail(-ENOMEM, "no memory for a path");
    verifying.folder = folder;
    code = hs_disk_list(disk, folder, on_name, &verifying);
    if (code < 0)
        return code == -ENOENT ? 0 : code;
    *ret_files = verifying.files;
    *ret_damages = verifying.damages;
    return verifying.code;
}
