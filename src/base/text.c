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
