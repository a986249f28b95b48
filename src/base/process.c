/* Process: CPU time from getrusage(2), memory and start time from /proc (proc(5)). */
#include "process.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double cpu_seconds(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) < 0)
        return 0;
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* The n-th number of a line in /proc, counted from 0 after the last `skip` character. */
static double number_of(const char *path, char skip, unsigned n)
{
    char line[1024];
    FILE *file = fopen(path, "re"); /* open: only read */
    if (file == NULL)
        return 0;
    size_t size = fread(line, 1, sizeof(line) - 1, file);
    fclose(file);
    line[size] = '\0';
    char *at = skip != '\0' ? strrchr(line, skip) : line;
    at = at != NULL ? at + (skip != '\0') : line;
    for (char *save = NULL, *word = strtok_r(at, " \n", &save); word != NULL;
         word = strtok_r(NULL, " \n", &save))
        if (n-- == 0)
            return strtod(word, NULL);
    return 0;
}

static double start_seconds(void)
{
    /* Field 22 of stat, in clock ticks since the boot; the first after the name is field 3. */
    double ticks = number_of("/proc/self/stat", ')', 19);
    double up = number_of("/proc/uptime", '\0', 0);
    return (double)time(NULL) - up + ticks / (double)sysconf(_SC_CLK_TCK);
}

double hs_process_figure(enum hs_metric metric)
{
    switch (metric) {
    case HS_METRIC_process_cpu_seconds_total:
        return cpu_seconds();
    case HS_METRIC_process_resident_memory_bytes:
        return number_of("/proc/self/statm", '\0', 1) * (double)sysconf(_SC_PAGESIZE);
    case HS_METRIC_process_start_time_seconds:
        return start_seconds();
    default:
        return 0;
    }
}
