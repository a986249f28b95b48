/* What damage costs: a segment of 8, 16, 32 and 64 MiB whose bodies look like heads of records,
 * with two of them damaged, is recovered, read to its end and walked as `journal verify` does.
 * Prints CPU milliseconds per MiB: they must not grow with the size.
 *
 *     cmake --build --preset release --target bench_scan
 *     build/release/bench_scan FOLDER       the folder is made
 */
#include "segment_ways.h"

#include <hookstream/log.h>
#include <time.h>

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void measure(const char *filling, const char *damage, struct image *image)
{
    char *path = ways_write(image);
    double mib = (double)image->size / (double)MIB, begin = cpu_ms();
    uint64_t walked = ways_walk();
    double walk_ms = cpu_ms() - begin;
    begin = cpu_ms();
    uint64_t good = ways_recover_and_read();
    double read_ms = cpu_ms() - begin;
    printf("| %s | %s | %.0f | %.2f | %.2f | %llu of %llu |\n", filling, damage, mib, read_ms / mib,
           walk_ms / mib, (unsigned long long)(good < walked ? good : walked),
           (unsigned long long)image->good);
    fflush(stdout);
    ways_need(unlink(path) == 0, path);
    free(path);
    free(image->data);
}

int main(int argc, char **argv)
{
    char identity[37];
    if (argc != 2) {
        fprintf(stderr, "Usage: bench_scan FOLDER\n");
        return EXIT_FAILURE;
    }
    ways_folder = argv[1];
    ways_disk = hs_disk_system();
    hs_log_configure(HS_LOG_ERROR + 1, HS_LOG_LOGFMT); /* each damage would be logged */
    ways_identity(identity);
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
