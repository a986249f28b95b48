/* Logs: one line per occurrence on stderr, logfmt or JSON, limited in rate by cause. A line has a
 * level, a short message that says what happened and, where a person can act, what to do,
 * and key=value fields. Never a secret, never a body. What could move a terminal's cursor or
 * reorder text is escaped (shown.h).
 * Threads: any. Between hs_log_start() and hs_log_stop() no call waits for the reader of stderr:
 * see src/base/log_queue.h. Outside of them a line is written at once. */
#ifndef HOOKSTREAM_LOG_H
#define HOOKSTREAM_LOG_H

#include <hookstream/base.h>

enum hs_log_level { HS_LOG_DEBUG, HS_LOG_INFO, HS_LOG_WARN, HS_LOG_ERROR };
enum hs_log_format { HS_LOG_LOGFMT, HS_LOG_JSON };

/* Before any thread starts, or to change it while running. */
void hs_log_configure(enum hs_log_level least, enum hs_log_format format);
bool hs_log_enabled(enum hs_log_level level);

/* Starts the thread that writes; from then on lines wait in a ring of HS_LOG_QUEUE_BYTES, and are
 * dropped and counted when it is full. Signals that other threads are to take must be blocked
 * before. -errno and a message. */
#define HS_LOG_QUEUE_BYTES (1u << 20)
HS_MUST_CHECK int hs_log_start(void);
/* Writes what waits, for HS_LOG_FLUSH_NS at most if nobody reads it, and ends the thread. Without
 * hs_log_start() nothing is done. */
#define HS_LOG_FLUSH_NS UINT64_C(1000000000)
void hs_log_stop(void);
/* Lines dropped since the process began; and whether lines are being dropped now. */
uint64_t hs_log_dropped(void);
bool hs_log_is_dropping(void);
/* Writes text that already consists of whole lines, such as findings, line by line. */
void hs_log_text(struct hs_slice text);
/* For a process that is about to abort: gives the queued lines a moment, then writes the
 * message, unless that would block. */
void hs_log_last_words(const char *words);

/* One field: hs_log(..., HS_F("sink", "%s", name), HS_F("lag", "%" PRIu64, lag)). */
struct hs_log_field {
    const char *key;
    char value[232]; /* longer values are cut and end in "..." */
};
struct hs_log_field hs_log_field(const char *key, const char *format, ...) HS_PRINTF(2, 3);
#define HS_F(key, ...) hs_log_field(key, __VA_ARGS__)

/* A line that always goes out. `message` is plain words. */
#define hs_log(level, message, ...)                                                                \
    do {                                                                                           \
        if (hs_log_enabled(level)) {                                                               \
            const struct hs_log_field hs_fields_[] = {{.key = NULL}, ##__VA_ARGS__};               \
            hs_log_write(level, message, hs_fields_ + 1, HS_ARRAY_SIZE(hs_fields_) - 1);           \
        }                                                                                          \
    } while (0)

/* A line that many events can cause: at most HS_LOG_BURST lines of each `cause` (a string
 * literal, also printed as cause=...) in HS_LOG_PERIOD_SECONDS; what was held back is
 * counted and said as suppressed=N on the next line of that cause. */
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

/* What the macros call. */
bool hs_log_admit(const char *cause, uint64_t *ret_suppressed);
void hs_log_write(enum hs_log_level level, const char *message, const struct hs_log_field *fields,
                  size_t count);

#endif
