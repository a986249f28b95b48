/* Kafka cursor: how far the cluster is, as its cursor record says, and what that means for the
 * owner. Pure bookkeeping; docs/internals/exactly-once-kafka.md tells the story.
 *
 * The record's value is text: `hookstream 1 JOURNAL OWNER SEQUENCE HOLES`, where HOLES is `-`
 * or a list such as `7:4,9:1`: of event 7 the part 2 is not in the cluster, of 9 the part 0. */
#ifndef HS_SINK_KAFKA_CURSOR_H
#define HS_SINK_KAFKA_CURSOR_H

#include "holes.h"

#define HS_KAFKA_HOLES 64u
#define HS_KAFKA_CURSOR_TEXT 4096u /* longest value */

struct hs_kafka_cursor {
    char journal[64]; /* identity of the journal that the sequences are of */
    char owner[40];   /* the process that wrote it */
    uint64_t sequence;
    /* Messages that were refused for good, and whose dead letters may not be on disk yet. */
    size_t hole_count;
    struct hs_hole holes[HS_KAFKA_HOLES];
};

/* Gives the size of the text, without a NUL. */
size_t hs_kafka_cursor_text(const struct hs_kafka_cursor *cursor,
                            char ret_text[HS_KAFKA_CURSOR_TEXT]);
/* -EINVAL and words: no cursor of ours. */
HS_MUST_CHECK int hs_kafka_cursor_parse(struct hs_slice text, struct hs_kafka_cursor *ret_cursor);

/* What is known here. */
struct hs_kafka_progress {
    uint64_t stored;    /* the cluster has the events up to here, but the holes */
    uint64_t given;     /* last event of the open transaction; 0: it has none */
    uint64_t floor;     /* the owner needs nothing more up to here */
    uint64_t barrier;   /* left out when there was no room for one more hole: nothing later is
                           taken before `floor` gets here */
    bool holes_changed; /* since they were stored */
    size_t hole_count;
    struct hs_hole holes[HS_KAFKA_HOLES]; /* in no order, all above `floor` */
};

/* Takes what was read from the cluster, NULL if there is none. */
void hs_kafka_progress_begin(struct hs_kafka_progress *progress,
                             const struct hs_kafka_cursor *read);
/* Up to here the owner has nothing left to do; 0: the cluster does not say. */
uint64_t hs_kafka_progress_position(const struct hs_kafka_progress *progress);
/* These parts of the event will not be in the cluster, and are not safe elsewhere yet. */
void hs_kafka_progress_leave_out(struct hs_kafka_progress *progress, uint64_t sequence,
                                 uint32_t parts);
void hs_kafka_progress_skip(struct hs_kafka_progress *progress, uint64_t sequence);
/* Whether an event may be taken, of which any part may become a hole. */
bool hs_kafka_progress_has_room(const struct hs_kafka_progress *progress);
/* Whether the cluster has the message already. */
bool hs_kafka_progress_is_stored(const struct hs_kafka_progress *progress, uint64_t sequence,
                                 unsigned part);
/* Sequence and holes as the transaction is to store them; the texts are left alone. */
void hs_kafka_progress_cursor(const struct hs_kafka_progress *progress,
                              struct hs_kafka_cursor *ret_cursor);
/* The transaction with this cursor is committed. */
void hs_kafka_progress_commit(struct hs_kafka_progress *progress,
                              const struct hs_kafka_cursor *cursor);
/* Whether a cursor written now would say more than the one that is stored. */
bool hs_kafka_progress_is_ahead(const struct hs_kafka_progress *progress);

#endif
