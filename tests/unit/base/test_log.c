/* Proves: any message stays on one line, and a flood from one cause is limited. */
#include "hs_test.h"

#include <hookstream/log.h>
#include <string.h>
#include <unistd.h>

/* What a block writes to standard error. */
static char text[65536];
static int pipes[2], kept;

static void begin(void)
{
    ck_assert_int_eq(pipe(pipes), 0);
    kept = dup(STDERR_FILENO);
    dup2(pipes[1], STDERR_FILENO);
}

static void end(void)
{
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(pipes[1]);
    ssize_t size = read(pipes[0], text, sizeof(text) - 1);
    text[size > 0 ? size : 0] = '\0';
    close(pipes[0]);
}

START_TEST(logfmt_quotes_and_escapes)
{
    hs_log_configure(HS_LOG_INFO, HS_LOG_LOGFMT);
    begin();
    hs_log(HS_LOG_WARN, "two words", HS_F("plain", "%d", 7), HS_F("odd", "a\"b\nc=d"),
           HS_F("empty", "%s", ""));
    end();
    ck_assert_ptr_nonnull(
        strstr(text, " level=warn msg=\"two words\" plain=7 odd=\"a\\\"b\\nc=d\" empty=\"\"\n"));
}
END_TEST

START_TEST(json_is_json)
{
    hs_log_configure(HS_LOG_INFO, HS_LOG_JSON);
    begin();
    hs_log(HS_LOG_INFO, "x", HS_F("bad", "\xff\x01"));
    end();
    ck_assert_ptr_nonnull(
        strstr(text, "\"level\":\"info\",\"msg\":\"x\",\"bad\":\"\\ufffd\\u0001\"}\n"));
    ck_assert_int_eq(text[0], '{');
}
END_TEST

START_TEST(lines_below_the_level_are_left_out)
{
    hs_log_configure(HS_LOG_WARN, HS_LOG_LOGFMT);
    begin();
    hs_log(HS_LOG_INFO, "quiet");
    hs_log(HS_LOG_ERROR, "loud");
    end();
    ck_assert_ptr_null(strstr(text, "quiet"));
    ck_assert_ptr_nonnull(strstr(text, "loud"));
}
END_TEST

START_TEST(a_flood_of_one_cause_is_held_back_and_another_is_not)
{
    hs_log_configure(HS_LOG_INFO, HS_LOG_LOGFMT);
    begin();
    for (int i = 0; i < 100; i++)
        hs_log_limited(HS_LOG_WARN, "flood", "again", HS_F("i", "%d", i));
    hs_log_limited(HS_LOG_WARN, "other", "once");
    end();
    int lines = 0;
    for (const char *at = text; (at = strstr(at, "cause=flood")) != NULL; at++)
        lines++;
    ck_assert_int_eq(lines, HS_LOG_BURST);
    ck_assert_ptr_nonnull(strstr(text, "cause=other"));
}
END_TEST

START_TEST(long_values_are_cut)
{
    char lengthy[1000];
    memset(lengthy, 'x', sizeof(lengthy) - 1);
    lengthy[999] = '\0';
    struct hs_log_field field = hs_log_field("k", "%s", lengthy);
    ck_assert_uint_eq(strlen(field.value), sizeof(field.value) - 1);
    ck_assert_str_eq(field.value + sizeof(field.value) - 4, "...");
}
END_TEST

HS_TEST_MAIN("base log", logfmt_quotes_and_escapes, json_is_json,
             lines_below_the_level_are_left_out,
             a_flood_of_one_cause_is_held_back_and_another_is_not, long_values_are_cut)
