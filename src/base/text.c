/* Text: see text.h. */
#include <hookstream/text.h>

struct hs_slice hs_text_without_mark(struct hs_slice text)
{
    static const struct hs_slice mark = {"\xEF\xBB\xBF", 3};
    return hs_slice_starts_with(text, mark) ? hs_slice(text.data + mark.size, text.size - mark.size)
                                            : text;
}

bool hs_text_is_utf16(struct hs_slice text)
{
    return text.size > 1 &&
           (memcmp(text.data, "\xFF\xFE", 2) == 0 || memcmp(text.data, "\xFE\xFF", 2) == 0);
}

void hs_hex_encode(const void *bytes, size_t size, char *ret_digits)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = bytes;
    for (size_t i = 0; i < size; i++) {
        ret_digits[2 * i] = digits[from[i] >> 4];
        ret_digits[2 * i + 1] = digits[from[i] & 15];
    }
}

bool hs_hex_decode(struct hs_slice digits, void *ret_bytes, size_t size)
{
    unsigned char *to = ret_bytes;
    if (digits.size % 2 != 0 || digits.size / 2 != size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = hs_hex_value(digits.data[2 * i]), low = hs_hex_value(digits.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

void hs_base64_encode(struct hs_slice bytes, struct hs_buffer *ret_text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t at = 0; at < bytes.size; at += 3) {
        size_t left = bytes.size - at;
        uint32_t group = (uint32_t)(unsigned char)bytes.data[at] << 16;
        group |= left > 1 ? (uint32_t)(unsigned char)bytes.data[at + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)(unsigned char)bytes.data[at + 2] : 0;
        const char text[4] = {
            digits[group >> 18],
            digits[group >> 12 & 63],
            left > 1 ? digits[group >> 6 & 63] : '=',
            left > 2 ? digits[group & 63] : '=',
        };
        hs_buffer_append(ret_text, text, sizeof(text));
    }
}
