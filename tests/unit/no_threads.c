/* Linked into the tests that tests/unit/CMakeLists.txt calls single-threaded, which are left out
 * under ThreadSanitizer: one that starts a thread after all, or whose libraries do, ends here. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <threads.h>

static _Noreturn void refuse(void)
{
    fprintf(stderr, "this test starts a thread: it is not `single_threaded`, see "
                    "tests/unit/CMakeLists.txt\n");
    abort();
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *context)
{
    refuse();
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *context)
{
    refuse();
}
