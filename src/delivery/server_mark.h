/* Server mark: a note in the journal's folder that a sink's server has had a cursor of this
 * journal. Without the note a server without a cursor is new; with it the server has lost one.
 * Written once, when the server confirms the first event. Threads: the pump's. */
#ifndef HS_DELIVERY_SERVER_MARK_H
#define HS_DELIVERY_SERVER_MARK_H

#include <hookstream/journal.h>

struct hs_server_mark {
    struct hs_journal *journal; /* NULL: the sink's server keeps no cursor */
    char *path;
    bool is_set;
    uint64_t first; /* the sink only got events after this sequence */
};

/* Reads the note, if any; `first` is for the one to be written. */
void hs_server_mark_open(struct hs_server_mark *mark, struct hs_journal *journal, const char *sink,
                         uint64_t first);
/* Records that the server has a cursor. Cheap except for the first call, which syncs. */
void hs_server_mark_set(struct hs_server_mark *mark);
/* A removal of the server's cursor from now on is intentional: it will not count as lost. */
void hs_server_mark_clear(struct hs_server_mark *mark);
void hs_server_mark_close(struct hs_server_mark *mark);

#endif
