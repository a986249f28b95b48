/* Fuzzes the queries of the admin port: what is taken is a text with an end, a number or a time. */
#include "fuzz.h"

#include "app/control.h"
#include <hookstream/buffer.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = NULL;
    uint64_t count = 0, time = 0;
    bool flag = false;
    const struct hs_query_field fields[] = {{"text", HS_FIELD_TEXT, &text},
                                            {"count", HS_FIELD_COUNT, &count},
                                            {"time", HS_FIELD_TIME, &time},
                                            {"flag", HS_FIELD_FLAG, &flag}};
    struct hs_arena *arena = hs_arena_create();
    int code = hs_query_read(hs_slice(data, size), fields, HS_ARRAY_SIZE(fields), arena);
    require(code == 0 || code == -EINVAL);
    require(text == NULL || strlen(text) <= size);
    hs_arena_free(arena);
    return 0;
}
