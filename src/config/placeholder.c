/* Placeholder: recognises values that a template did not fill in: $NAME, {{ .Values.x }},
 * <your-secret>, changeme. Judges by shapes and words only. A random secret may contain any of
 * these characters, so the whole value must have the shape, and a name must read as one. */
#include "placeholder.h"

#include <strings.h>

#define NAME_MAX_SIZE 80u  /* maximum size of a name in a placeholder */
#define WORDS_MAX_SIZE 96u /* maximum size of a value that may consist of ordinary words */

/* ---- Names ---- */

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return is_upper(c) || (c >= 'a' && c <= 'z');
}

static bool is_name_mark(char c)
{
    return c == '_' || c == '-' || c == '.' || c == ' ' || c == '/' || c == ':';
}

/* Whether a part between marks reads as a word: letters, then possibly up to three digits. Either
 * all letters are capitals or few are: a random text mixes them. */
static bool is_word_part(struct hs_slice part)
{
    size_t letters = 0, capitals = 0;
    while (letters < part.size && is_letter(part.data[letters]))
        capitals += is_upper(part.data[letters++]);
    for (size_t i = letters; i < part.size; i++)
        if (!is_digit(part.data[i]))
            return false;
    if (part.size - letters > 3)
        return false;
    return capitals == letters || capitals * 3 <= letters + 2;
}

/* A name such as FANFARE_SECRET, fanfare-secret, fanfareSecret or .Values.secret; of one or several
 * parts. */
static bool is_name(struct hs_slice text)
{
    if (text.size < 2 || text.size > NAME_MAX_SIZE)
        return false;
    size_t begin = 0;
    while (begin < text.size && is_name_mark(text.data[begin]))
        begin++;
    if (begin == text.size || !is_letter(text.data[begin]))
        return false;
    for (size_t at = begin; at <= text.size; at++) {
        if (at < text.size && !is_name_mark(text.data[at]))
            continue;
        if (!is_word_part(hs_slice(text.data + begin, at - begin)))
            return false;
        begin = at + 1;
    }
    return true;
}

static bool holds_nocase(struct hs_slice text, const char *word)
{
    size_t size = strlen(word); /* strlen: the program's own tables */
    for (size_t at = 0; at + size <= text.size; at++)
        if (strncasecmp(text.data + at, word, size) == 0)
            return true;
    return false;
}

/* FANFARE_SECRET itself, without the syntax of a variable. */
static bool is_bare_name(struct hs_slice text)
{
    static const char *const words[] = {"SECRET", "TOKEN", "PASS", "KEY", "PWD"};
    if (text.size == 0 || memchr(text.data, '_', text.size) == NULL || !is_name(text))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!is_upper(text.data[i]) && !is_digit(text.data[i]) && text.data[i] != '_')
            return false;
    for (size_t i = 0; i < HS_ARRAY_SIZE(words); i++)
        if (holds_nocase(text, words[i]))
            return true;
    return false;
}

/* ---- Shapes ---- */

static struct hs_slice inner(struct hs_slice text, size_t begin, size_t end)
{
    return begin + end <= text.size ? hs_slice(text.data + begin, text.size - begin - end)
                                    : HS_SLICE_NONE;
}

static bool ends_in(struct hs_slice text, char c)
{
    return text.size > 0 && text.data[text.size - 1] == c;
}

/* Readable text: one line of ASCII that contains a letter. */
static bool is_readable(struct hs_slice text)
{
    bool letter = false;
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.data[i] < 0x20 || (unsigned char)text.data[i] >= 0x7f)
            return false;
        letter |= is_letter(text.data[i]);
    }
    return letter;
}

/* $NAME, $$NAME, $env:NAME, ${...}, $(...), ${{ ... }}. */
static const char *dollar_form(struct hs_slice text)
{
    size_t dollars = 0;
    while (dollars < text.size && text.data[dollars] == '$')
        dollars++;
    struct hs_slice rest = inner(text, dollars, 0);
    if (dollars == 0 || rest.size < 2)
        return NULL;
    if (rest.data[0] == '{' && ends_in(rest, '}') && is_readable(rest))
        return "${...}";
    if ((rest.data[0] == '{' || rest.data[0] == '(') && is_name(inner(rest, 1, 0)))
        return "${NAME"; /* unclosed */
    if (rest.data[0] == '(' && ends_in(rest, ')') && is_readable(rest))
        return "$(NAME)";
    if (rest.data[0] == '[' && ends_in(rest, ']') && is_readable(rest))
        return "$[NAME]";
    while (ends_in(rest, '$'))
        rest.size--;
    return is_name(rest) ? "$NAME" : NULL;
}

static const struct bracket {
    const char *open, *close, *form;
    bool named; /* the inner text must read as a name */
} brackets[] = {
    {"{{", "}}", "{{ ... }}", false},
    {"{%", "%}", "{% ... %}", false},
    {"<%", "%>", "<% ... %>", false},
    {"[[", "]]", "[[NAME]]", false},
    {"((", "))", "((NAME))", false},
    {"#{", "}#", "#{NAME}#", false},
    {"#{", "}", "#{NAME}", false},
    {"%{", "}", "%{NAME}", true},
    {"@{", "}", "@{NAME}", true},
    {"%(", ")s", "%(NAME)s", true},
    {"{", "}", "{NAME}", true},
    {"[", "]", "[NAME]", true},
    {"(", ")", "(NAME)", true},
    {"<", ">", "<NAME>", true},
    {"\xC2\xAB", "\xC2\xBB", "\xC2\xABNAME\xC2\xBB", true},
};

static const char *bracket_form(struct hs_slice text)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(brackets); i++) {
        const struct bracket *one = &brackets[i];
        struct hs_slice open = hs_slice_text(one->open), close = hs_slice_text(one->close);
        if (text.size <= open.size + close.size || !hs_slice_starts_with(text, open) ||
            memcmp(text.data + text.size - close.size, close.data, close.size) != 0)
            continue;
        struct hs_slice name = hs_slice_trim(inner(text, open.size, close.size));
        if (one->named ? is_name(name) : is_readable(name))
            return one->form;
    }
    return NULL;
}

/* %NAME%, __NAME__, @NAME@, !NAME!, ##NAME##: a name between equal marks. */
static const char *fence_form(struct hs_slice text)
{
    static const char marks[] = "%_@!#:~^|*?-+=&";
    size_t size = 0;
    while (size < text.size && text.data[size] == text.data[0])
        size++;
    if (text.size == 0 || strchr(marks, text.data[0]) == NULL || text.size < 2 * size + 2)
        return NULL;
    if ((text.data[0] == '_' || text.data[0] == '-') && size < 2)
        return NULL;
    for (size_t i = text.size - size; i < text.size; i++)
        if (text.data[i] != text.data[0])
            return NULL;
    if (!is_name(inner(text, size, size)))
        return NULL;
    return text.data[0] == '%' ? "%NAME%" : text.data[0] == '_' ? "__NAME__" : "@NAME@";
}

/* A reference for another tool to resolve, or the path of a file. */
static const char *reference_form(struct hs_slice text)
{
    static const struct {
        const char *begin, *form;
    } rows[] = {
        {"env:", "env:NAME"},
        {"ENV[", "ENV[NAME]"},
        {"process.env.", "process.env.NAME"},
        {"os.environ", "os.environ[NAME]"},
        {"secretKeyRef", "secretKeyRef"},
        {"secretRef:", "secretRef:NAME"},
        {"secretsmanager:", "secretsmanager:..."},
        {"gcp:", "gcp:..."},
        {"aws:", "aws:..."},
        {"azure:", "azure:..."},
        {"kv/", "kv/..."},
        {"secret/data/", "secret/data/..."},
        {"{\"Ref\":", "{\"Ref\": ...}"},
        {"{\"Fn::", "{\"Fn::...\": ...}"},
        {"!ref ", "!ref NAME"},
        {"!Ref ", "!Ref NAME"},
        {"!Sub ", "!Sub NAME"},
        {"!env ", "!env NAME"},
        {"vault:", "vault:..."},
        {"ref+", "ref+..."},
        {"op://", "op://..."},
        {"secret://", "secret://..."},
        {"sm://", "sm://..."},
        {"akv://", "akv://..."},
        {"ssm:", "ssm:..."},
        {"arn:aws:", "arn:aws:..."},
        {"projects/", "projects/..."},
        {"@Microsoft.KeyVault(", "@Microsoft.KeyVault(...)"},
        {"{cipher}", "{cipher}..."},
        {"ENC[", "ENC[...]"},
        {"ENC(", "ENC(...)"},
        {"$ANSIBLE_VAULT;", "$ANSIBLE_VAULT"},
        {"!secret ", "!secret NAME"},
        {"!vault ", "!vault NAME"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        if (hs_slice_starts_with(text, hs_slice_text(rows[i].begin)))
            return rows[i].form;
    /* Of a configuration language, such as var.fanfare_secret. */
    static const char *const scopes[] = {"var.", "local.", "module.", "secrets.", "env."};
    for (size_t i = 0; i < HS_ARRAY_SIZE(scopes); i++)
        if (hs_slice_starts_with(text, hs_slice_text(scopes[i])) && is_name(text))
            return "var.NAME";
    return NULL;
}

/* Words that no random secret contains and that nobody uses as a passphrase. */
static bool is_told(struct hs_slice text)
{
    static const char *const words[] = {"placeholder", "changeme",    "change-me",  "change_me",
                                        "replaceme",   "replace-me",  "replace_me", "your-secret",
                                        "yoursecret",  "your_secret", "your-token", "your_token",
                                        "redacted",    "your-key",    "your_key",   "insert-your",
                                        "insert_your", "put-your",    "put_your",   "(hidden)"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(words); i++)
        if (holds_nocase(text, words[i]))
            return true;
    return false;
}

static bool is_file(struct hs_slice text)
{
    static const char *const folders[] = {"file:",   "/run/",    "/var/",  "/etc/", "/secrets/",
                                          "/mnt/",   "/opt/",    "/home/", "/srv/", "/root/",
                                          "/vault/", "/config/", "/tmp/",  "./",    "../"};
    if (hs_slice_starts_with(text, HS_SLICE("@")))
        text = inner(text, 1, 0); /* as curl writes it */
    for (size_t i = 0; i < HS_ARRAY_SIZE(folders); i++)
        if (hs_slice_starts_with(text, hs_slice_text(folders[i])) && is_readable(text))
            return true;
    return false;
}

/* xxxx, ****, ..., ????: a redacted value, or one that was never set. */
static bool is_mask(struct hs_slice text)
{
    static const char *const marks[] = {
        "x", "X", "*", ".", "?", "-", "_", "#", " ", "\xE2\x80\xA2", "\xE2\x80\xA6"};
    static const char *const kinds[] = {"whsec_", "sk_live_", "sk_test_", "sk_", "pk_"};
    size_t at = 0;
    for (size_t i = 0; at == 0 && i < HS_ARRAY_SIZE(kinds); i++)
        if (hs_slice_starts_with(text, hs_slice_text(kinds[i])))
            at = hs_slice_text(kinds[i]).size; /* the senders' own prefixes */
    while (at < text.size) {
        size_t size = 0;
        for (size_t i = 0; size == 0 && i < HS_ARRAY_SIZE(marks); i++)
            if (hs_slice_starts_with(inner(text, at, 0), hs_slice_text(marks[i])))
                size = hs_slice_text(marks[i]).size;
        if (size == 0)
            return false;
        at += size;
    }
    return text.size >= 2;
}

/* ---- Ordinary words ---- */

/* Words that ask to be replaced. */
static const char *const template_words[] = {
    "change",      "changeme", "replace",  "your",    "insert",    "enter", "fill",
    "todo",        "fixme",    "tbd",      "example", "sample",    "dummy", "placeholder",
    "redacted",    "removed",  "masked",   "unset",   "undefined", "null",  "none",
    "nil",         "here",     "foo",      "bar",     "baz",       "lorem", "ipsum",
    "placeholder", "tba",      "somevalue"};

/* Words that name the kind of value, or that are common guesses. */
static const char *const plain_words[] = {
    "secret",  "secrets", "password",   "passwd",  "passphrase", "pass",    "pwd",        "token",
    "key",     "admin",   "root",       "user",    "guest",      "default", "redis",      "kafka",
    "fanfare", "webhook", "webhooks",   "hook",    "hookstream", "signing", "signature",  "shared",
    "api",     "auth",    "bearer",     "hmac",    "hash",       "pii",     "dev",        "local",
    "staging", "prod",    "production", "my",      "the",        "a",       "an",         "this",
    "that",    "with",    "it",         "me",      "to",         "be",      "is",         "not",
    "set",     "value",   "string",     "text",    "some",       "super",   "very",       "top",
    "demo",    "welcome", "letmein",    "qwerty",  "abc",        "public",  "private",    "client",
    "server",  "app",     "service",    "please",  "real",       "actual",  "own",        "before",
    "deploy",  "use",     "using",      "must",    "from",       "env",     "variable",   "vault",
    "random",  "strong",  "long",       "bytes",   "characters", "chars",   "at",         "least",
    "in",      "of",      "for",        "and",     "or",         "source",  "endpoint",   "put",
    "whsec",   "sk",      "generate",   "openssl", "rand",       "hex",     "base64",     "docs",
    "asdf",    "asdfgh",  "asdfghjkl",  "zxcvbn",  "zxcvbnm",    "qwertz",  "qwertyuiop", "hidden",
    "paste",   "provide", "s3cr3t",     "s3cret",  "passw0rd",   "p4ssw0rd"};

struct words {
    char text[WORDS_MAX_SIZE]; /* in lower case, without marks */
    size_t size;
};

/* Returns false if it is too long to consist of words, or has bytes that no word has. */
static bool take_words(struct hs_slice text, struct words *ret_words)
{
    ret_words->size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (strchr("-_. ,;:!?'\"<>()[]{}@", c) != NULL && c != '\0')
            continue;
        if (!(is_letter(c) || is_digit(c)) || ret_words->size == WORDS_MAX_SIZE)
            return false;
        ret_words->text[ret_words->size++] = (char)(is_upper(c) ? c - 'A' + 'a' : c);
    }
    return ret_words->size > 0;
}

static void mark_words(const struct words *words, size_t at, const char *const *list, size_t count,
                       unsigned with, unsigned *reached)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(list[i]); /* strlen: the program's own tables */
        if (size <= words->size - at && memcmp(words->text + at, list[i], size) == 0)
            reached[at + size] |= with;
    }
}

/* Splits the text into the words above and up to four digits in a row; returns which kinds of words
 * occurred, NONE if anything else did. */
static enum hs_placeholder_words judge_words(const struct words *words)
{
    /* Bit 0: reached by digits alone, bit 1: with a plain word, bit 2: with a template word. */
    unsigned reached[WORDS_MAX_SIZE + 1] = {1};
    for (size_t at = 0; at < words->size; at++) {
        if (reached[at] == 0)
            continue;
        bool plain = reached[at] & 3u, template = reached[at] & 4u;
        unsigned carried = (plain ? 2u : 0) | (template ? 4u : 0);
        mark_words(words, at, plain_words, HS_ARRAY_SIZE(plain_words), carried, reached);
        mark_words(words, at, template_words, HS_ARRAY_SIZE(template_words), 4u, reached);
        for (size_t digits = 1;
             digits <= 4 && at + digits <= words->size && is_digit(words->text[at + digits - 1]);
             digits++)
            reached[at + digits] |= reached[at];
    }
    unsigned end = reached[words->size];
    return end & 4u ? HS_WORDS_TEMPLATE : end & 2u ? HS_WORDS_PLAIN : HS_WORDS_NONE;
}

enum hs_placeholder_words hs_placeholder_words(struct hs_slice text)
{
    struct words words;
    return take_words(text, &words) ? judge_words(&words) : HS_WORDS_NONE;
}

/* ---- The whole ---- */

static const char *const unseen[] = {
    " ", "\n", "\r", "\t", "\v", "\f", "\xEF\xBB\xBF", "\xC2\xA0", "\xE2\x80\x8B", "\xE2\x81\xA0"};

/* Size of the invisible characters at the text's beginning or end. */
static size_t unseen_size(struct hs_slice text, bool end)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(unseen); i++) {
        struct hs_slice one = hs_slice_text(unseen[i]);
        if (text.size >= one.size &&
            memcmp(text.data + (end ? text.size - one.size : 0), one.data, one.size) == 0)
            return one.size;
    }
    return 0;
}

/* Strips line breaks, spaces and invisible characters from both ends. */
static struct hs_slice strip(struct hs_slice text)
{
    for (size_t size; (size = unseen_size(text, false)) > 0;)
        text = inner(text, size, 0);
    for (size_t size; (size = unseen_size(text, true)) > 0;)
        text = inner(text, 0, size);
    return text;
}

const char *hs_placeholder_form(struct hs_slice text)
{
    text = strip(text);
    bool command = text.size > 2 && text.data[0] == '`' && ends_in(text, '`');
    while (text.size > 2 && (text.data[0] == '"' || text.data[0] == '\'' || text.data[0] == '`') &&
           ends_in(text, text.data[0]))
        text = inner(text, 1, 1);
    if (command && is_name(text))
        return "`command`";
    const char *form = dollar_form(text);
    if (form == NULL)
        form = bracket_form(text);
    if (form == NULL)
        form = fence_form(text);
    if (form == NULL)
        form = reference_form(text);
    if (form == NULL && is_bare_name(text))
        form = "NAME";
    if (form == NULL && is_file(text))
        form = "/path/to/a/file";
    if (form == NULL && is_told(text))
        form = "changeme";
    return form == NULL && is_mask(text) ? "xxx" : form;
}

/* The end of a name in capitals that begins at `at`, as environment variables are named. 0: none,
 * or a single character. */
static size_t variable_end(struct hs_slice text, size_t at)
{
    size_t end = at;
    while (end < text.size && (is_upper(text.data[end]) || text.data[end] == '_' ||
                               (end > at && is_digit(text.data[end]))))
        end++;
    return end - at >= 2 ? end : 0;
}

static bool is_hex_digit(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'F');
}

/* The placeholder that begins at `at` and ends before *ret_end. */
static const char *form_at(struct hs_slice text, size_t at, struct hs_slice *ret_name)
{
    char c = text.data[at], next = at + 1 < text.size ? text.data[at + 1] : '\0';
    size_t open = c == '$' && (next == '(' || next == '{') ? 2 : 1;
    size_t end = c == '$' || c == '%' ? variable_end(text, at + open) : 0;
    if (end > 0) {
        *ret_name = hs_slice(text.data + at + open, end - at - open);
        char after = end < text.size ? text.data[end] : '\0';
        bool escape = ret_name->size == 2 && is_hex_digit(ret_name->data[0]) &&
                      is_hex_digit(ret_name->data[1]);
        if (c == '%' && open == 1)
            return after == '%' && !escape ? "%NAME%" : NULL;
        if (open == 2)
            return after == ')' ? "$(NAME)" : after == '}' ? "${NAME}" : NULL;
        return "$NAME";
    }
    *ret_name = HS_SLICE_NONE;
    struct hs_slice rest = inner(text, at, 0);
    bool braces = c == '{' && next == '{' && rest.size > 2 &&
                  (rest.data[2] == ' ' || rest.data[2] == '.' || rest.data[2] == '-');
    if (braces && memmem(rest.data, rest.size, "}}", 2) != NULL)
        return "{{ ... }}";
    return hs_slice_starts_with(rest, HS_SLICE("<%")) &&
                   memmem(rest.data, rest.size, "%>", 2) != NULL
               ? "<% ... %>"
               : NULL;
}

const char *hs_placeholder_within(struct hs_slice text, struct hs_slice *ret_name)
{
    for (size_t at = 0; at < text.size; at++) {
        const char *form = form_at(text, at, ret_name);
        if (form != NULL)
            return form;
    }
    *ret_name = HS_SLICE_NONE;
    return NULL;
}
