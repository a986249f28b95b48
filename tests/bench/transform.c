/* What a transformation costs: CPU microseconds an event of each kind, on the 511-byte example or
 * any other body: reading it, the edit, and writing it anew. Of jq both processes are counted, and
 * the real time that the asking one waits.
 *
 *     cmake --build --preset release --target bench_transform
 *     build/release/bench_transform tests/fixtures/fanfare/queue.consumer.admitted.json [EVENTS]
 */
#include <hookstream/clock.h>
#include <hookstream/transform.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#define EVENTS_DEFAULT 200000u
#define ROUNDS 5u            /* the least of them counts: the machine does other things, too */
#define JQ_EVENTS_DIVISOR 10 /* it takes that much longer */
#define BODY_MAX (4u << 20)

static const struct {
    const char *name, *list;
    bool splices; /* the goal is for these */
} rows[] = {
    {"none", "[]", false},
    {"`when` that does not hold", "- remove: [data.x]\n  when: data.queueId == 'x'", false},
    {"remove", "- remove: [data.admissionToken]", true},
    {"redact", "- redact: [data.admissionToken]", true},
    {"mask", "- mask: {fields: [data.consumerId], keep_last: 4}", true},
    {"set (a field that is there)", "- set: {data.queueId: q_1}", true},
    {"lower", "- lower: [data.consumerId]", true},
    {"upper", "- upper: [data.consumerId]", true},
    {"trim", "- trim: [data.consumerId]", true},
    {"truncate", "- truncate: {fields: [data.admissionToken], length: 8}", true},
    {"cast", "- cast: {fields: [data.waitTimeSeconds], to: string}", true},
    {"time", "- time: {field: data.enteredAt, to: unix_ms}", true},
    {"hash", "- hash: {fields: [data.consumerId], key: bench-secret-of-ours}", false},
    {"decimal", "- decimal: {field: data.waitTimeSeconds, code: USD, into: data.minor}", false},
    {"set (a new field)", "- set: {data.channel: web}", false},
    {"default", "- default: {data.channel: web}", false},
    {"rename", "- rename: {data.consumerId: customerId}", false},
    {"copy", "- copy: {data.consumerId: data.customerId}", false},
    {"keep", "- keep: [id, type, data.queueId, data.consumerId]", false},
    {"flatten", "- flatten: {field: data}", false},
    {"unwrap", "- unwrap: data", false},
    {"cloudevent (structured)", "- cloudevent: {subject: \"{data.queueId}\"}", false},
    {"cloudevent (binary)", "- cloudevent: {mode: binary, subject: \"{data.queueId}\"}", false},
    {"jq `.data.n = 1`", "- jq: .data.n = 1", false},
    {"jq `del(.admissionToken)` of data", "- jq: {program: del(.admissionToken), field: data}",
     false},
};

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * HS_NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* Of processes that have ended. */
static uint64_t children_ns(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return ((uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
            (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)) *
           1000;
}

static void must(int code)
{
    if (code == 0)
        return;
    fprintf(stderr, "bench: %s\n", hs_error_text());
    exit(EXIT_FAILURE);
}

static struct hs_transform *compile(const char *list, struct hs_config **ret_config)
{
    char yaml[1024];
    snprintf(yaml, sizeof(yaml), "transform:\n%s\n", list);
    *ret_config = hs_config_parse("bench", hs_slice_text(yaml), NULL, NULL);
    struct hs_transform *transform =
        hs_transform_compile(*ret_config, hs_node_get(hs_config_root(*ret_config), "transform"));
    if (transform != NULL)
        return transform;
    fprintf(stderr, "bench: %s: %s\n", list, hs_config_findings(*ret_config)->items[0].message);
    exit(EXIT_FAILURE);
}

struct cost {
    double cpu_us, real_us;
};

static struct cost measure(const char *list, const struct hs_event *event, size_t count)
{
    struct hs_config *config;
    struct hs_transform *transform = compile(list, &config);
    struct hs_work *work = hs_work_create();
    struct hs_slice body;
    uint64_t children = children_ns(), begin = 0, real = 0;
    for (size_t i = 0; i < count + count / 10; i++) {
        if (i == count / 10) {
            begin = cpu_ns();
            real = hs_clock_monotonic_ns();
        }
        hs_work_begin(work, event);
        must(hs_transform_apply(transform, work));
        must(hs_work_body(work, &body));
    }
    double us = (double)(cpu_ns() - begin) / 1e3;
    double real_us = (double)(hs_clock_monotonic_ns() - real) / 1e3;
    hs_work_free(work);
    hs_transform_free(transform);
    hs_config_free(config);
    us += (double)(children_ns() - children) / 1e3 * 10 / 11; /* the first tenth is none of ours */
    return (struct cost){us / (double)count, real_us / (double)count};
}

int main(int argc, char **argv)
{
    static char text[BODY_MAX];
    FILE *file = argc > 1 ? fopen(argv[1], "re") : NULL;
    size_t size = file != NULL ? fread(text, 1, sizeof(text), file) : 0;
    size_t events = argc > 2 ? strtoul(argv[2], NULL, 10) : EVENTS_DEFAULT;
    if (size == 0 || events < 1000) {
        fprintf(stderr, "Usage: bench_transform FILE [EVENTS, at least 1000]\n");
        return EXIT_FAILURE;
    }
    fclose(file);
    const struct hs_event event = {.sequence = 1,
                                   .received_wall_ns = hs_clock_wall_ns(),
                                   .source = HS_SLICE("fanfare"),
                                   .id = HS_SLICE("whk_1"),
                                   .type = HS_SLICE("queue.consumer.admitted"),
                                   .body = {text, size}};
    printf("| on %zu bytes | CPU an event | real time |\n| --- | --- | --- |\n", size);
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct cost least = {1e9, 1e9};
        bool jq = strncmp(rows[i].name, "jq", 2) == 0;
        for (unsigned round = 0; round < ROUNDS; round++) {
            struct cost cost =
                measure(rows[i].list, &event, jq ? events / JQ_EVENTS_DIVISOR : events);
            least.cpu_us = cost.cpu_us < least.cpu_us ? cost.cpu_us : least.cpu_us;
            least.real_us = cost.real_us < least.real_us ? cost.real_us : least.real_us;
        }
        printf("| %s%s | %.2f us | %.2f us |\n", rows[i].name, rows[i].splices ? " (splice)" : "",
               least.cpu_us, least.real_us);
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}
