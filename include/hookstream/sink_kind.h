/* Sink kind: one row per kind of sink, with everything the program asks of a kind. The row of a
 * kind is defined in its folder, src/sink/NAME/, and listed in sink_kind.def; no other code
 * names a kind.
 * Threads: rows are constant; each function says nothing of threads and may run on any. */
#ifndef HOOKSTREAM_SINK_KIND_H
#define HOOKSTREAM_SINK_KIND_H

#include <hookstream/probe.h>
#include <hookstream/sink.h>

struct hs_sink_spec;

/* What `hookstream init` writes. $SOURCE, $FAMILY and $KEY are replaced; NULL: nothing. */
struct hs_sink_init {
    const char *sink;   /* under `sinks:`, indented by two */
    const char *target; /* what follows `sink: NAME, ` in a target's braces */
    const char *needs;  /* comment lines about the environment */
    const char *create; /* a comment line, before those that follow per family */
    const char *create_each;
};

struct hs_sink_kind {
    const char *name;        /* the value of `type:` */
    const char *destination; /* key of a target that names where a message goes */
    /* Binds a struct that begins with struct hs_sink_options. */
    const struct hs_options *options;
    /* Binds a struct that begins with struct hs_target_options. */
    const struct hs_options *target;
    bool has_headers;    /* its messages carry headers */
    bool has_partitions; /* events with the same key stay in order, others need not */
    bool writes_lines;   /* a body is written as one compact line of JSON */
    bool names_are_free; /* a destination of its own for each event costs nothing */
    /* The labels of its permanent failures, which are reasons of dead letters; ends in NULL. */
    const char *const *letter_reasons;
    /* Why dead letters cannot be forwarded to it, as the end of a message; NULL: they can. */
    const char *no_letters;

    /* Checks a whole destination, and a fixed text of a destination's template, which follows
     * `before` bytes of other fixed texts and may be its first part. 0 or -EINVAL and a
     * message. */
    int (*check_destination)(struct hs_slice destination);
    int (*check_fixed)(struct hs_slice text, size_t before, bool first);

    /* Checks the name of a target's own header, beyond what holds for all kinds. 0 or -EINVAL and
     * a message. NULL: every such name is fine. */
    int (*check_header)(struct hs_slice name);

    /* For `check`. Adds findings, connects to nothing. `check_client` may be NULL. */
    void (*check)(struct hs_config *config, const struct hs_sink_options *options);
    void (*check_client)(struct hs_config *config, const char *name,
                         const struct hs_sink_options *options);
    /* For `check --online`; see hs_sink_probe(). */
    void (*probe)(const struct hs_probe *probe, const struct hs_sink_options *options,
                  const struct hs_probe_place *places, size_t count);

    /* The largest message in bytes, and in `ret_node` where the configuration says so (unchanged
     * if it does not). NULL: there is no limit. */
    uint64_t (*largest_message)(const struct hs_sink_options *options,
                                const struct hs_node **ret_node);
    /* The folder that it writes to, or NULL. The function is NULL if the kind writes to none. */
    const char *(*folder)(const struct hs_sink_options *options);
    /* Identifies where the server keeps the sink's position; 0: the server does not. NULL: 0. */
    uint64_t (*place)(const struct hs_sink_options *options);
    /* Changes a copy of the options so that a second client can run beside the sink's own.
     * Texts are allocated from `arena`. NULL: nothing has to change. */
    void (*make_second)(struct hs_sink_options *options, const char *suffix,
                        struct hs_arena *arena);
    /* The key of a target that needs a JSON body as it is set, or NULL. The function may be NULL.
     */
    const char *(*needs_json)(const struct hs_target_options *target);
    /* Whether the partition is the key's murmur2 modulo their number, as Kafka's own clients
     * compute it. NULL: no. */
    bool (*hashes_key)(const struct hs_sink_options *options);
    /* Appends the lines of `explain` that only this kind has. NULL: none. */
    void (*explain)(const struct hs_target_options *target, struct hs_buffer *ret_text);
    /* Appends "library version" for `hookstream version`. NULL: it uses no library. */
    void (*version)(struct hs_buffer *ret_text);
    struct hs_sink_init init;

    int (*open)(const struct hs_sink_spec *spec, struct hs_sink **ret_sink);
};

enum hs_sink_kind_index {
#define HS_SINK_KIND(name, destination) HS_SINK_INDEX_##name,
#include <hookstream/sink_kind.def>
#undef HS_SINK_KIND
    HS_SINK_KIND_COUNT
};

/* In the order of sink_kind.def. */
extern const struct hs_sink_kind *const hs_sink_kinds[HS_SINK_KIND_COUNT];

/* The row of the kind that these options configure. */
static inline const struct hs_sink_kind *hs_sink_kind(const struct hs_sink_options *options)
{
    return hs_sink_kinds[options->kind];
}

#endif
