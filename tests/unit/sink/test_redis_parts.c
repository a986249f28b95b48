/* The parts of the Redis sink that need no server: URL, cursor, progress, commands. */
#include "hs_test.h"
#include "redis/redis.h"

#include <stdio.h>

/* ---- URL ---- */

/* "host:port user/password db" or "path ...", or the words of the error. */
static const char *parse(const char *url, const char *username, const char *password)
{
    static char text[512];
    struct hs_redis_options options = {.url = url, .username = username, .password = password};
    struct hs_redis_url parsed;
    if (hs_redis_url_parse(options.url, options.username, options.password, &parsed) < 0)
        return hs_error_text();
    char where[HS_REDIS_PLACE_TEXT];
    hs_redis_url_place(&parsed, where);
    snprintf(text, sizeof(text), "%s %s/%s %u", where, parsed.username ? parsed.username : "",
             parsed.password ? parsed.password : "", parsed.database);
    hs_redis_url_free(&parsed);
    return text;
}

static const struct {
    const char *url, *expected;
} urls[] = {
    {"redis://redis", "redis:6379 / 0"},
    {"redis://redis:6380/2", "redis:6380 / 2"},
    {"redis://redis/", "redis:6379 / 0"},
    {"redis://:secret@h:1/0", "h:1 /secret 0"},
    {"redis://u:p%40%3a%2F@h", "h:6379 u/p@:/ 0"},
    {"redis://u:p@ss@h", "h:6379 u/p@ss 0"},
    {"redis://[::1]:7000/1", "[::1]:7000 / 1"},
    {"redis://[::1]", "[::1]:6379 / 0"},
    {"unix:///run/redis.sock", "/run/redis.sock / 0"},
    {"unix://u:p@/run/r?db=4", "/run/r u/p 4"},
};

START_TEST(urls_are_read)
{
    ck_assert_str_eq(parse(urls[_i].url, NULL, NULL), urls[_i].expected);
}
END_TEST

static const struct {
    const char *url, *part; /* of the words */
} bad_urls[] = {
    {"", "must begin with redis://"},
    {"http://h", "must begin with redis://"},
    {"rediss://h", "TLS"},
    {"redis://", "has no host"},
    {"redis://:secret@", "has no host"},
    {"redis://:secret@h:x", "port"},
    {"redis://:secret@h:0", "port"},
    {"redis://:secret@h:65536", "port"},
    {"redis://:secret@h/x", "database"},
    {"redis://:secret@h/99999999", "database"},
    {"redis://:secret%@h", "password has a wrong % escape"},
    {"redis://:secret%2@h", "password has a wrong % escape"},
    {"redis://:secret%00@h", "password has a wrong % escape"},
    {"redis://u%zz:secret@h", "user has a wrong % escape"},
    {"redis://u@h", "a user needs a password"},
    {"redis://[::1]x:secret", "may follow the `]`"},
    {"unix://run/secret.sock", "has no socket path"},
    {"unix:///run/x?secret=1", "?db=NUMBER"},
};

START_TEST(bad_urls_are_told_without_their_secret)
{
    const char *words = parse(bad_urls[_i].url, NULL, NULL);
    ck_assert_msg(strstr(words, bad_urls[_i].part) != NULL, "%s: %s", bad_urls[_i].url, words);
    ck_assert_ptr_null(strstr(words, "secret"));
}
END_TEST

START_TEST(user_and_password_may_stand_beside_the_url_once)
{
    ck_assert_str_eq(parse("redis://h", "u", "p"), "h:6379 u/p 0");
    ck_assert_str_eq(parse("redis://h", "", ""), "h:6379 / 0");
    ck_assert_ptr_nonnull(strstr(parse("redis://:x@h", NULL, "p"), "give them once"));
    ck_assert_ptr_nonnull(strstr(parse("redis://h", "u", NULL), "needs a password"));
}
END_TEST

/* ---- Cursor and progress ---- */

START_TEST(cursor_values_are_read_strictly)
{
    static const char *const bad[] = {
        "x",           "1",           "1 ",         " 1",       "1 2",
        "2 1 ",        "2  1",        "-2 1",       "2 1 0",    "99999999999999999999999 1",
        "9 1 -",       "9 1 3:0",     "9 1 3:1,",   "9 1 3:1 ", "9 1 10:1",
        "9 1 3:1,3:2", "9 1 4:1,3:1", "9 1 3:1 4:1"};
    struct hs_redis_cursor cursor = {.sequence = 7, .confirmed = 7};
    for (size_t i = 0; i < HS_ARRAY_SIZE(bad); i++)
        ck_assert_msg(hs_redis_cursor_parse(hs_slice_text(bad[i]), &cursor) == -EINVAL, "%s",
                      bad[i]);
    ck_assert_uint_eq(cursor.sequence, 7); /* untouched */
    ck_assert_int_eq(hs_redis_cursor_parse(HS_SLICE("18446744073709551615 0"), &cursor), 0);
    ck_assert_uint_eq(cursor.sequence, UINT64_MAX);
    ck_assert_uint_eq(cursor.confirmed, 0);
    ck_assert_int_eq(hs_redis_cursor_parse(HS_SLICE(""), &cursor), 0);
    ck_assert_uint_eq(cursor.sequence, 0);
}
END_TEST

/* The text of a cursor, until the next call. */
static const char *text_of(const struct hs_redis_cursor *cursor)
{
    static struct hs_buffer text;
    hs_buffer_free(&text);
    hs_buffer_init(&text, HS_REDIS_CURSOR_TEXT + 1);
    hs_redis_cursor_text(cursor, &text);
    hs_buffer_append_byte(&text, '\0');
    ck_assert_int_eq(hs_buffer_status(&text), 0);
    return text.data;
}

START_TEST(cursor_values_are_read_as_they_were_written)
{
    static const char *const values[] = {"0 0", "12 10", "12 10 11:1",
                                         "12 0 1:3,4:1,12:4294967295"};
    struct hs_redis_cursor cursor;
    for (size_t i = 0; i < HS_ARRAY_SIZE(values); i++) {
        ck_assert_int_eq(hs_redis_cursor_parse(hs_slice_text(values[i]), &cursor), 0);
        ck_assert_str_eq(text_of(&cursor), values[i]);
    }
    struct hs_redis_cursor longest = {.sequence = UINT64_MAX, .confirmed = UINT64_MAX};
    longest.hole_count = HS_REDIS_HOLES;
    for (size_t i = 0; i < HS_REDIS_HOLES; i++)
        longest.holes[i] = (struct hs_hole){UINT64_MAX - HS_REDIS_HOLES + i, UINT32_MAX};
    ck_assert_int_eq(hs_redis_cursor_parse(hs_slice_text(text_of(&longest)), &cursor), 0);
    ck_assert_uint_eq(cursor.hole_count, HS_REDIS_HOLES);
    ck_assert_mem_eq(cursor.holes, longest.holes, sizeof(longest.holes));
}
END_TEST

static struct hs_redis_progress *new_progress(void)
{
    return hs_alloc(sizeof(struct hs_redis_progress));
}

static uint64_t begin(struct hs_redis_progress *progress, uint64_t sequence, uint64_t confirmed)
{
    static struct hs_redis_cursor read;
    read = (struct hs_redis_cursor){.sequence = sequence, .confirmed = confirmed};
    return hs_redis_progress_begin(progress, &read);
}

/* What would be stored with a batch that ends at `last`, 0: with none. */
static void send(struct hs_redis_progress *progress, uint64_t last)
{
    struct hs_redis_entry entry = {.sequence = last};
    hs_redis_progress_send(progress,
                           &(struct hs_redis_batch){.entries = &entry, .count = last > 0});
}

static void check_cursor(struct hs_redis_progress *progress, uint64_t last, uint64_t sequence,
                         uint64_t confirmed)
{
    send(progress, last);
    hs_redis_progress_answered(progress, false);
    ck_assert_uint_eq(progress->sent.sequence, sequence);
    ck_assert_uint_eq(progress->sent.confirmed, confirmed);
}

START_TEST(a_server_that_knows_nothing_gives_no_position)
{
    struct hs_redis_progress *progress = new_progress();
    ck_assert_uint_eq(begin(progress, 0, 0), 0);
    ck_assert(!hs_redis_progress_verifies(progress, 1, 0));
    check_cursor(progress, 9, 9, 0);
    free(progress);
}
END_TEST

START_TEST(a_new_program_verifies_what_was_not_confirmed)
{
    struct hs_redis_progress *progress = new_progress();
    ck_assert_uint_eq(begin(progress, 10, 6), 6);
    ck_assert(hs_redis_progress_verifies(progress, 7, 0));
    ck_assert(hs_redis_progress_verifies(progress, 10, 3));
    ck_assert(!hs_redis_progress_verifies(progress, 11, 0));
    check_cursor(progress, 8, 10, 6); /* never back */
    free(progress);
}
END_TEST

START_TEST(a_reconnect_believes_what_it_had_read_itself)
{
    struct hs_redis_progress *progress = new_progress();
    begin(progress, 10, 10);
    progress->stored = (struct hs_redis_cursor){.sequence = 20, .confirmed = 10};
    progress->applied = 20; /* the replies were read */
    ck_assert_uint_eq(begin(progress, 20, 10), 20);
    ck_assert(!hs_redis_progress_verifies(progress, 20, 0));
    /* A batch to 30 was on its way, and the server has it. */
    ck_assert_uint_eq(begin(progress, 30, 20), 20);
    ck_assert(hs_redis_progress_verifies(progress, 21, 0));
    free(progress);
}
END_TEST

START_TEST(a_server_that_went_back_counts_more_than_what_is_known)
{
    struct hs_redis_progress *progress = new_progress();
    begin(progress, 10, 10);
    progress->stored = (struct hs_redis_cursor){.sequence = 20, .confirmed = 20};
    progress->applied = 20;
    hs_redis_progress_skip(progress, 25);
    hs_redis_progress_fail(progress, 18, 0);
    ck_assert_uint_eq(begin(progress, 15, 12), 15);
    check_cursor(progress, 16, 16, 15);
    ck_assert(!hs_redis_progress_verifies(progress, 18, 0));
    free(progress);
}
END_TEST

START_TEST(what_failed_is_not_confirmed_until_it_is_skipped)
{
    struct hs_redis_progress *progress = new_progress();
    begin(progress, 10, 10);
    progress->applied = 20;
    hs_redis_progress_fail(progress, 15, 0);
    hs_redis_progress_fail(progress, 13, 0);
    check_cursor(progress, 0, 20, 12);
    hs_redis_progress_skip(progress, 12);
    check_cursor(progress, 0, 20, 12);
    hs_redis_progress_skip(progress, 13);
    check_cursor(progress, 0, 20, 13);
    hs_redis_progress_skip(progress, 15);
    check_cursor(progress, 0, 20, 20);
    free(progress);
}
END_TEST

/* The owner reads on while a batch is on its way: an event that it leaves out says nothing of
 * those before it, which may not have been sent yet. */
START_TEST(an_event_left_out_confirms_none_before_it)
{
    struct hs_redis_progress *progress = new_progress();
    begin(progress, 20, 20);
    progress->applied = 20;
    hs_redis_progress_leave_out(progress, 25);
    check_cursor(progress, 24, 24, 20);
    ck_assert_uint_eq(begin(progress, 20, 20), 20);
    ck_assert(!hs_redis_progress_verifies(progress, 21, 0));
    /* Or the server has had them and its answer was lost. */
    ck_assert_uint_eq(begin(progress, 24, 20), 20);
    ck_assert(hs_redis_progress_verifies(progress, 24, 0));
    progress->applied = 30;
    check_cursor(progress, 0, 30, 24);
    free(progress);
}
END_TEST

START_TEST(what_is_known_to_be_missing_is_written_after_a_reconnect)
{
    struct hs_redis_progress *progress = new_progress();
    begin(progress, 10, 10);
    progress->stored = (struct hs_redis_cursor){.sequence = 20, .confirmed = 10};
    progress->applied = 20;
    hs_redis_progress_fail(progress, 15, 1);
    /* The position stays before it, so that the owner does not take it for done. */
    ck_assert_uint_eq(begin(progress, 20, 10), 14);
    ck_assert(hs_redis_progress_verifies(progress, 15, 0));
    ck_assert(!hs_redis_progress_verifies(progress, 15, 1));
    ck_assert(hs_redis_progress_verifies(progress, 16, 1));
    hs_redis_progress_arrive(progress, 15, 1); /* written */
    ck_assert(hs_redis_progress_verifies(progress, 15, 1));
    free(progress);
}
END_TEST

START_TEST(skipped_events_move_the_cursor_alone)
{
    struct hs_redis_progress *progress = new_progress();
    begin(progress, 10, 10);
    hs_redis_progress_skip(progress, 500);
    check_cursor(progress, 0, 500, 500);
    ck_assert_uint_eq(begin(progress, 10, 10), 500);
    free(progress);
}
END_TEST

/* ---- Holes (R6) ---- */

static uint64_t begin_text(struct hs_redis_progress *progress, const char *value)
{
    static struct hs_redis_cursor read;
    ck_assert_int_eq(hs_redis_cursor_parse(hs_slice_text(value), &read), 0);
    return hs_redis_progress_begin(progress, &read);
}

static void store(struct hs_redis_progress *progress)
{
    hs_redis_progress_send(progress, NULL);
    hs_redis_progress_answered(progress, true);
}

START_TEST(R6_what_failed_is_owed_until_it_is_stored)
{
    struct hs_redis_progress *progress = new_progress();
    begin(progress, 10, 10);
    progress->applied = 20;
    store(progress);
    ck_assert(!hs_redis_progress_is_ahead(progress));
    hs_redis_progress_fail(progress, 15, 1);
    hs_redis_progress_fail(progress, 12, 0);
    hs_redis_progress_fail(progress, 15, 3);
    ck_assert(hs_redis_progress_owes(progress));
    ck_assert(hs_redis_progress_is_ahead(progress));
    hs_redis_progress_send(progress, NULL);
    ck_assert_str_eq(text_of(&progress->sent), "20 11 12:1,15:10");
    hs_redis_progress_answered(progress, false); /* refused */
    ck_assert(hs_redis_progress_owes(progress));
    store(progress);
    ck_assert(!hs_redis_progress_owes(progress));
    ck_assert(!hs_redis_progress_is_ahead(progress));
    hs_redis_progress_arrive(progress, 15, 1);
    ck_assert(!hs_redis_progress_owes(progress));
    ck_assert(hs_redis_progress_is_ahead(progress));
    ck_assert(hs_redis_progress_skip(progress, 12));
    store(progress);
    ck_assert_str_eq(text_of(&progress->stored), "20 12 15:8");
    ck_assert(hs_redis_progress_skip(progress, 20));
    ck_assert(!hs_redis_progress_skip(progress, 21));
    store(progress);
    ck_assert_str_eq(text_of(&progress->stored), "21 21");
    free(progress);
}
END_TEST

START_TEST(R6_a_new_program_writes_the_holes_and_verifies_the_rest)
{
    struct hs_redis_progress *progress = new_progress();
    ck_assert_uint_eq(begin_text(progress, "20 10 15:2,18:1"), 10);
    ck_assert(!hs_redis_progress_owes(progress));
    ck_assert(hs_redis_progress_verifies(progress, 11, 0));
    ck_assert(hs_redis_progress_verifies(progress, 15, 0));
    ck_assert(!hs_redis_progress_verifies(progress, 15, 1));
    ck_assert(!hs_redis_progress_verifies(progress, 18, 0));
    ck_assert(!hs_redis_progress_verifies(progress, 21, 0));
    /* One whose journal's own cursor is past the first has its dead letter. */
    progress->applied = 20;
    hs_redis_progress_skip(progress, 16);
    hs_redis_progress_send(progress, NULL);
    ck_assert_str_eq(text_of(&progress->sent), "20 16 18:1");
    free(progress);
}
END_TEST

static void send_hole(struct hs_redis_progress *progress, uint64_t sequence, unsigned part)
{
    struct hs_redis_entry entry = {.sequence = sequence, .part = part, .command_size = 9};
    hs_redis_progress_send(progress, &(struct hs_redis_batch){.entries = &entry, .count = 1});
}

START_TEST(R6_the_cursor_tells_whether_a_hole_was_written_although_the_answer_is_lost)
{
    struct hs_redis_progress *progress = new_progress();
    begin_text(progress, "20 10 15:3");
    progress->applied = 20;
    store(progress);
    send_hole(progress, 15, 1);
    ck_assert_str_eq(text_of(&progress->sent), "20 14 15:1");
    /* It was not done. */
    ck_assert_uint_eq(begin_text(progress, "20 14 15:3"), 14);
    ck_assert(!hs_redis_progress_verifies(progress, 15, 0));
    ck_assert(!hs_redis_progress_verifies(progress, 15, 1));
    /* It was. */
    send_hole(progress, 15, 1);
    ck_assert_uint_eq(begin_text(progress, "20 14 15:1"), 14);
    ck_assert(!hs_redis_progress_verifies(progress, 15, 0));
    ck_assert(hs_redis_progress_verifies(progress, 15, 1));
    /* An older copy that does not know of the hole yet makes none of it written. */
    ck_assert_uint_eq(begin_text(progress, "20 10"), 14);
    ck_assert(!hs_redis_progress_verifies(progress, 15, 0));
    ck_assert(hs_redis_progress_owes(progress));
    free(progress);
}
END_TEST

START_TEST(R6_a_hole_that_was_settled_is_none_although_it_is_still_stored)
{
    struct hs_redis_progress *progress = new_progress();
    begin_text(progress, "20 10 15:1,17:1");
    progress->applied = 20;
    hs_redis_progress_skip(progress, 15);
    hs_redis_progress_arrive(progress, 17, 0);
    ck_assert_uint_eq(begin_text(progress, "20 10 15:1,17:1"), 15);
    ck_assert(hs_redis_progress_verifies(progress, 17, 0));
    store(progress);
    ck_assert_str_eq(text_of(&progress->stored), "20 15");
    free(progress);
}
END_TEST

START_TEST(R6_a_server_that_went_back_has_the_holes_that_it_says)
{
    struct hs_redis_progress *progress = new_progress();
    begin_text(progress, "20 10 15:1");
    progress->applied = 20;
    hs_redis_progress_arrive(progress, 15, 0);
    hs_redis_progress_skip(progress, 20);
    progress->applied = 30;
    hs_redis_progress_fail(progress, 25, 0);
    store(progress);
    ck_assert_str_eq(text_of(&progress->stored), "30 24 25:1");
    ck_assert_uint_eq(begin_text(progress, "20 10 15:1"), 14);
    ck_assert(!hs_redis_progress_verifies(progress, 15, 0));
    ck_assert(hs_redis_progress_verifies(progress, 16, 0));
    store(progress);
    ck_assert_str_eq(text_of(&progress->stored), "20 14 15:1");
    /* One that has no cursor at all makes nothing a hole that was not sent. */
    ck_assert_uint_eq(begin(progress, 0, 0), 0);
    ck_assert(!hs_redis_progress_verifies(progress, 15, 0));
    free(progress);
}
END_TEST

START_TEST(R6_more_holes_than_there_is_room_for_are_in_doubt)
{
    struct hs_redis_progress *progress = new_progress();
    begin(progress, 10, 10);
    progress->applied = 10 + HS_REDIS_HOLES + 1;
    for (uint64_t n = 1; n <= HS_REDIS_HOLES + 1; n++)
        hs_redis_progress_fail(progress, 10 + n, 0);
    ck_assert_uint_eq(progress->hole_count, HS_REDIS_HOLES);
    ck_assert(!hs_redis_progress_waits(progress, 10 + HS_REDIS_HOLES_MOST));
    ck_assert(hs_redis_progress_waits(progress, 11 + HS_REDIS_HOLES_MOST));
    hs_redis_progress_skip(progress, 10 + HS_REDIS_HOLES);
    check_cursor(progress, 0, 11 + HS_REDIS_HOLES, 10 + HS_REDIS_HOLES);
    free(progress);
}
END_TEST

/* ---- Batches ---- */

START_TEST(commands_are_exact)
{
    struct hs_redis_batch batch;
    hs_redis_batch_init(&batch);
    struct hs_json_tree *tree = hs_json_tree_create();
    struct hs_redis_target body = {.fields = HS_FIELDS_BODY, .max_length = 1000},
                           flat = {.fields = HS_FIELDS_FLAT};
    struct hs_message message = {
        .part = 2, .destination = HS_SLICE("s"), .body = HS_SLICE("{}"), .target = &body.target};
    hs_redis_batch_add(&batch, 5, &message, false, tree);
    message.target = &flat.target;
    message.body = HS_SLICE("{\"a\":\"x\"}");
    hs_redis_batch_add(&batch, 6, &message, false, tree);
    message.body = HS_SLICE("[]");
    hs_redis_batch_add(&batch, 7, &message, false, tree);
    ck_assert_uint_eq(batch.count, 3);
    static const char expected[] =
        "*8\r\n$4\r\nXADD\r\n$1\r\ns\r\n$6\r\nMAXLEN\r\n$1\r\n~\r\n"
        "$4\r\n1000\r\n$1\r\n*\r\n$4\r\nbody\r\n$2\r\n{}\r\n"
        "*5\r\n$4\r\nXADD\r\n$1\r\ns\r\n$1\r\n*\r\n$1\r\na\r\n$1\r\nx\r\n";
    ck_assert_uint_eq(batch.commands.size, sizeof(expected) - 1);
    ck_assert_int_eq(memcmp(batch.commands.data, expected, sizeof(expected) - 1), 0);
    ck_assert_uint_eq(batch.entries[0].command_size + batch.entries[1].command_size,
                      sizeof(expected) - 1);
    ck_assert_uint_eq(batch.entries[1].sequence, 6);
    ck_assert_uint_eq(batch.entries[1].part, 2);
    ck_assert_ptr_null(batch.entries[1].failure);
    ck_assert_uint_eq(batch.entries[2].command_size, 0);
    ck_assert_str_eq(batch.entries[2].failure->label, "not_flat");
    hs_json_tree_free(tree);
    hs_redis_batch_free(&batch);
}
END_TEST

START_TEST(a_verifying_batch_asks_for_types)
{
    struct hs_redis_batch batch;
    hs_redis_batch_init(&batch);
    struct hs_json_tree *tree = hs_json_tree_create();
    struct hs_redis_target target = {.fields = HS_FIELDS_BODY};
    struct hs_message message = {
        .destination = HS_SLICE("key"), .body = HS_SLICE("{}"), .target = &target.target};
    batch.verifies = true;
    hs_redis_batch_add(&batch, 5, &message, true, tree);
    static const char expected[] = "*2\r\n$4\r\nTYPE\r\n$3\r\nkey\r\n";
    ck_assert_uint_eq(batch.commands.size, sizeof(expected) - 1);
    ck_assert_int_eq(memcmp(batch.commands.data, expected, sizeof(expected) - 1), 0);
    hs_json_tree_free(tree);
    hs_redis_batch_free(&batch);
}
END_TEST

START_TEST(a_batch_is_full_by_messages_or_by_bytes)
{
    struct hs_redis_batch batch;
    hs_redis_batch_init(&batch);
    struct hs_redis_target target = {.fields = HS_FIELDS_BODY};
    struct hs_message message = {
        .destination = HS_SLICE("s"), .body = HS_SLICE("{}"), .target = &target.target};
    for (size_t i = 0; i < HS_REDIS_BATCH_MESSAGES - 1; i++)
        hs_redis_batch_add(&batch, i, &message, false, NULL);
    ck_assert(!hs_redis_batch_is_full(&batch));
    ck_assert(hs_redis_batch_has_room(&batch, 1));
    ck_assert(!hs_redis_batch_has_room(&batch, 2));
    hs_redis_batch_add(&batch, 1, &message, false, NULL);
    ck_assert(hs_redis_batch_is_full(&batch));
    hs_redis_batch_clear(&batch);
    char *large = hs_alloc(HS_REDIS_BATCH_BYTES);
    message.body = hs_slice(large, HS_REDIS_BATCH_BYTES);
    hs_redis_batch_add(&batch, 1, &message, false, NULL);
    ck_assert(hs_redis_batch_is_full(&batch));
    ck_assert(!hs_redis_batch_has_room(&batch, 1));
    ck_assert_ptr_null(batch.entries[0].failure);
    free(large);
    hs_redis_batch_free(&batch);
}
END_TEST

START_TEST(what_passes_the_ceiling_is_permanent_and_leaves_no_trace)
{
    struct hs_redis_batch batch;
    hs_redis_batch_init(&batch);
    batch.commands.ceiling = 200;
    struct hs_redis_target target = {.fields = HS_FIELDS_BODY};
    struct hs_message message = {
        .destination = HS_SLICE("s"), .body = HS_SLICE("{}"), .target = &target.target};
    hs_redis_batch_add(&batch, 1, &message, false, NULL);
    size_t size = batch.commands.size;
    char large[300] = {0};
    message.body = hs_slice(large, sizeof(large));
    hs_redis_batch_add(&batch, 2, &message, false, NULL);
    ck_assert_str_eq(batch.entries[1].failure->label, "too_large");
    ck_assert_int_eq(batch.entries[1].failure->outcome, HS_PERMANENT);
    ck_assert_uint_eq(batch.commands.size, size);
    message.body = HS_SLICE("{}");
    hs_redis_batch_add(&batch, 3, &message, false, NULL);
    ck_assert_ptr_null(batch.entries[2].failure);
    hs_redis_batch_free(&batch);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("redis parts");
    tcase_add_loop_test(tcase, urls_are_read, 0, HS_ARRAY_SIZE(urls));
    tcase_add_loop_test(tcase, bad_urls_are_told_without_their_secret, 0, HS_ARRAY_SIZE(bad_urls));
    tcase_add_test(tcase, user_and_password_may_stand_beside_the_url_once);
    tcase_add_test(tcase, cursor_values_are_read_strictly);
    tcase_add_test(tcase, cursor_values_are_read_as_they_were_written);
    tcase_add_test(tcase, a_server_that_knows_nothing_gives_no_position);
    tcase_add_test(tcase, a_new_program_verifies_what_was_not_confirmed);
    tcase_add_test(tcase, a_reconnect_believes_what_it_had_read_itself);
    tcase_add_test(tcase, a_server_that_went_back_counts_more_than_what_is_known);
    tcase_add_test(tcase, what_failed_is_not_confirmed_until_it_is_skipped);
    tcase_add_test(tcase, an_event_left_out_confirms_none_before_it);
    tcase_add_test(tcase, what_is_known_to_be_missing_is_written_after_a_reconnect);
    tcase_add_test(tcase, skipped_events_move_the_cursor_alone);
    tcase_add_test(tcase, R6_what_failed_is_owed_until_it_is_stored);
    tcase_add_test(tcase, R6_a_new_program_writes_the_holes_and_verifies_the_rest);
    tcase_add_test(tcase,
                   R6_the_cursor_tells_whether_a_hole_was_written_although_the_answer_is_lost);
    tcase_add_test(tcase, R6_a_hole_that_was_settled_is_none_although_it_is_still_stored);
    tcase_add_test(tcase, R6_a_server_that_went_back_has_the_holes_that_it_says);
    tcase_add_test(tcase, R6_more_holes_than_there_is_room_for_are_in_doubt);
    tcase_add_test(tcase, commands_are_exact);
    tcase_add_test(tcase, a_verifying_batch_asks_for_types);
    tcase_add_test(tcase, a_batch_is_full_by_messages_or_by_bytes);
    tcase_add_test(tcase, what_passes_the_ceiling_is_permanent_and_leaves_no_trace);
    Suite *suite = suite_create("redis sink: parts");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
