/* Proves: an unread log delays no thread, and dropped lines are counted and reported. */
#include "hs_test.h"

#include <hookstream/log.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS 4
#define LINES 8000 /* per thread: more than fits into the ring */

static int pipes[2], kept;
static char *text;
static size_t size;

/* `file`: in place of the pipe, or -1. Set before the writer starts, as at a program's start. */
static void begin_with(int file)
{
    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_int_gt(fcntl(pipes[1], F_SETPIPE_SZ, 4096), 0);
    kept = dup(STDERR_FILENO);
    dup2(file >= 0 ? file : pipes[1], STDERR_FILENO);
    hs_log_configure(HS_LOG_INFO, HS_LOG_LOGFMT);
    ck_assert_int_eq(hs_log_start(), 0);
}

static void begin(void)
{
    begin_with(-1);
}

static void end(void)
{
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(pipes[1]);
}

static void *read_all(void *context)
{
    text = malloc(8u << 20);
    ssize_t got;
    for (size = 0; (got = read(pipes[0], text + size, 65536)) > 0;)
        size += (size_t)got;
    text[size] = '\0';
    return NULL;
}

static void *log_many(void *context)
{
    for (unsigned i = 0; i < LINES; i++)
        hs_log(HS_LOG_INFO, "line", HS_F("thread", "%d", *(int *)context), HS_F("i", "%u", i));
    return NULL;
}

static void log_from_threads(void)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, log_many, &numbers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL); /* would hang, and the test time out, if a thread waited for
                                         * the reader */
}

/* Every line is whole, and each thread's lines are in order. Returns their number without the lines
 * that report a gap; *ret_dropped is the number those report. */
static uint64_t count_lines(uint64_t *ret_dropped)
{
    uint64_t lines = 0;
    int last[THREADS] = {-1, -1, -1, -1};
    *ret_dropped = 0;
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        int thread, i, whole = 0;
        unsigned long long count;
        ck_assert_int_eq(strncmp(line, "time=", 5), 0);
        const char *gap = strstr(line, " dropped=");
        if (gap != NULL) {
            ck_assert_int_eq(sscanf(gap, " dropped=%llu%n", &count, &whole), 1);
            ck_assert_int_eq(gap[whole], '\0');
            *ret_dropped += count;
            continue;
        }
        const char *fields = strstr(line, " thread=");
        ck_assert_ptr_nonnull(fields);
        ck_assert_int_eq(sscanf(fields, " thread=%d i=%d%n", &thread, &i, &whole), 2);
        ck_assert_int_eq(fields[whole], '\0');
        ck_assert_int_gt(i, last[thread]);
        last[thread] = i;
        lines++;
    }
    return lines;
}

START_TEST(lines_that_nobody_reads_are_dropped_and_counted)
{
    pthread_t reader;
    uint64_t before = hs_log_dropped(), told;
    begin();
    log_from_threads();
    uint64_t dropped = hs_log_dropped() - before;
    ck_assert_uint_gt(dropped, 0);
    pthread_create(&reader, NULL, read_all, NULL);
    hs_log_stop();
    end();
    pthread_join(reader, NULL);
    uint64_t lines = count_lines(&told);
    ck_assert_uint_eq(told, dropped);
    ck_assert_uint_eq(lines + dropped, THREADS * LINES);
    free(text);
}
END_TEST

START_TEST(the_end_does_not_wait_for_a_reader)
{
    begin();
    log_from_threads();
    hs_log_stop(); /* would hang, and the test time out, if it waited */
    uint64_t before = hs_log_dropped();
    hs_log(HS_LOG_INFO, "after the end");
    ck_assert_uint_eq(hs_log_dropped(), before + 1);
    end();
}
END_TEST

START_TEST(what_is_read_is_complete_and_in_order)
{
    pthread_t reader;
    uint64_t before = hs_log_dropped(), told;
    int number = 0;
    begin();
    pthread_create(&reader, NULL, read_all, NULL);
    for (unsigned i = 0; i < 100; i++)
        hs_log(HS_LOG_INFO, "line", HS_F("thread", "%d", number), HS_F("i", "%u", i));
    hs_log_stop();
    hs_log(HS_LOG_INFO, "line", HS_F("thread", "%d", number), HS_F("i", "%u", 100u));
    end();
    pthread_join(reader, NULL);
    ck_assert_uint_eq(count_lines(&told), 101);
    ck_assert_uint_eq(hs_log_dropped(), before);
    free(text);
}
END_TEST

START_TEST(a_stderr_that_cannot_be_written_delays_nobody)
{
    static const struct {
        const char *name;
        int mode;
    } files[] = {{"/dev/full", O_WRONLY}, {"/dev/null", O_RDONLY}}; /* ENOSPC, EBADF */
    for (size_t i = 0; i < HS_ARRAY_SIZE(files); i++) {
        int file = open(files[i].name, files[i].mode | O_CLOEXEC);
        ck_assert_int_ge(file, 0);
        begin_with(file);
        log_from_threads();
        hs_log_stop();
        ck_assert_uint_gt(hs_log_dropped(), 0);
        end();
        close(pipes[0]);
        close(file);
    }
}
END_TEST

HS_TEST_MAIN("base log queue", lines_that_nobody_reads_are_dropped_and_counted,
             the_end_does_not_wait_for_a_reader, what_is_read_is_complete_and_in_order,
             a_stderr_that_cannot_be_written_delays_nobody)
