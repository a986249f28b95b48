/* Fuzzes what reads bytes from strangers first: the head parser and the chunked decoder. The
 * first byte says where the input is split: a head or body in two pieces must be accepted and
 * refused as in one. */
#include "../../src/http/chunked.h"

#include <stdlib.h>

#define HEAD_LIMIT 4096u
#define BODY_LIMIT 65536u

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* What was accepted lies within the head and holds no line end. */
static void check_head(const struct hs_http_head *head, struct hs_slice bytes)
{
    require(head->field_count <= HS_HTTP_HEADERS_MAX);
    require(!(head->chunked && head->has_length));
    for (size_t i = 0; i < head->field_count; i++) {
        struct hs_slice parts[] = {head->fields[i].name, head->fields[i].value};
        for (size_t j = 0; j < 2; j++) {
            require(parts[j].data >= bytes.data &&
                    parts[j].data + parts[j].size <= bytes.data + bytes.size);
            require(parts[j].size == 0 || (memchr(parts[j].data, '\n', parts[j].size) == NULL &&
                                           memchr(parts[j].data, '\0', parts[j].size) == NULL));
        }
    }
}

static ssize_t fuzz_head(struct hs_slice bytes, size_t split)
{
    static struct hs_http_head head, again;
    enum hs_http_refusal refusal;
    ssize_t whole = hs_http_parse_head(bytes, 0, HEAD_LIMIT, &head, &refusal);
    require(whole < 0 ? refusal != HS_HTTP_OK : (size_t)whole <= bytes.size);
    if (whole > 0)
        check_head(&head, hs_slice(bytes.data, (size_t)whole));
    ssize_t parts =
        hs_http_parse_head(hs_slice(bytes.data, split), 0, HEAD_LIMIT, &again, &refusal);
    if (parts == 0)
        parts = hs_http_parse_head(bytes, split, HEAD_LIMIT, &again, &refusal);
    if (whole > 0)
        require(parts == whole && again.field_count == head.field_count &&
                again.content_length == head.content_length && again.chunked == head.chunked);
    else
        require(parts <= 0);
    return whole;
}

/* Decodes `size` bytes in pieces that begin at 0 and `split`. */
static int decode(const char *data, size_t size, size_t split, char *ret_body, size_t *ret_size,
                  size_t *ret_used)
{
    struct hs_chunked chunked;
    hs_chunked_init(&chunked, BODY_LIMIT);
    int result = 0;
    *ret_size = *ret_used = 0;
    const size_t ends[] = {split, size};
    for (size_t i = 0; i < 2 && result == 0; i++) {
        size_t used, decoded, piece = ends[i] - *ret_used;
        enum hs_http_refusal refusal;
        memcpy(ret_body + *ret_size, data + *ret_used, piece);
        result =
            hs_chunked_decode(&chunked, ret_body + *ret_size, piece, &used, &decoded, &refusal);
        if (result < 0)
            return result;
        require(used <= piece && decoded <= used && (result > 0 || used == piece));
        *ret_size += decoded;
        *ret_used += used;
    }
    return result;
}

static void fuzz_chunked(const char *data, size_t size, size_t split)
{
    char *whole = malloc(size + 1), *parts = malloc(size + 1);
    size_t whole_size, whole_used, parts_size, parts_used;
    int first = decode(data, size, 0, whole, &whole_size, &whole_used);
    int second = decode(data, size, split, parts, &parts_size, &parts_used);
    require(first == second);
    if (first >= 0) {
        require(whole_used == parts_used && whole_size <= BODY_LIMIT);
        require(whole_size == parts_size && memcmp(whole, parts, whole_size) == 0);
    }
    free(whole);
    free(parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct hs_slice bytes = hs_slice(data + 1, size - 1);
    size_t split = bytes.size * data[0] / 256;
    ssize_t head = fuzz_head(bytes, split);
    /* The body where there is a head, else everything as a body. */
    size_t body = head > 0 ? (size_t)head : 0;
    if (bytes.size > body)
        fuzz_chunked(bytes.data + body, bytes.size - body, (bytes.size - body) * data[0] / 256);
    return 0;
}
