/* Kafka cursor: the cluster's progress according to its cursor record, and what follows for the
 * owner. Pure bookkeeping; docs/internals/exactly-once-kafka.md explains it.
 *
 * The record's value is text: `hookstream 1 JOURNAL OWNER SEQUENCE HOLES`, where HOLES is `-` or a
 * list such as `7:4,9:1`: part 2 of event 7 and part 0 of event 9 are not in the cluster. */
#ifndef HS_SINK_KAFKA_CURSOR_H
#define HS_SINK_KAFKA_CURSOR_H

#include "holes.h"

#define HS_KAFKA_HOLES 64u
#define HS_KAFKA_CURSOR_TEXT 4096u /* longest value */

struct hs_kafka_cursor {
    char journal[64]; /* identity of the journal whose sequences these are */
    char owner[40];   /* the process that wrote it */
    uint64_t sequence;
    /* Messages that were permanently refused, and whose dead letters may not be on disk yet. */
    size_t hole_count;
    struct hs_hole holes[HS_KAFKA_HOLES];
};

/* Returns the size of the text, without a NUL. */
size_t hs_kafka_cursor_text(const struct hs_kafka_cursor *cursor,
                            char ret_text[HS_KAFKA_CURSOR_TEXT]);
/* -EINVAL and a message: not a cursor of ours. */
HS_MUST_CHECK int hs_kafka_cursor_parse(struct hs_slice text, struct hs_kafka_cursor *ret_cursor);

/* The progress as known here. */
struct hs_kafka_progress {
    uint64_t stored;    /* the cluster has the events up to here, except the holes */
    uint64_t given;     /* last event of the open transaction; 0: it has none */
    uint64_t floor;     /* the owner needs nothing more up to here */
    uint64_t barrier;   /* the last event left out when there was no room
                         * for its hole: later ones wait until `floor` gets here */
    bool holes_changed; /* since they were stored */
    size_t hole_count;
    struct hs_hole holes[HS_KAFKA_HOLES]; /* in no order, all above `floor` */
};

/* Takes over what was read from the cluster, NULL if there is none. */
void hs_kafka_progress_begin(struct hs_kafka_progress *progress,
                             const struct hs_kafka_cursor *read);
/* The owner has nothing left to do up to here; 0: the cluster has no cursor. */
uint64_t hs_kafka_progress_position(const struct hs_kafka_progress *progress);
/* These parts of the event will not be in the cluster, and are not yet safe elsewhere. */
void hs_kafka_progress_leave_out(struct hs_kafka_progress *progress, uint64_t sequence,
                                 uint32_t parts);
void hs_kafka_progress_skip(struct hs_kafka_progress *progress, uint64_t sequence);
/* Whether an event may be accepted; any part of it may become a hole. */
bool hs_kafka_progress_has_room(const struct hs_kafka_progress *progress);
/* Whether the cluster has the message already. */
bool hs_kafka_progress_is_stored(const struct hs_kafka_progress *progress, uint64_t sequence,
                                 unsigned part);
/* Sequence and holes for the transaction to store; the texts are unchanged. */
void hs_kafka_progress_cursor(const struct hs_kafka_progress *progress,
                              struct hs_kafka_cursor *ret_cursor);
/* The transaction with this cursor is committed. */
void hs_kafka_progress_commit(struct hs_kafka_progress *progress,
                              const struct hs_kafka_cursor *cursor);
/* Whether a cursor written now would differ from the stored one. */
bool hs_kafka_progress_is_ahead(const struct hs_kafka_progress *progress);

#endif
