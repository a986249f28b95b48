/* Inspect names: what in a journal's folder would make a start fail, for `journal verify`: names
 * used by hookstream that are not regular files, and segments of another journal. */
#include "internal.h"

#include <fcntl.h>
#include <hookstream/buffer.h>
#include <hookstream/journal_inspect.h>
#include <stdio.h>

#define ROUTES_MAX (16u << 20)
#define MOVE_AWAY "move it away: hookstream does not start with it"

struct naming {
    const struct hs_disk *disk;
    const char *folder;   /* the one being listed */
    const char *identity; /* the journal's; "": unknown */
    hs_journal_finding_fn *finding;
    void *context;
    uint64_t damages;
};

static void tell(struct naming *naming, const char *path, const char *what, bool damage)
{
    naming->damages += damage;
    naming->finding(naming->context, &(struct hs_journal_finding){
                                         .damage = damage,
                                         .file = path,
                                         .first = 1,
                                         .what = what,
                                         .advice = damage ? MOVE_AWAY : "nothing",
                                     });
}

static bool ends_in(const char *name, const char *end)
{
    struct hs_slice text = hs_slice_text(name), tail = hs_slice_text(end);
    return text.size >= tail.size &&
           memcmp(name + text.size - tail.size, tail.data, tail.size) == 0;
}

/* Files that hookstream recreates: only a folder blocks such a name. */
static bool is_scratch(const char *name)
{
    static const char *const names[] = {"next", "preparing", "fresh", "spare"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return ends_in(name, ".new");
}

static void look_at_kind(struct naming *naming, const char *path, const char *name)
{
    int file = hs_disk_open(naming->disk, path, O_RDONLY);
    if (file >= 0)
        hs_disk_close(naming->disk, file);
    else if (is_scratch(name) && file != -EISDIR && hs_disk_is_wrong_kind(file))
        tell(naming, path, "not a regular file; the next start replaces it", false);
    else if (file != -ENOENT)
        tell(naming, path, hs_error_text(), true);
}

/* The walk checks its header. */
static void look_at_owner(struct naming *naming, const char *path)
{
    struct hs_segment_header header;
    uint64_t size;
    int file = hs_segment_open(naming->disk, path, O_RDONLY, &header, &size);
    if (file < 0)
        return;
    hs_disk_close(naming->disk, file);
    if (naming->identity[0] != '\0' && strcmp(header.identity, naming->identity) != 0)
        tell(naming, path, "a segment of another journal", true);
}

/* The saved routes decide which events a sink was meant to get. */
static void look_at_routes(struct naming *naming, const char *path)
{
    struct hs_buffer text;
    hs_buffer_init(&text, ROUTES_MAX);
    if (hs_disk_read_own(naming->disk, path, &text) == 0) {
        struct hs_config *config = hs_config_parse(path, hs_buffer_slice(&text), NULL, NULL);
        if (hs_config_root(config) == NULL || hs_config_findings(config)->errors > 0)
            tell(naming, path, "earlier routes that cannot be read", true);
        hs_config_free(config);
    }
    hs_buffer_free(&text);
}

static void on_name(void *arg, const char *name)
{
    struct naming *naming = arg;
    HS_AUTO_FREE char *path = NULL;
    uint64_t first;
    if (ends_in(name, ".cursor") || ends_in(name, ".hsi"))
        return; /* checked by those that read them */
    if (asprintf(&path, "%s/%s", naming->folder, name) < 0)
        return;
    if (hs_folder_segment_name(name, &first))
        look_at_owner(naming, path);
    else
        look_at_kind(naming, path, name);
    if (ends_in(naming->folder, "/routing") && !is_scratch(name))
        look_at_routes(naming, path);
}

int hs_inspect_names(const struct hs_disk *disk, const char *path, const char *identity,
                     hs_journal_finding_fn *finding, void *context, uint64_t *ret_damages)
{
    static const char *const folders[] = {"segments", "cursors", "ids", "routing"};
    static const char *const files[] = {"LOCK", "spare", "mark", "mark.new", "meta.new"};
    struct naming naming = {
        .disk = disk, .identity = identity, .finding = finding, .context = context};
    int code = 0;
    for (size_t i = 0; i < HS_ARRAY_SIZE(files); i++) {
        HS_AUTO_FREE char *file = NULL;
        if (asprintf(&file, "%s/%s", path, files[i]) < 0)
            return hs_fail(-ENOMEM, "no memory for a path");
        look_at_kind(&naming, file, files[i]);
    }
    for (size_t i = 0; code == 0 && i < HS_ARRAY_SIZE(folders); i++) {
        HS_AUTO_FREE char *folder = NULL;
        if (asprintf(&folder, "%s/%s", path, folders[i]) < 0)
            return hs_fail(-ENOMEM, "no memory for a path");
        naming.folder = folder;
        code = hs_disk_list(disk, folder, on_name, &naming);
        if (code == -ENOTDIR)
            tell(&naming, folder, "not a folder", true);
        code = code == -ENOENT || code == -ENOTDIR ? 0 : code;
    }
    *ret_damages = naming.damages;
    return code;
}
