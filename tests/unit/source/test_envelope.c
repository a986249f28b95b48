/* Proves: a body that is not an envelope is distinguished from one that is not JSON, and nothing
 * else is accepted. */
#include "hs_test.h"

#include <dirent.h>
#include <hookstream/source.h>
#include <stdio.h>
#include <string.h>

START_TEST(every_example_of_the_provider_is_an_envelope)
{
    DIR *folder = opendir(HS_FIXTURES "/fanfare");
    ck_assert_ptr_nonnull(folder);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[512], body[4096];
        if (strstr(entry->d_name, ".json") == NULL)
            continue;
        snprintf(path, sizeof(path), HS_FIXTURES "/fanfare/%s", entry->d_name);
        FILE *file = fopen(path, "rb");
        size_t size = fread(body, 1, sizeof(body), file);
        fclose(file);
        struct hs_envelope envelope;
        ck_assert_int_eq(hs_envelope_read(hs_schemes[0], hs_slice(body, size), &envelope),
                         HS_EVENT_VALID);
        ck_assert(hs_slice_equal(envelope.id, HS_SLICE("whk_01HXYZ123456789")));
        /* The file is named after its type. */
        ck_assert_uint_eq(envelope.type.size, strlen(entry->d_name) - 5);
        ck_assert_int_eq(memcmp(envelope.type.data, entry->d_name, envelope.type.size), 0);
        count++;
    }
    closedir(folder);
    ck_assert_int_eq(count, 21);
}
END_TEST

START_TEST(flaws_are_named)
{
    static const struct {
        const char *body;
        enum hs_event_flaw flaw;
    } rows[] = {
        {"{\"id\":\"a\",\"type\":\"b\"}", HS_EVENT_VALID},
        {" {\"type\":\"b.c-d_e.0\",\"x\":[1,{\"id\":2}],\"id\":\"a\"} ", HS_EVENT_VALID},
        {"{\"\\u0069d\":\"\\u0061\",\"type\":\"\\u0062\"}", HS_EVENT_VALID},
        {"", HS_EVENT_NOT_JSON},
        {"hello", HS_EVENT_NOT_JSON},
        {"{\"id\":\"a\",\"type\":\"b\"", HS_EVENT_NOT_JSON},
        {"{\"id\":\"a\",\"type\":\"b\"}}", HS_EVENT_NOT_JSON},
        {"{\"id\":\"a\",\"type\":\"b\",}", HS_EVENT_NOT_JSON},
        {"{\"id\":\"\xff\",\"type\":\"b\"}", HS_EVENT_NOT_JSON},
        {"[]", HS_EVENT_NOT_ENVELOPE},
        {"\"text\"", HS_EVENT_NOT_ENVELOPE},
        {"{}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"a\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"type\":\"b\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":1,\"type\":\"b\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":null,\"type\":\"b\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"\",\"type\":\"b\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"a\",\"type\":\"\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"a\",\"type\":[\"b\"]}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"a\",\"type\":\"b c\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"a\",\"type\":\".b\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"a\",\"type\":\"b.\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"a\",\"type\":\"b..c\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"a\\u0000\",\"type\":\"b\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"a\\n\",\"type\":\"b\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"a\\ud83d\",\"type\":\"b\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"\\udc00\\ud83d\",\"type\":\"b\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"\\ud83d\\ude00\",\"type\":\"b\"}", HS_EVENT_VALID},
        {"{\"id\":\"\xEF\xBF\xBD\",\"type\":\"b\"}", HS_EVENT_VALID},
        {"{\"id\":\"a\",\"id\":\"a\",\"type\":\"b\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"a\",\"\\u0069d\":\"c\",\"type\":\"b\"}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"a\",\"type\":\"b\",\"data\":1,\"data\":2}", HS_EVENT_NOT_ENVELOPE},
        {"{\"id\":\"a\",\"type\":\"b\",\"timestamp\":1,\"timestamp\":2}", HS_EVENT_NOT_ENVELOPE},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_envelope envelope;
        enum hs_event_flaw flaw =
            hs_envelope_read(hs_schemes[0], hs_slice_text(rows[i].body), &envelope);
        ck_assert_msg(flaw == rows[i].flaw, "%s: %s", rows[i].body, hs_event_flaw_name(flaw));
    }
}
END_TEST

START_TEST(a_flaw_says_what_and_where)
{
    static const struct {
        const char *body, *words;
    } rows[] = {
        {"", "the text is empty"},
        {"{\n\"id\":\"a\",\n}", "at byte 12 (line 3 of 13 bytes)"},
        {"{\"id\":\"a\"} x", "more follows after the value at byte 11 (line 1 of 12 bytes)"},
        {"[]", "the body is an array, not a JSON object"},
        {"7", "the body is a number, not a JSON object"},
        {"{}", "`id` is missing at the top of the body"},
        {"{\"id\":\"a\"}", "`type` is missing at the top of the body"},
        {"{\"id\":1,\"type\":\"b\"}",
         "`id` is a number, not a text (its value is at byte 6, line 1)"},
        {"{\"id\":\"a\",\n \"type\":[]}", "`type` is an array, not a text (its value is at byte "
                                          "19, line 2)"},
        {"{\"id\":\"\",\"type\":\"b\"}", "`id` is empty (its value is at byte 6"},
        {"{\"id\":\"a\",\"type\":\"b c\"}", "`type` is not dot-separated words"},
        {"{\"id\":\"a\\n\",\"type\":\"b\"}", "`id` has control characters (its value is at byte 6"},
        {"{\"id\":\"a\",\"type\":\"b\",\"id\":\"c\"}",
         "`id` occurs more than once; this is the first"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_envelope envelope;
        ck_assert_int_ne(hs_envelope_read(hs_schemes[0], hs_slice_text(rows[i].body), &envelope),
                         HS_EVENT_VALID);
        ck_assert_msg(strstr(hs_error_text(), rows[i].words) != NULL, "%s: %s", rows[i].body,
                      hs_error_text());
    }
}
END_TEST

START_TEST(a_digest_is_of_the_timestamp_and_the_body)
{
    struct hs_envelope envelope;
    hs_envelope_digest(HS_SLICE("1795425300"), HS_SLICE("{}"), &envelope);
    /* printf 1795425300.{} | sha256sum */
    ck_assert(hs_slice_equal(envelope.id, HS_SLICE("sha256:a4ef73eab638fe5ff647aaa495719e33")));
    hs_envelope_digest(HS_SLICE("1795425301"), HS_SLICE("{}"), &envelope);
    ck_assert(!hs_slice_equal(envelope.id, HS_SLICE("sha256:a4ef73eab638fe5ff647aaa495719e33")));
    ck_assert_uint_eq(envelope.type.size, 0);
}
END_TEST

static enum hs_event_flaw read_with_id_of(size_t size)
{
    char body[1024];
    memcpy(body, "{\"type\":\"b\",\"id\":\"", 18);
    memset(body + 18, 'x', size);
    memcpy(body + 18 + size, "\"}", 2);
    struct hs_envelope envelope;
    return hs_envelope_read(hs_schemes[0], hs_slice(body, size + 20), &envelope);
}

START_TEST(an_id_has_a_sane_length)
{
    ck_assert_int_eq(read_with_id_of(HS_ENVELOPE_ID_MAX), HS_EVENT_VALID);
    ck_assert_int_eq(read_with_id_of(HS_ENVELOPE_ID_MAX + 1), HS_EVENT_NOT_ENVELOPE);
}
END_TEST

START_TEST(depth_is_bounded)
{
    char body[256] = "{\"id\":\"a\",\"type\":\"b\",\"data\":";
    size_t at = strlen(body);
    memset(body + at, '[', 63);
    memset(body + at + 63, ']', 63);
    strcpy(body + at + 126, "}");
    struct hs_envelope envelope;
    ck_assert_int_eq(hs_envelope_read(hs_schemes[0], hs_slice_text(body), &envelope),
                     HS_EVENT_VALID);
    memset(body + at, '[', 64);
    memset(body + at + 64, ']', 64);
    strcpy(body + at + 128, "}");
    ck_assert_int_eq(hs_envelope_read(hs_schemes[0], hs_slice_text(body), &envelope),
                     HS_EVENT_NOT_JSON);
}
END_TEST

HS_TEST_MAIN("source envelope", every_example_of_the_provider_is_an_envelope, flaws_are_named,
             a_flaw_says_what_and_where, a_digest_is_of_the_timestamp_and_the_body,
             an_id_has_a_sane_length, depth_is_bounded)
