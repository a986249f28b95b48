/* What damage costs: a segment of 8, 16, 32 and 64 MiB whose bodies look like heads of records,
 * with two of them damaged, is recovered, read to its end and walked as `journal verify` does.
 * Prints CPU milliseconds per MiB: they must not grow with the size.
 *
 *     cmake --build --preset release --target bench_scan
 *     build/release/bench_scan FOLDER       the folder is made
 */
#include "fillings.h"

#include <fcntl.h>
#include <hookstream/disk.h>
#include <hookstream/journal_inspect.h>
#include <hookstream/log.h>
#include <time.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static const char *folder;

static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench_scan: %s: %s\n", what, hs_error_text());
    exit(EXIT_FAILURE);
}

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static struct hs_journal *open_journal(struct hs_metrics *metrics)
{
    const struct hs_journal_options options = {
        .path = folder, .max_size = UINT64_C(1) << 34, .segment_size = 64 * MIB};
    struct hs_journal *journal;
    need(hs_journal_open(hs_disk_system(), &options, metrics, &journal) == 0, "the journal");
    return journal;
}

static uint64_t recover_and_read(char ret_identity[37])
{
    struct hs_metrics *metrics = hs_metrics_create();
    struct hs_journal *journal = open_journal(metrics);
    struct hs_reader *reader;
    struct hs_event event;
    uint64_t good = 0;
    int code;
    snprintf(ret_identity, 37, "%s", hs_journal_identity(journal));
    need(hs_reader_open(journal, 1, &reader) == 0, "a reader");
    while ((code = hs_reader_next(reader, &event)) != 0) {
        need(code == 1 || code == -EBADMSG, "reading");
        good += code == 1;
    }
    hs_reader_close(reader);
    hs_journal_close(journal);
    hs_metrics_free(metrics);
    return good;
}

static int on_event(void *context, const struct hs_event *event)
{
    ++*(uint64_t *)context;
    return 0;
}

static uint64_t walk(void)
{
    uint64_t good = 0;
    struct hs_journal_totals totals;
    const struct hs_journal_walk all = {.to = UINT64_MAX, .context = &good, .event = on_event};
    need(hs_journal_walk(hs_disk_system(), folder, &all, &totals) == 0, "walking");
    return good;
}

static void measure(const char *filling, const char *damage, struct image *image)
{
    char path[4096], identity[37];
    snprintf(path, sizeof(path), "%s/segments/%020d.hsj", folder, 1);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    need(file >= 0 && write(file, image->data, image->size) == (ssize_t)image->size, path);
    close(file);
    double mib = (double)image->size / (double)MIB, begin = cpu_ms();
    uint64_t walked = walk();
    double walk_ms = cpu_ms() - begin;
    begin = cpu_ms();
    uint64_t good = recover_and_read(identity);
    double read_ms = cpu_ms() - begin;
    printf("| %s | %s | %.0f | %.2f | %.2f | %llu of %llu |\n", filling, damage, mib, read_ms / mib,
           walk_ms / mib, (unsigned long long)(good < walked ? good : walked),
           (unsigned long long)image->good);
    fflush(stdout);
    need(unlink(path) == 0, path);
    free(image->data);
}

int main(int argc, char **argv)
{
    char identity[37];
    if (argc != 2) {
        fprintf(stderr, "Usage: bench_scan FOLDER\n");
        return EXIT_FAILURE;
    }
    folder = argv[1];
    need(freopen("/dev/null", "w", stderr) != NULL, "/dev/null");
    (void)recover_and_read(identity);
    printf("| bodies are | damaged | MiB | start and read, ms per MiB | verify, ms per MiB | read "
           "|\n| --- | --- | --- | --- | --- | --- |\n");
    for (enum filling filling = 0; filling < FILLINGS; filling++)
        for (enum damage damage = 0; damage < DAMAGES; damage++)
            for (size_t size = 8 * MIB; size <= 64 * MIB; size *= 2) {
                struct image image = make_image(identity, size - MIB / 4, filling, damage);
                measure(filling_names[filling], damage_names[damage], &image);
            }
    for (size_t size = 8 * MIB; size <= 64 * MIB; size *= 2) {
        struct image image = make_ladder(identity, size);
        measure("small", "each second record", &image);
    }
    return EXIT_SUCCESS;
}
