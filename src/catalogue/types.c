/* Types: the provider's 21 event types, a row each, in the order of its reference. A sample
 * is the example of the reference with what varies written as <word>; samples.c knows the
 * words. */
#include <hookstream/catalogue.h>

#define ENVELOPE(type, data)                                                                       \
    "{\"id\":<id>,\"type\":\"" type                                                                \
    "\",\"timestamp\":<now>,\"organizationId\":<org>,\"data\":{" data "}}"
#define TYPE(name_, help_, data_)                                                                  \
    {                                                                                              \
        name_, help_, ENVELOPE(name_, data_)                                                       \
    }

#define QUEUE_IDS                                                                                  \
    "\"queueId\":<queue>,\"sequenceId\":<seq>,\"experienceId\":<exp>,\"consumerId\":<cons>,"
#define DRAW_IDS "\"drawId\":<draw>,\"sequenceId\":<seq>,\"experienceId\":<exp>,"
#define AUCTION_IDS "\"auctionId\":<auction>,\"sequenceId\":<seq>,\"experienceId\":<exp>,"
#define CONSUMER "\"consumerId\":<cons>,"
#define DISTRIBUTION                                                                               \
    "\"distributionId\":<queue>,\"distributionType\":\"queue\",\"sequenceId\":<seq>,"              \
    "\"experienceId\":<exp>,"

static const struct hs_event_type types[] = {
    TYPE("queue.consumer.entered", "Consumer joined queue",
         QUEUE_IDS "\"position\":<count>,\"enteredAt\":<now>"),
    TYPE("queue.consumer.admitted", "Consumer admitted",
         QUEUE_IDS "\"enteredAt\":<before>,\"admittedAt\":<now>,\"admissionToken\":<token>,"
                   "\"waitTimeSeconds\":<count>"),
    TYPE("queue.consumer.completed", "Consumer completed",
         QUEUE_IDS "\"completedAt\":<now>,\"orderId\":<order>"),
    TYPE("queue.consumer.left", "Consumer left",
         QUEUE_IDS "\"leftAt\":<now>,\"positionWhenLeft\":<count>"),
    TYPE("queue.consumer.denied", "Consumer denied",
         QUEUE_IDS "\"deniedAt\":<now>,\"reason\":\"ORDER_LIMIT_EXCEEDED\""),
    TYPE("draw.consumer.entered", "Consumer entered draw",
         DRAW_IDS CONSUMER "\"enteredAt\":<now>,\"entrantNumber\":<count>"),
    TYPE("draw.consumer.won", "Consumer won draw",
         DRAW_IDS CONSUMER "\"wonAt\":<now>,\"admissionToken\":<token>,\"winnerPosition\":<count>"),
    TYPE("draw.consumer.lost", "Consumer lost draw", DRAW_IDS CONSUMER "\"lostAt\":<now>"),
    TYPE("draw.completed", "Draw executed",
         DRAW_IDS "\"completedAt\":<now>,\"totalEntrants\":<count>,\"winnersSelected\":<few>"),
    TYPE("auction.bid.placed", "Bid placed",
         AUCTION_IDS CONSUMER "\"bidId\":<bid>,\"bidAmount\":<money>,\"currencyCode\":<currency>,"
                              "\"bidTime\":<now>,\"isHighestBid\":<bool>"),
    TYPE("auction.bid.outbid", "Bid outbid",
         AUCTION_IDS CONSUMER "\"outbidAt\":<now>,\"previousBidAmount\":<money>,"
                              "\"newHighBidAmount\":<money>"),
    TYPE("auction.consumer.won", "Consumer won auction",
         AUCTION_IDS CONSUMER "\"wonAt\":<now>,\"winningBidAmount\":<money>,"
                              "\"currencyCode\":<currency>,\"paymentToken\":<token>"),
    TYPE("auction.settled", "Auction settled",
         AUCTION_IDS "\"settledAt\":<now>,\"totalBids\":<count>,\"uniqueBidders\":<few>,"
                     "\"winningBidAmount\":<money>,\"winnerId\":<cons>"),
    TYPE("order.created", "Order created",
         "\"orderId\":<order>," CONSUMER "\"experienceId\":<exp>,\"sequenceId\":<seq>,"
         "\"createdAt\":<now>,\"amount\":<money>,\"currencyCode\":<currency>,\"items\":["
         "{\"productId\":<prod>,\"variantId\":<var>,\"quantity\":<few>}]"),
    TYPE("order.completed", "Order completed",
         "\"orderId\":<order>," CONSUMER "\"completedAt\":<now>,\"amount\":<money>,"
         "\"currencyCode\":<currency>"),
    TYPE("order.cancelled", "Order cancelled",
         "\"orderId\":<order>," CONSUMER "\"cancelledAt\":<now>,\"reason\":\"customer_requested\""),
    TYPE("consumer.created", "Consumer created",
         CONSUMER "\"email\":<email>,\"phone\":<phone>,\"fullName\":<name>,\"createdAt\":<now>,"
                  "\"source\":\"otp_login\""),
    TYPE("consumer.updated", "Consumer updated",
         CONSUMER "\"updatedAt\":<now>,\"changedFields\":[\"fullName\",\"metadata\"]"),
    TYPE("distribution.updated", "Distribution updated",
         DISTRIBUTION "\"updatedAt\":<now>,\"changedFields\":[\"openAt\",\"closeAt\"]"),
    TYPE("distribution.opened", "Distribution opened", DISTRIBUTION "\"openedAt\":<now>"),
    TYPE("distribution.closed", "Distribution closed",
         DISTRIBUTION "\"closedAt\":<now>,\"totalParticipants\":<count>"),
};

static const char *const families[] = {"queue", "draw",     "auction",
                                       "order", "consumer", "distribution"};

size_t hs_catalogue_count(void)
{
    return HS_ARRAY_SIZE(types);
}

const struct hs_event_type *hs_catalogue_at(size_t index)
{
    HS_ASSERT(index < HS_ARRAY_SIZE(types));
    return &types[index];
}

const struct hs_event_type *hs_catalogue_find(struct hs_slice name)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(types); i++)
        if (hs_slice_equal(hs_slice_text(types[i].name), name))
            return &types[i];
    return NULL;
}

const char *hs_catalogue_family(struct hs_slice family)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(families); i++)
        if (hs_slice_equal(hs_slice_text(families[i]), family))
            return families[i];
    return "other";
}
