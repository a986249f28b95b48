/* Recovery: what a start makes of what is on the disk. */
#include "journal_help.h"
#include "sanitized.h"

#include <sys/wait.h>
#include <unistd.h>

#define COARSE (ONE_IN | 1u) /* odd: every bit has its turn */

/* A journal of `count` events that was killed: nothing was cut or closed in good order. Without its
 * mark, so that what the tests damage may be what a crash tore. */
static struct bench *killed(uint64_t seed, uint64_t count)
{
    struct bench *bench = bench_create(seed);
    bench->options.segment_size = 64 << 10;
    bench_start(bench);
    bench_append(bench, 1, count);
    model_cut_after(bench->disk, 1);
    bench_close(bench);
    model_revive(bench->disk);
    model_unlink(bench->disk, "/j/mark");
    return bench;
}

/* Opens: the events 1 to `last` are there and whole. Then life goes on. */
static void expect_up_to(struct bench *bench, uint64_t last)
{
    bench_open(bench);
    ck_assert_uint_eq(hs_journal_durable(bench->journal), last);
    bench_expect(bench, 1, 1, last);
    bench_close(bench);
    bench_start(bench);
    ck_assert_uint_eq(bench_append(bench, last + 1, last + 3), last + 3);
    bench_close(bench);
    bench_open(bench);
    bench_expect(bench, 1, 1, last + 3);
    bench_close(bench);
}

START_TEST(J6_a_tail_cut_at_any_byte)
{
    struct bench *bench = killed(1, 6);
    size_t size, first = record_at(model_peek(bench->disk, segment_of(1)), 3, &size);
    size_t fifth = record_at(model_peek(bench->disk, segment_of(1)), 4, &size);
    size_t last = record_at(model_peek(bench->disk, segment_of(1)), 5, &size);
    bench_free(bench);
    for (size_t cut = first + 1; cut < last + size; cut += COARSE * (cut % 64 == 0 ? 1 : 3)) {
        bench = killed(1, 6);
        struct model_file *file = model_peek(bench->disk, segment_of(1));
        model_file_cut(file, cut);
        expect_up_to(bench, cut < fifth ? 3 : cut < last ? 4 : 5);
        bench_free(bench);
    }
}
END_TEST

START_TEST(J6_a_tail_of_zeros_from_any_byte)
{
    size_t size, first = 0, end = SIZE_MAX;
    for (size_t cut = 0; cut < end; cut += COARSE * 5) {
        struct bench *bench = killed(2, 5);
        struct model_file *file = model_peek(bench->disk, segment_of(1));
        first = record_at(file, 3, &size);
        end = record_at(file, 4, &size) + size;
        cut = cut < first ? first : cut;
        /* A record that ends in zeros anyway may lose them. */
        uint64_t whole = 3;
        for (size_t i = 3; i < 5; i++) {
            size_t at = record_at(file, i, &size), last = at + size;
            while (last > at && file->cache[last - 1] == 0)
                last--;
            whole += last <= cut;
        }
        memset(file->cache + cut, 0, file->cache_size - cut);
        expect_up_to(bench, whole);
        bench_free(bench);
    }
}
END_TEST

START_TEST(J6_a_tail_of_garbage)
{
    for (uint64_t seed = 0; seed < 50; seed += COARSE) {
        struct bench *bench = killed(seed, 5);
        struct model_file *file = model_peek(bench->disk, segment_of(1));
        size_t size, last = record_at(file, 4, &size);
        for (size_t i = last; i < last + 5000; i++)
            file->cache[i] = (char)model_draw(bench->disk, 256);
        expect_up_to(bench, 4);
        bench_free(bench);
    }
}
END_TEST

START_TEST(J6_a_flipped_bit_anywhere_in_the_last_record)
{
    struct bench *bench = killed(4, 5);
    size_t size;
    record_at(model_peek(bench->disk, segment_of(1)), 4, &size);
    bench_free(bench);
    for (size_t bit = 0; bit < size * 8; bit += COARSE * (1 + bit % 13)) {
        bench = killed(4, 5);
        struct model_file *file = model_peek(bench->disk, segment_of(1));
        size_t last = record_at(file, 4, &size);
        file->cache[last + bit / 8] ^= (char)(1 << bit % 8);
        expect_up_to(bench, 4);
        bench_free(bench);
    }
}
END_TEST

START_TEST(J6_records_of_another_segment_are_no_tail)
{
    /* Whole records that a file system put there from an older file: the seed is another. */
    struct bench *bench = killed(5, 5), *older = killed(6, 9);
    struct model_file *file = model_peek(bench->disk, segment_of(1));
    struct model_file *other = model_peek(older->disk, segment_of(1));
    size_t size, end = record_at(file, 4, &size) + size;
    size_t from = record_at(other, 5, &size);
    memcpy(file->cache + end, other->cache + from, 4 * size);
    expect_up_to(bench, 5);
    bench_free(older);
    bench_free(bench);
}
END_TEST

START_TEST(J1_a_damaged_record_that_was_durable_does_not_end_the_journal)
{
    struct bench *bench = killed(7, 20);
    /* One more batch, so that a later record vouches for the earlier. */
    bench_start(bench);
    bench_append(bench, 21, 25);
    bench_append(bench, 26, 30);
    model_cut_after(bench->disk, 1);
    bench_close(bench);
    model_revive(bench->disk);
    struct model_file *file = model_peek(bench->disk, segment_of(21));
    size_t size, at = record_at(file, 2, &size);
    file->cache[at + size / 2] ^= 1;
    bench_open(bench);
    ck_assert_uint_eq(hs_journal_durable(bench->journal), 30);
    struct hs_reader *reader;
    struct hs_event event;
    ck_assert_int_eq(hs_reader_open(bench->journal, 21, &reader), 0);
    for (uint64_t number = 21; number <= 30; number++) {
        ck_assert_int_eq(hs_reader_next(reader, &event), number == 23 ? -EBADMSG : 1);
        ck_assert(number == 23 || is_event(&event, number));
    }
    ck_assert_int_eq(hs_reader_next(reader, &event), 0);
    ck_assert(bench_metric(bench, "journal_damaged_total{journal=\"events\"}") == 1);
    hs_reader_close(reader);
    bench_free(bench);
}
END_TEST

START_TEST(a_flipped_bit_in_the_middle_costs_one_event_and_is_said_once)
{
    struct bench *bench = killed(8, 40);
    bench_start(bench);
    bench_append(bench, 41, 50); /* so that the first segment is none that is scanned */
    bench_close(bench);
    struct model_file *file = model_peek(bench->disk, segment_of(1));
    size_t size, at = record_at(file, 9, &size);
    for (size_t bit = 0; bit < size * 8; bit += COARSE * (1 + bit % 29)) {
        double before = 0;
        file->cache[at + bit / 8] ^= (char)(1 << bit % 8);
        bench_open(bench);
        before = bench_metric(bench, "journal_damaged_total{journal=\"events\"}");
        struct hs_reader *reader;
        struct hs_event event;
        ck_assert_int_eq(hs_reader_open(bench->journal, 1, &reader), 0);
        for (uint64_t number = 1; number <= 50; number++) {
            int code = hs_reader_next(reader, &event);
            ck_assert_msg(code == (number == 10 ? -EBADMSG : 1), "bit %zu, event %d: %d %s", bit,
                          (int)number, code, hs_error_text());
            ck_assert(number == 10 || is_event(&event, number));
        }
        ck_assert_int_eq(hs_reader_next(reader, &event), 0);
        ck_assert(bench_metric(bench, "journal_damaged_total{journal=\"events\"}") == before + 1);
        hs_reader_close(reader);
        bench_close(bench);
        file->cache[at + bit / 8] ^= (char)(1 << bit % 8);
    }
    bench_free(bench);
}
END_TEST

START_TEST(J1_what_only_the_cache_has_is_synced_before_it_counts)
{
    /* Killed with a batch written and not synced, then started, then the power goes. */
    for (uint64_t seed = 0; seed < 40; seed += COARSE) {
        struct bench *bench = bench_create(seed);
        bench_start(bench);
        bench_append(bench, 1, 3);
        model_fail_at(bench->disk, MODEL_SYNC, NAMED, 1, 1, EIO);
        model_fail_at(bench->disk, MODEL_TRUNCATE, NAMED, 1, 1, EIO);
        uint64_t sequence;
        ck_assert_int_eq(append_number(bench->journal, 4, &sequence), 0);
        ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_FAILED);
        model_cut_after(bench->disk, 1);
        bench_close(bench);
        model_revive(bench->disk);
        bench_open(bench);
        uint64_t durable = hs_journal_durable(bench->journal);
        bench_close(bench);
        model_power_cut(bench->disk);
        bench_open(bench);
        ck_assert_uint_ge(hs_journal_durable(bench->journal), durable);
        bench_expect(bench, 1, 1, durable);
        bench_free(bench);
    }
}
END_TEST

START_TEST(J4_a_void_tail_that_could_not_be_cut_stays_void)
{
    struct bench *bench = bench_create(9);
    bench_start(bench);
    bench_append(bench, 1, 3);
    /* The batch is in the file, but its sync fails and so does the cut. */
    model_fail_at(bench->disk, MODEL_SYNC, NAMED, 1, 1, EIO);
    model_fail_at(bench->disk, MODEL_TRUNCATE, NAMED, 1, 1, EIO);
    uint64_t sequence;
    ck_assert_int_eq(append_number(bench->journal, 666, &sequence), 0);
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_FAILED);
    AWAIT(bench_writable(bench));
    bench_close(bench);
    /* The segment that says so holds no events; start after start it must not get lost. */
    for (unsigned round = 0; round < 3; round++) {
        bench_open(bench);
        ck_assert_uint_eq(hs_journal_durable(bench->journal), 3);
        bench_expect(bench, 1, 1, 3);
        bench_close(bench);
        model_power_cut(bench->disk);
        bench_start(bench);
        bench_close(bench);
    }
    bench_start(bench);
    ck_assert_uint_eq(bench_append(bench, 4, 4), 5); /* J2: the failed one was 4 */
    bench_expect(bench, 1, 1, 4);
    bench_free(bench);
}
END_TEST

/* Both copies of it. */
static void damage_header(struct bench *bench, uint64_t first, size_t at, const char *byte)
{
    model_damage(bench->disk, segment_of(first), at, byte, 1);
    model_damage(bench->disk, segment_of(first), HS_SEGMENT_COPY + at, byte, 1);
}

START_TEST(a_damaged_header_is_set_aside_and_the_rest_is_read)
{
    struct bench *bench = bench_create(10);
    bench_start(bench);
    bench_append(bench, 1, 100);
    struct hs_segment_info *segments;
    size_t count;
    hs_journal_segments(bench->journal, &segments, &count);
    bench_close(bench);
    ck_assert_uint_gt(count, 3);
    damage_header(bench, segments[1].first, 50, "\xff");
    bench_open(bench);
    ck_assert(bench_metric(bench, "journal_damaged_total{journal=\"events\"}") == 1);
    struct hs_reader *reader;
    struct hs_event event;
    ck_assert_int_eq(hs_reader_open(bench->journal, 1, &reader), 0);
    uint64_t seen = 0, losses = 0;
    int code;
    while ((code = hs_reader_next(reader, &event)) != 0) {
        if (code == -EBADMSG) {
            struct hs_reader_loss loss = hs_reader_loss(reader);
            ck_assert_uint_eq(loss.first, segments[1].first);
            ck_assert_uint_eq(loss.last, segments[1].last);
            losses++;
            continue;
        }
        ck_assert_int_eq(code, 1);
        ck_assert(is_event(&event, event.sequence));
        ck_assert(event.sequence < segments[1].first || event.sequence > segments[1].last);
        seen++;
    }
    ck_assert_uint_eq(losses, 1);
    ck_assert_uint_eq(seen, 100 - (segments[1].last - segments[1].first + 1));
    ck_assert_ptr_null(model_peek(bench->disk, segment_of(segments[1].first)));
    char aside[80];
    snprintf(aside, sizeof(aside), "%s.damaged", segment_of(segments[1].first));
    ck_assert_ptr_nonnull(model_peek(bench->disk, aside));
    hs_reader_close(reader);
    free(segments);
    bench_free(bench);
}
END_TEST

START_TEST(J2_no_sequence_of_a_segment_set_aside_is_used_again)
{
    struct bench *bench = killed(11, 50);
    damage_header(bench, 1, 50, "\xff");
    bench_start(bench);
    ck_assert_uint_eq(hs_journal_durable(bench->journal), 0);
    uint64_t sequence = bench_append(bench, 51, 51);
    ck_assert_uint_gt(sequence, 50);
    bench_expect(bench, 1, 51, 51);
    bench_free(bench);
}
END_TEST

START_TEST(J2_no_sequence_that_a_cursor_has_passed_is_used_again)
{
    struct bench *bench = bench_create(12);
    bench_start(bench);
    struct hs_cursor *cursor;
    ck_assert_int_eq(hs_cursor_open(bench->journal, "sink", HS_CURSOR_FROM_OLDEST, &cursor), 0);
    hs_cursor_move(cursor, bench_append(bench, 1, 9));
    hs_cursor_close(cursor);
    bench_close(bench);
    model_unlink(bench->disk, segment_of(1)); /* somebody removed the events */
    bench_start(bench);
    ck_assert_uint_gt(bench_append(bench, 10, 10), 9);
    bench_free(bench);
}
END_TEST

START_TEST(J2_no_sequence_of_a_tail_that_was_cut_is_used_again)
{
    struct bench *bench = killed(20, 6);
    size_t size, last = record_at(model_peek(bench->disk, segment_of(1)), 5, &size);
    model_damage(bench->disk, segment_of(1), last + size / 2, "\x55\xaa", 2);
    bench_start(bench);
    ck_assert_uint_eq(hs_journal_durable(bench->journal), 5);
    ck_assert_uint_gt(hs_journal_next(bench->journal), 6);
    ck_assert_uint_lt(hs_journal_next(bench->journal), 1000);
    uint64_t next = hs_journal_next(bench->journal);
    ck_assert_uint_eq(bench_append(bench, 7, 8), next + 1);
    bench_free(bench);
}
END_TEST

START_TEST(an_unknown_version_is_refused_in_words)
{
    struct bench *bench = killed(13, 3);
    damage_header(bench, 1, 7, "\x02");
    ck_assert_int_eq(bench_try_open(bench), -EPROTO);
    ck_assert_str_eq(hs_error_text(),
                     "the journal has format 2 and this hookstream knows format 1: use the version "
                     "that wrote it, or let that one deliver everything first");
    damage_header(bench, 1, 7, "\x01");
    model_damage(bench->disk, "/j/meta", 7, "\x02", 1);
    ck_assert_int_eq(bench_try_open(bench), -EPROTO);
    model_damage(bench->disk, "/j/meta", 7, "\x01", 1);
    bench_open(bench);
    bench_free(bench);
}
END_TEST

START_TEST(a_segment_of_another_journal_is_refused)
{
    struct bench *bench = killed(14, 3), *other = killed(15, 3);
    struct model_file *file = model_peek(bench->disk, segment_of(1));
    memcpy(file->cache, model_peek(other->disk, segment_of(1))->cache, 4096);
    ck_assert_int_eq(bench_try_open(bench), -EINVAL);
    ck_assert_ptr_nonnull(strstr(hs_error_text(), "another journal"));
    bench_free(other);
    bench_free(bench);
}
END_TEST

START_TEST(damaged_identity_is_refused)
{
    struct bench *bench = killed(16, 3);
    model_damage(bench->disk, "/j/meta", 20, "\xff", 1);
    ck_assert_int_eq(bench_try_open(bench), -EBADMSG);
    bench_free(bench);
}
END_TEST

static bool bench_has_next(struct bench *bench)
{
    pthread_mutex_lock(&bench->disk->lock);
    bool has = model_peek(bench->disk, "/j/segments/next") != NULL;
    pthread_mutex_unlock(&bench->disk->lock);
    return has;
}

START_TEST(half_made_segments_are_removed_and_a_prepared_one_is_used)
{
    struct bench *bench = bench_create(17);
    bench_start(bench);
    AWAIT(bench_has_next(bench));
    bench_close(bench);
    model_fail(bench->disk, MODEL_ALLOCATE, 1, UINT64_MAX, EIO);
    bench_start(bench); /* without reserving anything */
    bench_append(bench, 1, 1);
    bench_close(bench);
    model_heal(bench->disk);
    int file = model_open(bench->disk, "/j/segments/preparing", O_CREAT, 0);
    model_close(bench->disk, file);
    file = model_open(bench->disk, "/j/segments/next", O_CREAT, 0); /* too short */
    model_close(bench->disk, file);
    bench_open(bench);
    ck_assert_ptr_null(model_peek(bench->disk, "/j/segments/preparing"));
    ck_assert_ptr_null(model_peek(bench->disk, "/j/segments/next"));
    bench_free(bench);
}
END_TEST

/* Holds the journal at `path` until it is killed. */
static pid_t hold(const char *path)
{
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct hs_journal *journal;
        struct hs_journal_options options = help_options();
        options.path = path;
        int code = hs_journal_open(hs_disk_system(), &options, hs_metrics_create(), &journal);
        ssize_t put = write(ready[1], &code, sizeof(code));
        pause();
        _exit(put < 0);
    }
    int code = -1;
    ck_assert_int_eq(read(ready[0], &code, sizeof(code)), sizeof(code));
    ck_assert_int_eq(code, 0);
    close(ready[0]);
    close(ready[1]);
    return child;
}

START_TEST(a_second_process_is_told_who_has_it)
{
    char path[] = "/tmp/hs-journal-XXXXXX", wanted[200], command[100];
    ck_assert_ptr_nonnull(mkdtemp(path));
    pid_t child = hold(path);
    struct hs_journal *journal;
    struct hs_journal_options options = help_options();
    options.path = path;
    struct hs_metrics *metrics = hs_metrics_create();
    ck_assert_int_eq(hs_journal_open(hs_disk_system(), &options, metrics, &journal), -EBUSY);
    snprintf(wanted, sizeof(wanted), "in use by process %d:", (int)child);
    ck_assert_msg(strstr(hs_error_text(), wanted) != NULL, "%s", hs_error_text());
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_int_eq(hs_journal_open(hs_disk_system(), &options, metrics, &journal), 0);
    hs_journal_close(journal);
    hs_metrics_free(metrics);
    snprintf(command, sizeof(command), "rm -r %s", path);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

HS_TEST_MAIN("journal recovery", J6_a_tail_cut_at_any_byte, J6_a_tail_of_zeros_from_any_byte,
             J6_a_tail_of_garbage, J6_a_flipped_bit_anywhere_in_the_last_record,
             J6_records_of_another_segment_are_no_tail,
             J1_a_damaged_record_that_was_durable_does_not_end_the_journal,
             a_flipped_bit_in_the_middle_costs_one_event_and_is_said_once,
             J1_what_only_the_cache_has_is_synced_before_it_counts,
             J4_a_void_tail_that_could_not_be_cut_stays_void,
             a_damaged_header_is_set_aside_and_the_rest_is_read,
             J2_no_sequence_of_a_segment_set_aside_is_used_again,
             J2_no_sequence_that_a_cursor_has_passed_is_used_again,
             J2_no_sequence_of_a_tail_that_was_cut_is_used_again,
             an_unknown_version_is_refused_in_words, a_segment_of_another_journal_is_refused,
             damaged_identity_is_refused, half_made_segments_are_removed_and_a_prepared_one_is_used,
             a_second_process_is_told_who_has_it)
