/* Heartbeats: whether each thread gets on with its work. A thread registers, says when it has work
 * and when it rests, and beats as it makes progress. A watcher looks once a second: a thread that
 * has work and did not beat in HS_STUCK_LOOKS looks in a row is stuck, which /livez reports. Looks
 * are counted instead of time, so that a process that was stopped or suspended is not blamed for
 * it: the watcher was not running either.
 *
 * What is work: an event loop always has to turn, and beats by a timer of its own. A wait for
 * something outside of this process (a broker, a reader of stderr) or for another thread is rest;
 * a call that the kernel should end soon (a sync, a write) is work, however long it takes.
 * Threads: a thread's heartbeat is its own; the report is for any. */
#ifndef HOOKSTREAM_HEARTBEAT_H
#define HOOKSTREAM_HEARTBEAT_H

#include <hookstream/buffer.h>
#include <hookstream/metrics.h>

#define HS_STUCK_LOOKS 10u        /* a second each */
#define HS_HEARTBEATS_MAX 512u    /* further threads are not watched, and a line is logged */
#define HS_HEARTBEAT_TURN_MS 1000 /* how often an event loop beats */

/* Events are not accepted, or not answered, while this thread is stuck: /readyz fails, too. */
#define HS_HEARTBEAT_ACCEPTS 1u

/* The calling thread is watched from now on, as `name` (copied), and has work. */
void hs_heartbeat_begin(const char *name, unsigned flags);
void hs_heartbeat_end(void);

/* The calling thread made progress. These do nothing on a thread that is not watched; each costs a
 * store or two. */
void hs_heartbeat(void);
/* It made progress, and now does this (a literal). */
void hs_heartbeat_work(const char *doing);
/* It has nothing to do, or waits for something that is not its own fault. */
void hs_heartbeat_rest(void);
/* Rest within work: gives what hs_heartbeat_resume() is to put back. */
HS_MUST_CHECK const char *hs_heartbeat_pause(void);
void hs_heartbeat_resume(const char *doing);

/* Starts and ends the watcher's thread. The registry outlives the watcher. -errno and a message. */
HS_MUST_CHECK int hs_heartbeat_watch(struct hs_metrics *metrics);
void hs_heartbeat_unwatch(void);
/* Appends a line per stuck thread; with HS_HEARTBEAT_ACCEPTS only those that have this flag.
 * Whether there is none. */
bool hs_heartbeat_report(unsigned flags, struct hs_buffer *ret_lines);
/* One look of the watcher, for its thread and tests. */
void hs_heartbeat_look(void);

#endif
