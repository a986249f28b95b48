/* The Redis sink against a real server, which is killed, stopped and lied to: what arrives, and
 * that it does once. */
#include "redis_run.h"
#include "sanitized.h"

/* Each thousand events something breaks. */
#define DISTURBED (SANITIZED ? 8000u : 20000u)

/* ---- The usual way ---- */

START_TEST(events_arrive_in_order_and_the_cursor_with_them)
{
    begin_open();
    ck_assert_str_eq(owner->trail, "connecting:start up ");
    ck_assert_uint_eq(owner->position, 0);
    owner_give_range(owner, 1, 2500, "s");
    drained();
    ck_assert_uint_eq(owner->delivered, 2500);
    ck_assert_str_eq(events_of("s"), numbers(1, 2500));
    ck_assert_int_eq(strncmp(server_get(&server, "GET " CURSOR), "2500 ", 5), 0);
    end();
}
END_TEST

START_TEST(nothing_is_sent_before_the_push_and_all_of_it_by_one)
{
    begin_open();
    for (uint64_t n = 1; n <= 3; n++)
        ck_assert_int_eq(owner_give_one(owner, n, "s", NULL), HS_SUBMIT_ACCEPTED);
    ck_assert_str_eq(server_get(&server, "EXISTS s"), "0");
    hs_sink_push(owner->sink);
    drained();
    ck_assert_str_eq(events_of("s"), "1 2 3 ");
    end();
}
END_TEST

START_TEST(the_server_says_where_to_go_on)
{
    begin_open();
    owner_give_range(owner, 1, 10, "s");
    drained();
    hs_sink_skip(owner->sink, 20);
    OWNER_WAIT(owner, strcmp(server_get(&server, "GET " CURSOR), "20 20") == 0);
    reopen();
    ck_assert_uint_eq(owner->position, 20);
    end();
}
END_TEST

START_TEST(an_idle_cursor_is_brought_up_to_date)
{
    begin_open();
    owner_give_range(owner, 1, 10, "s");
    drained();
    /* Written by the batch: nobody had read its replies then. */
    ck_assert_str_eq(server_get(&server, "GET " CURSOR), "10 0");
    OWNER_WAIT(owner, strcmp(server_get(&server, "GET " CURSOR), "10 10") == 0);
    end();
}
END_TEST

START_TEST(full_is_followed_by_room)
{
    begin_open();
    uint64_t n = 0;
    while (owner_give_one(owner, n + 1, "s", NULL) == HS_SUBMIT_ACCEPTED)
        n++;
    ck_assert_uint_eq(n, 2 * HS_REDIS_BATCH_MESSAGES);
    OWNER_WAIT(owner, owner->rooms == 1);
    ck_assert_int_eq(owner_give_one(owner, n + 1, "s", NULL), HS_SUBMIT_ACCEPTED);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_str_eq(events_of("s"), numbers(1, n + 1));
    end();
}
END_TEST

/* ---- Fields ---- */

static void give_target(uint64_t sequence, const char *stream, struct hs_slice body,
                        const struct hs_target_options *target, const struct hs_header *header)
{
    struct hs_message message = {.destination = hs_slice_text(stream),
                                 .body = body,
                                 .target = target,
                                 .header_count = header ? 1 : 0};
    if (header != NULL)
        message.headers[0] = *header;
    ck_assert_int_eq(owner_give(owner, sequence, &message, 1), HS_SUBMIT_ACCEPTED);
    hs_sink_push(owner->sink);
    drained();
}

/* The fields of the stream's only entry: "name=value|". NUL is shown as 0. */
static const char *fields_of(const char *stream)
{
    static char text[4096];
    size_t size = 0;
    redisReply *reply = redisCommand(server.client, "XRANGE %s - +", stream);
    ck_assert_ptr_nonnull(reply);
    ck_assert_uint_eq(reply->elements, 1);
    const redisReply *fields = reply->element[0]->element[1];
    for (size_t i = 0; i < fields->elements; i++) {
        const redisReply *field = fields->element[i];
        for (size_t k = 0; k < (size_t)field->len; k++)
            text[size++] = field->str[k] ? field->str[k] : '0';
        text[size++] = i % 2 ? '|' : '=';
    }
    text[size] = '\0';
    freeReplyObject(reply);
    return text;
}

START_TEST(the_body_is_one_field_byte_for_byte)
{
    begin_open();
    struct hs_redis_target target = {.fields = HS_FIELDS_BODY};
    struct hs_header header = {HS_SLICE("webhook-id"), HS_SLICE("whk_1")};
    give_target(1, "s", hs_slice("{ \"a\":1}\r\n\0\xff", 12), &target.target, &header);
    ck_assert_str_eq(fields_of("s"), "body={ \"a\":1}\r\n0\xff|webhook-id=whk_1|");
    end();
}
END_TEST

START_TEST(flat_fields_are_the_members_texts_decoded)
{
    begin_open();
    struct hs_redis_target target = {.fields = HS_FIELDS_FLAT};
    give_target(1, "s",
                HS_SLICE("{\"id\":\"w\\u00e9\\\"\",\"n\":149.90,\"d\":{\"a\": [1]},\"t\":true,"
                         "\"e\":\"\",\"k\\n\":null}"),
                &target.target, NULL);
    ck_assert_str_eq(fields_of("s"), "id=w\xc3\xa9\"|n=149.90|d={\"a\": [1]}|t=true|e=|k\n=null|");
    give_target(2, "t", HS_SLICE("[1]"), &target.target, NULL);
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_PERMANENT);
    ck_assert_str_eq(owner_end(owner, 2, 0)->reason, "not_flat");
    ck_assert_ptr_nonnull(strstr(owner_end(owner, 2, 0)->detail, "stream "));
    give_target(3, "t", HS_SLICE("{}"), &target.target, NULL);
    ck_assert_int_eq(owner_end(owner, 3, 0)->outcome, HS_PERMANENT);
    ck_assert_str_eq(server_get(&server, "EXISTS t"), "0");
    end();
}
END_TEST

START_TEST(max_length_trims_and_nothing_else_does)
{
    begin_open();
    struct hs_redis_target target = {.max_length = 100};
    for (uint64_t n = 1; n <= 1500; n++) {
        struct hs_message messages[2] = {{.part = 0,
                                          .destination = HS_SLICE("trimmed"),
                                          .body = HS_SLICE("{}"),
                                          .target = &target.target},
                                         {.part = 1,
                                          .destination = HS_SLICE("whole"),
                                          .body = HS_SLICE("{}"),
                                          .target = &owner_target}};
        while (owner_give(owner, n, messages, 2) == HS_SUBMIT_FULL)
            owner_turn(owner);
    }
    hs_sink_push(owner->sink);
    drained();
    ck_assert_str_eq(server_get(&server, "XLEN whole"), "1500");
    int trimmed = atoi(server_get(&server, "XLEN trimmed"));
    ck_assert_int_ge(trimmed, 100);
    ck_assert_int_lt(trimmed, 400);
    end();
}
END_TEST

START_TEST(database_and_unix_socket_of_the_url)
{
    begin();
    char url[160];
    snprintf(url, sizeof(url), "%s?db=3", server.socket_url);
    options.url = url;
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1);
    owner_give_range(owner, 1, 1, "s");
    drained();
    server_do(&server, "SELECT 3");
    ck_assert_str_eq(events_of("s"), "1 ");
    end();
}
END_TEST

/* ---- Exactly once ---- */

static void kill_clients(void)
{
    server_do(&server, "CLIENT KILL TYPE normal");
}

static void crash_server(void)
{
    server_kill(&server);
    server_start(&server);
}

static void stop_program(void)
{
    owner_close(owner);
    owner_open(owner, &options.sink);
}

static void steal_cursor(void)
{
    server_do(&server, "APPEND " CURSOR " %s", "");
}

START_TEST(once_and_in_order_whatever_breaks)
{
    void (*const disturbances[])(void) = {kill_clients, crash_server, stop_program, steal_cursor};
    begin_open();
    deliver_all(1, DISTURBED, "s", disturbances[_i]);
    ck_assert_str_eq(events_of("s"), numbers(1, DISTURBED));
    ck_assert_uint_gt(owner->resumes, 5);
    end();
}
END_TEST

START_TEST(R1_the_next_batch_waits_for_the_replies_of_the_one_before)
{
    begin_open();
    const struct hs_redis *redis = (struct hs_redis *)owner->sink;
    kill(server.pid, SIGSTOP);
    for (uint64_t n = 1; n <= 9; n++) {
        ck_assert_int_eq(owner_give_one(owner, n, "s", NULL), HS_SUBMIT_ACCEPTED);
        if (n % 3 == 0)
            hs_sink_push(owner->sink);
        ck_assert_uint_eq(redis->flying->count, n < 3 ? 0 : 3);
    }
    ck_assert_uint_eq(redis->gathering->count, 6);
    kill(server.pid, SIGCONT);
    drained();
    ck_assert_str_eq(events_of("s"), numbers(1, 9));
    end();
}
END_TEST

START_TEST(what_a_stopped_server_still_has_to_read_is_not_written_twice)
{
    begin_open();
    owner_give_range(owner, 1, 10, "s");
    drained();
    kill(server.pid, SIGSTOP);
    for (uint64_t n = 11; n <= 20; n++)
        owner_give_one(owner, n, "s", NULL);
    hs_sink_push(owner->sink);
    event_base_loop(owner->base, EVLOOP_NONBLOCK); /* writes the batch */
    event_base_loop(owner->base, EVLOOP_NONBLOCK);
    hs_redis_leave((struct hs_redis *)owner->sink, "timeout", "as if no answer came");
    kill(server.pid, SIGCONT);
    OWNER_WAIT(owner, owner->resumes == 2);
    deliver_all(owner->position + 1, 30, "s", NULL);
    ck_assert_str_eq(events_of("s"), numbers(1, 30));
    end();
}
END_TEST

START_TEST(R2_a_batch_behind_a_newer_connection_is_void)
{
    begin_open();
    owner_give_range(owner, 1, 3, "s");
    drained();
    steal_cursor(); /* what a newer connection of ours does first */
    owner_give_one(owner, 4, "s", NULL);
    hs_sink_push(owner->sink);
    OWNER_WAIT(owner, owner->resumes == 2);
    ck_assert_ptr_nonnull(strstr(owner->trail, "connecting:cursor_changed"));
    ck_assert_str_eq(events_of("s"), "1 2 3 ");
    ck_assert_uint_eq(owner->position, 3);
    end();
}
END_TEST

START_TEST(unread_replies_are_verified_not_written_again)
{
    begin();
    /* As after a crash: events 3 to 6 went out, their replies were never read. */
    server_do(&server, "SET " CURSOR " %s", "6 2");
    server_do(&server, "XADD good * body {\"n\":3}");
    server_do(&server, "SET bad text");
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1);
    ck_assert_uint_eq(owner->position, 2);
    owner_give_one(owner, 3, "good", NULL);
    owner_give_one(owner, 4, "bad", NULL);
    owner_give_one(owner, 6, "gone", NULL);
    owner_give_one(owner, 7, "good", NULL);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_int_eq(owner_end(owner, 3, 0)->outcome, HS_DELIVERED);
    ck_assert_int_eq(owner_end(owner, 4, 0)->outcome, HS_PERMANENT);
    ck_assert_str_eq(owner_end(owner, 4, 0)->reason, "wrong_type");
    ck_assert_int_eq(owner_end(owner, 6, 0)->outcome, HS_DELIVERED);
    ck_assert_str_eq(events_of("good"), "3 7 ");
    ck_assert_str_eq(server_get(&server, "EXISTS gone"), "0");
    /* 4 is in doubt until the owner says that it is dealt with. */
    ck_assert_str_eq(server_get(&server, "GET " CURSOR), "7 3 4:1");
    hs_sink_skip(owner->sink, 7);
    OWNER_WAIT(owner, strcmp(server_get(&server, "GET " CURSOR), "7 7") == 0);
    end();
}
END_TEST

/* Event 3 went out in two parts; one failed by itself, the other is there, and the connection ended
 * before either was told: both come in one parcel. */
START_TEST(of_one_event_a_part_is_verified_and_another_written)
{
    unsigned failed = (unsigned)_i;
    begin();
    server_do(&server, "SET " CURSOR " %s", "3 2");
    server_do(&server, "XADD %s * body {\"n\":3}", failed == 0 ? "b" : "a");
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1);
    hs_redis_progress_fail(&((struct hs_redis *)owner->sink)->progress, 3, failed);
    struct hs_message messages[2] = {
        {.destination = HS_SLICE("a"), .body = HS_SLICE("{\"n\":3}"), .target = &owner_target},
        {.part = 1,
         .destination = HS_SLICE("b"),
         .body = HS_SLICE("{\"n\":3}"),
         .target = &owner_target},
    };
    ck_assert_int_eq(owner_give(owner, 3, messages, 2), HS_SUBMIT_ACCEPTED);
    hs_sink_push(owner->sink);
    drained();
    ck_assert_int_eq(owner_end(owner, 3, 0)->outcome, HS_DELIVERED);
    ck_assert_int_eq(owner_end(owner, 3, 1)->outcome, HS_DELIVERED);
    ck_assert_str_eq(events_of("a"), "3 ");
    ck_assert_str_eq(events_of("b"), "3 ");
    end();
}
END_TEST

START_TEST(R5_the_cursor_does_not_pass_what_the_owner_buries_itself)
{
    begin_open();
    owner_give_range(owner, 1, 2, "s");
    hs_sink_leave_out(owner->sink, 3, 1); /* never given: a template failed */
    hs_sink_leave_out(owner->sink, 4, 1);
    drained();
    ck_assert_int_eq(owner_give_one(owner, 5, "s", NULL), HS_SUBMIT_FULL);
    size_t rooms = owner->rooms;
    hs_sink_skip(owner->sink, 3);
    ck_assert_int_eq(owner_give_one(owner, 5, "s", NULL), HS_SUBMIT_FULL);
    hs_sink_skip(owner->sink, 4);
    ck_assert_uint_gt(owner->rooms, rooms);
    owner_give_range(owner, 5, 6, "s");
    drained();
    hs_sink_skip(owner->sink, 6);
    OWNER_WAIT(owner, strcmp(server_get(&server, "GET " CURSOR), "6 6") == 0);
    end();
}
END_TEST

/* Its dead letter was not on disk yet, and this time its message can be made. */
START_TEST(R5_what_was_left_out_is_written_by_the_next_run)
{
    begin_open();
    owner_give_range(owner, 1, 2, "s");
    hs_sink_leave_out(owner->sink, 3, 1);
    (void)owner_give_one(owner, 4, "s", NULL);
    hs_sink_push(owner->sink);
    drained();
    reopen();
    deliver_all(owner->position + 1, 5, "s", NULL);
    ck_assert_str_eq(events_of("s"), numbers(1, 5));
    end();
}
END_TEST

/* More than the sink keeps one by one. */
START_TEST(R5_many_are_left_out)
{
    begin_open();
    for (uint64_t n = 1; n <= 200; n++)
        hs_sink_leave_out(owner->sink, n, 1);
    for (uint64_t n = 0; n < 200; n++) {
        hs_sink_skip(owner->sink, n);
        ck_assert_int_eq(owner_give_one(owner, 201, "s", NULL), HS_SUBMIT_FULL);
    }
    hs_sink_skip(owner->sink, 200);
    owner_give_range(owner, 201, 202, "s");
    drained();
    ck_assert_str_eq(events_of("s"), "201 202 ");
    end();
}
END_TEST

/* What comes before one that is left out does not wait for it, or neither would ever end. */
START_TEST(R5_what_comes_before_goes_on)
{
    begin_open();
    hs_sink_leave_out(owner->sink, 3, 1);
    hs_sink_leave_out(owner->sink, 5, 1);
    owner_give_range(owner, 1, 2, "s");
    drained();
    hs_sink_skip(owner->sink, 3);
    owner_give_range(owner, 4, 4, "s");
    drained();
    ck_assert_str_eq(events_of("s"), "1 2 4 ");
    ck_assert_int_eq(owner_give_one(owner, 6, "s", NULL), HS_SUBMIT_FULL);
    end();
}
END_TEST

START_TEST(what_waits_before_an_event_left_out_is_given_again)
{
    begin_open();
    owner_give_range(owner, 1, 2, "s");
    drained();
    owner_give_one(owner, 3, "s", NULL); /* gathered, not sent */
    hs_sink_leave_out(owner->sink, 4, 1);
    kill_clients();
    OWNER_WAIT(owner, owner->resumes == 2);
    ck_assert_uint_eq(owner->position, 2);
    end();
}
END_TEST

START_TEST(a_server_that_lost_writes_is_given_them_again)
{
    begin_open();
    owner_give_range(owner, 1, 10, "s");
    drained();
    hs_sink_skip(owner->sink, 10);
    OWNER_WAIT(owner, strcmp(server_get(&server, "GET " CURSOR), "10 10") == 0);
    server_do(&server, "SET " CURSOR " %s", "4 4"); /* an older copy took over */
    server_do(&server, "DEL s");
    kill_clients();
    OWNER_WAIT(owner, owner->resumes == 2);
    ck_assert_uint_eq(owner->position, 4);
    owner_give_range(owner, 5, 10, "s");
    drained();
    ck_assert_str_eq(events_of("s"), numbers(5, 10));
    ck_assert_str_eq(server_get(&server, "GET " CURSOR), "10 4");
    end();
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("redis sink");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, events_arrive_in_order_and_the_cursor_with_them);
    tcase_add_test(tcase, nothing_is_sent_before_the_push_and_all_of_it_by_one);
    tcase_add_test(tcase, the_server_says_where_to_go_on);
    tcase_add_test(tcase, an_idle_cursor_is_brought_up_to_date);
    tcase_add_test(tcase, full_is_followed_by_room);
    tcase_add_test(tcase, the_body_is_one_field_byte_for_byte);
    tcase_add_test(tcase, flat_fields_are_the_members_texts_decoded);
    tcase_add_test(tcase, max_length_trims_and_nothing_else_does);
    tcase_add_test(tcase, database_and_unix_socket_of_the_url);
    tcase_add_loop_test(tcase, once_and_in_order_whatever_breaks, 0, 4);
    tcase_add_test(tcase, what_a_stopped_server_still_has_to_read_is_not_written_twice);
    tcase_add_test(tcase, R1_the_next_batch_waits_for_the_replies_of_the_one_before);
    tcase_add_test(tcase, R2_a_batch_behind_a_newer_connection_is_void);
    tcase_add_test(tcase, unread_replies_are_verified_not_written_again);
    tcase_add_loop_test(tcase, of_one_event_a_part_is_verified_and_another_written, 0, 2);
    tcase_add_test(tcase, a_server_that_lost_writes_is_given_them_again);
    tcase_add_test(tcase, R5_the_cursor_does_not_pass_what_the_owner_buries_itself);
    tcase_add_test(tcase, R5_what_was_left_out_is_written_by_the_next_run);
    tcase_add_test(tcase, R5_many_are_left_out);
    tcase_add_test(tcase, R5_what_comes_before_goes_on);
    tcase_add_test(tcase, what_waits_before_an_event_left_out_is_given_again);
    Suite *suite = suite_create("redis sink");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
