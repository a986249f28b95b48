/* Kafka helper: see helper.h. */
#include "helper.h"

#include <sys/prctl.h>
#include <unistd.h>

/* A question waits this long for a broker; closing a sink may have to wait for it. */
#define ASK_MS 500

static void tell(struct hs_kafka_helper *helper)
{
    uint64_t one = 1;
    HS_IGNORE(write(helper->file, &one, sizeof(one))); /* full means it is already signalled */
}

/* Without the lock held; nobody else uses its producer meanwhile. */
static struct hs_kafka_answer ask(rd_kafka_t *rk)
{
    const struct rd_kafka_metadata *metadata = NULL;
    struct hs_kafka_answer answer = {.topic_missing = false};
    answer.error = rd_kafka_metadata(rk, 0, NULL, &metadata, ASK_MS);
    if (metadata == NULL)
        return answer;
    for (int i = 0; i < metadata->topic_cnt; i++)
        answer.topic_missing = answer.topic_missing ||
                               metadata->topics[i].err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    rd_kafka_metadata_destroy(metadata);
    return answer;
}

/* Questions and jobs come before a burial: they may use the producer to be buried. */
static void *run(void *context)
{
    struct hs_kafka_helper *helper = context;
    prctl(PR_SET_NAME, "hs-kafka-help");
    pthread_mutex_lock(&helper->lock);
    for (;;) {
        if (helper->asking != NULL) {
            rd_kafka_t *rk = helper->asking;
            pthread_mutex_unlock(&helper->lock);
            struct hs_kafka_answer answer = ask(rk);
            pthread_mutex_lock(&helper->lock);
            helper->asking = NULL;
            helper->answered = true;
            helper->answer = answer;
            tell(helper);
        } else if (helper->working && !helper->finished) {
            pthread_mutex_unlock(&helper->lock);
            helper->job(helper->job_context); /* set before `working`, under the lock */
            pthread_mutex_lock(&helper->lock);
            helper->finished = true;
            tell(helper);
        } else if (helper->burying != NULL) {
            rd_kafka_t *rk = helper->burying;
            pthread_mutex_unlock(&helper->lock);
            rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
            pthread_mutex_lock(&helper->lock);
            helper->burying = NULL;
            tell(helper);
        } else if (helper->stop) {
            break;
        } else {
            pthread_cond_wait(&helper->changed, &helper->lock);
        }
    }
    pthread_mutex_unlock(&helper->lock);
    return NULL;
}

int hs_kafka_helper_start(struct hs_kafka_helper *helper, int file)
{
    *helper = (struct hs_kafka_helper){.file = file};
    pthread_mutex_init(&helper->lock, NULL);
    pthread_cond_init(&helper->changed, NULL);
    int failed = pthread_create(&helper->thread, NULL, run, helper);
    if (failed != 0)
        return hs_fail_errno(failed, "cannot start a thread beside a kafka sink");
    helper->started = true;
    return 0;
}

void hs_kafka_helper_ask(struct hs_kafka_helper *helper, rd_kafka_t *rk)
{
    pthread_mutex_lock(&helper->lock);
    if (helper->asking == NULL && !helper->answered) {
        helper->asking = rk;
        pthread_cond_signal(&helper->changed);
    }
    pthread_mutex_unlock(&helper->lock);
}

bool hs_kafka_helper_answer(struct hs_kafka_helper *helper, struct hs_kafka_answer *ret_answer)
{
    pthread_mutex_lock(&helper->lock);
    bool answered = helper->answered;
    helper->answered = false;
    if (answered)
        *ret_answer = helper->answer;
    pthread_mutex_unlock(&helper->lock);
    return answered;
}

void hs_kafka_helper_work(struct hs_kafka_helper *helper, void (*job)(void *context), void *context)
{
    pthread_mutex_lock(&helper->lock);
    HS_ASSERT(!helper->working);
    helper->job = job;
    helper->job_context = context;
    helper->working = true;
    helper->finished = false;
    pthread_cond_signal(&helper->changed);
    pthread_mutex_unlock(&helper->lock);
}

bool hs_kafka_helper_finished(struct hs_kafka_helper *helper)
{
    pthread_mutex_lock(&helper->lock);
    bool finished = helper->working && helper->finished;
    if (finished)
        helper->working = helper->finished = false;
    pthread_mutex_unlock(&helper->lock);
    return finished;
}

bool hs_kafka_helper_is_working(struct hs_kafka_helper *helper)
{
    pthread_mutex_lock(&helper->lock);
    bool working = helper->working;
    pthread_mutex_unlock(&helper->lock);
    return working;
}

void hs_kafka_helper_bury(struct hs_kafka_helper *helper, rd_kafka_t *rk)
{
    pthread_mutex_lock(&helper->lock);
    HS_ASSERT(helper->burying == NULL);
    helper->burying = rk;
    pthread_cond_signal(&helper->changed);
    pthread_mutex_unlock(&helper->lock);
}

bool hs_kafka_helper_is_burying(struct hs_kafka_helper *helper)
{
    pthread_mutex_lock(&helper->lock);
    bool burying = helper->burying != NULL;
    pthread_mutex_unlock(&helper->lock);
    return burying;
}

void hs_kafka_helper_stop(struct hs_kafka_helper *helper)
{
    if (helper->started) {
        pthread_mutex_lock(&helper->lock);
        helper->stop = true;
        pthread_cond_signal(&helper->changed);
        pthread_mutex_unlock(&helper->lock);
        pthread_join(helper->thread, NULL);
        helper->started = false;
        pthread_cond_destroy(&helper->changed);
        pthread_mutex_destroy(&helper->lock);
    }
}
