/* Rehearse: see rehearse.h. */
#include "rehearse.h"

#include <hookstream/clock.h>
#include <hookstream/disk.h>
#include <stdlib.h>

#define ENVIRONMENT_MAX (1u << 20)

/* ---- Variables ---- */

static const char *look_up(void *context, const char *name)
{
    const struct hs_stage *stage = context;
    size_t size = strlen(name); /* strlen: a name in the configuration, ends in NUL */
    const char *at = stage->environment.data, *end = at + stage->environment.size;
    for (; at != NULL && at < end; at += strlen(at) + 1) /* strlen: every line ends in NUL */
        if (strncmp(at, name, size) == 0 && at[size] == '=')
            return at + size + 1;
    return getenv(name);
}

/* A port must be a number; any other value is text that only a broker would examine. */
static const char *stand_in(void *context, const char *name)
{
    struct hs_stage *stage = context;
    struct hs_slice text = hs_slice(name, strlen(name)); /* strlen: ends in NUL, as above */
    hs_buffer_append_text(&stage->absent, stage->absent.size ? ", " : "");
    hs_buffer_append_slice(&stage->absent, text);
    if (text.size >= 4 && strcmp(name + text.size - 4, "PORT") == 0)
        return "1";
    return hs_arena_printf(hs_config_arena(stage->config), "placeholder-for-%s", name);
}

static int read_environment(struct hs_stage *stage, const char *path)
{
    if (path == NULL)
        return 0;
    int code = hs_command_read(path, &stage->environment);
    hs_buffer_append_byte(&stage->environment, '\0');
    char *text = stage->environment.data;
    for (size_t i = 0; text != NULL && i < stage->environment.size; i++) {
        if (text[i] != '\n')
            continue;
        text[i] = '\0';
        if (i > 0 && text[i - 1] == '\r')
            text[i - 1] = '\0';
    }
    return code;
}

struct hs_config_lookup hs_stage_lookup(struct hs_stage *stage)
{
    return (struct hs_config_lookup){look_up, stand_in, stage};
}

/* ---- The configuration ---- */

int hs_stage_open(struct hs_stage *stage, const struct hs_command *command, const char *config,
                  const char *env_file)
{
    *stage = (struct hs_stage){0};
    hs_buffer_init(&stage->environment, ENVIRONMENT_MAX);
    hs_buffer_init(&stage->absent, ENVIRONMENT_MAX);
    stage->config = hs_config_parse("placeholders", HS_SLICE("{}"), NULL, NULL);
    if (read_environment(stage, env_file) < 0)
        return hs_command_fail(command, HS_EXIT_USAGE, "--env-file: %s", hs_error_text());
    struct hs_config_lookup lookup = hs_stage_lookup(stage);
    struct hs_config *read =
        hs_settings_load_offline(hs_config_path(config), &lookup, &stage->settings);
    hs_config_free(stage->config);
    stage->config = read;
    if (hs_config_findings(read)->errors == 0)
        stage->catalogues = hs_catalogues_load(read, &stage->settings.sources);
    if (hs_config_findings(read)->errors > 0) {
        struct hs_buffer text;
        hs_buffer_init(&text, 16u << 20);
        hs_config_show_findings(read, &text);
        hs_command_print(&text, stderr);
        hs_buffer_free(&text);
        return hs_command_fail(command, HS_EXIT_USAGE, "the configuration %s has errors",
                               hs_config_path(config));
    }
    if (hs_rehearsal_create(read, &stage->settings, &stage->rehearsal) < 0)
        return hs_command_fail(command, HS_EXIT_USAGE, "%s", hs_error_text());
    return 0;
}

void hs_stage_close(struct hs_stage *stage)
{
    hs_rehearsal_free(stage->rehearsal);
    hs_catalogues_free(stage->catalogues);
    hs_config_free(stage->config);
    hs_buffer_free(&stage->environment);
    hs_buffer_free(&stage->absent);
}

/* ---- The event ---- */

int hs_stage_source(const struct hs_stage *stage, const char *name, size_t *ret_index)
{
    const struct hs_children *sources = &stage->settings.sources;
    *ret_index = 0;
    for (size_t i = 0; name != NULL && i < sources->count; i++)
        if (strcmp(sources->names[i], name) == 0) {
            *ret_index = i;
            return 0;
        }
    return name == NULL ? 0 : hs_fail(-ENOENT, "the configuration has no source `%s`", name);
}

int hs_stage_sample(const struct hs_stage *stage, size_t source, const char *type, uint64_t seed,
                    uint64_t now_wall_ns, struct hs_buffer *ret_body)
{
    const struct hs_catalogue *catalogue = hs_catalogues_of(stage->catalogues, source);
    if (catalogue == NULL)
        return hs_fail(-ENOENT, "source `%s` has no catalogue to generate a sample of `%s` from",
                       stage->settings.sources.names[source], type);
    const struct hs_event_type *found;
    int code = hs_catalogue_find(catalogue, type, &found);
    if (code < 0)
        return code;
    char id[32];
    snprintf(id, sizeof(id), "whk_sample_%llu", (unsigned long long)seed);
    uint64_t random = hs_add_sat(seed, 1);
    hs_catalogue_sample(found, HS_SAMPLE_VARIED, hs_slice_text(id), now_wall_ns, &random, ret_body);
    return 0;
}
