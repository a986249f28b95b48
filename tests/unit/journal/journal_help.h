/* What the tests of the journal share: events made from a number and known again by it, and
 * a journal on a model disk. */
#ifndef HS_TEST_JOURNAL_HELP_H
#define HS_TEST_JOURNAL_HELP_H

#include "hs_test.h"
#include "internal.h"
#include "model_disk.h"

#include <inttypes.h>
#include <sched.h>

/* Waits for what another thread is about to do; Check's time limit ends it. */
#define AWAIT(condition)                                                                           \
    while (!(condition))                                                                           \
    sched_yield()

/* In paths of segments with their name, but none that is being prepared. */
#define NAMED ".hsj"

#define HELP_SEGMENT 16384u
#define HELP_BODY_MAX 1500u

/* ---- Events ---- */

struct made {
    struct hs_event event;
    char source[16], id[40], type[40], body[HELP_BODY_MAX];
    char names[HS_EVENT_HEADERS_MAX][16], values[HS_EVENT_HEADERS_MAX][24];
};

/* Every field follows from the number. */
static inline void make_event(struct made *made, uint64_t number)
{
    struct hs_event *event = &made->event;
    *event = (struct hs_event){
        .received_wall_ns = UINT64_C(1700000000000000000) + number * 1000003,
        .flaw = number % 7 == 3 ? HS_EVENT_NOT_JSON : HS_EVENT_VALID,
        .header_count = number % 5 == 4 ? HS_EVENT_HEADERS_MAX : number % 5,
    };
    event->source = hs_slice(made->source, (size_t)snprintf(made->source, sizeof(made->source),
                                                            "source%d", (int)(number % 3)));
    event->id =
        hs_slice(made->id, (size_t)snprintf(made->id, sizeof(made->id), "whk_%" PRIu64, number));
    event->type = hs_slice(
        made->type, (size_t)snprintf(made->type, sizeof(made->type), "type.%" PRIu64, number % 21));
    size_t size = number % 11 == 0 ? 0 : number * 7919 % HELP_BODY_MAX;
    for (size_t i = 0; i < size; i++)
        made->body[i] = (char)(number * 31 + i * 17);
    event->body = hs_slice(made->body, size);
    for (size_t i = 0; i < event->header_count; i++) {
        int name = snprintf(made->names[i], sizeof(made->names[i]), "name-%zu", i);
        int value =
            snprintf(made->values[i], sizeof(made->values[i]), "%" PRIu64 "/%zu", number, i);
        event->headers[i].name = hs_slice(made->names[i], (size_t)name);
        event->headers[i].value = hs_slice(made->values[i], i % 3 == 2 ? 0 : (size_t)value);
    }
}

static inline bool is_event(const struct hs_event *event, uint64_t number)
{
    struct made made;
    make_event(&made, number);
    const struct hs_event *wanted = &made.event;
    bool same =
        event->received_wall_ns == wanted->received_wall_ns && event->flaw == wanted->flaw &&
        hs_slice_equal(event->source, wanted->source) && hs_slice_equal(event->id, wanted->id) &&
        hs_slice_equal(event->type, wanted->type) && hs_slice_equal(event->body, wanted->body) &&
        event->header_count == wanted->header_count;
    for (size_t i = 0; same && i < wanted->header_count; i++)
        same = hs_slice_equal(event->headers[i].name, wanted->headers[i].name) &&
               hs_slice_equal(event->headers[i].value, wanted->headers[i].value);
    return same;
}

/* The number that an event was made of. */
static inline uint64_t number_of(const struct hs_event *event)
{
    uint64_t number = 0;
    ck_assert_uint_gt(event->id.size, 4);
    ck_assert_int_eq(
        hs_slice_to_u64(hs_slice(event->id.data + 4, event->id.size - 4), UINT64_MAX, &number), 0);
    return number;
}

static inline int append_number(struct hs_journal *journal, uint64_t number, uint64_t *ret_sequence)
{
    struct made made;
    make_event(&made, number);
    return hs_journal_append(journal, &made.event, ret_sequence);
}

/* ---- A journal ---- */

struct bench {
    struct model_disk *disk;
    struct hs_metrics *metrics;
    struct hs_journal *journal;
    struct hs_journal_options options;
    struct hs_journal_watcher watcher;
};

static inline struct hs_journal_options help_options(void)
{
    return (struct hs_journal_options){
        .path = "/j",
        .max_size = UINT64_C(1) << 30,
        .retain_ns = UINT64_C(3600) * 1000000000,
        .segment_size = HELP_SEGMENT,
    };
}

static inline struct bench *bench_create(uint64_t seed)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    bench->disk = model_create(seed);
    bench->metrics = hs_metrics_create();
    bench->options = help_options();
    return bench;
}

static inline int bench_try_open(struct bench *bench)
{
    int code =
        hs_journal_open(model_table(bench->disk), &bench->options, bench->metrics, &bench->journal);
    if (code < 0)
        bench->journal = NULL;
    else
        bench->journal->mend_wait_ns = 1000000;
    return code;
}

static inline void bench_open(struct bench *bench)
{
    int code = bench_try_open(bench);
    ck_assert_msg(code == 0, "%s", hs_error_text());
}

static inline void bench_start(struct bench *bench)
{
    bench_open(bench);
    int code = hs_journal_start(bench->journal, &bench->watcher);
    ck_assert_msg(code == 0, "%s", hs_error_text());
}

static inline void bench_close(struct bench *bench)
{
    hs_journal_close(bench->journal);
    bench->journal = NULL;
}

static inline void bench_free(struct bench *bench)
{
    bench_close(bench);
    hs_metrics_free(bench->metrics);
    model_free(bench->disk);
    free(bench);
}

/* Appends the events made of `first` to `last` and waits until they are durable; gives the
 * sequence of the last. */
static inline uint64_t bench_append(struct bench *bench, uint64_t first, uint64_t last)
{
    uint64_t sequence = 0;
    for (uint64_t number = first; number <= last; number++) {
        int code = append_number(bench->journal, number, &sequence);
        ck_assert_msg(code == 0, "%s", hs_error_text());
    }
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_DURABLE);
    return sequence;
}

/* Reads from `from` on: the numbers `first` to `last`, in this order, and no more. */
static inline void bench_expect(struct bench *bench, uint64_t from, uint64_t first, uint64_t last)
{
    struct hs_reader *reader;
    struct hs_event event;
    ck_assert_int_eq(hs_reader_open(bench->journal, from, &reader), 0);
    uint64_t before = 0;
    for (uint64_t number = first; number <= last; number++) {
        int code = hs_reader_next(reader, &event);
        ck_assert_msg(code == 1, "event %" PRIu64 ": %d %s", number, code, hs_error_text());
        ck_assert_uint_gt(event.sequence, before);
        ck_assert_msg(is_event(&event, number), "event %" PRIu64 " is not what was appended",
                      number);
        before = event.sequence;
    }
    ck_assert_int_eq(hs_reader_next(reader, &event), 0);
    hs_reader_close(reader);
}

static inline bool bench_writable(struct bench *bench)
{
    const char *reason;
    return hs_journal_writable(bench->journal, &reason);
}

static inline double bench_metric(struct bench *bench, const char *name)
{
    struct hs_buffer page;
    hs_buffer_init(&page, 1 << 20);
    hs_metrics_render(bench->metrics, &page);
    hs_buffer_append_byte(&page, '\0');
    char line[128];
    snprintf(line, sizeof(line), "\nhookstream_%s ", name);
    const char *at = strstr(page.data, line);
    ck_assert_msg(at != NULL, "no metric %s", name);
    double value = strtod(at + strlen(line), NULL);
    hs_buffer_free(&page);
    return value;
}

/* The path of the segment with this first sequence; static. */
static inline const char *segment_of(uint64_t first)
{
    static char path[64];
    snprintf(path, sizeof(path), "/j/segments/%020" PRIu64 ".hsj", first);
    return path;
}

/* The bounds of the n-th record of a segment's file. */
static inline size_t record_at(const struct model_file *file, size_t index, size_t *ret_size)
{
    size_t at = HS_SEGMENT_HEADER;
    for (;; index--) {
        *ret_size = hs_record_length(file->cache + at, file->cache_size - at);
        ck_assert_uint_gt(*ret_size, 0);
        if (index == 0)
            return at;
        at += *ret_size;
    }
}

#endif
