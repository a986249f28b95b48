/* Text: byte order marks that editors put in front of a file's text. Pure functions; any thread. */
#ifndef HOOKSTREAM_TEXT_H
#define HOOKSTREAM_TEXT_H

#include <hookstream/base.h>

/* The text without its UTF-8 byte order mark, if it has one. */
struct hs_slice hs_text_without_mark(struct hs_slice text);
/* Whether the text starts with a UTF-16 byte order mark. */
bool hs_text_is_utf16(struct hs_slice text);

#endif
