/* Kind: what the kinds of sink share: the table of functions behind sink.h, the state that every
 * sink keeps, and helpers for the rows of sink_kind.h. Private to src/sink/. */
#ifndef HS_SINK_KIND_H
#define HS_SINK_KIND_H

#include <hookstream/sink_kind.h>

struct hs_sink_ops {
    enum hs_submit (*submit)(struct hs_sink *sink, const struct hs_parcel *parcel);
    void (*push)(struct hs_sink *sink);
    void (*skip)(struct hs_sink *sink, uint64_t sequence);
    void (*leave_out)(struct hs_sink *sink, uint64_t sequence, uint32_t parts);
    void (*close)(struct hs_sink *sink);
};

/* The first member of every kind's own struct. */
struct hs_sink {
    const struct hs_sink_ops *ops;
    struct event_base *base;
    const char *name;
    struct hs_sink_host host;
    size_t in_flight; /* messages submitted and not completed */
    enum hs_sink_state state;
    char reason[48]; /* of the state */
};

/* The meaning of an error: a row of a kind's table of errors. */
struct hs_failure {
    enum hs_outcome outcome;
    const char *label; /* stable, for metrics and dead letters */
    const char *words; /* the cause and the remedy */
};

/* The arguments of hs_sink_open(). All borrowed. */
struct hs_sink_spec {
    struct event_base *base;
    const char *name, *identity;
    const struct hs_sink_options *options;
    const struct hs_sink_host *host;
};

void hs_sink_init(struct hs_sink *sink, const struct hs_sink_ops *ops,
                  const struct hs_sink_spec *spec);
/* Notifies the owner if the state or its reason has changed. */
void hs_sink_set_state(struct hs_sink *sink, enum hs_sink_state state, const char *reason,
                       const char *detail);
/* One message ended: counts it and notifies the owner. `failure` NULL: delivered. */
void hs_sink_complete(struct hs_sink *sink, uint64_t sequence, unsigned part,
                      const struct hs_failure *failure, const char *detail);

/* For `place` of a row: adds a text that identifies the place; NULL counts as empty. */
uint64_t hs_sink_place_add(uint64_t place, const char *text);
/* For `check_fixed` of a row: 0, or -EINVAL and a message if `size` exceeds `most` bytes. */
HS_MUST_CHECK int hs_sink_check_fixed_size(const char *what, size_t size, size_t most);
#define HS_SINK_NAME_SHOWN 128u /* bytes of a destination shown in messages */

/* Doubles from `least` to `most`, with a quarter of jitter so that retries do not coincide. */
uint64_t hs_sink_backoff_ms(unsigned failures, uint64_t least, uint64_t most);

#endif
