/* Heartbeats: whether each thread makes progress. A thread registers, marks itself as working or
 * resting, and beats as it makes progress. A watcher looks once a second. A working thread without
 * a beat in HS_STUCK_LOOKS consecutive looks is stuck, which /livez reports. Looks are counted
 * instead of time, so a process that was stopped or suspended is not reported: the watcher did not
 * run either.
 *
 * An event loop always counts as working and beats by a timer of its own. Waiting for something
 * outside this process (a broker, a reader of stderr) or for another thread counts as resting. A
 * call that the kernel should finish soon (a sync, a write) counts as working, however long it
 * takes. Threads: a heartbeat belongs to its thread; any thread may ask for the report. */
#ifndef HOOKSTREAM_HEARTBEAT_H
#define HOOKSTREAM_HEARTBEAT_H

#include <hookstream/limits.h>
#include <hookstream/buffer.h>
#include <hookstream/metrics.h>

#define HS_STUCK_LOOKS 10u        /* one second each */
#define HS_HEARTBEAT_TURN_MS 1000 /* how often an event loop beats */

/* The process cannot accept or answer events while this thread is stuck: /readyz fails, too. */
#define HS_HEARTBEAT_ACCEPTS 1u

/* Starts watching the calling thread under `name` (copied); it counts as working. */
void hs_heartbeat_begin(const char *name, unsigned flags);
/* Stops watching the calling thread. */
void hs_heartbeat_end(void);

/* Records progress of the calling thread. All heartbeat calls do nothing on an unwatched thread;
 * each costs a store or two. */
void hs_heartbeat(void);
/* Records progress and names the current work (a string literal). */
void hs_heartbeat_work(const char *doing);
/* Records that the thread has nothing to do, or waits for something it is not responsible for. */
void hs_heartbeat_rest(void);
/* Pauses the current work: returns what to pass to hs_heartbeat_resume(). */
HS_MUST_CHECK const char *hs_heartbeat_pause(void);
/* Resumes the work that hs_heartbeat_pause() interrupted. */
void hs_heartbeat_resume(const char *doing);

/* Starts the watcher thread. The registry outlives the watcher. -errno and a message. */
HS_MUST_CHECK int hs_heartbeat_watch(struct hs_metrics *metrics);
/* Stops the watcher thread. */
void hs_heartbeat_unwatch(void);
/* Appends a line per stuck thread; with HS_HEARTBEAT_ACCEPTS only threads with this flag. Returns
 * true if there are none. */
bool hs_heartbeat_report(unsigned flags, struct hs_buffer *ret_lines);
/* Performs one look; called by the watcher thread and by tests. */
void hs_heartbeat_look(void);

#endif
