/* Settings folders: the folders in which the parts keep their files, and whether one would write
 * into another's. Compares real locations: existing folders by device and inode, the rest by
 * name. */
#include "settings_folders.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4096u
#define FOLDERS_MAX (HS_SINKS_MAX + 1u) /* the sinks' and the journal's */

struct folder {
    const char *part; /* "the journal", "sink `files`" */
    const char *path;
    const struct hs_node *node;
    bool is_journal;
    char *real;
};

/* ---- The real path ---- */

/* Adds the components of `rest`, which may not exist yet; `..` removes one. */
static void add_components(char *path, size_t size, const char *rest)
{
    while (*rest != '\0') {
        size_t length = strcspn(rest, "/");
        char *last = strrchr(path, '/');
        if (length == 2 && rest[0] == '.' && rest[1] == '.') {
            if (last != NULL)
                *(last == path ? last + 1 : last) = '\0';
        } else if (length > 0 && !(length == 1 && rest[0] == '.')) {
            size_t used = strlen(path); /* strlen: the program's own text */
            const char *slash = used > 0 && path[used - 1] == '/' ? "" : "/";
            snprintf(path + used, size - used, "%s%.*s", slash, (int)length, rest);
        }
        rest += length;
        rest += *rest == '/';
    }
}

/* The path without links, `.` and `..`: as realpath(3), but also for a folder that does not exist
 * yet. The caller frees it. NULL: unknown. */
static char *real_path(const char *path)
{
    char whole[PATH_BYTES_MAX], real[PATH_BYTES_MAX], *begin;
    if (path[0] == '/')
        snprintf(whole, sizeof(whole), "%s", path);
    else if (getcwd(real, sizeof(real)) == NULL ||
             (size_t)snprintf(whole, sizeof(whole), "%s/%s", real, path) >= sizeof(whole))
        return NULL;
    /* The longest existing prefix. */
    for (size_t end = strlen(whole);;) { /* strlen: the program's own text */
        char cut = whole[end];
        whole[end] = '\0';
        begin = realpath(end > 0 ? whole : "/", real);
        whole[end] = cut;
        if (begin != NULL || end == 0) {
            if (begin == NULL)
                return NULL;
            add_components(real, sizeof(real), whole + end);
            return hs_strdup(real);
        }
        while (end > 0 && whole[--end] != '/')
            ;
    }
}

/* ---- Overlapping folders ---- */

static bool are_one(const char *a, const char *b)
{
    struct stat one, other;
    if (strcmp(a, b) == 0) /* strcmp: the program's own texts */
        return true;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

/* Whether `inner` is below `outer`. */
static bool is_below(const char *inner, const char *outer)
{
    HS_AUTO_FREE char *above = hs_strdup(inner);
    for (char *slash; (slash = strrchr(above, '/')) != NULL && slash > above;) {
        *slash = '\0';
        if (are_one(above, outer))
            return true;
    }
    return strcmp(outer, "/") == 0; /* strcmp: the program's own text */
}

/* A sink's folder may be inside another's: file names have no slash. No folder may be inside the
 * journal's, or contain it. */
static void check_pair(struct hs_config *config, const struct folder *a, const struct folder *b)
{
    if (a->real == NULL || b->real == NULL)
        return;
    bool journal = a->is_journal || b->is_journal;
    if (are_one(a->real, b->real))
        hs_config_error(config, HS_FINDING_FOLDERS_OVERLAP, b->node,
                        "%s and %s would write into the same folder, %s: give each its own",
                        a->part, b->part, a->real);
    else if (journal && is_below(b->real, a->real))
        hs_config_error(config, HS_FINDING_FOLDERS_OVERLAP, b->node,
                        "the folder of %s, %s, is inside that of %s, %s: give each its own",
                        b->part, b->real, a->part, a->real);
    else if (journal && is_below(a->real, b->real))
        hs_config_error(config, HS_FINDING_FOLDERS_OVERLAP, b->node,
                        "the folder of %s, %s, is inside that of %s, %s: give each its own",
                        a->part, a->real, b->part, b->real);
}

/* ---- The whole ---- */

static const struct hs_node *path_node(const struct hs_node *table)
{
    const struct hs_node *path = table != NULL ? hs_node_get(table, "path") : NULL;
    return path != NULL ? path : table;
}

void hs_settings_check_folders(struct hs_config *config, const struct hs_settings *settings)
{
    struct folder folders[FOLDERS_MAX];
    char names[FOLDERS_MAX][80];
    size_t count = 0;
    const struct hs_journal_options *journal = &settings->journal;
    if (journal->store == HS_STORE_DISK && journal->path != NULL && journal->path[0] != '\0')
        folders[count++] =
            (struct folder){"the journal", journal->path,
                            path_node(hs_node_get(hs_config_root(config), "journal")), true, NULL};
    for (size_t i = 0; i < settings->sinks.count && i < HS_SINKS_MAX; i++) {
        const struct hs_sink_options *sink = hs_children_at(&settings->sinks, i);
        const struct hs_sink_kind *kind = hs_sink_kind(sink);
        const char *path = kind->folder != NULL ? kind->folder(sink) : NULL;
        if (path == NULL || path[0] == '\0')
            continue;
        snprintf(names[count], sizeof(names[count]), "sink `%.60s`", settings->sinks.names[i]);
        folders[count] = (struct folder){names[count], path, path_node(sink->node), false, NULL};
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        folders[i].real = real_path(folders[i].path);
        for (size_t k = 0; k < i; k++)
            check_pair(config, &folders[k], &folders[i]);
    }
    for (size_t i = 0; i < count; i++)
        free(folders[i].real);
}
