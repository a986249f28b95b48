/* A store of dead letters on a model disk, for its tests: what they put, list and count. One at a
 * time: Check runs every test in a process of its own. */
#ifndef HS_TEST_LETTERS_RUN_H
#define HS_TEST_LETTERS_RUN_H

#include "hs_test.h"
#include "letters.h"

#include "../journal/model_disk.h"
#include <hookstream/clock.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define HOUR_NS (UINT64_C(3600) * HS_NS_PER_SECOND)

static struct model_disk *disk;
static struct hs_metrics *metrics;
static struct hs_journal *journal;
static struct hs_dead_letters *letters;
static struct hs_dead_letters_options options;

static inline void open_all(void)
{
    struct hs_journal_options outer = {.path = "/j", .max_size = 1 << 24, .segment_size = 65536};
    metrics = hs_metrics_create();
    ck_assert_int_eq(hs_journal_open(model_table(disk), &outer, metrics, &journal), 0);
    int code = hs_dead_letters_open(journal, &options, metrics, &letters);
    ck_assert_msg(code == 0, "%s", hs_error_text());
}

static inline void close_all(void)
{
    hs_dead_letters_close(letters);
    hs_journal_close(journal);
    hs_metrics_free(metrics);
}

static inline void begin(void)
{
    disk = model_create(1);
    options = (struct hs_dead_letters_options){
        .max_size = 16 << 20, .retain_ns = 24 * HOUR_NS, .body_max = 1 << 20};
    open_all();
}

static inline void end(void)
{
    close_all();
    model_free(disk);
}

static inline void reopen(void)
{
    close_all();
    open_all();
}

/* As after kill -9. */
static inline void kill_and_open(void)
{
    model_cut_after(disk, 1);
    close_all();
    model_revive(disk);
    open_all();
}

/* Puts a letter of this reason of the event `id`, received so long ago; its number. */
static inline uint64_t put_for(const char *reason, const char *id, uint64_t age_ns,
                               size_t body_size)
{
    char *body = calloc(1, body_size + 1);
    memset(body, 'b', body_size);
    struct hs_event event = {
        .sequence = 77,
        .received_wall_ns = hs_clock_wall_ns() - age_ns,
        .source = HS_SLICE("fanfare"),
        .id = hs_slice_text(id),
        .type = HS_SLICE("order.created"),
        .body = hs_slice(body, body_size),
        .headers = {{HS_SLICE("traceparent"), HS_SLICE("00-1")}},
        .header_count = 1,
    };
    struct hs_dead_letter_reason why = {
        .reason = reason, .detail = "words", .route = "orders", .sink = "kafka", .attempts = 3};
    uint64_t ticket;
    int code = hs_dead_letters_put(letters, &event, &why, &ticket);
    free(body);
    ck_assert_msg(code == 0, "%s", hs_error_text());
    ck_assert_int_eq(hs_journal_wait(letters->journal, ticket), HS_JOURNAL_DURABLE);
    return ticket;
}

static inline uint64_t put(const char *id, uint64_t age_ns, size_t body_size)
{
    return put_for("too_large", id, age_ns, body_size);
}

/* The ids of all letters, each with a space behind. */
static inline const char *list(void)
{
    static char text[4096];
    size_t size = 0;
    struct hs_letter_reader *reader;
    struct hs_letter letter;
    text[0] = '\0';
    ck_assert_int_eq(hs_letter_reader_open(letters, 1, &reader), 0);
    while (hs_letter_reader_next(reader, &letter) > 0 && size < sizeof(text) - 64)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%.*s ",
                                 HS_SLICE_ARG(letter.event.id));
    hs_letter_reader_close(reader);
    return text;
}

static inline unsigned count_listed(void)
{
    unsigned count = 0;
    for (const char *at = list(); (at = strchr(at, ' ')) != NULL; at++)
        count++;
    return count;
}

/* Of the series with these labels. */
static inline double metric(const char *series)
{
    struct hs_buffer page;
    hs_buffer_init(&page, 1 << 20);
    hs_metrics_render(metrics, &page);
    hs_buffer_append_byte(&page, '\0');
    char line[128];
    snprintf(line, sizeof(line), "\nhookstream_%s ", series);
    const char *at = strstr(page.data, line);
    ck_assert_msg(at != NULL, "no metric %s", series);
    double value = strtod(at + strlen(line), NULL);
    hs_buffer_free(&page);
    return value;
}

#endif
