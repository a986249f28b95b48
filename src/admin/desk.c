/* Desk: two lists of jobs between the admin thread and the desk's. */
#include "desk.h"

#include <event2/event.h>
#include <hookstream/heartbeat.h>
#include <hookstream/wakeup.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>

struct job {
    struct job *next;
    struct hs_http_exchange *exchange; /* the admin thread's; NULL: the client disconnected */
    atomic_bool forgotten;             /* the same for the desk's thread */
    bool post;
    char *path, *query;
    unsigned status;
    struct hs_buffer json;
};

struct list {
    struct job *first, *last;
};

struct hs_desk {
    const struct hs_admin_source *source;
    hs_desk_answer_fn *answer;
    pthread_mutex_t lock; /* guards the next three */
    struct list waiting, done;
    bool stopping;
    pthread_cond_t work; /* `waiting` is not empty, or stop was requested */
    size_t count;        /* unanswered jobs; the admin thread's */
    struct hs_wakeup wakeup;
    struct event *on_done;
    pthread_t thread;
    bool started;
};

static void push(struct list *list, struct job *job)
{
    job->next = NULL;
    *(list->last != NULL ? &list->last->next : &list->first) = job;
    list->last = job;
}

static struct job *pop(struct list *list)
{
    struct job *job = list->first;
    if (job == NULL)
        return NULL;
    list->first = job->next;
    if (list->first == NULL)
        list->last = NULL;
    return job;
}

static void free_job(struct job *job)
{
    hs_buffer_free(&job->json);
    free(job->path);
    free(job->query);
    free(job);
}

/* ---- The desk's thread ---- */

/* Without a reader a list need not be generated, but a requested action is still done. */
static void do_job(struct hs_desk *desk, struct job *job)
{
    if (!job->post && atomic_load(&job->forgotten))
        return;
    struct hs_admin_request request = {job->post, hs_slice_text(job->path),
                                       hs_slice_text(job->query)};
    job->status = desk->source->control(desk->source->context, &request, &job->json);
}

static void *run(void *context)
{
    struct hs_desk *desk = context;
    prctl(PR_SET_NAME, "hs-desk");
    hs_heartbeat_begin("hs-desk", 0);
    pthread_mutex_lock(&desk->lock);
    for (;;) {
        hs_heartbeat_rest();
        while (desk->waiting.first == NULL && !desk->stopping)
            pthread_cond_wait(&desk->work, &desk->lock);
        if (desk->stopping)
            break;
        struct job *job = pop(&desk->waiting);
        pthread_mutex_unlock(&desk->lock);
        hs_heartbeat_work("answering a request below /api/");
        do_job(desk, job);
        pthread_mutex_lock(&desk->lock);
        push(&desk->done, job);
        hs_wakeup_tell(&desk->wakeup);
    }
    pthread_mutex_unlock(&desk->lock);
    hs_heartbeat_end();
    return NULL;
}

/* ---- The admin's thread ---- */

static void finish(struct hs_desk *desk, struct job *job)
{
    if (job->exchange != NULL)
        desk->answer(job->exchange, job->post, job->status, &job->json);
    desk->count--;
    free_job(job);
}

static struct job *pop_locked(struct hs_desk *desk, struct list *list)
{
    pthread_mutex_lock(&desk->lock);
    struct job *job = pop(list);
    pthread_mutex_unlock(&desk->lock);
    return job;
}

static void on_done(evutil_socket_t file, short what, void *context)
{
    struct hs_desk *desk = context;
    struct job *job;
    hs_wakeup_clear(&desk->wakeup);
    hs_wakeup_arm(&desk->wakeup);
    while ((job = pop_locked(desk, &desk->done)) != NULL)
        finish(desk, job);
}

bool hs_desk_take(struct hs_desk *desk, struct hs_http_exchange *exchange)
{
    if (desk->count >= HS_DESK_JOBS_MAX)
        return false;
    const struct hs_http_head *head = hs_http_exchange_head(exchange);
    struct job *job = hs_alloc(sizeof(*job));
    job->exchange = exchange;
    job->post = head->method == HS_HTTP_POST;
    job->path = hs_slice_dup(head->path);
    job->query = hs_slice_dup(head->query);
    hs_buffer_init(&job->json, HS_DESK_ANSWER_MAX);
    memcpy(hs_http_exchange_owner(exchange), &job, sizeof(struct job *));
    desk->count++;
    pthread_mutex_lock(&desk->lock);
    push(&desk->waiting, job);
    pthread_cond_signal(&desk->work);
    pthread_mutex_unlock(&desk->lock);
    return true;
}

void hs_desk_forget(struct hs_http_exchange *exchange)
{
    struct job *job;
    memcpy(&job, hs_http_exchange_owner(exchange), sizeof(struct job *));
    if (job == NULL)
        return;
    job->exchange = NULL;
    atomic_store(&job->forgotten, true);
}

/* ---- Life ---- */

int hs_desk_create(struct event_base *base, const struct hs_admin_source *source,
                   hs_desk_answer_fn *answer, struct hs_desk **ret_desk)
{
    struct hs_desk *desk = hs_alloc(sizeof(*desk));
    desk->source = source;
    desk->answer = answer;
    desk->wakeup.file = -1;
    pthread_mutex_init(&desk->lock, NULL);
    pthread_cond_init(&desk->work, NULL);
    int code = hs_wakeup_init(&desk->wakeup);
    if (code == 0) {
        desk->on_done = event_new(base, desk->wakeup.file, EV_READ | EV_PERSIST, on_done, desk);
        if (desk->on_done == NULL || event_add(desk->on_done, NULL) < 0)
            code = hs_fail(-ENOMEM, "cannot create an event of the admin port");
    }
    if (code == 0) {
        int failed = pthread_create(&desk->thread, NULL, run, desk);
        desk->started = failed == 0;
        if (failed != 0)
            code = hs_fail_errno(failed, "cannot start a thread of the admin port");
    }
    if (code < 0) {
        hs_desk_free(desk);
        return code;
    }
    *ret_desk = desk;
    return 0;
}

void hs_desk_free(struct hs_desk *desk)
{
    if (desk == NULL)
        return;
    if (desk->started) {
        pthread_mutex_lock(&desk->lock);
        desk->stopping = true;
        pthread_cond_signal(&desk->work);
        pthread_mutex_unlock(&desk->lock);
        pthread_join(desk->thread, NULL);
    }
    struct job *job;
    while ((job = pop(&desk->waiting)) != NULL || (job = pop(&desk->done)) != NULL)
        free_job(job);
    if (desk->on_done != NULL)
        event_free(desk->on_done);
    hs_wakeup_close(&desk->wakeup);
    pthread_cond_destroy(&desk->work);
    pthread_mutex_destroy(&desk->lock);
    free(desk);
}
