/* Log queue: takes finished lines to stderr. While its thread runs (`run`), a line is copied into
 * a bounded ring and nobody waits: a reader of stderr that stops reading costs lines, not time.
 * Lines that find no room are dropped and counted, and one line says so when there is room again.
 * A line is written as a whole or not at all, in the order in which lines came. Without the
 * thread (every other command, and before it starts) a line is written at once.
 * Threads: any. */
#ifndef HS_BASE_LOG_QUEUE_H
#define HS_BASE_LOG_QUEUE_H

#include <hookstream/log.h>

/* Bytes of a line with its line feed: what a pipe takes as a whole or not at all (PIPE_BUF). */
#define HS_LOG_LINE_MAX 4096u

/* Takes a line, with its line feed, of HS_LOG_LINE_MAX bytes at most. */
void hs_log_put(const char *line, size_t size);

/* log.c: makes the line in the format configured. Returns its size. */
size_t hs_log_render(char ret_line[HS_LOG_LINE_MAX], enum hs_log_level level, const char *message,
                     const struct hs_log_field *fields, size_t count);

#endif
