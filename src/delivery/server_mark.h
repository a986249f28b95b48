/* Server mark: a note in the journal's folder that the server of a sink has had a cursor of this
 * journal. Without it a server that has none is new; with it the server has lost one. Written once,
 * when the server confirms the first event. Threads: the pump's. */
#ifndef HS_DELIVERY_SERVER_MARK_H
#define HS_DELIVERY_SERVER_MARK_H

#include <hookstream/journal.h>

struct hs_server_mark {
    struct hs_journal *journal; /* NULL: the sink's server keeps no cursor */
    char *path;
    bool is_set;
    uint64_t first; /* the sink was given events after this sequence only */
};

/* Reads the note, if there is one; `first` is for the one that will be made. */
void hs_server_mark_open(struct hs_server_mark *mark, struct hs_journal *journal, const char *sink,
                         uint64_t first);
/* The server has a cursor. Cheap but the first time, which syncs. */
void hs_server_mark_set(struct hs_server_mark *mark);
/* Whoever removes the server's cursor now does so on purpose: it will not count as lost. */
void hs_server_mark_clear(struct hs_server_mark *mark);
void hs_server_mark_close(struct hs_server_mark *mark);

#endif
