/* Rehearse: shared by `explain` and `test`: reads a configuration although its secrets are not set,
 * and generates a sample event. Threads: the main one. */
#ifndef HS_CLI_REHEARSE_H
#define HS_CLI_REHEARSE_H

#include "command.h"

#include <hookstream/advice.h>
#include <hookstream/rehearsal.h>

struct hs_stage {
    struct hs_settings settings;
    struct hs_config *config;
    struct hs_rehearsal *rehearsal;
    struct hs_catalogues *catalogues; /* of the sources */
    struct hs_buffer environment;     /* NAME=value lines of --env-file, each NUL-terminated */
    struct hs_buffer absent;          /* names of variables with placeholders, separated by ", " */
};

/* Reads the configuration. Variables come from `env_file` (may be NULL), then the environment; an
 * unset one gets a placeholder and is listed in `absent`. 0, or the exit status after reporting the
 * errors. Call hs_stage_close() in any case. */
HS_MUST_CHECK int hs_stage_open(struct hs_stage *stage, const struct hs_command *command,
                                const char *config, const char *env_file);
void hs_stage_close(struct hs_stage *stage);
/* The stage's variable lookup, for other files beside the configuration. */
struct hs_config_lookup hs_stage_lookup(struct hs_stage *stage);

/* Index of the source of this name; NULL: the only one, or the first. -ENOENT and a message. */
HS_MUST_CHECK int hs_stage_source(const struct hs_stage *stage, const char *name,
                                  size_t *ret_index);
/* A sample event of the source's catalogue, the same for the same seed. -ENOENT and a message. */
HS_MUST_CHECK int hs_stage_sample(const struct hs_stage *stage, size_t source, const char *type,
                                  uint64_t seed, uint64_t now_wall_ns, struct hs_buffer *ret_body);

#endif
