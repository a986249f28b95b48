/* Forget: what the journal lost can be sent again. Damages a journal in every way at every place,
 * and counts: every acknowledged event is delivered or reported as lost, each lost event is new
 * when sent again, and no delivered one is. */
#include "dedupe_help.h"

#define EVENTS 400u
#define ROOM (EVENTS + 1)

enum way { DELETED, HEADER, SECTOR, HALF, EMPTIED, CUT_TO_NOTHING, WAYS };
enum place { FIRST, MIDDLE, NEWEST, PLACES };

static const char *const way_names[] = {"deleted", "header",  "sector",
                                        "half",    "emptied", "cut to nothing"};
static const char *const place_names[] = {"first", "middle", "newest"};

/* ---- A sink ---- */

struct sink {
    struct hs_cursor *cursor;
    bool got[ROOM], lost[ROOM]; /* by the number in the id */
    uint64_t told;              /* sequences reported as lost */
};

static uint64_t number_of(const struct hs_event *event)
{
    uint64_t number = 0;
    ck_assert_int_eq(
        hs_slice_to_u64(hs_slice(event->id.data + 4, event->id.size - 4), EVENTS, &number), 0);
    return number;
}

static void open_cursor(struct house *house, struct sink *sink)
{
    ck_assert_int_eq(hs_cursor_open(house->journal, "sink", HS_CURSOR_FROM_OLDEST, &sink->cursor),
                     0);
}

static void tell(struct sink *sink, uint64_t first, uint64_t last)
{
    for (uint64_t sequence = first; sequence <= last; sequence++) {
        sink->told++;
        if (sequence <= EVENTS)
            sink->lost[sequence] = true; /* the first copies have their number as sequence */
    }
}

/* Reads everything from the cursor on, as a pump does. Each event arrives once. */
static void deliver(struct house *house, struct sink *sink)
{
    struct hs_reader *reader;
    struct hs_event event;
    uint64_t position = hs_cursor_position(sink->cursor), begin = hs_journal_begin(house->journal);
    hs_journal_lose(house->journal, position + 1, begin - 1);
    tell(sink, position + 1, begin - 1);
    ck_assert_int_eq(hs_reader_open(house->journal, position + 1, &reader), 0);
    int code;
    while ((code = hs_reader_next(reader, &event)) != 0) {
        if (code == -EBADMSG) {
            struct hs_reader_loss loss = hs_reader_loss(reader);
            tell(sink, loss.first, loss.last);
            position = loss.last > position ? loss.last : position;
            continue;
        }
        ck_assert_msg(code == 1, "%s", hs_error_text());
        uint64_t number = number_of(&event);
        ck_assert_msg(!sink->got[number], "event %" PRIu64 " came twice", number);
        sink->got[number] = true;
        position = event.sequence;
    }
    hs_reader_close(reader);
    hs_cursor_move(sink->cursor, position);
}

/* ---- Damage ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The path of the segment at this position; the caller frees it. */
static char *segment_at(struct house *house, enum place place)
{
    char *paths[64], *path;
    size_t count = 0;
    pthread_mutex_lock(&house->disk->lock);
    for (size_t i = 0; i < house->disk->cached.count; i++)
        if (strstr(house->disk->cached.items[i].path, ".hsj") != NULL)
            paths[count++] = strdup(house->disk->cached.items[i].path);
    pthread_mutex_unlock(&house->disk->lock);
    ck_assert_uint_ge(count, 3);
    qsort(paths, count, sizeof(paths[0]), by_name);
    size_t at = place == FIRST ? 0 : place == MIDDLE ? 1 : count - 1;
    path = paths[at];
    for (size_t i = 0; i < count; i++)
        if (i != at)
            free(paths[i]);
    return path;
}

static void damage(struct house *house, enum way way, enum place place)
{
    HS_AUTO_FREE char *path = segment_at(house, place);
    struct model_file *file = model_peek(house->disk, path);
    size_t size = file->cache_size;
    ck_assert_uint_gt(size, 4096 + 1024);
    switch (way) {
    case DELETED:
        model_unlink(house->disk, path);
        break;
    case HEADER:
        memset(file->cache, 'x', 88);
        memset(file->cache + 2048, 'x', 88);
        break;
    case SECTOR:
        memset(file->cache + 4096 + (size - 4096) / 3, 0, 512);
        break;
    case HALF:
        model_file_cut(file, 4096 + (size - 4096) / 2);
        break;
    case EMPTIED:
        model_file_cut(file, 4096);
        break;
    default:
        model_file_cut(file, 0);
        break;
    }
}

/* ---- Counting ---- */

/* A journal of undelivered events, stopped cleanly. */
static struct house *filled(uint64_t seed, struct sink *sink)
{
    struct house *house = house_create(seed);
    house_start(house);
    open_cursor(house, sink);
    hs_journal_allow_removal(house->journal);
    house_fill(house, 1, EVENTS);
    hs_journal_stop(house->journal);
    hs_cursor_close(sink->cursor);
    house_close(house);
    return house;
}

static uint64_t count(const bool flags[ROOM])
{
    uint64_t sum = 0;
    for (uint64_t number = 1; number <= EVENTS; number++)
        sum += flags[number];
    return sum;
}

/* Undelivered events are reported, sent again as new, and delivered; the rest is known. */
static void send_again_and_count(struct house *house, struct sink *sink, const char *name)
{
    uint64_t got = count(sink->got), sequence = 0, taken = 0;
    ck_assert_msg(got < EVENTS, "%s: nothing was lost", name);
    for (uint64_t number = 1; number <= EVENTS; number++) {
        ck_assert_msg(sink->got[number] != sink->lost[number], "%s: event %" PRIu64 " is %s", name,
                      number,
                      sink->got[number] ? "delivered and reported lost" : "lost without a report");
        int code = house_take(house, number, &sequence);
        ck_assert_msg(code == !sink->got[number], "%s: event %" PRIu64 " sent again is %s", name,
                      number, code == 1 ? "new though it is there" : "dropped though it is lost");
        taken += code == 1;
    }
    ck_assert_uint_eq(got + taken, EVENTS);
    ck_assert_uint_eq(hs_journal_wait(house->journal, sequence), HS_JOURNAL_DURABLE);
    deliver(house, sink);
    ck_assert_msg(count(sink->got) == EVENTS, "%s: %" PRIu64 " of %u delivered in the end", name,
                  count(sink->got), EVENTS);
    house_expect(house, 1, EVENTS, true); /* D1 */
}

static void lose_and_send_again(enum way way, enum place place, bool cursor_too)
{
    char name[64];
    snprintf(name, sizeof(name), "%s %s%s", place_names[place], way_names[way],
             cursor_too ? " and the cursor" : "");
    struct sink sink = {0};
    struct house *house = filled(way * PLACES + place + 1, &sink);
    damage(house, way, place);
    if (cursor_too)
        model_unlink(house->disk, "/j/cursors/sink.cursor");
    house_start(house);
    ck_assert_msg(hs_journal_next(house->journal) > EVENTS, "%s: a sequence is used again", name);
    open_cursor(house, &sink);
    deliver(house, &sink);
    send_again_and_count(house, &sink, name);
    hs_cursor_close(sink.cursor);
    house_close(house);
    /* Also after the next start. */
    house_start(house);
    house_expect(house, 1, EVENTS, true);
    house_free(house);
}

START_TEST(D2_what_is_lost_in_any_way_at_any_place_can_be_sent_again)
{
    for (enum way way = 0; way < WAYS; way++)
        for (enum place place = 0; place < PLACES; place++)
            lose_and_send_again(way, place, false);
}
END_TEST

START_TEST(D2_the_cursor_of_a_sink_is_gone_as_well)
{
    for (enum way way = 0; way < WAYS; way++)
        for (enum place place = 0; place < PLACES; place++)
            lose_and_send_again(way, place, true);
}
END_TEST

START_TEST(D2_a_kill_after_the_report_leaves_no_lost_id_known)
{
    for (enum way way = 0; way < WAYS; way++)
        for (enum place place = 0; place < PLACES; place++) {
            struct sink sink = {0};
            struct house *house = filled(100 + way * PLACES + place, &sink);
            damage(house, way, place);
            house_start(house);
            open_cursor(house, &sink);
            deliver(house, &sink);
            ck_assert_int_eq(hs_cursor_save(sink.cursor), 0); /* nobody reads the place again */
            model_cut_after(house->disk, 1);
            hs_cursor_close(sink.cursor);
            house_close(house);
            model_revive(house->disk);
            house_start(house);
            open_cursor(house, &sink);
            send_again_and_count(house, &sink, way_names[way]);
            hs_cursor_close(sink.cursor);
            house_free(house);
        }
}
END_TEST

START_TEST(D2_what_rots_while_it_runs_can_be_sent_again)
{
    for (enum place place = 0; place < PLACES; place++) {
        struct sink sink = {0};
        struct house *house = house_create(200 + place);
        house_start(house);
        open_cursor(house, &sink);
        house_fill(house, 1, EVENTS);
        HS_AUTO_FREE char *path = segment_at(house, place);
        pthread_mutex_lock(&house->disk->lock);
        memset(model_peek(house->disk, path)->cache + 5000, 0xff, 300);
        pthread_mutex_unlock(&house->disk->lock);
        deliver(house, &sink);
        send_again_and_count(house, &sink, place_names[place]);
        hs_cursor_close(sink.cursor);
        house_free(house);
    }
}
END_TEST

START_TEST(what_every_sink_has_passed_stays_known_though_its_segment_is_gone)
{
    for (enum place place = 0; place < PLACES; place++) {
        struct sink sink = {0};
        struct house *house = house_create(300 + place);
        house_start(house);
        open_cursor(house, &sink);
        house_fill(house, 1, EVENTS);
        deliver(house, &sink);
        hs_cursor_close(sink.cursor);
        house_close(house);
        damage(house, DELETED, place);
        house_start(house);
        open_cursor(house, &sink);
        deliver(house, &sink);
        ck_assert_uint_eq(count(sink.got), EVENTS);
        ck_assert_uint_eq(sink.told, 0);
        house_expect(house, 1, EVENTS, true);
        hs_cursor_close(sink.cursor);
        house_free(house);
    }
}
END_TEST

START_TEST(the_ids_of_a_damaged_segment_are_written_again_before_it_goes)
{
    struct sink sink = {0};
    struct house *house = filled(400, &sink);
    damage(house, SECTOR, FIRST);
    house->options.retain_ns = 0;
    house_start(house);
    open_cursor(house, &sink);
    deliver(house, &sink);
    ck_assert_int_eq(hs_cursor_save(sink.cursor), 0);
    hs_journal_allow_removal(house->journal);
    AWAIT(hs_journal_oldest(house->journal) > EVENTS);
    hs_cursor_close(sink.cursor);
    house_close(house);
    house_start(house);
    for (uint64_t number = 1; number <= EVENTS; number++)
        ck_assert(house_knows(house, number) == sink.got[number]);
    house_free(house);
}
END_TEST

START_TEST(what_is_appended_while_ids_are_forgotten_stays_known)
{
    struct sink sink = {0};
    struct house *house = filled(500, &sink);
    damage(house, SECTOR, MIDDLE);
    house_start(house);
    open_cursor(house, &sink);
    uint64_t sequence = 0;
    /* Pending, not durable, when the loss is found. */
    for (uint64_t number = 1001; number <= 1200; number++)
        ck_assert_int_eq(house_take(house, number, &sequence), 1);
    hs_journal_lose(house->journal, 150, 150);
    house_expect(house, 1001, 1200, true);
    ck_assert_uint_eq(hs_journal_wait(house->journal, sequence), HS_JOURNAL_DURABLE);
    hs_cursor_close(sink.cursor);
    house_free(house);
}
END_TEST

/* ---- The ranges ---- */

START_TEST(ranges_that_touch_become_one_and_come_back_from_text)
{
    struct hs_lost_ranges ranges = {.count = 0}, again = {.count = 0};
    const uint64_t added[][2] = {{10, 19}, {40, 49}, {20, 29}, {1, 5}, {30, 39}, {45, 60}};
    for (size_t i = 0; i < HS_ARRAY_SIZE(added); i++)
        hs_lost_ranges_add(&ranges, &(struct hs_lost_range){added[i][0], added[i][1], 7}, false);
    ck_assert_uint_eq(ranges.count, 2);
    ck_assert(hs_lost_ranges_cover(&ranges, 10, 60) && hs_lost_ranges_cover(&ranges, 1, 5));
    ck_assert(!hs_lost_ranges_cover(&ranges, 5, 10) && !hs_lost_ranges_cover(&ranges, 60, 61));
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 16);
    hs_lost_ranges_write(&ranges, &text);
    ck_assert_int_eq(hs_lost_ranges_read(&again, hs_buffer_slice(&text)), 0);
    ck_assert_uint_eq(again.count, 2);
    ck_assert(hs_lost_ranges_cover(&again, 10, 60) && again.items[0].hour == 7);
    ck_assert_int_eq(hs_lost_ranges_read(&again, HS_SLICE("12-")), -EBADMSG);
    ck_assert_int_eq(hs_lost_ranges_read(&again, HS_SLICE("9-8 1\n")), -EBADMSG);
    hs_lost_ranges_age(&again, 100, 48);
    ck_assert_uint_eq(again.count, 0);
    hs_buffer_free(&text);
}
END_TEST

START_TEST(too_many_ranges_cover_more_and_never_less)
{
    struct hs_lost_ranges wide = {.count = 0}, exact = {.count = 0};
    for (uint64_t i = 0; i < 3 * HS_LOST_RANGES_MAX; i++) {
        const struct hs_lost_range range = {1 + i * (10 + i % 5), 2 + i * (10 + i % 5), 1};
        hs_lost_ranges_add(&wide, &range, false);
        hs_lost_ranges_add(&exact, &range, true);
        ck_assert(hs_lost_ranges_cover(&exact, range.first, range.last));
    }
    ck_assert_uint_le(wide.count, HS_LOST_RANGES_MAX);
    ck_assert_uint_le(exact.count, HS_LOST_RANGES_MAX);
    for (uint64_t i = 0; i < 3 * HS_LOST_RANGES_MAX; i++)
        ck_assert(hs_lost_ranges_cover(&wide, 1 + i * (10 + i % 5), 2 + i * (10 + i % 5)));
    ck_assert(!hs_lost_ranges_cover(&exact, 3, 9));
}
END_TEST

HS_TEST_MAIN("dedupe forget", D2_what_is_lost_in_any_way_at_any_place_can_be_sent_again,
             D2_the_cursor_of_a_sink_is_gone_as_well,
             D2_a_kill_after_the_report_leaves_no_lost_id_known,
             D2_what_rots_while_it_runs_can_be_sent_again,
             what_every_sink_has_passed_stays_known_though_its_segment_is_gone,
             the_ids_of_a_damaged_segment_are_written_again_before_it_goes,
             what_is_appended_while_ids_are_forgotten_stays_known,
             ranges_that_touch_become_one_and_come_back_from_text,
             too_many_ranges_cover_more_and_never_less)
