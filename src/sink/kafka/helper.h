/* Kafka helper: a thread beside the sink's for librdkafka calls that block: asking the cluster for
 * its metadata, destroying a producer, and the steps of a transaction. Reports its results through
 * an eventfd; calls only a job's own function.
 * Threads: all functions belong to the sink's thread; `lock` guards what the two share. */
#ifndef HS_SINK_KAFKA_HELPER_H
#define HS_SINK_KAFKA_HELPER_H

#include <hookstream/base.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>

/* What the cluster answered. */
struct hs_kafka_answer {
    rd_kafka_resp_err_t error;
    bool topic_missing; /* one of the topics that the producer writes to does not exist */
};

struct hs_kafka_helper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int file; /* eventfd, readable when there is a result; borrowed */
    bool started;
    /* Guarded by the lock. */
    bool stop;
    rd_kafka_t *asking;  /* to be asked for metadata, or NULL */
    rd_kafka_t *burying; /* to be destroyed, or NULL */
    void (*job)(void *context);
    void *job_context; /* owned by the job while it runs */
    bool working, finished;
    bool answered;
    struct hs_kafka_answer answer;
};

/* Starts the thread. -errno and a message. */
HS_MUST_CHECK int hs_kafka_helper_start(struct hs_kafka_helper *helper, int file);
/* Asks for the metadata of the topics that the producer knows, to see whether a broker answers. One
 * question at a time; more are ignored. */
void hs_kafka_helper_ask(struct hs_kafka_helper *helper, rd_kafka_t *rk);
/* The result, once: true if there is one. */
bool hs_kafka_helper_answer(struct hs_kafka_helper *helper, struct hs_kafka_answer *ret_answer);
/* Runs the job on the thread; one at a time. The owner of `context` must not touch it until
 * hs_kafka_helper_finished() returned true. */
void hs_kafka_helper_work(struct hs_kafka_helper *helper, void (*job)(void *context),
                          void *context);
/* True once when a job is done. */
bool hs_kafka_helper_finished(struct hs_kafka_helper *helper);
/* True from when a job was given until hs_kafka_helper_finished() returned true. */
bool hs_kafka_helper_is_working(struct hs_kafka_helper *helper);
/* Takes the producer, whose topics and queues were released, and destroys it. Only when not busy
 * burying. */
void hs_kafka_helper_bury(struct hs_kafka_helper *helper, rd_kafka_t *rk);
bool hs_kafka_helper_is_burying(struct hs_kafka_helper *helper);
/* Finishes the work in progress (bounded by ASK_MS, the job's own timeout and librdkafka's) and
 * ends. */
void hs_kafka_helper_stop(struct hs_kafka_helper *helper);

#endif
