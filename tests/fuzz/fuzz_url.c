/* Fuzzes the URLs of the redis sink and the http sink: what is taken can be shown and appended to,
 * and a refused one leaves nothing behind. */
#include "fuzz.h"

#include "sink/http/http.h"
#include <hookstream/buffer.h>
#include <hookstream/redis.h>

static void take_redis(const char *text)
{
    struct hs_redis_url url = {0};
    if (hs_redis_url_parse(text, NULL, NULL, &url) < 0) {
        require(url.host == NULL && url.path == NULL && url.password == NULL);
        return;
    }
    char place[HS_REDIS_PLACE_TEXT];
    hs_redis_url_place(&url, place);
    require((url.host == NULL) != (url.path == NULL) && memchr(place, '\0', sizeof(place)) != NULL);
    require(url.path != NULL || url.port > 0);
    hs_redis_url_free(&url);
}

static void take_http(const char *text)
{
    struct hs_http_url url;
    if (hs_http_url_parse(text, &url) < 0)
        return;
    struct hs_buffer out;
    hs_buffer_init(&out, 1u << 20);
    hs_http_url_append(&url, HS_SLICE("/a b"), &out);
    require(hs_buffer_status(&out) == 0 && memchr(out.data, ' ', out.size) == NULL);
    hs_buffer_free(&out);
    hs_http_url_free(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = hs_slice_dup(hs_slice(data, size));
    take_redis(text);
    take_http(text);
    free(text);
    return 0;
}
