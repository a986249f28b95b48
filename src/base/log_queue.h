/* Log queue: writes finished lines to stderr. While its thread runs (`run`), a line is copied into
 * a bounded ring and no caller waits: a stalled reader of stderr costs lines, not time. Lines that
 * do not fit are dropped and counted, and one line reports the number when there is room again.
 * Lines are written whole and in order. Without the thread (every other command, and before it
 * starts) a line is written immediately. Threads: any. */
#ifndef HS_BASE_LOG_QUEUE_H
#define HS_BASE_LOG_QUEUE_H

#include <hookstream/log.h>

/* Maximum size of a line including its line feed: a pipe takes that many bytes atomically
 * (PIPE_BUF). */
#define HS_LOG_LINE_MAX 4096u

/* Queues a line, including its line feed, of HS_LOG_LINE_MAX bytes at most. */
void hs_log_put(const char *line, size_t size);

/* In log.c: formats a line in the configured format. Returns its size. */
size_t hs_log_render(char ret_line[HS_LOG_LINE_MAX], enum hs_log_level level, const char *message,
                     const struct hs_log_field *fields, size_t count);

#endif
