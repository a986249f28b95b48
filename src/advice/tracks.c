/* Tracks: where personal data and credentials are after each transformation, and which of them are
 * sent unchanged. An item under a `when` counts as applied: the `when` is trusted. */
#include "look.h"

static void add_track(struct hs_look *look, const struct hs_catalogue_field *field,
                      const char *path)
{
    for (size_t i = 0; i < look->track_count; i++)
        if (strcmp(look->tracks[i].path, path) == 0)
            return;
    if (look->track_count < HS_LOOK_PATHS_MAX)
        look->tracks[look->track_count++] = (struct hs_track){field, path, false, false};
}

void hs_tracks_begin(struct hs_look *look)
{
    for (size_t i = 0; i < look->matched_count; i++) {
        const struct hs_event_type *type = look->matched[i].type;
        for (size_t k = 0; k < type->field_count; k++)
            if (type->fields[k].personal || type->fields[k].credential)
                add_track(look, &type->fields[k], type->fields[k].path);
    }
}

static const char *last_name(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL ? dot + 1 : path;
}

/* Once names and positions have changed, an equal name is taken for the same field. */
static bool reaches(const struct hs_look *look, const struct hs_track *track, const char *path)
{
    return hs_path_is_below(track->path, path) ||
           (look->blurred && strcmp(last_name(track->path), last_name(path)) == 0);
}

static void hide(struct hs_look *look, const char *path)
{
    for (size_t i = 0; i < look->track_count; i++)
        look->tracks[i].hidden = look->tracks[i].hidden || reaches(look, &look->tracks[i], path);
}

static void keep_only(struct hs_look *look, const struct hs_use *uses, size_t count)
{
    for (size_t i = 0; i < look->track_count; i++) {
        struct hs_track *track = &look->tracks[i];
        bool kept = false;
        for (size_t k = 0; k < count; k++)
            kept = kept || (uses[k].kind == HS_USE_KEEP &&
                            reaches(look, track, hs_look_path(look, uses[k].path)));
        track->hidden = track->hidden || !kept;
    }
}

/* `rename` and `copy`: values at or below `from` are now also at `to`. */
static void carry(struct hs_look *look, const char *from, const char *to, bool stays)
{
    size_t before = look->track_count, size = hs_slice_text(from).size;
    for (size_t i = 0; i < before; i++) {
        struct hs_track *track = &look->tracks[i];
        if (track->hidden || !hs_path_is_below(track->path, from))
            continue;
        const char *path =
            hs_arena_printf(hs_config_arena(look->config), "%s%s", to, track->path + size);
        if (stays)
            add_track(look, track->field, path);
        else
            track->path = path;
    }
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

void hs_tracks_follow(struct hs_look *look, const struct hs_transform_item *item,
                      const struct hs_use *uses, size_t count)
{
    static const char *const hiding[] = {"remove", "redact", "mask", "hash"};
    static const char *const moving[] = {"rename", "copy"};
    if (strcmp(item->operation, "keep") == 0 && item->each == NULL)
        keep_only(look, uses, count);
    bool hides = is_one_of(item->operation, hiding, HS_ARRAY_SIZE(hiding));
    bool moves = is_one_of(item->operation, moving, HS_ARRAY_SIZE(moving));
    for (size_t i = 0; i < count; i++) {
        const char *path = hs_look_path(look, uses[i].path);
        if (hides && uses[i].kind == HS_USE_EDIT)
            hide(look, path);
        if (strcmp(item->operation, "set") == 0 && uses[i].kind == HS_USE_WRITE)
            hide(look, path);
        if (moves && i + 1 < count && uses[i].kind != HS_USE_WRITE &&
            uses[i + 1].kind == HS_USE_WRITE)
            carry(look, path, hs_look_path(look, uses[i + 1].path),
                  strcmp(item->operation, "copy") == 0);
    }
    if (strcmp(item->operation, "jq") == 0) /* a program, which may do anything */
        look->track_count = 0;
}

static enum hs_finding_code code_of(const struct hs_track *track)
{
    return track->field->credential ? HS_FINDING_CREDENTIAL_GOES_OUT : HS_FINDING_PERSONAL_GOES_OUT;
}

void hs_tracks_give(struct hs_look *look)
{
    for (size_t i = 0; i < look->track_count; i++) {
        struct hs_track *track = &look->tracks[i];
        if (!track->hidden && !hs_look_accepts(look, code_of(track), track->path))
            track->out = true;
    }
}

void hs_tracks_tell(struct hs_look *look, size_t first)
{
    for (size_t i = first; i < look->track_count; i++) {
        const struct hs_track *track = &look->tracks[i];
        if (!track->out)
            continue;
        bool credential = track->field->credential;
        hs_look_warn(look, code_of(track), look->route->node, track->path,
                     "%s `%s` is sent unchanged: `%s: [%s]` %s",
                     credential ? "the credential" : "the personal", track->path,
                     credential ? "remove" : "mask", track->path,
                     credential ? "removes it" : "hides it");
    }
}
