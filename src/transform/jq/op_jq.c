/* jq: a program for edits that no other operation offers. It runs in a process of its own. */
#include "jq_keep.h"
#include "jq_process.h"
#include "operation.h"
#include "words.h"

#include <hookstream/clock.h>
#include <stdlib.h>

#define PROGRAM_MAX (64u << 10)

struct jq_options {
    const char *program, *field;
    uint64_t timeout_ns, memory;
};

static const struct hs_option jq_rows[] = {
    {.name = "program",
     .kind = HS_OPTION_STRING,
     .program = true,
     .offset = offsetof(struct jq_options, program),
     .required = true,
     .help = "The program in jq's language.",
     .example = "\".data.total = (.data.items | length)\""},
    {.name = "field",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct jq_options, field),
     .help = "Path of what the program is given and its result replaces. The whole event when it "
             "is left out.",
     .example = "data.items"},
    {.name = "timeout",
     .kind = HS_OPTION_DURATION,
     .offset = offsetof(struct jq_options, timeout_ns),
     .fallback = "1s",
     .least = 10 * HS_NS_PER_MS,
     .most = 60 * HS_NS_PER_SECOND,
     .help = "CPU time that one event may take."},
    {.name = "memory",
     .kind = HS_OPTION_SIZE,
     .offset = offsetof(struct jq_options, memory),
     .fallback = "64MiB",
     .least = 4u << 20,
     .most = 1u << 30,
     .help = "Memory that one event may take."},
};

static const struct hs_options jq_table = {.name = "transform.jq",
                                           .title = "jq",
                                           .options = jq_rows,
                                           .option_count = HS_ARRAY_SIZE(jq_rows),
                                           .struct_size = sizeof(struct jq_options),
                                           .node_offset = SIZE_MAX};

struct jq {
    struct hs_jq_process *process;
    struct hs_jq_keep *keep;
    struct hs_json_path path; /* without steps: the whole event */
};

struct running {
    const struct jq *jq;
    struct hs_work *work;
};

static bool compile_program(struct hs_config *config, const struct hs_node *node, struct jq *jq,
                            const struct jq_options *bound)
{
    struct hs_slice program = hs_slice_text(bound->program);
    const struct hs_jq_limits limits = {bound->timeout_ns, bound->memory};
    if (program.size > PROGRAM_MAX) {
        hs_config_error(config, HS_FINDING_JQ_PROGRAM, node, "a program has at most %u bytes",
                        PROGRAM_MAX);
        return false;
    }
    jq->process = hs_jq_process_create(program, &limits);
    if (hs_jq_process_check(jq->process) == 0)
        return true;
    hs_config_error(config, HS_FINDING_JQ_PROGRAM, node, "jq cannot read this program%s%s",
                    node->secret ? "" : ": ", node->secret ? "" : hs_error_text());
    return false;
}

static bool compile_jq(struct hs_config *config, const struct hs_node *node,
                       struct hs_operation *operation)
{
    struct jq_options bound;
    struct jq *jq = operation->state = hs_alloc(sizeof(*jq));
    if (!hs_operation_bind_word(config, node, HS_SLICE("program"), &jq_table, &bound))
        return false;
    bool map = node->kind == HS_NODE_MAP, good = true;
    operation->parts = 1;
    jq->keep = hs_jq_keep_create();
    if (bound.field != NULL) {
        const struct hs_node *field = hs_node_get(node, "field");
        good = hs_field_path_compile(config, field, false, &jq->path);
        hs_operation_uses(operation, HS_USE_EDIT, jq->path.text, field);
    }
    return compile_program(config, map ? hs_node_get(node, "program") : node, jq, &bound) && good;
}

static int run_at(void *context, struct hs_json_tree *tree, hs_json_node node)
{
    const struct running *running = context;
    const struct jq *jq = running->jq;
    struct hs_buffer *given = hs_work_scratch(running->work, HS_SCRATCH_JSON);
    struct hs_buffer *made = hs_work_scratch(running->work, HS_SCRATCH_MASKED);
    struct hs_slice result;
    hs_json_write_node(tree, node, given);
    if (hs_buffer_status(given) < 0)
        return hs_fail(-EMSGSIZE, "the event %s", HS_WORK_TOO_LONG);
    hs_jq_keep_prepare(given);
    int code = hs_jq_process_run(jq->process, hs_buffer_slice(given), &result);
    if (code < 0)
        return code;
    code = hs_jq_keep_bytes(jq->keep, tree, node, result, made);
    if (code == -ENOSPC)
        return hs_fail(-EMSGSIZE, "the result %s", HS_WORK_TOO_LONG);
    if (code == -EINVAL)
        return hs_fail(code, "libjq returned a result that is not JSON");
    if (code < 0)
        return hs_fail(code, "the result is nested too deep, or has too many values");
    if (jq->path.count == 0 && !hs_jq_keep_was_object(jq->keep))
        return hs_fail(-EINVAL, "the result is not an object, but an event is one");
    code = hs_work_charge(running->work, hs_buffer_slice(made), 0);
    if (code < 0)
        return code;
    hs_json_replace(tree, node, hs_buffer_slice(made));
    return hs_json_status(tree);
}

static int run_whole(struct running *running)
{
    char why[1024];
    struct hs_json_tree *tree;
    int code = hs_work_tree(running->work, &tree);
    if (code < 0)
        return code;
    code = run_at(running, tree, hs_json_root(tree));
    if (code == 0)
        return 0;
    hs_copy_words(why, sizeof(why));
    return hs_fail(code, "jq: %s", why);
}

static int apply_jq(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    const struct jq *jq = operation->state;
    struct running running = {jq, work};
    return jq->path.count > 0 ? hs_each_value(work, &jq->path, "jq", run_at, &running)
                              : run_whole(&running);
}

static void free_jq(struct hs_operation *operation)
{
    struct jq *jq = operation->state;
    if (jq == NULL)
        return;
    hs_jq_process_free(jq->process);
    hs_jq_keep_free(jq->keep);
    hs_json_path_free(&jq->path);
    free(jq);
}

const struct hs_operation_kind hs_operation_jq = {
    .name = "jq",
    .help =
        "Runs a program in jq's language on the whole event or on `field`, which its result "
        "replaces. It must produce exactly one result; for the whole event an object. Unchanged "
        "values keep their bytes; jq computes with doubles. The program runs in a process of its "
        "own, limited to `timeout` (`1s`) of CPU and `memory` (`64MiB`), without files, "
        "environment or other input. An error, an exceeded limit or a crash of libjq fails only "
        "this event. While no process can be started the sink is blocked.",
    .example = "\".data.total = (.data.items | length)\"",
    .form = HS_FORM_TEXT,
    .table = &jq_table,
    .reshapes = true,
    .compile = compile_jq,
    .apply = apply_jq,
    .free = free_jq,
};
