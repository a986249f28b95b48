/* Envelope: one strict pass over the body finds `id`, `type` and the other members that must not
 * occur twice. Keeps only the two slices. */
#include <hookstream/json.h>
#include <hookstream/source.h>
#include <openssl/evp.h>
#include <stdio.h>

/* The id of an event without one: enough of a SHA-256 that a collision cannot be constructed. */
#define DIGEST_PREFIX "sha256:"
#define DIGEST_BYTES 16u

enum { ID, TYPE, TIMESTAMP, ORGANIZATION, DATA, MEMBER_COUNT };

static const char *const kind_names[] = {
    [HS_JSON_NULL] = "null",       [HS_JSON_FALSE] = "false",   [HS_JSON_TRUE] = "true",
    [HS_JSON_NUMBER] = "a number", [HS_JSON_STRING] = "a text", [HS_JSON_ARRAY] = "an array",
    [HS_JSON_OBJECT] = "an object"};

static enum hs_event_flaw not_envelope(const char *what, const char *why)
{
    (void)hs_fail(-EINVAL, "%s %s", what, why);
    return HS_EVENT_NOT_ENVELOPE;
}

static size_t line_at(struct hs_slice body, size_t offset)
{
    size_t line = 1;
    for (size_t i = 0; i < offset && i < body.size; i++)
        line += body.data[i] == '\n';
    return line;
}

/* Reports what is wrong with a member, and where its value is. */
static enum hs_event_flaw bad_member(struct hs_slice body, const struct hs_json_member *member,
                                     const char *why)
{
    size_t offset = (size_t)(member->value.data - body.data);
    (void)hs_fail(-EINVAL, "`%.*s` %s (its value is at byte %zu, line %zu)",
                  HS_SLICE_ARG(member->name), why, offset, line_at(body, offset));
    return HS_EVENT_NOT_ENVELOPE;
}

/* Checks that the member is present and a text. */
static enum hs_event_flaw check_text(struct hs_slice body, const struct hs_json_member *member)
{
    char why[64];
    if (member->value.data == NULL) {
        (void)hs_fail(-EINVAL, "`%.*s` is missing at the top of the body",
                      HS_SLICE_ARG(member->name));
        return HS_EVENT_NOT_ENVELOPE;
    }
    if (member->kind == HS_JSON_STRING)
        return HS_EVENT_VALID;
    snprintf(why, sizeof(why), "is %s, not a text", kind_names[member->kind]);
    return bad_member(body, member, why);
}

/* A member's text: in the body if it has no escapes, otherwise decoded into `room`. */
static bool read_text(const struct hs_json_member *member, char *room, size_t room_size,
                      struct hs_slice *ret_text)
{
    struct hs_slice inner = hs_slice(member->value.data + 1, member->value.size - 2);
    if (memchr(inner.data, '\\', inner.size) == NULL) {
        *ret_text = inner;
        return inner.size > 0 && inner.size <= room_size;
    }
    struct hs_buffer decoded;
    hs_buffer_init(&decoded, 6 * room_size);
    hs_json_decode_string(member->value, &decoded);
    bool good = hs_buffer_status(&decoded) == 0 && decoded.size > 0 && decoded.size <= room_size;
    if (good) {
        memcpy(room, decoded.data, decoded.size);
        *ret_text = hs_slice(room, decoded.size);
    }
    hs_buffer_free(&decoded);
    return good;
}

static bool has_control(struct hs_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return true;
    return false;
}

/* Half a surrogate pair decodes as U+FFFD. Two ids with different halves would therefore look
 * equal, and the second would be dropped as a duplicate. */
static bool has_replacement(struct hs_slice text)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    return memmem(text.data, text.size, replacement, sizeof(replacement) - 1) != NULL;
}

static bool is_type(struct hs_slice type)
{
    bool segment_empty = true;
    for (size_t i = 0; i < type.size; i++) {
        char c = type.data[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-';
        if (!word && (c != '.' || segment_empty))
            return false;
        segment_empty = c == '.';
    }
    return !segment_empty;
}

/* Reports why read_text() failed. */
static enum hs_event_flaw bad_size(struct hs_slice body, const struct hs_json_member *member,
                                   size_t most)
{
    char why[64];
    if (member->value.size <= 2)
        return bad_member(body, member, "is empty");
    snprintf(why, sizeof(why), "is longer than %zu bytes", most);
    return bad_member(body, member, why);
}

static enum hs_event_flaw read_members(struct hs_slice body, const struct hs_json_member *members,
                                       struct hs_envelope *ret_envelope)
{
    const struct hs_json_member *id = &members[ID], *type = &members[TYPE];
    char *id_room = ret_envelope->decoded, *type_room = id_room + HS_ENVELOPE_ID_MAX;
    enum hs_event_flaw flaw = check_text(body, id);
    if (flaw == HS_EVENT_VALID)
        flaw = check_text(body, type);
    if (flaw != HS_EVENT_VALID)
        return flaw;
    if (!read_text(id, id_room, HS_ENVELOPE_ID_MAX, &ret_envelope->id))
        return bad_size(body, id, HS_ENVELOPE_ID_MAX);
    if (has_control(ret_envelope->id))
        return bad_member(body, id, "has control characters");
    if (ret_envelope->id.data == id_room && has_replacement(ret_envelope->id))
        return bad_member(body, id, "has half a surrogate pair, which is not a character");
    if (!read_text(type, type_room, HS_ENVELOPE_TYPE_MAX, &ret_envelope->type))
        return bad_size(body, type, HS_ENVELOPE_TYPE_MAX);
    if (!is_type(ret_envelope->type))
        return bad_member(body, type, "is not dot-separated words of letters, digits, _ and -");
    return HS_EVENT_VALID;
}

enum hs_event_flaw hs_envelope_read(const struct hs_scheme *scheme, struct hs_slice body,
                                    struct hs_envelope *ret_envelope)
{
    struct hs_json_member members[MEMBER_COUNT] = {
        [ID] = {.name = scheme->id},
        [TYPE] = {.name = scheme->type},
        [TIMESTAMP] = {.name = HS_SLICE("timestamp")},
        [ORGANIZATION] = {.name = HS_SLICE("organizationId")},
        [DATA] = {.name = HS_SLICE("data")},
    };
    enum hs_json_kind kind;
    size_t offset;
    if (hs_json_scan(body, members, MEMBER_COUNT, &kind, &offset) < 0) {
        char why[256];
        snprintf(why, sizeof(why), "%s", hs_error_text());
        if (body.size > 0)
            (void)hs_fail(-EINVAL, "%s (line %zu of %zu bytes)", why, line_at(body, offset),
                          body.size);
        return HS_EVENT_NOT_JSON;
    }
    if (kind != HS_JSON_OBJECT) {
        char why[64];
        snprintf(why, sizeof(why), "is %s, not a JSON object", kind_names[kind]);
        return not_envelope("the body", why);
    }
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (members[i].repeated)
            return bad_member(body, &members[i], "occurs more than once; this is the first");
    return read_members(body, members, ret_envelope);
}

void hs_envelope_digest(struct hs_slice timestamp, struct hs_slice body,
                        struct hs_envelope *ret_envelope)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    HS_ASSERT(context != NULL); /* out of memory ends the program, as in hs_alloc() */
    bool good = EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(context, timestamp.data, timestamp.size) == 1 &&
                EVP_DigestUpdate(context, ".", 1) == 1 &&
                EVP_DigestUpdate(context, body.data, body.size) == 1 &&
                EVP_DigestFinal_ex(context, digest, NULL) == 1;
    HS_ASSERT(good); /* verification just hashed the same bytes */
    EVP_MD_CTX_free(context);
    char *at = ret_envelope->decoded;
    memcpy(at, DIGEST_PREFIX, sizeof(DIGEST_PREFIX) - 1);
    at += sizeof(DIGEST_PREFIX) - 1;
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        *at++ = digits[digest[i] >> 4];
        *at++ = digits[digest[i] & 15];
    }
    ret_envelope->id = hs_slice(ret_envelope->decoded, (size_t)(at - ret_envelope->decoded));
    ret_envelope->type = HS_SLICE_NONE;
}
