/* Placeholder: recognises values that a template left behind. Knows nothing of options or
 * findings. Pure functions; any thread. */
#ifndef HS_CONFIG_PLACEHOLDER_H
#define HS_CONFIG_PLACEHOLDER_H

#include <hookstream/base.h>

/* The form of the placeholder that the whole value is, such as "$NAME" or "{{ ... }}"; NULL when
 * it is none. The form never repeats any of the value. */
const char *hs_placeholder_form(struct hs_slice text);

/* Which kind of words a value consists of, if it has only ordinary ones. */
enum hs_placeholder_words {
    HS_WORDS_NONE,     /* it is something else, such as a random text */
    HS_WORDS_PLAIN,    /* words that guesses begin with: secret, password, admin-token */
    HS_WORDS_TEMPLATE, /* one of them asks to be replaced: changeme, your-secret-here */
};
enum hs_placeholder_words hs_placeholder_words(struct hs_slice text);

/* The form of the first placeholder anywhere in a text that is not a secret: a path, a URL, an
 * address. Its name is capitals only there, since much else may follow a `$`. *ret_name: the name
 * in it, or none. NULL: none. */
const char *hs_placeholder_within(struct hs_slice text, struct hs_slice *ret_name);

#endif
