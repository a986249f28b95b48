/* Shown: a strict UTF-8 decoder, and the table of characters that are never printed unescaped. */
#include <hookstream/shown.h>

#include <stdio.h>

/* Ascending. General categories Cc, Cf, Zl and Zp, characters without a visible glyph, and the
 * noncharacters of the basic plane; hs_is_shown() adds those of the other planes. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x034f, 0x034f},
    {0x0600, 0x0605},   {0x061c, 0x061c},   {0x06dd, 0x06dd},   {0x070f, 0x070f},
    {0x0890, 0x0891},   {0x08e2, 0x08e2},   {0x115f, 0x1160},   {0x17b4, 0x17b5},
    {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
    {0x3164, 0x3164},   {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
    {0xfff9, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

size_t hs_utf8_decode(struct hs_slice text, uint32_t *ret_character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (text.size == 0)
        return 0;
    unsigned char lead = (unsigned char)text.data[0];
    size_t size = lead < 0x80             ? 1
                  : (lead & 0xe0) == 0xc0 ? 2
                  : (lead & 0xf0) == 0xe0 ? 3
                  : (lead & 0xf8) == 0xf0 ? 4
                                          : 0;
    if (size == 0 || size > text.size)
        return 0;
    uint32_t character = size == 1 ? lead : lead & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c & 0xc0) != 0x80)
            return 0;
        character = character << 6 | (c & 0x3fu);
    }
    if (character < least[size] || character > 0x10ffff ||
        (character >= 0xd800 && character <= 0xdfff))
        return 0;
    *ret_character = character;
    return size;
}

bool hs_is_shown(uint32_t character)
{
    if (character >= 0x20 && character < 0x7f)
        return true;
    if ((character & 0xfffe) == 0xfffe || character > 0x10ffff)
        return false;
    for (size_t i = 0; i < HS_ARRAY_SIZE(hidden) && hidden[i].first <= character; i++)
        if (character <= hidden[i].last)
            return false;
    return true;
}

size_t hs_shown_next(struct hs_slice text, uint32_t *ret_character, bool *ret_shown)
{
    if (text.size == 0)
        return 0;
    size_t size = hs_utf8_decode(text, ret_character);
    *ret_shown = size > 0 && hs_is_shown(*ret_character);
    if (size == 0)
        *ret_character = UINT32_MAX;
    return size > 0 ? size : 1;
}

size_t hs_shown_escape(uint32_t character, unsigned char byte, char ret_text[HS_SHOWN_ESCAPE_MAX])
{
    int size;
    if (character == '\n' || character == '\r' || character == '\t')
        size = snprintf(ret_text, HS_SHOWN_ESCAPE_MAX, "\\%c",
                        character == '\n'   ? 'n'
                        : character == '\r' ? 'r'
                                            : 't');
    else if (character == UINT32_MAX)
        size = snprintf(ret_text, HS_SHOWN_ESCAPE_MAX, "\\x%02x", byte);
    else if (character > 0xffff)
        size = snprintf(ret_text, HS_SHOWN_ESCAPE_MAX, "\\U%08x", character);
    else
        size = snprintf(ret_text, HS_SHOWN_ESCAPE_MAX, "\\u%04x", character);
    return (size_t)size;
}

void hs_shown_append(struct hs_buffer *out, struct hs_slice text, bool lines)
{
    while (text.size > 0) {
        char escape[HS_SHOWN_ESCAPE_MAX];
        uint32_t character;
        bool shown;
        size_t size = hs_shown_next(text, &character, &shown);
        if (shown || (lines && character == '\n'))
            hs_buffer_append(out, text.data, size);
        else
            hs_buffer_append(out, escape,
                             hs_shown_escape(character, (unsigned char)text.data[0], escape));
        text = hs_slice(text.data + size, text.size - size);
    }
}

void hs_shown_copy(struct hs_slice text, char *ret_text, size_t size)
{
    static const char dots[] = "...";
    HS_ASSERT(size >= HS_SHOWN_ESCAPE_MAX + sizeof(dots));
    size_t used = 0;
    while (text.size > 0) {
        char escape[HS_SHOWN_ESCAPE_MAX];
        uint32_t character;
        bool shown;
        size_t taken = hs_shown_next(text, &character, &shown), written = taken;
        if (!shown)
            written = hs_shown_escape(character, (unsigned char)text.data[0], escape);
        if (used + written > size - sizeof(dots)) {
            memcpy(ret_text + used, dots, sizeof(dots));
            return;
        }
        memcpy(ret_text + used, shown ? text.data : escape, written);
        used += written;
        text = hs_slice(text.data + taken, text.size - taken);
    }
    ret_text[used] = '\0';
}

static void append_json_escape(struct hs_buffer *out, uint32_t character)
{
    if (character == UINT32_MAX)
        hs_buffer_append_text(out, "\\ufffd"); /* not UTF-8, hence not JSON: there is no better
                                                * escape */
    else if (character > 0xffff)
        hs_buffer_printf(out, "\\u%04x\\u%04x", 0xd800 + ((character - 0x10000) >> 10),
                         0xdc00 + (character & 0x3ff));
    else
        hs_buffer_printf(out, "\\u%04x", character);
}

/* Outside strings JSON is pure ASCII, so every other character is inside one. C0 controls are white
 * space between tokens, or escaped already. */
void hs_shown_append_json(struct hs_buffer *out, struct hs_slice json)
{
    size_t plain = 0;
    for (size_t at = 0, size; at < json.size; at += size) {
        uint32_t character;
        bool shown;
        if ((unsigned char)json.data[at] < 0x7f) {
            size = 1;
            continue;
        }
        size = hs_shown_next(hs_slice(json.data + at, json.size - at), &character, &shown);
        if (shown)
            continue;
        hs_buffer_append(out, json.data + plain, at - plain);
        append_json_escape(out, character);
        plain = at + size;
    }
    hs_buffer_append(out, json.data + plain, json.size - plain);
}
