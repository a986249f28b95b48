/* Text: what editors put around the text of a file. Pure functions; any thread. */
#ifndef HOOKSTREAM_TEXT_H
#define HOOKSTREAM_TEXT_H

#include <hookstream/base.h>

/* The text without the byte order mark that some editors write in front of UTF-8. */
struct hs_slice hs_text_without_mark(struct hs_slice text);
/* Whether it is UTF-16, by its byte order mark. */
bool hs_text_is_utf16(struct hs_slice text);

#endif
