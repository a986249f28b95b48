/* Kafka stages: names and transitions of the producer's stages (kafka.h) and of the stages of its
 * transactions (txn.h). */
#include "kafka.h"

#include <hookstream/log.h>

#define FROM(stage) (1u << HS_KAFKA_##stage)
#define TXN_FROM(stage) (1u << HS_KAFKA_TXN_##stage)

static const struct {
    const char *name;
    unsigned from; /* the allowed predecessors */
} stages[HS_KAFKA_STAGE_COUNT] = {
    /* From OPEN only when the sink closes. */
    [HS_KAFKA_CLOSED] = {"closed", FROM(OPEN) | FROM(ENDING)},
    [HS_KAFKA_OPEN] = {"open", FROM(CLOSED)},
    /* A producer that ends may fail again. */
    [HS_KAFKA_ENDING] = {"ending", FROM(OPEN) | FROM(ENDING)},
};

static const struct {
    const char *name;
    unsigned from;
} txn_stages[HS_KAFKA_TXN_STAGE_COUNT] = {
    /* The producer ended; or, after LOOKING, the cursor was read. */
    [HS_KAFKA_TXN_CLOSED] = {"closed", TXN_FROM(STARTING) | TXN_FROM(READING) | TXN_FROM(OPEN) |
                                           TXN_FROM(SEALING) | TXN_FROM(COMMITTING) |
                                           TXN_FROM(ABORTING) | TXN_FROM(LOOKING)},
    /* A call of librdkafka that timed out is called again. */
    [HS_KAFKA_TXN_STARTING] = {"starting", TXN_FROM(CLOSED) | TXN_FROM(STARTING)},
    [HS_KAFKA_TXN_READING] = {"reading", TXN_FROM(STARTING)},
    [HS_KAFKA_TXN_OPEN] = {"open", TXN_FROM(READING) | TXN_FROM(COMMITTING)},
    [HS_KAFKA_TXN_SEALING] = {"sealing", TXN_FROM(OPEN)},
    [HS_KAFKA_TXN_COMMITTING] = {"committing", TXN_FROM(SEALING) | TXN_FROM(COMMITTING)},
    [HS_KAFKA_TXN_ABORTING] = {"aborting",
                               TXN_FROM(OPEN) | TXN_FROM(SEALING) | TXN_FROM(COMMITTING)},
    /* In place of the next producer. */
    [HS_KAFKA_TXN_LOOKING] = {"looking", TXN_FROM(CLOSED)},
    [HS_KAFKA_TXN_FENCED] = {"fenced", TXN_FROM(CLOSED)},
};

const char *hs_kafka_stage_name(enum hs_kafka_stage stage)
{
    return stages[stage].name;
}

bool hs_kafka_stage_allows(enum hs_kafka_stage from, enum hs_kafka_stage to)
{
    return (stages[to].from & (1u << from)) != 0;
}

void hs_kafka_set_stage(struct hs_kafka *kafka, enum hs_kafka_stage stage)
{
    HS_ASSERT(hs_kafka_stage_allows(kafka->stage, stage));
    if (stage != kafka->stage)
        hs_log(HS_LOG_DEBUG, "kafka stage", HS_F("sink", "%s", kafka->sink.name),
               HS_F("from", "%s", hs_kafka_stage_name(kafka->stage)),
               HS_F("to", "%s", hs_kafka_stage_name(stage)));
    kafka->stage = stage;
}

const char *hs_kafka_txn_stage_name(enum hs_kafka_txn_stage stage)
{
    return txn_stages[stage].name;
}

bool hs_kafka_txn_stage_allows(enum hs_kafka_txn_stage from, enum hs_kafka_txn_stage to)
{
    return (txn_stages[to].from & (1u << from)) != 0;
}

void hs_kafka_txn_set_stage(struct hs_kafka_txn *txn, enum hs_kafka_txn_stage stage)
{
    HS_ASSERT(hs_kafka_txn_stage_allows(txn->stage, stage));
    if (stage != txn->stage)
        hs_log(HS_LOG_DEBUG, "kafka transaction stage", HS_F("sink", "%s", txn->kafka->sink.name),
               HS_F("from", "%s", hs_kafka_txn_stage_name(txn->stage)),
               HS_F("to", "%s", hs_kafka_txn_stage_name(stage)));
    txn->stage = stage;
}
