/* Proves: only requests recently signed with one of the secrets are genuine. */
#include "hs_test.h"

#include <hookstream/clock.h>
#include <hookstream/source.h>
#include <stdio.h>
#include <string.h>

#define NOW UINT64_C(1733043600)

static struct hs_secret secrets[] = {{"new", {"new-secret", 10}}, {"old", {"old-secret", 10}}};
static struct hs_verify_options options = {
    .secret_items = secrets,
    .secret_count = 2,
    .max_age_ns = 300 * HS_NS_PER_SECOND,
    .max_future_ns = 60 * HS_NS_PER_SECOND,
};
static const struct hs_slice body = {"{\"id\":\"whk_1\"}", 14};

static enum hs_verdict verify_at(struct hs_slice secret, uint64_t signed_at, uint64_t now,
                                 size_t *ret_secret)
{
    struct hs_verifier *verifier;
    ck_assert_int_eq(hs_verifier_create(hs_schemes[HS_SCHEME_INDEX_fanfare], &options, &verifier),
                     0);
    char stamp[24], signature[HS_SIGNATURE_MAX];
    int size = snprintf(stamp, sizeof(stamp), "%llu", (unsigned long long)signed_at);
    ck_assert_int_eq(hs_sign(hs_schemes[HS_SCHEME_INDEX_fanfare], secret, hs_slice(stamp, size),
                             body, signature),
                     0);
    struct hs_claim claim = {hs_slice_text(signature), hs_slice(stamp, size), 1, 1};
    double skew;
    enum hs_verdict verdict =
        hs_verify(verifier, &claim, body, now * HS_NS_PER_SECOND, ret_secret, &skew);
    hs_verifier_free(verifier);
    return verdict;
}

START_TEST(signature_is_that_of_the_provider)
{
    /* printf '1733043600.{"id":"whk_1"}' | openssl dgst -sha256 -hmac new-secret */
    char signature[HS_SIGNATURE_MAX];
    ck_assert_int_eq(hs_sign(hs_schemes[HS_SCHEME_INDEX_fanfare], HS_SLICE("new-secret"),
                             HS_SLICE("1733043600"), body, signature),
                     0);
    ck_assert_str_eq(signature,
                     "sha256=2ebd6877faa11c34b21410fba98de57c52b53010c30590782af7c3d3503d7bdc");
}
END_TEST

START_TEST(either_secret_is_genuine_and_named)
{
    size_t secret = 9;
    ck_assert_int_eq(verify_at(HS_SLICE("new-secret"), NOW, NOW, &secret), HS_GENUINE);
    ck_assert_uint_eq(secret, 0);
    ck_assert_int_eq(verify_at(HS_SLICE("old-secret"), NOW, NOW, &secret), HS_GENUINE);
    ck_assert_uint_eq(secret, 1);
    ck_assert_int_eq(verify_at(HS_SLICE("bad-secret"), NOW, NOW, &secret), HS_SIGNATURE_WRONG);
}
END_TEST

START_TEST(age_and_future_have_their_own_bounds)
{
    size_t secret;
    ck_assert_int_eq(verify_at(HS_SLICE("new-secret"), NOW - 300, NOW, &secret), HS_GENUINE);
    ck_assert_int_eq(verify_at(HS_SLICE("new-secret"), NOW - 301, NOW, &secret),
                     HS_TIMESTAMP_STALE);
    ck_assert_int_eq(verify_at(HS_SLICE("new-secret"), NOW + 60, NOW, &secret), HS_GENUINE);
    ck_assert_int_eq(verify_at(HS_SLICE("new-secret"), NOW + 61, NOW, &secret),
                     HS_TIMESTAMP_FUTURE);
    /* A stale request with a wrong signature is a forgery, not a late request. */
    ck_assert_int_eq(verify_at(HS_SLICE("bad-secret"), NOW - 301, NOW, &secret),
                     HS_SIGNATURE_WRONG);
}
END_TEST

START_TEST(the_context_is_good_for_many_events)
{
    struct hs_verifier *verifier;
    ck_assert_int_eq(hs_verifier_create(hs_schemes[HS_SCHEME_INDEX_fanfare], &options, &verifier),
                     0);
    for (int i = 0; i < 1000; i++) {
        char text[64], signature[HS_SIGNATURE_MAX];
        int size = snprintf(text, sizeof(text), "{\"id\":\"whk_%d\"}", i);
        struct hs_slice each = hs_slice(text, size);
        ck_assert_int_eq(hs_sign(hs_schemes[HS_SCHEME_INDEX_fanfare], HS_SLICE("old-secret"),
                                 HS_SLICE("1733043600"), each, signature),
                         0);
        struct hs_claim claim = {hs_slice_text(signature), HS_SLICE("1733043600"), 1, 1};
        size_t secret;
        double skew;
        ck_assert_int_eq(hs_verify(verifier, &claim, each, NOW * HS_NS_PER_SECOND, &secret, &skew),
                         HS_GENUINE);
        text[2] ^= 1; /* one bit of the body */
        ck_assert_int_eq(hs_verify(verifier, &claim, each, NOW * HS_NS_PER_SECOND, &secret, &skew),
                         HS_SIGNATURE_WRONG);
    }
    hs_verifier_free(verifier);
}
END_TEST

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(malformed_claims_each_have_their_verdict)
{
    static const struct {
        const char *signature, *timestamp;
        size_t signatures, timestamps;
        enum hs_verdict verdict;
    } rows[] = {
        {"", "1733043600", 0, 1, HS_SIGNATURE_MISSING},
        {"sha256=" HEX, "", 1, 0, HS_TIMESTAMP_MISSING},
        {"", "", 0, 0, HS_SIGNATURE_MISSING},
        {"sha256=" HEX, "1733043600", 2, 1, HS_SIGNATURE_MALFORMED},
        {"sha256=" HEX, "1733043600", 1, 2, HS_TIMESTAMP_MALFORMED},
        {"sha256=" HEX "0", "1733043600", 1, 1, HS_SIGNATURE_MALFORMED},
        {"sha256=0123", "1733043600", 1, 1, HS_SIGNATURE_MALFORMED},
        {"sha1=" HEX, "1733043600", 1, 1, HS_SIGNATURE_MALFORMED},
        {"SHA256=" HEX, "1733043600", 1, 1, HS_SIGNATURE_MALFORMED},
        {HEX, "1733043600", 1, 1, HS_SIGNATURE_MALFORMED},
        {"sha256=g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "1733043600", 1,
         1, HS_SIGNATURE_MALFORMED},
        {"sha256=" HEX, "", 1, 1, HS_TIMESTAMP_MALFORMED},
        {"sha256=" HEX, "+1733043600", 1, 1, HS_TIMESTAMP_MALFORMED},
        {"sha256=" HEX, "-1", 1, 1, HS_TIMESTAMP_MALFORMED},
        {"sha256=" HEX, "1733043600 ", 1, 1, HS_TIMESTAMP_MALFORMED},
        {"sha256=" HEX, "1733043600.5", 1, 1, HS_TIMESTAMP_MALFORMED},
        {"sha256=" HEX, "0x67", 1, 1, HS_TIMESTAMP_MALFORMED},
        {"sha256=" HEX, "99999999999999999999", 1, 1, HS_TIMESTAMP_MALFORMED},
        {"sha256=" HEX, "1733043600", 1, 1, HS_SIGNATURE_WRONG},
    };
    struct hs_verifier *verifier;
    ck_assert_int_eq(hs_verifier_create(hs_schemes[HS_SCHEME_INDEX_fanfare], &options, &verifier),
                     0);
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_claim claim = {hs_slice_text(rows[i].signature), hs_slice_text(rows[i].timestamp),
                                 rows[i].signatures, rows[i].timestamps};
        size_t secret;
        double skew;
        enum hs_verdict verdict =
            hs_verify(verifier, &claim, body, NOW * HS_NS_PER_SECOND, &secret, &skew);
        ck_assert_msg(verdict == rows[i].verdict, "row %zu: %s", i, hs_verdict_label(verdict));
    }
    hs_verifier_free(verifier);
}
END_TEST

/* A scheme is only data: one that signs the body alone, in base64, with another digest. */
static const struct hs_scheme body_only = {
    .name = "body_only",
    .signature = {"x-hmac", 6},
    .encoding = HS_ENCODING_BASE64,
    .digest = "SHA512",
    .digest_size = 64,
    .parts = {HS_SIGNED_BODY},
    .id = {"id", 2},
    .type = {"type", 4},
};

START_TEST(another_row_is_another_scheme)
{
    /* printf '{"id":"whk_1"}' | openssl dgst -sha512 -hmac new-secret -binary | base64 -w0 */
    static const char known[] =
        "F1kH2g9v5Pw0/zJ9Vdq5U3bU46RxxnWS94BjFfIo1KpkmW9eM7XJkzkpZJrJycuiucDdkqw8O4FHgG0r18YaDw==";
    struct hs_verifier *verifier;
    char signature[HS_SIGNATURE_MAX];
    ck_assert_int_eq(hs_sign(&body_only, HS_SLICE("new-secret"), HS_SLICE_NONE, body, signature),
                     0);
    ck_assert_str_eq(signature, known);
    ck_assert_int_eq(hs_verifier_create(&body_only, &options, &verifier), 0);
    static const struct {
        const char *signature;
        enum hs_verdict verdict;
    } rows[] = {
        {known, HS_GENUINE},
        {"", HS_SIGNATURE_MALFORMED},
        {"AAAA", HS_SIGNATURE_MALFORMED},
        {"F1kH2g9v5Pw0/zJ9Vdq5U3bU46RxxnWS94BjFfIo1KpkmW9eM7XJkzkpZJrJycuiucDdkqw8O4FHgG0r18YaDw",
         HS_SIGNATURE_MALFORMED},
        {" F1kH2g9v5Pw0/zJ9Vdq5U3bU46RxxnWS94BjFfIo1KpkmW9eM7XJkzkpZJrJycuiucDdkqw8O4FHgG0r18YaDw=",
         HS_SIGNATURE_MALFORMED},
        {"F1kH2g9v5Pw0/zJ9Vdq5U3bU46RxxnWS94BjFfIo1KpkmW9eM7XJkzkpZJrJycuiucDdkqw8O4FHgG0r18YaDx==",
         HS_SIGNATURE_MALFORMED},
        {"B1kH2g9v5Pw0/zJ9Vdq5U3bU46RxxnWS94BjFfIo1KpkmW9eM7XJkzkpZJrJycuiucDdkqw8O4FHgG0r18YaDw==",
         HS_SIGNATURE_WRONG},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_claim claim = {.signature = hs_slice_text(rows[i].signature),
                                 .signature_count = 1};
        size_t secret;
        double skew;
        enum hs_verdict verdict =
            hs_verify(verifier, &claim, body, NOW * HS_NS_PER_SECOND, &secret, &skew);
        ck_assert_msg(verdict == rows[i].verdict, "row %zu: %s", i, hs_verdict_label(verdict));
    }
    hs_verifier_free(verifier);
}
END_TEST

HS_TEST_MAIN("source verification", another_row_is_another_scheme,
             signature_is_that_of_the_provider, either_secret_is_genuine_and_named,
             age_and_future_have_their_own_bounds, the_context_is_good_for_many_events,
             malformed_claims_each_have_their_verdict)
