/* Routing: reads a file of <journal>/routing, written by hs_router_write(), back into a router.
 * Threads: one. */
#ifndef HS_DELIVERY_ROUTING_H
#define HS_DELIVERY_ROUTING_H

#include <hookstream/delivery.h>

struct hs_routing {
    struct hs_config *config;
    struct hs_children sinks, sources;
    struct hs_router *router;
};

/* 0; -EBADMSG: it does not compile; -errno. The caller frees it even after a failure. */
HS_MUST_CHECK int hs_routing_load(const struct hs_disk *disk, const char *path,
                                  struct hs_routing *ret_routing);
void hs_routing_free(struct hs_routing *routing);
/* The sink's index, or sinks.count: it did not exist. */
unsigned hs_routing_sink(const struct hs_routing *routing, const char *name);

#endif
