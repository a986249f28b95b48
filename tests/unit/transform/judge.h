/* A judge of JSON that is none of ours: json-c at its strictest. */
#ifndef HS_TEST_JUDGE_H
#define HS_TEST_JUDGE_H

#include <hookstream/buffer.h>
#include <json-c/json.h>
#include <stdlib.h>

/* Takes white space round the value, and nothing else round it. */
static inline bool judge_takes(struct hs_slice text)
{
    struct hs_slice value = hs_slice_trim(text);
    char *copy = hs_slice_dup(value); /* ends in a NUL, which ends a number or a word */
    struct json_tokener *tokener = json_tokener_new_ex(128);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *root = json_tokener_parse_ex(tokener, copy, (int)value.size + 1);
    bool good = json_tokener_get_error(tokener) == json_tokener_success &&
                json_tokener_get_parse_end(tokener) >= value.size;
    json_object_put(root);
    json_tokener_free(tokener);
    free(copy);
    return good;
}

#endif
