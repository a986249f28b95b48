/* Load: reads a file's bytes into a config, and frees it. */
#include "internal.h"

#include <hookstream/disk.h>
#include <hookstream/hash.h>
#include <hookstream/text.h>
#include <stdio.h>
#include <stdlib.h>

static struct hs_config *create(const char *name, hs_config_env_fn *env, void *env_context)
{
    struct hs_config *config = hs_alloc(sizeof(*config));
    config->arena = hs_arena_create();
    config->file = hs_arena_dup(config->arena, hs_slice_text(name));
    config->env = env;
    config->env_context = env_context;
    return config;
}

static void parse(struct hs_config *config, struct hs_slice text)
{
    snprintf(config->hash, sizeof(config->hash), "%016llx", (unsigned long long)hs_hash64(text, 0));
    if (hs_text_is_utf16(text)) {
        hs_config_error(config, HS_FINDING_FILE_BYTES, NULL,
                        "the file is UTF-16: save it as UTF-8");
        return;
    }
    text = hs_text_without_mark(text);
    hs_config_keep_source(config, text);
    config->root = hs_config_read_yaml(config, text);
}

struct hs_config *hs_config_parse(const char *name, struct hs_slice text, hs_config_env_fn *env,
                                  void *env_context)
{
    struct hs_config *config = create(name, env, env_context);
    if (text.size > HS_CONFIG_FILE_MAX)
        hs_config_error(config, HS_FINDING_FILE_LIMIT, NULL, "the file is larger than %u bytes",
                        HS_CONFIG_FILE_MAX);
    else
        parse(config, text);
    return config;
}

struct hs_config *hs_config_load(const char *path, hs_config_env_fn *env, void *env_context)
{
    return hs_config_load_with(path, &(struct hs_config_lookup){env, NULL, env_context});
}

struct hs_config *hs_config_load_with(const char *path, const struct hs_config_lookup *lookup)
{
    struct hs_config *config = create(path, lookup->env, lookup->context);
    config->absent = lookup->absent;
    struct hs_buffer text;
    hs_buffer_init(&text, HS_CONFIG_FILE_MAX);
    if (hs_disk_read_all(hs_disk_system(), path, &text) < 0)
        hs_config_error(config, HS_FINDING_FILE_UNREADABLE, NULL, "%s", hs_error_text());
    else
        parse(config, hs_buffer_slice(&text));
    hs_buffer_free(&text);
    return config;
}

void hs_config_free(struct hs_config *config)
{
    if (config == NULL)
        return;
    hs_arena_free(config->arena);
    free(config->findings.items);
    free(config->lines);
    free(config);
}

const struct hs_node *hs_config_root(const struct hs_config *config)
{
    return config->root;
}

const char *hs_config_file(const struct hs_config *config)
{
    return config->file;
}

struct hs_arena *hs_config_arena(struct hs_config *config)
{
    return config->arena;
}

void hs_config_set_scope(struct hs_config *config, const char *word)
{
    config->scope = word;
}

const char *hs_config_scope(const struct hs_config *config)
{
    return config->scope;
}

void hs_config_allow_weak_secrets(struct hs_config *config)
{
    config->weak_allowed = true;
}

const char *hs_config_hash(const struct hs_config *config)
{
    return config->hash;
}

const struct hs_node *hs_node_get(const struct hs_node *map, const char *key)
{
    if (map == NULL || map->kind != HS_NODE_MAP)
        return NULL;
    struct hs_slice wanted = hs_slice_text(key);
    for (size_t i = 0; i < map->count; i++)
        if (hs_slice_equal(map->keys[i]->text, wanted))
            return map->items[i];
    return NULL;
}
