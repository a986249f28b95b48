/* The stages of the Redis link: which may follow which. */
#include "redis/redis.h"
#include "stage_table.h"

#include <signal.h>

static const char *name(unsigned stage)
{
    return hs_redis_stage_name((enum hs_redis_stage)stage);
}

static bool allows(unsigned from, unsigned to)
{
    return hs_redis_stage_allows((enum hs_redis_stage)from, (enum hs_redis_stage)to);
}

START_TEST(a_link_makes_these_transitions_and_no_others)
{
    static const struct stage_table table = {
        .count = HS_REDIS_STAGE_COUNT,
        .name = name,
        .allows = allows,
        .moves = " waiting>waiting  waiting>greeting "
                 " greeting>waiting  greeting>ready "
                 " ready>waiting ",
    };
    check_stages(&table);
}
END_TEST

START_TEST(a_link_moves_as_it_is_allowed_to)
{
    static struct hs_redis redis = {.sink.name = "r"};
    hs_redis_set_stage(&redis, HS_REDIS_WAITING);
    hs_redis_set_stage(&redis, HS_REDIS_GREETING);
    hs_redis_set_stage(&redis, HS_REDIS_READY);
    ck_assert_int_eq(redis.stage, HS_REDIS_READY);
    hs_redis_set_stage(&redis, HS_REDIS_WAITING);
    ck_assert_int_eq(redis.stage, HS_REDIS_WAITING);
}
END_TEST

START_TEST(R2_a_link_is_not_ready_before_it_has_greeted)
{
    static struct hs_redis redis = {.sink.name = "r"};
    hs_redis_set_stage(&redis, HS_REDIS_READY);
}
END_TEST

/* A deadly signal is expected of one test, so HS_TEST_MAIN does not fit. */
int main(void)
{
    TCase *tcase = tcase_create("redis stages");
    tcase_add_test(tcase, a_link_makes_these_transitions_and_no_others);
    tcase_add_test(tcase, a_link_moves_as_it_is_allowed_to);
    tcase_add_test_raise_signal(tcase, R2_a_link_is_not_ready_before_it_has_greeted, SIGABRT);
    Suite *suite = suite_create("redis stages");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
