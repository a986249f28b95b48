/* What remembered ids cost: appends N small events as the ingress does (dedupe, journal), has
 * their ids written as segments finish, and opens the journal anew as a start does. Prints the
 * resident memory that the ids take and the seconds that loading them took, real and of CPU, both
 * of the second opening: the events are another process's.
 *
 *     cmake --build --preset release --target bench_ids
 *     build/release/bench_ids FOLDER [IDS]       the folder is made; 17,000,000 take 2.5 GB of
 * writes
 */
#include <hookstream/clock.h>
#include <hookstream/dedupe.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define IDS_DEFAULT 17000000u
#define BATCH 4096u
#define ID_SIZE 36 /* of the provider's ids */

static struct hs_journal *journal;
static struct hs_dedupe *dedupe;
static struct hs_metrics *metrics;

static void need(int code, const char *what)
{
    if (code == 0)
        return;
    fprintf(stderr, "bench_ids: %s: %s\n", what, hs_error_text());
    exit(EXIT_FAILURE);
}

static bool on_sealed(void *context, uint64_t first, uint64_t last)
{
    return hs_dedupe_write_ids(dedupe, first, last);
}

static void open_all(const char *folder)
{
    struct hs_journal_options options = {.path = folder, .max_size = UINT64_C(1) << 40};
    struct hs_dedupe_options window = {.window_ns = 48 * 3600 * HS_NS_PER_SECOND};
    metrics = hs_metrics_create();
    need(hs_journal_open(hs_disk_system(), &options, metrics, &journal), "the journal");
    need(hs_dedupe_create(&window, journal, metrics, &dedupe), "the ids");
}

static void close_all(void)
{
    hs_journal_close(journal);
    hs_dedupe_free(dedupe);
    hs_metrics_free(metrics);
}

static uint64_t append(uint64_t number)
{
    char id[ID_SIZE + 1];
    snprintf(id, sizeof(id), "whk_%032" PRIx64, number);
    struct hs_event event = {.received_wall_ns = hs_clock_wall_ns(),
                             .source = HS_SLICE("fanfare"),
                             .id = hs_slice(id, ID_SIZE),
                             .type = HS_SLICE("order.created"),
                             .body = HS_SLICE("{}")};
    struct hs_dedupe_claim claim;
    uint64_t sequence = 0;
    if (hs_dedupe_begin(dedupe, event.source, event.id, event.received_wall_ns, &claim) ==
        HS_DEDUPE_SEEN)
        return 0;
    need(hs_journal_append(journal, &event, &sequence), "an event");
    hs_dedupe_end(dedupe, &claim, true, event.received_wall_ns);
    return sequence;
}

static void fill(const char *folder, uint64_t count)
{
    static const struct hs_journal_watcher watcher = {.sealed = on_sealed};
    struct hs_cursor *cursor;
    open_all(folder);
    need(hs_dedupe_load(dedupe), "the ids");
    need(hs_journal_start(journal, &watcher), "the journal");
    need(hs_cursor_open(journal, "bench", HS_CURSOR_FROM_OLDEST, &cursor), "a cursor");
    hs_journal_allow_removal(journal); /* bodies go, ids stay */
    for (uint64_t number = 1, sequence = 0; number <= count; number++) {
        sequence = append(number);
        if (number % BATCH != 0 && number != count)
            continue;
        if (hs_journal_wait(journal, sequence) != HS_JOURNAL_DURABLE) {
            fprintf(stderr, "bench_ids: an event is not durable\n");
            exit(EXIT_FAILURE);
        }
        hs_cursor_move(cursor, sequence);
    }
    hs_journal_stop(journal);
    hs_cursor_close(cursor);
    close_all();
}

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * HS_NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* Bytes of memory in use. */
static uint64_t resident(void)
{
    unsigned long long all = 0, used = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%llu %llu", &all, &used) != 2)
        used = 0;
    if (file != NULL)
        fclose(file);
    return (uint64_t)used * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int load(const char *folder)
{
    open_all(folder);
    uint64_t before = resident(), begin = hs_clock_monotonic_ns();
    need(hs_dedupe_load(dedupe), "the ids");
    double seconds = (double)(hs_clock_monotonic_ns() - begin) / 1e9;
    double cpu = (double)cpu_ns() / 1e9; /* the process has done nothing else */
    uint64_t count = hs_dedupe_count(dedupe), bytes = resident() - before;
    printf("%" PRIu64 " ids: %.1f s to load (CPU %.1f s), %.0f MB of memory, %.1f bytes an id\n",
           count, seconds, cpu, (double)bytes / 1e6, (double)bytes / (double)count);
    close_all();
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: bench_ids FOLDER [IDS]\n");
        return 2;
    }
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : IDS_DEFAULT;
    pid_t child = fork();
    if (child == 0) {
        fill(argv[1], count);
        return EXIT_SUCCESS;
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
        return EXIT_FAILURE;
    return load(argv[1]);
}
