/* The parts of the Redis sink that need no server: URL, cursor, progress, commands. */
#include "hs_test.h"
#include "redis.h"

#include <stdio.h>

/* ---- URL ---- */

/* "host:port user/password db" or "path ...", or the words of the error. */
static const char *parse(const char *url, const char *username, const char *password)
{
    static char text[512];
    struct hs_sink_options options = {.url = url, .username = username, .password = password};
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
    {"redis://", "names no host"},
    {"redis://:secret@", "names no host"},
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
    {"redis://[::1]x:secret", "between the address and its port"},
    {"unix://run/secret.sock", "names no socket"},
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
    ck_assert_ptr_nonnull(strstr(parse("redis://:x@h", NULL, "p"), "say them once"));
    ck_assert_ptr_nonnull(strstr(parse("redis://h", "u", NULL), "needs a password"));
}
END_TEST

/* ---- Cursor and progress ---- */

START_TEST(cursor_values_are_read_strictly)
{
    static const char *const bad[] = {"x",    "1",    "1 ",   " 1",    "1 2",
                                      "2 1 ", "2  1", "-2 1", "2 1 0", "99999999999999999999999 1"};
    struct hs_redis_cursor cursor = {7, 7};
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

static struct hs_redis_progress *new_progress(void)
{
    return hs_alloc(sizeof(struct hs_redis_progress));
}

static uint64_t begin(struct hs_redis_progress *progress, uint64_t sequence, uint64_t confirmed)
{
    return hs_redis_progress_begin(progress, (struct hs_redis_cursor){sequence, confirmed});
}

static void check_cursor(const struct hs_redis_progress *progress, uint64_t last, uint64_t sequence,
                         uint64_t confirmed)
{
    struct hs_redis_cursor cursor = hs_redis_progress_cursor(progress, last);
    ck_assert_uint_eq(cursor.sequence, sequence);
    ck_assert_uint_eq(cursor.confirmed, confirmed);
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
    progress->stored = (struct hs_redis_cursor){20, 10};
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
    progress->stored = (struct hs_redis_cursor){20, 20};
    progress->applied = 20;
    hs_redis_progress_skip(progress, 25);
    hs_redis_progress_doubt(progress, 18, 0, true);
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
    hs_redis_progress_doubt(progress, 15, 0, false);
    hs_redis_progress_doubt(progress, 13, 0, false);
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
    hs_redis_progress_doubt(progress, 25, 0, false);
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
    progress->stored = (struct hs_redis_cursor){20, 10};
    progress->applied = 20;
    hs_redis_progress_doubt(progress, 15, 1, true);
    /* The position stays before it, so that the owner does not take it for done. */
    ck_assert_uint_eq(begin(progress, 20, 10), 14);
    ck_assert(hs_redis_progress_verifies(progress, 15, 0));
    ck_assert(!hs_redis_progress_verifies(progress, 15, 1));
    ck_assert(hs_redis_progress_verifies(progress, 16, 1));
    hs_redis_progress_settle(progress, 15, 1); /* written */
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

/* ---- Batches ---- */

START_TEST(commands_are_exact)
{
    struct hs_redis_batch batch;
    hs_redis_batch_init(&batch);
    struct hs_json_tree *tree = hs_json_tree_create();
    struct hs_target_options body = {.fields = HS_FIELDS_BODY, .max_length = 1000},
                             flat = {.fields = HS_FIELDS_FLAT};
    struct hs_message message = {
        .part = 2, .destination = HS_SLICE("s"), .body = HS_SLICE("{}"), .target = &body};
    hs_redis_batch_add(&batch, 5, &message, false, tree);
    message.target = &flat;
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
    struct hs_target_options target = {.fields = HS_FIELDS_BODY};
    struct hs_message message = {
        .destination = HS_SLICE("key"), .body = HS_SLICE("{}"), .target = &target};
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
    struct hs_target_options target = {.fields = HS_FIELDS_BODY};
    struct hs_message message = {
        .destination = HS_SLICE("s"), .body = HS_SLICE("{}"), .target = &target};
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
    struct hs_target_options target = {.fields = HS_FIELDS_BODY};
    struct hs_message message = {
        .destination = HS_SLICE("s"), .body = HS_SLICE("{}"), .target = &target};
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
    tcase_add_test(tcase, a_server_that_knows_nothing_gives_no_position);
    tcase_add_test(tcase, a_new_program_verifies_what_was_not_confirmed);
    tcase_add_test(tcase, a_reconnect_believes_what_it_had_read_itself);
    tcase_add_test(tcase, a_server_that_went_back_counts_more_than_what_is_known);
    tcase_add_test(tcase, what_failed_is_not_confirmed_until_it_is_skipped);
    tcase_add_test(tcase, an_event_left_out_confirms_none_before_it);
    tcase_add_test(tcase, what_is_known_to_be_missing_is_written_after_a_reconnect);
    tcase_add_test(tcase, skipped_events_move_the_cursor_alone);
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
