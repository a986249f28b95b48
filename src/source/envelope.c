/* Envelope: one strict pass over the body finds `id`, `type` and whatever else must not
 * stand there twice. Nothing of it is kept but the two slices. */
#include <hookstream/json.h>
#include <hookstream/source.h>

enum { ID, TYPE, TIMESTAMP, ORGANIZATION, DATA, MEMBER_COUNT };

static enum hs_event_flaw not_envelope(const char *what, const char *why)
{
    (void)hs_fail(-EINVAL, "%s %s", what, why);
    return HS_EVENT_NOT_ENVELOPE;
}

/* A member's text: in the body when it has no escapes, else decoded into `room`. */
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

/* Half a surrogate pair is decoded as U+FFFD, so that two ids with different halves would be
 * taken for one and the second for a duplicate. */
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

static enum hs_event_flaw read_members(const struct hs_json_member *members,
                                       struct hs_envelope *ret_envelope)
{
    if (members[ID].kind != HS_JSON_STRING || members[ID].value.data == NULL)
        return not_envelope("id", "is missing or not a string");
    if (members[TYPE].kind != HS_JSON_STRING || members[TYPE].value.data == NULL)
        return not_envelope("type", "is missing or not a string");
    if (!read_text(&members[ID], ret_envelope->decoded, HS_ENVELOPE_ID_MAX, &ret_envelope->id))
        return not_envelope("id", "is empty or too long");
    if (has_control(ret_envelope->id))
        return not_envelope("id", "has control characters");
    if (ret_envelope->id.data == ret_envelope->decoded && has_replacement(ret_envelope->id))
        return not_envelope("id", "has half a surrogate pair, which is no character");
    if (!read_text(&members[TYPE], ret_envelope->decoded + HS_ENVELOPE_ID_MAX, HS_ENVELOPE_TYPE_MAX,
                   &ret_envelope->type))
        return not_envelope("type", "is empty or too long");
    if (!is_type(ret_envelope->type))
        return not_envelope("type", "is not dot-separated words of letters, digits, _ and -");
    return HS_EVENT_VALID;
}

enum hs_event_flaw hs_envelope_read(struct hs_slice body, struct hs_envelope *ret_envelope)
{
    struct hs_json_member members[MEMBER_COUNT] = {
        [ID] = {.name = HS_SLICE("id")},
        [TYPE] = {.name = HS_SLICE("type")},
        [TIMESTAMP] = {.name = HS_SLICE("timestamp")},
        [ORGANIZATION] = {.name = HS_SLICE("organizationId")},
        [DATA] = {.name = HS_SLICE("data")},
    };
    enum hs_json_kind kind;
    size_t offset;
    if (hs_json_scan(body, members, MEMBER_COUNT, &kind, &offset) < 0)
        return HS_EVENT_NOT_JSON;
    if (kind != HS_JSON_OBJECT)
        return not_envelope("the body", "is not a JSON object");
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (members[i].repeated)
            return not_envelope(members[i].name.data, "stands there twice");
    return read_members(members, ret_envelope);
}
