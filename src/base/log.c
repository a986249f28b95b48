/* Log: formats a line in a buffer on the stack; log_queue.c writes it to stderr. */
#include "log_queue.h"

#include <hookstream/clock.h>
#include <hookstream/shown.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define CAUSES_MAX 256u
/* Maximum size of a message, so that the fields have room. */
#define MESSAGE_MAX 2048u

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
    if (size >= (int)sizeof(field.value)) {
        size_t cut = sizeof(field.value) - 4;
        while (cut > 0 && ((unsigned char)field.value[cut] & 0xc0) == 0x80)
            cut--; /* not in the middle of a character */
        memcpy(field.value + cut, "...", 4);
    }
    return field;
}

/* ---- Rate limit per cause ---- */

static struct cause {
    const char *name;
    uint64_t period_ns; /* start of its period */
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
    return &causes[CAUSES_MAX - 1]; /* causes beyond the table share the last rate */
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
    char *text; /* HS_LOG_LINE_MAX bytes */
    size_t size;
    bool json;
};

/* Returns false if the text would not leave room for a quote, a brace and a line feed. */
static bool put(struct line *line, const char *text, size_t size)
{
    if (size > HS_LOG_LINE_MAX - 3 - line->size)
        return false;
    memcpy(line->text + line->size, text, size);
    line->size += size;
    return true;
}

/* JSON cannot escape a byte that is not UTF-8, and needs surrogate pairs beyond four digits. */
static size_t json_escape(uint32_t character, char ret_text[HS_SHOWN_ESCAPE_MAX + 1])
{
    int size;
    if (character == UINT32_MAX)
        size = snprintf(ret_text, HS_SHOWN_ESCAPE_MAX + 1, "\\ufffd");
    else if (character > 0xffff)
        size = snprintf(ret_text, HS_SHOWN_ESCAPE_MAX + 1, "\\u%04x\\u%04x",
                        0xd800 + ((character - 0x10000) >> 10), 0xdc00 + (character & 0x3ff));
    else
        size = snprintf(ret_text, HS_SHOWN_ESCAPE_MAX + 1, "\\u%04x", character);
    return (size_t)size;
}

/* Returns false if there is no room for it; nothing after it is written either. */
static bool put_character(struct line *line, uint32_t character, bool shown, struct hs_slice bytes)
{
    char escape[HS_SHOWN_ESCAPE_MAX + 1] = "\\";
    size_t size;
    if (character == '"' || character == '\\') {
        escape[1] = bytes.data[0];
        size = 2;
    } else if (shown) {
        return put(line, bytes.data, bytes.size);
    } else if (line->json && character != '\n') {
        size = json_escape(character, escape);
    } else {
        size = hs_shown_escape(character, (unsigned char)bytes.data[0], escape);
    }
    return put(line, escape, size);
}

static void put_quoted(struct line *line, struct hs_slice value)
{
    line->text[line->size++] = '"';
    while (value.size > 0) {
        uint32_t character;
        bool shown;
        size_t size = hs_shown_next(value, &character, &shown);
        if (!put_character(line, character, shown, hs_slice(value.data, size)))
            break;
        value = hs_slice(value.data + size, value.size - size);
    }
    line->text[line->size++] = '"';
}

static bool is_plain(struct hs_slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return value.size > 0;
}

/* Writes a field with its key and quotes, or omits it. */
static void put_field(struct line *line, const char *key, struct hs_slice value)
{
    size_t least = strlen(key) + sizeof(",\"\":\"\"\"}\n"); /* strlen: the program's own text */
    if (line->size + least > HS_LOG_LINE_MAX)
        return;
    char name[128];
    int size = snprintf(name, sizeof(name), line->json ? "%s\"%s\":" : "%s%s=",
                        line->size > (line->json ? 1u : 0u) ? (line->json ? "," : " ") : "", key);
    HS_ASSERT(size > 0 && size < (int)sizeof(name));
    (void)put(line, name, (size_t)size); /* the room was checked above */
    if (line->json || !is_plain(value) || !put(line, value.data, value.size))
        put_quoted(line, value);
}

size_t hs_log_render(char ret_line[HS_LOG_LINE_MAX], enum hs_log_level level, const char *message,
                     const struct hs_log_field *fields, size_t count)
{
    struct line line = {.text = ret_line};
    line.json = atomic_load_explicit(&line_format, memory_order_relaxed) == HS_LOG_JSON;
    char time[32];
    hs_clock_format(hs_clock_wall_ns(), time);
    if (line.json)
        (void)put(&line, "{", 1);
    put_field(&line, "time", hs_slice_text(time));
    put_field(&line, "level", hs_slice_text(level_names[level]));
    put_field(&line, "msg", hs_slice(message, strnlen(message, MESSAGE_MAX)));
    for (size_t i = 0; i < count; i++)
        put_field(&line, fields[i].key, hs_slice_text(fields[i].value));
    if (line.json)
        line.text[line.size++] = '}';
    line.text[line.size++] = '\n';
    return line.size;
}

void hs_log_write(enum hs_log_level level, const char *message, const struct hs_log_field *fields,
                  size_t count)
{
    char line[HS_LOG_LINE_MAX];
    hs_log_put(line, hs_log_render(line, level, message, fields, count));
}

void hs_log_text(struct hs_slice text)
{
    while (text.size > 0) {
        char line[HS_LOG_LINE_MAX];
        const char *end = memchr(text.data, '\n', text.size);
        size_t whole = end != NULL ? (size_t)(end - text.data) : text.size;
        size_t size = whole < sizeof(line) - 1 ? whole : sizeof(line) - 1;
        memcpy(line, text.data, size);
        line[size] = '\n';
        hs_log_put(line, size + 1);
        size += end != NULL && size == whole;
        text = hs_slice(text.data + size, text.size - size);
    }
}
