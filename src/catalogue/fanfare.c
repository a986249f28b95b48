/* Fanfare: the provider's 21 event types in the order of its reference, one row per field in the
 * order of its examples. The reference shows examples only: a field shown as null is nullable, and
 * none is documented as optional. */
#include <hookstream/catalogue.h>

#define FIELD(path_, type_, sample_, help_)                                                        \
    {                                                                                              \
        .path = path_, .type = HS_FIELD_##type_, .sample = sample_, .help = help_                  \
    }
#define CREDENTIAL(path_, sample_, help_)                                                          \
    {                                                                                              \
        .path = path_, .type = HS_FIELD_TEXT, .sample = sample_, .help = help_, .credential = true \
    }
#define PERSONAL(path_, nullable_, sample_, help_)                                                 \
    {                                                                                              \
        .path = path_, .type = HS_FIELD_TEXT, .sample = sample_, .help = help_, .personal = true,  \
        .nullable = nullable_                                                                      \
    }
#define ENVELOPE                                                                                   \
    FIELD("id", ID, "<id>", "The event's id, the same in every attempt."),                         \
        FIELD("type", TEXT, "<type>", "The event's type."),                                        \
        FIELD("timestamp", TIME, "<now>", "When it happened."),                                    \
        FIELD("organizationId", ID, "<org>", "The organization that it belongs to."),              \
        FIELD("data", OBJECT, NULL, "What happened.")

static const struct hs_catalogue_field queue_consumer_entered[] = {
    ENVELOPE,
    FIELD("data.queueId", ID, "<queue>", "The queue."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.position", INTEGER, "<count>", "Place in the queue, from 1."),
    FIELD("data.enteredAt", TIME, "<now>", "When the consumer entered."),
};

static const struct hs_catalogue_field queue_consumer_admitted[] = {
    ENVELOPE,
    FIELD("data.queueId", ID, "<queue>", "The queue."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.enteredAt", TIME, "<before>", "When the consumer entered."),
    FIELD("data.admittedAt", TIME, "<now>", "When the consumer was admitted."),
    CREDENTIAL("data.admissionToken", "<token>", "Proof of admission: a credential."),
    FIELD("data.waitTimeSeconds", INTEGER, "<count>", "Seconds between entry and admission."),
};

static const struct hs_catalogue_field queue_consumer_completed[] = {
    ENVELOPE,
    FIELD("data.queueId", ID, "<queue>", "The queue."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.completedAt", TIME, "<now>", "When it was completed."),
    FIELD("data.orderId", ID, "<order>", "The order."),
};

static const struct hs_catalogue_field queue_consumer_left[] = {
    ENVELOPE,
    FIELD("data.queueId", ID, "<queue>", "The queue."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.leftAt", TIME, "<now>", "When the consumer left."),
    FIELD("data.positionWhenLeft", INTEGER, "<count>",
          "Place in the queue when the consumer left."),
};

static const struct hs_catalogue_field queue_consumer_denied[] = {
    ENVELOPE,
    FIELD("data.queueId", ID, "<queue>", "The queue."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.deniedAt", TIME, "<now>", "When entry was denied."),
    FIELD("data.reason", TEXT, "ORDER_LIMIT_EXCEEDED", "Why, as a code."),
};

static const struct hs_catalogue_field draw_consumer_entered[] = {
    ENVELOPE,
    FIELD("data.drawId", ID, "<draw>", "The draw."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.enteredAt", TIME, "<now>", "When the consumer entered."),
    FIELD("data.entrantNumber", INTEGER, "<count>", "Number of the entry in the draw."),
};

static const struct hs_catalogue_field draw_consumer_won[] = {
    ENVELOPE,
    FIELD("data.drawId", ID, "<draw>", "The draw."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.wonAt", TIME, "<now>", "When the consumer won."),
    CREDENTIAL("data.admissionToken", "<token>", "Proof of admission: a credential."),
    FIELD("data.winnerPosition", INTEGER, "<few>", "Place among the winners."),
};

static const struct hs_catalogue_field draw_consumer_lost[] = {
    ENVELOPE,
    FIELD("data.drawId", ID, "<draw>", "The draw."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.lostAt", TIME, "<now>", "When the draw was lost."),
};

static const struct hs_catalogue_field draw_completed[] = {
    ENVELOPE,
    FIELD("data.drawId", ID, "<draw>", "The draw."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.completedAt", TIME, "<now>", "When it was completed."),
    FIELD("data.totalEntrants", INTEGER, "<count>", "Consumers who entered."),
    FIELD("data.winnersSelected", INTEGER, "<few>", "Consumers who won."),
};

static const struct hs_catalogue_field auction_bid_placed[] = {
    ENVELOPE,
    FIELD("data.auctionId", ID, "<auction>", "The auction."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.bidId", ID, "<bid>", "The bid."),
    FIELD("data.bidAmount", MONEY, "<money>", "What was bid, a decimal in text."),
    FIELD("data.currencyCode", CURRENCY, "<currency>", "ISO 4217 code of the amount."),
    FIELD("data.bidTime", TIME, "<now>", "When the bid was placed."),
    FIELD("data.isHighestBid", BOOLEAN, "<bool>", "Whether the bid leads."),
};

static const struct hs_catalogue_field auction_bid_outbid[] = {
    ENVELOPE,
    FIELD("data.auctionId", ID, "<auction>", "The auction."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.outbidAt", TIME, "<now>", "When the bid was passed."),
    FIELD("data.previousBidAmount", MONEY, "<money>",
          "The bid that was passed, a decimal in text."),
    FIELD("data.newHighBidAmount", MONEY, "<money>", "The bid that leads now, a decimal in text."),
};

static const struct hs_catalogue_field auction_consumer_won[] = {
    ENVELOPE,
    FIELD("data.auctionId", ID, "<auction>", "The auction."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.wonAt", TIME, "<now>", "When the consumer won."),
    FIELD("data.winningBidAmount", MONEY, "<money>", "The bid that won, a decimal in text."),
    FIELD("data.currencyCode", CURRENCY, "<currency>", "ISO 4217 code of the amount."),
    CREDENTIAL("data.paymentToken", "<token>", "Proof for the payment: a credential."),
};

static const struct hs_catalogue_field auction_settled[] = {
    ENVELOPE,
    FIELD("data.auctionId", ID, "<auction>", "The auction."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.settledAt", TIME, "<now>", "When the auction was settled."),
    FIELD("data.totalBids", INTEGER, "<count>", "Bids placed."),
    FIELD("data.uniqueBidders", INTEGER, "<few>", "Consumers who bid."),
    FIELD("data.winningBidAmount", MONEY, "<money>", "The bid that won, a decimal in text."),
    FIELD("data.winnerId", ID, "<cons>", "The consumer who won."),
};

static const struct hs_catalogue_field order_created[] = {
    ENVELOPE,
    FIELD("data.orderId", ID, "<order>", "The order."),
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.createdAt", TIME, "<now>", "When it was created."),
    FIELD("data.amount", MONEY, "<money>", "The order's total, a decimal in text."),
    FIELD("data.currencyCode", CURRENCY, "<currency>", "ISO 4217 code of the amount."),
    FIELD("data.items", ARRAY, NULL, "What was ordered."),
    FIELD("data.items[*]", OBJECT, NULL, "One thing that was ordered."),
    FIELD("data.items[*].productId", ID, "<prod>", "The product."),
    FIELD("data.items[*].variantId", ID, "<var>", "The variant of the product."),
    FIELD("data.items[*].quantity", INTEGER, "<few>", "The quantity ordered."),
};

static const struct hs_catalogue_field order_completed[] = {
    ENVELOPE,
    FIELD("data.orderId", ID, "<order>", "The order."),
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.completedAt", TIME, "<now>", "When it was completed."),
    FIELD("data.amount", MONEY, "<money>", "The order's total, a decimal in text."),
    FIELD("data.currencyCode", CURRENCY, "<currency>", "ISO 4217 code of the amount."),
};

static const struct hs_catalogue_field order_cancelled[] = {
    ENVELOPE,
    FIELD("data.orderId", ID, "<order>", "The order."),
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.cancelledAt", TIME, "<now>", "When the order was cancelled."),
    FIELD("data.reason", TEXT, "customer_requested", "Why, as a code."),
};

static const struct hs_catalogue_field consumer_created[] = {
    ENVELOPE,
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    PERSONAL("data.email", false, "<email>", "The e-mail address."),
    PERSONAL("data.phone", true, "<phone>", "The telephone number; null if unknown."),
    PERSONAL("data.fullName", false, "<name>", "First and last name."),
    FIELD("data.createdAt", TIME, "<now>", "When it was created."),
    FIELD("data.source", TEXT, "otp_login", "How the consumer was created."),
};

static const struct hs_catalogue_field consumer_updated[] = {
    ENVELOPE,
    FIELD("data.consumerId", ID, "<cons>", "The consumer."),
    FIELD("data.updatedAt", TIME, "<now>", "When it was changed."),
    FIELD("data.changedFields", ARRAY, NULL, "Names of the fields that changed."),
    FIELD("data.changedFields[*]", TEXT, "fullName|metadata", "A field that changed."),
};

static const struct hs_catalogue_field distribution_updated[] = {
    ENVELOPE,
    FIELD("data.distributionId", ID, "<queue>", "The queue, draw or auction."),
    FIELD("data.distributionType", TEXT, "queue|draw|auction", "The kind of distribution."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.updatedAt", TIME, "<now>", "When it was changed."),
    FIELD("data.changedFields", ARRAY, NULL, "Names of the fields that changed."),
    FIELD("data.changedFields[*]", TEXT, "openAt|closeAt", "A field that changed."),
};

static const struct hs_catalogue_field distribution_opened[] = {
    ENVELOPE,
    FIELD("data.distributionId", ID, "<queue>", "The queue, draw or auction."),
    FIELD("data.distributionType", TEXT, "queue|draw|auction", "The kind of distribution."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.openedAt", TIME, "<now>", "When it opened."),
};

static const struct hs_catalogue_field distribution_closed[] = {
    ENVELOPE,
    FIELD("data.distributionId", ID, "<queue>", "The queue, draw or auction."),
    FIELD("data.distributionType", TEXT, "queue|draw|auction", "The kind of distribution."),
    FIELD("data.sequenceId", ID, "<seq>", "The sequence that it belongs to."),
    FIELD("data.experienceId", ID, "<exp>", "The experience that it belongs to."),
    FIELD("data.closedAt", TIME, "<now>", "When it closed."),
    FIELD("data.totalParticipants", INTEGER, "<count>", "Consumers who took part."),
};

#define TYPE(name_, help_, rows_)                                                                  \
    {                                                                                              \
        .name = name_, .help = help_, .fields = rows_, .field_count = HS_ARRAY_SIZE(rows_)         \
    }

static const struct hs_event_type types[] = {
    TYPE("queue.consumer.entered", "Consumer joined queue", queue_consumer_entered),
    TYPE("queue.consumer.admitted", "Consumer admitted", queue_consumer_admitted),
    TYPE("queue.consumer.completed", "Consumer completed", queue_consumer_completed),
    TYPE("queue.consumer.left", "Consumer left", queue_consumer_left),
    TYPE("queue.consumer.denied", "Consumer denied", queue_consumer_denied),
    TYPE("draw.consumer.entered", "Consumer entered draw", draw_consumer_entered),
    TYPE("draw.consumer.won", "Consumer won draw", draw_consumer_won),
    TYPE("draw.consumer.lost", "Consumer lost draw", draw_consumer_lost),
    TYPE("draw.completed", "Draw executed", draw_completed),
    TYPE("auction.bid.placed", "Bid placed", auction_bid_placed),
    TYPE("auction.bid.outbid", "Bidder outbid", auction_bid_outbid),
    TYPE("auction.consumer.won", "Consumer won auction", auction_consumer_won),
    TYPE("auction.settled", "Auction settled", auction_settled),
    TYPE("order.created", "Order created", order_created),
    TYPE("order.completed", "Order completed", order_completed),
    TYPE("order.cancelled", "Order cancelled", order_cancelled),
    TYPE("consumer.created", "Consumer created", consumer_created),
    TYPE("consumer.updated", "Consumer updated", consumer_updated),
    TYPE("distribution.updated", "Distribution updated", distribution_updated),
    TYPE("distribution.opened", "Distribution opened", distribution_opened),
    TYPE("distribution.closed", "Distribution closed", distribution_closed),
};

const struct hs_catalogue *hs_catalogue_fanfare(void)
{
    static const struct hs_catalogue fanfare = {"fanfare", types, HS_ARRAY_SIZE(types)};
    return &fanfare;
}

const struct hs_catalogue *hs_catalogue_built_in(const char *name)
{
    if (name == NULL)
        return NULL;
    HS_ASSERT(strcmp(name, "fanfare") == 0); /* rows name only catalogues that exist */
    return hs_catalogue_fanfare();
}
