/* Log: a line is made in one buffer on the stack and written with one write(2). */
#include <hookstream/log.h>

#include <hookstream/clock.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096u
#define CAUSES_MAX 256u

static _Atomic int least_level = HS_LOG_INFO;
static _Atomic int line_format = HS_LOG_LOGFMT;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void hs_log_configure(enum hs_log_level least, enum hs_log_format format)
{
    atomic_store(&least_level, (int)least);
    atomic_store(&line_format, (int)format);
}

bool hs_log_enabled(enum hs_log_level level)
{
    return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

struct hs_log_field hs_log_field(const char *key, const char *format, ...)
{
    struct hs_log_field field = {.key = key};
    va_list list;
    va_start(list, format);
    int size = vsnprintf(field.value, sizeof(field.value), format, list);
    va_end(list);
    if (size >= (int)sizeof(field.value))
        memcpy(field.value + sizeof(field.value) - 4, "...", 4);
    return field;
}

/* ---- The rate of a cause ---- */

static struct cause {
    const char *name;
    uint64_t period_ns; /* when its period began */
    unsigned lines;
    uint64_t suppressed;
} causes[CAUSES_MAX];
static size_t cause_count;
static pthread_mutex_t cause_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the two above */

static struct cause *find_cause(const char *name)
{
    for (size_t i = 0; i < cause_count; i++)
        if (causes[i].name == name || strcmp(causes[i].name, name) == 0)
            return &causes[i];
    if (cause_count < CAUSES_MAX) {
        causes[cause_count] = (struct cause){.name = name};
        return &causes[cause_count++];
    }
    return &causes[CAUSES_MAX - 1]; /* more causes than places share the last one's rate */
}

bool hs_log_admit(const char *cause, uint64_t *ret_suppressed)
{
    uint64_t now = hs_clock_monotonic_ns();
    pthread_mutex_lock(&cause_lock);
    struct cause *entry = find_cause(cause);
    if (entry->lines == 0 || now - entry->period_ns >= HS_LOG_PERIOD_SECONDS * HS_NS_PER_SECOND) {
        entry->period_ns = now;
        entry->lines = 0;
    }
    bool admitted = entry->lines < HS_LOG_BURST;
    if (admitted) {
        entry->lines++;
        *ret_suppressed = entry->suppressed;
        entry->suppressed = 0;
    } else {
        entry->suppressed++;
    }
    pthread_mutex_unlock(&cause_lock);
    return admitted;
}

/* ---- The line ---- */

struct line {
    char text[LINE_MAX_BYTES];
    size_t size;
};

static void put(struct line *line, const char *text, size_t size)
{
    size_t room = sizeof(line->text) - 2 - line->size; /* a brace and a line feed remain */
    if (size > room)
        size = room;
    memcpy(line->text + line->size, text, size);
    line->size += size;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text)); /* strlen: our own words */
}

static void put_escape(struct line *line, unsigned char c)
{
    char text[8];
    int size;
    if (c == '\n')
        size = snprintf(text, sizeof(text), "\\n");
    else if (c == '"' || c == '\\')
        size = snprintf(text, sizeof(text), "\\%c", c);
    else
        size = snprintf(text, sizeof(text), "\\u%04x", c);
    put(line, text, (size_t)size);
}

/* Bytes of a valid UTF-8 sequence at `at`, or 0. */
static size_t utf8_size(const unsigned char *at)
{
    size_t size = at[0] < 0x80             ? 1
                  : (at[0] & 0xe0) == 0xc0 ? 2
                  : (at[0] & 0xf0) == 0xe0 ? 3
                  : (at[0] & 0xf8) == 0xf0 ? 4
                                           : 0;
    if (size == 2 && at[0] < 0xc2)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80) /* also ends at the final NUL */
            return 0;
    return size;
}

static void put_quoted(struct line *line, const char *value)
{
    put(line, "\"", 1);
    for (const unsigned char *at = (const unsigned char *)value; *at != '\0';) {
        size_t size = utf8_size(at);
        if (*at < 0x20 || *at == 0x7f || *at == '"' || *at == '\\' || size == 0) {
            put_escape(line, *at);
            at++;
        } else {
            put(line, (const char *)at, size);
            at += size;
        }
    }
    put(line, "\"", 1);
}

static bool is_plain(const char *value)
{
    if (value[0] == '\0')
        return false;
    for (const unsigned char *at = (const unsigned char *)value; *at != '\0'; at++)
        if (*at <= ' ' || *at >= 0x7f || *at == '"' || *at == '=' || *at == '\\')
            return false;
    return true;
}

static void put_field(struct line *line, bool json, const char *key, const char *value)
{
    if (line->size > (json ? 1u : 0u))
        put(line, json ? "," : " ", 1);
    if (json)
        put(line, "\"", 1);
    put_text(line, key);
    put_text(line, json ? "\":" : "=");
    if (!json && is_plain(value))
        put_text(line, value);
    else
        put_quoted(line, value);
}

void hs_log_write(enum hs_log_level level, const char *message, const struct hs_log_field *fields,
                  size_t count)
{
    bool json = atomic_load_explicit(&line_format, memory_order_relaxed) == HS_LOG_JSON;
    char time[32];
    hs_clock_format(hs_clock_wall_ns(), time);
    struct line line = {.size = 0};
    if (json)
        put(&line, "{", 1);
    put_field(&line, json, "time", time);
    put_field(&line, json, "level", level_names[level]);
    put_field(&line, json, "msg", message);
    for (size_t i = 0; i < count; i++)
        put_field(&line, json, fields[i].key, fields[i].value);
    if (json)
        line.text[line.size++] = '}';
    line.text[line.size++] = '\n';
    /* A log that cannot be written has nowhere to say so. */
    ssize_t written = write(STDERR_FILENO, line.text, line.size);
    (void)written;
}
