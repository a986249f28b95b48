/* Logs: one line per occurrence on stderr, as logfmt or JSON, rate-limited by cause. A line has a
 * level, a short message and key=value fields. The message says what happened and, where a person
 * can act, what to do. Lines never contain secrets or bodies. Characters that could move a
 * terminal's cursor or reorder text are escaped (shown.h). Threads: any. Between hs_log_start() and
 * hs_log_stop() no call waits for the reader of stderr (see src/base/log_queue.h); at other times a
 * line is written immediately. */
#ifndef HOOKSTREAM_LOG_H
#define HOOKSTREAM_LOG_H

#include <hookstream/limits.h>
#include <hookstream/base.h>

enum hs_log_level { HS_LOG_DEBUG, HS_LOG_INFO, HS_LOG_WARN, HS_LOG_ERROR };
enum hs_log_format { HS_LOG_LOGFMT, HS_LOG_JSON };

/* Sets the lowest level and the format. May be called at any time. */
void hs_log_configure(enum hs_log_level least, enum hs_log_format format);
/* Whether lines of this level are written. */
bool hs_log_enabled(enum hs_log_level level);

/* Starts the writer thread. From then on lines wait in a ring of HS_LOG_QUEUE_BYTES; when it is
 * full they are dropped and counted. Signals meant for other threads must be blocked before. -errno
 * and a message. */
HS_MUST_CHECK int hs_log_start(void);
/* The longest that hs_log_stop() waits for a reader of stderr. */
#define HS_LOG_FLUSH_NS UINT64_C(1000000000)
/* Writes the queued lines, within HS_LOG_FLUSH_NS, and ends the thread. Does nothing without
 * hs_log_start(). */
void hs_log_stop(void);
/* Number of lines dropped since the process started. */
uint64_t hs_log_dropped(void);
/* Whether lines are being dropped now. */
bool hs_log_is_dropping(void);
/* Writes text that consists of whole lines, such as findings, line by line. */
void hs_log_text(struct hs_slice text);
/* For a process about to abort: waits briefly for the queued lines, then writes the message unless
 * that would block. */
void hs_log_last_words(const char *words);

/* One field: hs_log(..., HS_F("sink", "%s", name), HS_F("lag", "%" PRIu64, lag)). */
struct hs_log_field {
    const char *key;
    char value[232]; /* longer values are cut and end in "..." */
};
/* Formats a field; called by HS_F. */
struct hs_log_field hs_log_field(const char *key, const char *format, ...) HS_PRINTF(2, 3);
#define HS_F(key, ...) hs_log_field(key, __VA_ARGS__)

/* Logs a line without a rate limit. `message` is a string literal. */
#define hs_log(level, message, ...)                                                                \
    do {                                                                                           \
        if (hs_log_enabled(level)) {                                                               \
            const struct hs_log_field hs_fields_[] = {{.key = NULL}, ##__VA_ARGS__};               \
            hs_log_write(level, message, hs_fields_ + 1, HS_ARRAY_SIZE(hs_fields_) - 1);           \
        }                                                                                          \
    } while (0)

/* Logs a line that many events can cause: at most HS_LOG_BURST lines per `cause` (a string literal,
 * also printed as cause=...) in HS_LOG_PERIOD_SECONDS. The next line of the cause reports the
 * number withheld as suppressed=N. */
#define HS_LOG_BURST 5
#define HS_LOG_PERIOD_SECONDS 10
#define hs_log_limited(level, cause, message, ...)                                                 \
    do {                                                                                           \
        uint64_t hs_suppressed_;                                                                   \
        if (hs_log_enabled(level) && hs_log_admit(cause, &hs_suppressed_)) {                       \
            const struct hs_log_field hs_fields_[] = {                                             \
                HS_F("cause", "%s", cause), ##__VA_ARGS__,                                         \
                HS_F("suppressed", "%llu", (unsigned long long)hs_suppressed_)};                   \
            hs_log_write(level, message, hs_fields_,                                               \
                         HS_ARRAY_SIZE(hs_fields_) - (hs_suppressed_ == 0 ? 1 : 0));               \
        }                                                                                          \
    } while (0)

/* Whether a line of `cause` may be written now; called by the macros. */
bool hs_log_admit(const char *cause, uint64_t *ret_suppressed);
/* Writes a line; called by the macros. */
void hs_log_write(enum hs_log_level level, const char *message, const struct hs_log_field *fields,
                  size_t count);

#endif
