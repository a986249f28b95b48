/* Catalogues: the catalogue of each source, read once. */
#include <hookstream/advice.h>
#include <hookstream/source.h>
#include <stdlib.h>

struct entry {
    struct hs_config *file; /* or NULL */
    const struct hs_catalogue *catalogue;
};

struct hs_catalogues {
    struct entry *entries; /* one per source */
    size_t count;
};

/* Paths are relative to the configuration's folder. */
static const char *resolve(struct hs_config *config, const char *path)
{
    const char *file = hs_config_file(config), *slash = strrchr(file, '/');
    if (path[0] == '/' || slash == NULL)
        return path;
    return hs_arena_printf(hs_config_arena(config), "%.*s%s", (int)(slash + 1 - file), file, path);
}

static void load_file(struct hs_config *config, const struct hs_node *node, const char *path,
                      struct entry *entry)
{
    const struct hs_catalogue *catalogue;
    entry->file = hs_catalogue_load(resolve(config, path), &catalogue);
    const struct hs_findings *findings = hs_config_findings(entry->file);
    if (findings->errors == 0) {
        entry->catalogue = catalogue;
        return;
    }
    const struct hs_finding *first = findings->items;
    while (first->severity != HS_FINDING_ERROR)
        first++;
    hs_config_error(config, HS_FINDING_SOURCE_CATALOGUE, node,
                    "this catalogue has errors: %s:%u:%u: %s", first->file, first->line,
                    first->column, first->message);
}

struct hs_catalogues *hs_catalogues_load(struct hs_config *config,
                                         const struct hs_children *sources)
{
    struct hs_catalogues *catalogues = hs_alloc(sizeof(*catalogues));
    catalogues->entries = hs_alloc_array(sources->count + 1, sizeof(*catalogues->entries));
    catalogues->count = sources->count;
    for (size_t i = 0; i < sources->count; i++) {
        const struct hs_source_options *source = hs_children_at(sources, i);
        if (source->catalogue == NULL)
            catalogues->entries[i].catalogue =
                hs_catalogue_built_in(hs_source_scheme(&source->verify)->catalogue);
        else if (strcmp(source->catalogue, "none") != 0)
            load_file(config, hs_node_get(sources->nodes[i], "catalogue"), source->catalogue,
                      &catalogues->entries[i]);
    }
    return catalogues;
}

void hs_catalogues_free(struct hs_catalogues *catalogues)
{
    if (catalogues == NULL)
        return;
    for (size_t i = 0; i < catalogues->count; i++)
        hs_config_free(catalogues->entries[i].file);
    free(catalogues->entries);
    free(catalogues);
}

const struct hs_catalogue *hs_catalogues_of(const struct hs_catalogues *catalogues, size_t source)
{
    HS_ASSERT(source < catalogues->count);
    return catalogues->entries[source].catalogue;
}
