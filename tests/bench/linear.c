/* Whether the cost of an event is linear in its size, whatever is in it: each operation on each of
 * the shapes of tests/unit/transform/shapes.h, in sizes that double from 64 KiB to 4 MiB.
 *
 *     cmake --build --preset release --target bench_linear
 *     build/release/bench_linear [RULE [SHAPE]]
 *
 * A row is one rule on the shape that costs most: milliseconds for a body of 1 MiB, how much more
 * 4 MiB cost (4 is linear), and by how many bytes a byte of 1 MiB the memory grows at most. Each
 * measurement is a process of its own; what fails within the bounds counts as well, since a sender
 * can make it fail. With --all every shape has its row. */
#include "../unit/transform/shapes.h"

#include <hookstream/clock.h>
#include <hookstream/transform.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SMALLEST (64u << 10)
#define LARGEST (4u << 20)
#define MIB (1u << 20)
#define SIZES 7u
#define ROUNDS 3u

struct cost {
    double ms, growth; /* memory that it took, a byte of the body */
    bool failed;
};

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double peak_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss * 1024;
}

static struct hs_transform *compile(const struct shape_rule *rule, struct hs_config **ret_config)
{
    char yaml[1024];
    snprintf(yaml, sizeof(yaml), "transform:\n%s\n", rule->list);
    *ret_config = hs_config_parse("bench", hs_slice_text(yaml), NULL, NULL);
    struct hs_transform *transform =
        hs_transform_compile(*ret_config, hs_node_get(hs_config_root(*ret_config), "transform"));
    if (transform != NULL)
        return transform;
    fprintf(stderr, "bench: %s: %s\n", rule->name,
            hs_config_findings(*ret_config)->items[0].message);
    exit(EXIT_FAILURE);
}

static struct cost measure_here(const struct shape_rule *rule, enum shape shape, size_t size)
{
    struct hs_config *config;
    struct hs_transform *transform = compile(rule, &config);
    struct hs_work *work = hs_work_create();
    struct hs_buffer body;
    struct hs_slice edited;
    struct cost cost = {.ms = 1e9};
    shape_make(shape, size, &body);
    const struct hs_event event = {.sequence = 1,
                                   .received_wall_ns = hs_clock_wall_ns(),
                                   .source = HS_SLICE("fanfare"),
                                   .id = HS_SLICE("whk_1"),
                                   .type = HS_SLICE("order.created"),
                                   .body = hs_buffer_slice(&body)};
    double before = peak_bytes();
    for (unsigned i = 0; i < ROUNDS; i++) {
        double begin = cpu_ms();
        hs_work_begin(work, &event);
        cost.failed = hs_transform_apply(transform, work) < 0 || hs_work_body(work, &edited) < 0;
        double ms = cpu_ms() - begin;
        cost.ms = ms < cost.ms ? ms : cost.ms;
    }
    cost.growth = (peak_bytes() - before) / (double)body.size;
    hs_work_free(work);
    hs_transform_free(transform);
    hs_config_free(config);
    hs_buffer_free(&body);
    return cost;
}

/* In a process of its own, whose peak of memory is that of one measurement. */
static struct cost measure(const struct shape_rule *rule, enum shape shape, size_t size)
{
    struct cost cost = {0};
    int ends[2];
    if (pipe(ends) != 0)
        exit(EXIT_FAILURE);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        cost = measure_here(rule, shape, size);
        _exit(write(ends[1], &cost, sizeof(cost)) == sizeof(cost) ? 0 : 1);
    }
    close(ends[1]);
    bool good = child > 0 && read(ends[0], &cost, sizeof(cost)) == sizeof(cost);
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    if (!good)
        exit(EXIT_FAILURE);
    return cost;
}

static struct cost print_row(const struct shape_rule *rule, enum shape shape, bool print)
{
    struct cost costs[SIZES], at_mib = {0};
    size_t count = 0;
    for (size_t size = SMALLEST; size <= LARGEST; size *= 2) {
        costs[count] = measure(rule, shape, size);
        if (size == MIB)
            at_mib = costs[count];
        count++;
    }
    double factor = costs[count - 1].ms / at_mib.ms;
    if (print)
        printf("| %s | %s | %.2f ms | %.2f ms | %.1f | %.0f |%s\n", rule->name, shape_names[shape],
               costs[0].ms * MIB / SMALLEST, at_mib.ms, factor, at_mib.growth,
               at_mib.failed ? " dead letter |" : " |");
    return at_mib;
}

int main(int argc, char **argv)
{
    bool all = argc > 1 && strcmp(argv[1], "--all") == 0;
    const char *rule = argc > 1 && !all ? argv[1] : NULL, *shape = argc > 2 ? argv[2] : NULL;
    printf("| rule | shape | a MiB at 64 KiB | 1 MiB | 4 MiB to 1 MiB | bytes a byte | |\n"
           "| --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < HS_ARRAY_SIZE(shape_rules); i++) {
        enum shape worst = 0;
        double most = 0;
        if (rule != NULL && strcmp(rule, shape_rules[i].name) != 0)
            continue;
        for (enum shape s = 0; s < SHAPES; s++) {
            if (shape != NULL && strcmp(shape, shape_names[s]) != 0)
                continue;
            struct cost cost = all || rule != NULL ? print_row(&shape_rules[i], s, true)
                                                   : measure(&shape_rules[i], s, MIB);
            worst = cost.ms > most ? s : worst;
            most = cost.ms > most ? cost.ms : most;
        }
        if (!all && rule == NULL)
            (void)print_row(&shape_rules[i], worst, true);
    }
    return EXIT_SUCCESS;
}
