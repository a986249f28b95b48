/* The pump's turns: however long its backlog, what else the loop has to do comes in between. A
 * sink's answers are such files, the saving of the cursor such a timer. */
#include "hs_test.h"
#include "pump.h"

#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

#define TURNS_MAX 1000u

struct loop {
    struct hs_pump pump;
    unsigned turns, turns_at_answer, turns_at_save;
    int answer; /* where the answer is written to when the backlog has begun */
};

/* A turn with more to do, as long as there is a backlog. */
static void on_turn(evutil_socket_t file, short what, void *context)
{
    struct loop *loop = context;
    if (++loop->turns == 1)
        ck_assert_int_eq(write(loop->answer, "+", 1), 1);
    if (loop->turns < TURNS_MAX)
        hs_pump_turn_soon(&loop->pump);
}

static void on_answer(evutil_socket_t file, short what, void *context)
{
    struct loop *loop = context;
    loop->turns_at_answer = loop->turns;
}

static void on_save(evutil_socket_t file, short what, void *context)
{
    struct loop *loop = context;
    loop->turns_at_save = loop->turns;
}

START_TEST(a_backlog_keeps_neither_answers_nor_cursors_waiting)
{
    struct loop *loop = hs_alloc(sizeof(*loop));
    struct event_base *base = event_base_new();
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    loop->answer = ends[1];
    loop->turns_at_answer = loop->turns_at_save = TURNS_MAX;
    loop->pump.on_fill = evtimer_new(base, on_turn, loop);
    struct event *answer = event_new(base, ends[0], EV_READ, on_answer, loop);
    struct event *save = evtimer_new(base, on_save, loop);
    static const struct timeval now = {0, 0};
    event_add(answer, NULL);
    hs_pump_turn_soon(&loop->pump);
    event_add(save, &now);
    event_base_loop(base, 0);
    ck_assert_uint_eq(loop->turns, TURNS_MAX);
    ck_assert_uint_lt(loop->turns_at_answer, 10);
    ck_assert_uint_lt(loop->turns_at_save, 10);
    event_free(loop->pump.on_fill);
    event_free(answer);
    event_free(save);
    event_base_free(base);
    close(ends[0]);
    close(ends[1]);
    free(loop);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("pump turn");
    tcase_add_test(tcase, a_backlog_keeps_neither_answers_nor_cursors_waiting);
    Suite *suite = suite_create("pump turn");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
