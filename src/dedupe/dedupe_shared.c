/* Shared dedupe: what its links share: the Redis server, this replica's identity, and the
 * status. */
#include "shared.h"

#include <hookstream/buffer.h>
#include <hookstream/text.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#define NS_PER_MS UINT64_C(1000000)
#define LOST_TEXT_MAX (64u << 10) /* more ranges than a dedupe keeps */

static bool is_up(struct hs_dedupe_shared *shared)
{
    return atomic_load(&shared->ready) == atomic_load(&shared->links);
}

static void collect(void *context)
{
    struct hs_dedupe_shared *shared = context;
    hs_gauge_set(shared->up_gauge, is_up(shared) ? 1 : 0);
}

int hs_dedupe_shared_create(const struct hs_dedupe_options *options, const char *identity,
                            struct hs_metrics *metrics, struct hs_dedupe_shared **ret_shared)
{
    struct hs_dedupe_shared *shared = hs_alloc(sizeof(*shared));
    int code = hs_redis_url_parse(options->url, options->username, options->password, &shared->url);
    if (code < 0) {
        free(shared);
        return code;
    }
    shared->options = options;
    shared->metrics = metrics;
    snprintf(shared->mine, sizeof(shared->mine), "p%s", identity);
    snprintf(shared->tag, sizeof(shared->tag), "%.8s", identity);
    snprintf(shared->reservation_ms, sizeof(shared->reservation_ms), "%" PRIu64,
             options->reservation_ns / NS_PER_MS);
    snprintf(shared->window_ms, sizeof(shared->window_ms), "%" PRIu64,
             options->window_ns / NS_PER_MS);
    pthread_mutex_init(&shared->lock, NULL);
    hs_shared_note(shared, "start", "not connected yet");
    shared->up_gauge = hs_metrics_gauge(metrics, HS_METRIC_dedupe_shared_up);
    hs_metrics_on_collect(metrics, collect, shared);
    *ret_shared = shared;
    return 0;
}

void hs_dedupe_shared_free(struct hs_dedupe_shared *shared)
{
    if (shared == NULL)
        return;
    HS_ASSERT(atomic_load(&shared->links) == 0);
    hs_metrics_forget(shared->metrics, shared);
    hs_redis_url_free(&shared->url);
    pthread_mutex_destroy(&shared->lock);
    free(shared->lost);
    free(shared);
}

static void add_range(void *context, uint64_t first, uint64_t last)
{
    hs_buffer_printf(context, "%" PRIu64 "-%" PRIu64 " ", first, last);
}

void hs_dedupe_shared_lose(struct hs_dedupe_shared *shared, struct hs_dedupe *dedupe)
{
    struct hs_buffer text;
    hs_buffer_init(&text, LOST_TEXT_MAX);
    hs_dedupe_each_lost(dedupe, add_range, &text);
    if (text.size > 0) {
        pthread_mutex_lock(&shared->lock);
        free(shared->lost);
        shared->lost = hs_slice_dup(hs_buffer_slice(&text));
        pthread_mutex_unlock(&shared->lock);
        atomic_fetch_add_explicit(&shared->lost_version, 1, memory_order_release);
    }
    hs_buffer_free(&text);
}

void hs_shared_note(struct hs_dedupe_shared *shared, const char *reason, const char *detail)
{
    pthread_mutex_lock(&shared->lock);
    snprintf(shared->reason, sizeof(shared->reason), "%s", reason);
    snprintf(shared->detail, sizeof(shared->detail), "%s", detail);
    pthread_mutex_unlock(&shared->lock);
}

void hs_dedupe_shared_status(struct hs_dedupe_shared *shared,
                             struct hs_dedupe_shared_status *ret_status)
{
    *ret_status = (struct hs_dedupe_shared_status){
        .up = is_up(shared),
        .refuses = shared->options->on_unavailable == HS_DEDUPE_REFUSE,
    };
    if (ret_status->up)
        return;
    pthread_mutex_lock(&shared->lock);
    memcpy(ret_status->reason, shared->reason, sizeof(shared->reason));
    memcpy(ret_status->detail, shared->detail, sizeof(shared->detail));
    pthread_mutex_unlock(&shared->lock);
}

/* Not the hash of the local index, which each journal keys differently. Two ids with one key would
 * lose an event, so it must be collision-resistant. */
void hs_shared_key(struct hs_slice source, struct hs_slice id, struct hs_shared_key *ret_key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *work = EVP_MD_CTX_new();
    bool done = work != NULL && EVP_DigestInit_ex(work, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(work, source.data, source.size) == 1 &&
                EVP_DigestUpdate(work, "", 1) == 1 &&
                EVP_DigestUpdate(work, id.data, id.size) == 1 &&
                EVP_DigestFinal_ex(work, digest, NULL) == 1;
    HS_ASSERT(done); /* fails only without memory */
    EVP_MD_CTX_free(work);
    hs_hex_encode(digest, 16, ret_key->hex);
    ret_key->hex[32] = '\0';
}
