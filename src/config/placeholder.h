/* Placeholder: recognises values that a template did not fill in. Knows nothing of options or
 * findings. Pure functions; any thread. */
#ifndef HS_CONFIG_PLACEHOLDER_H
#define HS_CONFIG_PLACEHOLDER_H

#include <hookstream/base.h>

/* The form of the placeholder if the whole value is one, such as "$NAME" or "{{ ... }}"; otherwise
 * NULL. The form never repeats any of the value. */
const char *hs_placeholder_form(struct hs_slice text);

/* The kind of words that a value consists of, if it has only ordinary ones. */
enum hs_placeholder_words {
    HS_WORDS_NONE,     /* anything else, such as a random text */
    HS_WORDS_PLAIN,    /* common guesses: secret, password, admin-token */
    HS_WORDS_TEMPLATE, /* one of them asks to be replaced: changeme, your-secret-here */
};
enum hs_placeholder_words hs_placeholder_words(struct hs_slice text);

/* The form of the first placeholder anywhere in a text that is not a secret: a path, a URL, an
 * address. Names there must be in capitals, since `$` has many other uses. *ret_name: its name, or
 * none. NULL: none. */
const char *hs_placeholder_within(struct hs_slice text, struct hs_slice *ret_name);

#endif
