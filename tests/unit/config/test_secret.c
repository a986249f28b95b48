/* Secrets: unfilled placeholders and guessable values are refused, surrounding characters cause a
 * warning, and random texts do neither. */
#include "tables.h"

struct held {
    const char *key, *password, *url;
    const struct hs_node *signatures;
};

static const struct hs_option rows[] = {
    {.name = "key",
     .kind = HS_OPTION_SECRET,
     .secret = HS_SECRET_KEY,
     .offset = offsetof(struct held, key)},
    {.name = "password",
     .kind = HS_OPTION_SECRET,
     .secret = HS_SECRET_PASSWORD,
     .offset = offsetof(struct held, password)},
    {.name = "url",
     .kind = HS_OPTION_SECRET,
     .secret = HS_SECRET_URL,
     .offset = offsetof(struct held, url)},
    {.name = "signatures",
     .kind = HS_OPTION_NODE,
     .secret = HS_SECRET_SIGNATURE,
     .offset = offsetof(struct held, signatures)},
};

static const struct hs_options table = {
    .name = "x",
    .title = "X",
    .options = rows,
    .option_count = HS_ARRAY_SIZE(rows),
    .struct_size = sizeof(struct held),
    .node_offset = SIZE_MAX,
};

static const char *value_of(void *context, const char *name)
{
    return strcmp(name, "VALUE") == 0 ? context : NULL;
}

/* The findings for one value, given by the environment so that YAML does not interfere. */
static struct hs_config *hold(const char *option, const char *value, bool allowed)
{
    char yaml[64];
    struct held held;
    (void)snprintf(yaml, sizeof(yaml), "%s: \"${VALUE}\"\n", option);
    struct hs_config *config =
        hs_config_parse("test.yaml", hs_slice_text(yaml), value_of, (void *)(uintptr_t)value);
    if (allowed)
        hs_config_allow_weak_secrets(config);
    hs_config_bind(config, hs_config_root(config), &table, &held);
    return config;
}

static void expect(const char *option, const char *value, unsigned code, bool error)
{
    struct hs_config *config = hold(option, value, false);
    const struct hs_findings *findings = hs_config_findings(config);
    if (code == 0)
        ck_assert_msg(findings->count == 0, "%s %s: %s", option, value,
                      findings->count > 0 ? findings->items[0].message : "");
    else
        ck_assert_msg(findings->count > 0 && findings->items[0].code == code &&
                          (findings->items[0].severity == HS_FINDING_ERROR) == error,
                      "%s %s: expected HS%03u, got %s", option, value, code,
                      findings->count > 0 ? findings->items[0].message : "nothing");
    hs_config_free(config);
}

static const char *const shapes[] = {
    "$FANFARE_SECRET",
    "$fanfare_secret",
    "$fanfareSecret",
    "$$FANFARE_SECRET",
    "$env:FANFARE_SECRET",
    "${FANFARE_SECRET}",
    "${{ secrets.FANFARE_SECRET }}",
    "$(FANFARE_SECRET)",
    "$(cat /run/secrets/fanfare)",
    "%FANFARE_SECRET%",
    "%{FANFARE_SECRET}",
    "%(fanfare_secret)s",
    "{{ .Values.fanfare.secret }}",
    "{{FANFARE_SECRET}}",
    "{{ secret \"fanfare\" | b64enc }}",
    "{% secret %}",
    "{FANFARE_SECRET}",
    "<your-secret>",
    "<FANFARE_SECRET>",
    "<%= ENV['FANFARE_SECRET'] %>",
    "[your secret]",
    "[[FANFARE_SECRET]]",
    "((fanfare-secret))",
    "(secret)",
    "@FANFARE_SECRET@",
    "@@FANFARE_SECRET@@",
    "#{FANFARE_SECRET}#",
    "#{FANFARE_SECRET}",
    "##FANFARE_SECRET##",
    "__FANFARE_SECRET__",
    "!FANFARE_SECRET!",
    "~FANFARE_SECRET~",
    "--SECRET--",
    "FANFARE_SECRET",
    "env:FANFARE_SECRET",
    "process.env.FANFARE_SECRET",
    "os.environ['FANFARE_SECRET']",
    "vault:secret/data/fanfare#key",
    "ref+vault://secret/fanfare#/key",
    "op://vault/fanfare/secret",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:fanfare",
    "@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/s)",
    "ENC[AES256_GCM,data:abc,iv:def,tag:ghi,type:str]",
    "/run/secrets/fanfare",
    "file:///run/secrets/fanfare",
    "xxx",
    "XXXXXXXXXXXXXXXXXXXX",
    "xxxx-xxxx-xxxx-xxxx",
    "********************",
    "....",
    "\xE2\x80\xA6",
    " $FANFARE_SECRET\n",
    "\"$FANFARE_SECRET\"",
};

static const char *const template_words[] = {
    "changeme",
    "change-me",
    "CHANGE_ME",
    "ChangeMe123",
    "changeit",
    "replace_me",
    "REPLACEME",
    "replace-with-your-secret",
    "your-secret",
    "YOUR_SECRET_HERE",
    "your_webhook_signing_secret_here",
    "insert-secret-here",
    "TODO",
    "todo: set this",
    "FIXME",
    "TBD",
    "example",
    "example-secret",
    "<redacted>",
    "placeholder",
    "None",
    "undefined",
    "null",
    "dummy-token",
    "foobar",
    "put your secret here",
};

START_TEST(test_what_a_template_left_behind_is_refused)
{
    static const char *const options[] = {"key", "password", "signatures"};
    for (size_t k = 0; k < HS_ARRAY_SIZE(options); k++) {
        for (size_t i = 0; i < HS_ARRAY_SIZE(shapes); i++)
            expect(options[k], shapes[i], HS_FINDING_PLACEHOLDER, true);
        for (size_t i = 0; i < HS_ARRAY_SIZE(template_words); i++)
            expect(options[k], template_words[i], HS_FINDING_PLACEHOLDER, true);
    }
}
END_TEST

START_TEST(test_what_can_be_guessed_is_refused_where_it_is_ours)
{
    static const char *const weak[] = {
        "x",
        "short",
        "fifteen-bytes-x",
        "aaaaaaaaaaaaaaaaaaaa",
        "0000000000000000",
        "abababababababababab",
        "secret",
        "my-secret-token",
        "secretsecretsecret",
        "password",
        "admin-token",
        "supersecretpassword",
        "fanfare-webhook-secret",
        "s3cr3t",
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(weak); i++) {
        expect("key", weak[i], HS_FINDING_WEAK_SECRET, true);
        expect("signatures", weak[i], HS_FINDING_WEAK_SECRET, true);
    }
    /* A server's password is the server's choice. */
    expect("password", "x1-yz", 0, false);
    expect("password", "secret", HS_FINDING_WEAK_SECRET, false);
}
END_TEST

START_TEST(test_a_random_text_is_no_placeholder)
{
    static const char *const good[] = {
        "a-secret-for-the-tests",
        "$2b$10$N9qo8uLOickgx2ZMRZoMye",
        "$xK9$mPq2%vR7tLw",
        "$aB3dEf6hIj9lMn2pQr5t",
        "%k2J%9dLq#7mZx8!",
        "{g7Kd02mQ9x}LpW4vT1",
        "<h3Jd8Kq02mZxLpW4v>",
        "@q7Lp2Xz9Kd4Wm1Vt8@",
        "__k9Jq2mZx7LpW4vT1__",
        "xK9mPq2vR7tLwZ4s",
        "07c1e4a95d3b28f607c1e4a95d3b28f6",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "/9j4AAQSkZJRgABAQEASABIAAD2wBDAAMC==",
        "correct horse battery staple",
        "the-secret-of-the-sender",
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(good); i++) {
        expect("key", good[i], 0, false);
        expect("password", good[i], 0, false);
        expect("signatures", good[i], 0, false);
    }
}
END_TEST

START_TEST(test_what_is_around_a_secret_is_warned_of)
{
    static const char *const format[] = {
        "%s\n",
        "%s\r\n",
        "%s\r",
        " %s",
        "%s ",
        "%s\t",
        "\"%s\"",
        "'%s'",
        "`%s`",
        "\xEF\xBB\xBF%s",
        "\xC2\xA0%s",
        "%s\xE2\x80\x8B",
        "%s\\n",
        "%s\\r\\n",
        "%s\xE3\x80\x80",
        "\xE2\x80\x9C%s\xE2\x80\x9D",
        "FANFARE_SECRET=%s",
        "Bearer %s",
        "%s\n%s",
        "%s\xE2\x80\xAC",
    };
    static const char *const options[] = {"key", "password", "signatures"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(format); i++) {
        char value[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(value, sizeof(value), format[i], "k9Jq2mZx7LpW4vT1", "k9Jq2mZx7LpW4vT1");
#pragma GCC diagnostic pop
        for (size_t k = 0; k < HS_ARRAY_SIZE(options); k++) {
            expect(options[k], value, HS_FINDING_SECRET_EDGES, false);
            struct hs_config *config = hold(options[k], value, false);
            const char *message = hs_config_findings(config)->items[0].message;
            ck_assert_msg(strstr(message, "the environment variable VALUE") != NULL, "%s", message);
            ck_assert_msg(strstr(message, "k9Jq") == NULL, "%s", message);
            ck_assert_msg(strstr(message, options[k]) != NULL, "%s", message);
            hs_config_free(config);
        }
    }
}
END_TEST

START_TEST(test_a_password_in_a_url_is_held_against_the_rule)
{
    expect("url", "redis://:$REDIS_PASSWORD@redis:6379/0", HS_FINDING_PLACEHOLDER, true);
    expect("url", "redis://me:changeme@redis:6379/0", HS_FINDING_PLACEHOLDER, true);
    expect("url", "redis://me:<password>@redis", HS_FINDING_PLACEHOLDER, true);
    expect("url", "$REDIS_URL", HS_FINDING_PLACEHOLDER, true);
    expect("url", "redis://:password@redis", HS_FINDING_WEAK_SECRET, false);
    expect("url", "redis://$REDIS_HOST:6379/0", HS_FINDING_UNEXPANDED, false);
    expect("url", "redis://me:pw@{{ .Values.host }}/0", HS_FINDING_UNEXPANDED, false);
    expect("url", "redis://me:p%40ss%24w@redis:6379/0", 0, false);
    expect("url", "redis://redis:6379/0", 0, false);
    expect("url", "unix:///run/redis/redis.sock", 0, false);
}
END_TEST

START_TEST(test_a_test_may_allow_weak_secrets)
{
    static const char *const values[] = {"x", "$NAME", "changeme", "secret"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(values); i++) {
        struct hs_config *config = hold("signatures", values[i], true);
        ck_assert_uint_eq(hs_config_findings(config)->errors, 0);
        ck_assert_uint_eq(hs_config_findings(config)->count, 1);
        hs_config_free(config);
    }
}
END_TEST

START_TEST(test_one_secret_for_two_things_is_warned_of)
{
    static const struct {
        const char *yaml;
        bool told;
    } cases[] = {
        {"signatures: [aXpbQ7tLw2cZk9Jqm4eR, aXpbQ7tLw2cZk9Jqm4eR]", true},
        {"signatures: {old: aXpbQ7tLw2cZk9Jqm4eR, new: fXpbQ7tLw2cZk9Jqm4eR}", false},
        {"key: aXpbQ7tLw2cZk9Jqm4eR\nsignatures: [aXpbQ7tLw2cZk9Jqm4eR]", true},
        {"password: aXpbQ7tLw2cZk9Jqm4eR\nsignatures: [aXpbQ7tLw2cZk9Jqm4eR]", false},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        struct held held;
        struct hs_config *config = test_parse(cases[i].yaml);
        hs_config_bind(config, hs_config_root(config), &table, &held);
        const struct hs_findings *findings = hs_config_findings(config);
        ck_assert_uint_eq(findings->count, cases[i].told);
        if (cases[i].told)
            ck_assert_uint_eq(findings->items[0].code, HS_FINDING_SECRET_SHARED);
        hs_config_free(config);
    }
}
END_TEST

HS_TEST_MAIN("secrets", test_what_a_template_left_behind_is_refused,
             test_what_can_be_guessed_is_refused_where_it_is_ours,
             test_a_random_text_is_no_placeholder, test_what_is_around_a_secret_is_warned_of,
             test_a_password_in_a_url_is_held_against_the_rule, test_a_test_may_allow_weak_secrets,
             test_one_secret_for_two_things_is_warned_of)
