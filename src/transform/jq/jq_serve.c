/* Jq serve: the inside of a jq process. It has one relevant descriptor and no environment, cannot
 * open files, and has limits on CPU and memory: a program can only read its event and answer. It
 * writes no messages of its own; jq_process.c does. */
#include "jq_wire.h"
#include "words.h"

#include <hookstream/buffer.h>
#include <hookstream/clock.h>
#include <hookstream/jq_serve.h>

#include <fcntl.h>
#include <jq.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX (8u << 10)
#define STATM_DESCRIPTOR 3

/* ---- Bytes in and out ---- */

/* Returns false if the peer is gone. */
static bool read_all(void *into, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t got = recv(HS_JQ_SOCKET, (char *)into + at, size - at, 0);
        if (got <= 0 && !(got < 0 && errno == EINTR))
            return false;
        at += got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* Allocates nothing, since it also reports that memory is exhausted. */
static bool reply(enum hs_jq_status status, struct hs_slice bytes)
{
    struct hs_jq_reply head = {status, (uint32_t)bytes.size};
    struct iovec parts[] = {{&head, sizeof(head)}, {(void *)bytes.data, bytes.size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    size_t left = sizeof(head) + bytes.size;
    while (left > 0) {
        ssize_t sent = sendmsg(HS_JQ_SOCKET, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return false;
        size_t gone = sent > 0 ? (size_t)sent : 0;
        left -= gone;
        for (size_t i = 0; i < 2; i++) {
            size_t part = gone < parts[i].iov_len ? gone : parts[i].iov_len;
            parts[i].iov_base = (char *)parts[i].iov_base + part;
            parts[i].iov_len -= part;
            gone -= part;
        }
    }
    return true;
}

/* ---- Bounds ---- */

/* Without an answer the process ends by SIGPROF after this much CPU time, whatever it does. */
static void limit_time(uint64_t ns)
{
    const struct itimerval timer = {.it_value = hs_clock_timeval(ns)};
    HS_IGNORE(setitimer(ITIMER_PROF, &timer, NULL)); /* cannot fail with such values */
}

/* Allows this many bytes of address space beyond the current size. */
static bool limit_memory(uint64_t bytes)
{
    char text[64] = "";
    if (pread(STATM_DESCRIPTOR, text, sizeof(text) - 1, 0) <= 0)
        return false;
    uint64_t pages = strtoull(text, NULL, 10);
    const rlim_t most = hs_add_sat(hs_mul_sat(pages, (uint64_t)sysconf(_SC_PAGESIZE)), bytes);
    const struct rlimit limit = {most, RLIM_INFINITY};
    return setrlimit(RLIMIT_AS, &limit) == 0;
}

/* The kernel refuses anything else that a program requests. */
static bool close_the_doors(void)
{
    static const int none[] = {RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_CORE};
    const struct rlimit zero = {0, 0};
    HS_IGNORE(prctl(PR_SET_PDEATHSIG, SIGKILL));       /* a closed socket ends it, too, only
                                                        * later */
    HS_IGNORE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); /* nothing here would gain privileges */
    HS_IGNORE(close_range(STATM_DESCRIPTOR, ~0u, 0));  /* they are also closed when it starts */
    int statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC); /* open: at a fixed number */
    if (statm != STATM_DESCRIPTOR || clearenv() != 0 || setenv("TZ", "UTC0", 1) != 0)
        return false;
    tzset();
    for (size_t i = 0; i < HS_ARRAY_SIZE(none); i++)
        if (setrlimit((__rlimit_resource_t)none[i], &zero) < 0)
            return false;
    return true;
}

static void out_of_memory(void *context)
{
    HS_IGNORE(reply(HS_JQ_MEMORY, HS_SLICE_NONE)); /* it ends in any case */
    _exit(EXIT_FAILURE);
}

/* ---- The program ---- */

/* Keeps the first message that reading a program produces. */
static void take_words(void *context, jv message)
{
    struct hs_buffer *words = context;
    if (jv_get_kind(message) == JV_KIND_STRING && words->size == 0)
        hs_buffer_append_text(words, jv_string_value(message));
    jv_free(message);
}

/* Creates a jq without module paths and without output. */
static jq_state *make_jq(struct hs_buffer *words)
{
    jq_state *jq = jq_init();
    if (jq == NULL)
        return NULL;
    jq_set_nomem_handler(jq, out_of_memory, NULL);
    jq_set_error_cb(jq, take_words, words);
    jq_set_input_cb(jq, NULL, NULL); /* jq_init() of 1.6 leaves these two uninitialised */
    jq_set_debug_cb(jq, NULL, NULL);
    jq_set_attr(jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
    jq_set_attr(jq, jv_string("JQ_ORIGIN"), jv_string("/nonexistent"));
    jq_set_attr(jq, jv_string("PROGRAM_ORIGIN"), jv_string("/nonexistent"));
    return jq;
}

static bool tell_error(jv message, const char *program)
{
    struct hs_buffer words;
    hs_buffer_init(&words, WORDS_MAX);
    if (jv_get_kind(message) == JV_KIND_STRING)
        hs_jq_run_words(
            hs_slice(jv_string_value(message), (size_t)jv_string_length_bytes(jv_copy(message))),
            hs_slice_text(program), &words);
    else
        hs_buffer_append_text(&words, "the program raised an error that is not a text");
    jv_free(message);
    bool told = reply(HS_JQ_ERROR, hs_buffer_slice(&words));
    hs_buffer_free(&words);
    return told;
}

static bool tell_result(jv result, uint64_t most)
{
    jv text = jv_dump_string(result, 0);
    size_t size = (size_t)jv_string_length_bytes(jv_copy(text));
    limit_time(0);
    bool told = size > most ? reply(HS_JQ_LARGE, HS_SLICE_NONE)
                            : reply(HS_JQ_RESULT, hs_slice(jv_string_value(text), size));
    jv_free(text);
    return told;
}

/* Handles one event. Returns false if the peer is gone. */
static bool run(jq_state *jq, const char *program, jv event, uint64_t most)
{
    if (!jv_is_valid(event)) {
        jv_free(event);
        return reply(HS_JQ_ERROR, HS_SLICE("libjq does not accept the event as JSON"));
    }
    jq_start(jq, event, 0);
    jv result = jq_next(jq);
    if (!jv_is_valid(result)) {
        if (jq_halted(jq)) {
            jv_free(result);
            return reply(HS_JQ_HALTED, HS_SLICE_NONE);
        }
        bool failed = jv_invalid_has_msg(jv_copy(result));
        jv message = jv_invalid_get_msg(result);
        if (failed)
            return tell_error(message, program);
        jv_free(message);
        return reply(HS_JQ_NOTHING, HS_SLICE_NONE);
    }
    jv next = jq_next(jq);
    bool several = jv_is_valid(next), halted = jq_halted(jq) != 0;
    if (!several && !halted && jv_invalid_has_msg(jv_copy(next))) {
        jv_free(result);
        return tell_error(jv_invalid_get_msg(next), program);
    }
    jv_free(next);
    if (!several && !halted)
        return tell_result(result, most);
    jv_free(result);
    return reply(several ? HS_JQ_SEVERAL : HS_JQ_HALTED, HS_SLICE_NONE);
}

/* ---- The process ---- */

static jq_state *set_up(struct hs_jq_setup *ret_setup, char **ret_program)
{
    struct hs_buffer words, told;
    hs_buffer_init(&words, WORDS_MAX);
    hs_buffer_init(&told, WORDS_MAX);
    if (!read_all(ret_setup, sizeof(*ret_setup)))
        return NULL;
    char *program = *ret_program = hs_alloc((size_t)ret_setup->program_bytes + 1);
    if (!read_all(program, ret_setup->program_bytes) || !limit_memory(ret_setup->compile_bytes))
        return NULL;
    limit_time(ret_setup->compile_ns);
    jq_state *jq = make_jq(&words);
    bool good = jq != NULL && jq_compile(jq, program) != 0;
    limit_time(0);
    hs_jq_compile_words(hs_buffer_slice(&words), &told);
    if (good)
        good = limit_memory(ret_setup->memory_bytes) && reply(HS_JQ_COMPILED, HS_SLICE_NONE);
    else
        HS_IGNORE(reply(HS_JQ_ERROR, hs_buffer_slice(&told))); /* it ends in any case */
    hs_buffer_free(&words);
    hs_buffer_free(&told);
    return good ? jq : NULL;
}

int hs_jq_serve(void)
{
    struct hs_jq_setup setup;
    struct hs_jq_request request;
    struct hs_buffer json;
    char *program;
    if (!close_the_doors())
        return EXIT_FAILURE;
    jq_state *jq = set_up(&setup, &program);
    bool going = jq != NULL;
    hs_buffer_init(&json, UINT32_MAX);
    while (going && read_all(&request, sizeof(request))) {
        hs_buffer_clear(&json);
        char *room = hs_buffer_reserve(&json, (size_t)request.json_bytes + 1);
        if (room == NULL || !read_all(room, request.json_bytes))
            break;
        limit_time(setup.run_ns);
        going = run(jq, program, jv_parse_sized(room, (int)request.json_bytes), setup.result_bytes);
        limit_time(0);
    }
    return EXIT_SUCCESS;
}

/* ---- The version of libjq ---- */

const char *hs_jq_version(void)
{
    static const struct {
        const char *version, *program; /* that no older one accepts */
    } news[] = {{"1.8 or newer", "trimstr(\"a\")"}, {"1.7", "pick(.a)"}, {"1.6", "halt"}};
    const char *version = "1.5 or older";
    for (size_t i = HS_ARRAY_SIZE(news); i-- > 0;) {
        struct hs_buffer words;
        hs_buffer_init(&words, WORDS_MAX);
        jq_state *jq = make_jq(&words);
        bool reads = jq != NULL && jq_compile(jq, news[i].program) != 0;
        jq_teardown(&jq);
        hs_buffer_free(&words);
        if (!reads)
            break;
        version = news[i].version;
    }
    return version;
}
