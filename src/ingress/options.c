/* Ingress options: the table of `server:`. */
#include <hookstream/ingress.h>

#include <stddef.h>

#define LIMIT(field) offsetof(struct hs_limit_options, field)
#define SERVER(field) offsetof(struct hs_server_options, field)
#define SECONDS(n) ((uint64_t)(n)*UINT64_C(1000000000))

static const struct hs_option limit_rows[] = {
    {.name = "connections",
     .kind = HS_OPTION_COUNT,
     .offset = LIMIT(connections),
     .fallback = "10000",
     .least = 1,
     .most = 1000000,
     .help = "Most open connections, divided evenly among the workers; fewer if the limit of "
             "open files requires it. Beyond it a new connection closes another: the one silent "
             "or slow for longest, from the address that holds most. It gets 503 only if all "
             "others wait for an answer."},
    {.name = "peer_connections",
     .kind = HS_OPTION_COUNT,
     .offset = LIMIT(peer_connections),
     .auto_ok = true,
     .fallback = "auto",
     .least = 0,
     .most = 1000000,
     .help = "Open connections per address (IPv4, or IPv6 /64), divided evenly among the "
             "workers. auto: as many as `connections`; when those are used up, the address that "
             "holds most loses one first. Keep auto behind a load balancer, where all senders "
             "share one address."},
    {.name = "header_size",
     .kind = HS_OPTION_SIZE,
     .offset = LIMIT(header_size),
     .fallback = "16KiB",
     .least = 1024,
     .most = 64 << 10,
     .help = "Request line and header fields of one request. Larger: 431."},
    {.name = "body_size",
     .kind = HS_OPTION_SIZE,
     .offset = LIMIT(body_size),
     .fallback = "1MiB",
     .least = 1024,
     .most = 16 << 20,
     .help = "Body of one request. Larger: 413."},
    {.name = "in_flight",
     .kind = HS_OPTION_SIZE,
     .offset = LIMIT(in_flight),
     .fallback = "64MiB",
     .least = 1 << 20,
     .most = UINT64_C(1) << 34,
     .help = "Budget for all bodies that are being read or wait for an answer. A body is charged "
             "as it arrives. Incomplete bodies may use three quarters; past that the oldest body "
             "of the address that holds most is answered 503. A complete request gets 503 only "
             "if accepted ones fill the budget."},
    {.name = "peer_in_flight",
     .kind = HS_OPTION_SIZE,
     .offset = LIMIT(peer_in_flight),
     .fallback = "0B",
     .most = UINT64_C(1) << 34,
     .help = "Most bytes of incomplete bodies per address, divided evenly among the workers. 0B: "
             "only the limit for all of them."},
    {.name = "least_rate",
     .kind = HS_OPTION_SIZE,
     .offset = LIMIT(least_rate),
     .fallback = "1KiB",
     .most = 1 << 30,
     .help = "Bytes per second that a head or body must average once it is 5 s old. Slower: 408. "
             "0B: no limit."},
    {.name = "idle_time",
     .kind = HS_OPTION_DURATION,
     .offset = LIMIT(idle_ns),
     .fallback = "75s",
     .least = SECONDS(1),
     .most = SECONDS(3600),
     .help = "How long a kept-alive connection may stay without a request; then it is closed."},
    {.name = "header_time",
     .kind = HS_OPTION_DURATION,
     .offset = LIMIT(header_ns),
     .fallback = "10s",
     .least = SECONDS(1),
     .most = SECONDS(300),
     .help =
         "From the first byte of a request to the end of its header fields. Slower: 408. A head "
         "below `least_rate` ends earlier."},
    {.name = "body_time",
     .kind = HS_OPTION_DURATION,
     .offset = LIMIT(body_ns),
     .fallback = "30s",
     .least = SECONDS(1),
     .most = SECONDS(600),
     .help = "For the whole body. Slower: 408."},
};

static const struct hs_options limit_table = {
    .name = "server.limits",
    .title = "Limits of the door",
    .options = limit_rows,
    .option_count = HS_ARRAY_SIZE(limit_rows),
    .struct_size = sizeof(struct hs_limit_options),
    .node_offset = SIZE_MAX,
};

static const struct hs_option server_rows[] = {
    {.name = "listen",
     .kind = HS_OPTION_ADDRESS,
     .offset = SERVER(listen),
     .fallback = "0.0.0.0:8080",
     .help = "Address and port that webhooks come to."},
    {.name = "health_path",
     .kind = HS_OPTION_STRING,
     .offset = SERVER(health_path),
     .example = "/healthz",
     .help = "A path on this port that answers GET with 200 while events are accepted, and with "
             "503 while they are not. For load balancers that cannot reach admin.listen. Off by "
             "default."},
    {.name = "workers",
     .kind = HS_OPTION_COUNT,
     .offset = SERVER(workers),
     .auto_ok = true,
     .fallback = "auto",
     .least = 0,
     .most = HS_WORKERS_MAX,
     .help = "Threads that read requests, each with a listener of its own. auto: one for every "
             "two processors."},
    {.name = "deadline",
     .kind = HS_OPTION_DURATION,
     .offset = SERVER(deadline_ns),
     .fallback = "25s",
     .least = SECONDS(1),
     .most = SECONDS(29),
     .help = "A request that cannot be answered 202 by then gets 503. Fanfare gives up after 30 "
             "s."},
    {.name = "shutdown_grace",
     .kind = HS_OPTION_DURATION,
     .offset = SERVER(shutdown_grace_ns),
     .fallback = "10s",
     .least = 0,
     .most = SECONDS(3600),
     .help = "After SIGTERM: how long sinks that are up may continue to deliver from the journal."},
    {.name = "limits",
     .kind = HS_OPTION_TABLE,
     .offset = SERVER(limits),
     .child = &limit_table,
     .help = "What the door takes at most."},
};

const struct hs_options hs_server_option_table = {
    .name = "server",
    .title = "The door for webhooks",
    .options = server_rows,
    .option_count = HS_ARRAY_SIZE(server_rows),
    .struct_size = sizeof(struct hs_server_options),
    .node_offset = SIZE_MAX,
};
