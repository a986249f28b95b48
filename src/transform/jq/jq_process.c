/* Jq process: see jq_process.h. The child is this program, executed rather than forked, so that it
 * has none of the parent's memory, secrets, descriptors and threads. Its exit status shows which
 * limit it exceeded: SIGPROF is its own timer (jq_serve.c). A process ended from outside did
 * nothing wrong, so its event is given to another. */
#include "jq_process.h"

#include "jq_wire.h"

#include <hookstream/buffer.h>
#include <hookstream/clock.h>
#include <hookstream/hash.h>
#include <hookstream/jq_serve.h>

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN_PROGRAM "/proc/self/exe"
#define MORE_ROOM "check hookstream's limits: processes, open files, memory"
#define TRIES_MAX 3u
#define TRY_AGAIN_MS 100 /* delay before another attempt to start a process */
#define COMPILE_NS (5 * HS_NS_PER_SECOND)
#define COMPILE_BYTES (256u << 20)
#define RESULT_MAX (64u << 20)
#define KEEP_BYTES (1u << 20) /* a reply buffer larger than this is freed */
#define KNOWN_MAX 256u
/* Wall-clock limit as a multiple of the CPU limit: only for a process that makes no progress, such
 * as a stopped one. */
#define REAL_TIMES 4u
#define REAL_MORE_NS (10 * HS_NS_PER_SECOND)

struct hs_jq_process {
    char *program;
    size_t program_bytes;
    struct hs_jq_limits limits;
    pid_t pid;      /* 0: not running */
    int socket;     /* of a running process */
    uint64_t given; /* events sent to the running process */
    struct hs_buffer reply;
};

/* Any program that links this file may start itself as a jq process. It must then serve before its
 * main() runs: otherwise a test program that does not know the argument would run its tests, and
 * start itself again, forever. glibc passes the arguments. */
__attribute__((constructor)) static void serve_if_started_so(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], HS_JQ_COMMAND) == 0)
        _exit(hs_jq_serve());
}

struct hs_jq_process *hs_jq_process_create(struct hs_slice program,
                                           const struct hs_jq_limits *limits)
{
    struct hs_jq_process *process = hs_alloc(sizeof(*process));
    process->program = hs_slice_dup(program);
    process->program_bytes = program.size;
    process->limits = *limits;
    hs_buffer_init(&process->reply, RESULT_MAX);
    return process;
}

/* ---- Starting and ending ---- */

/* Ends the process if necessary. Returns its wait status, or -1 if unknown. */
static int end(struct hs_jq_process *process)
{
    int status = -1;
    if (process->pid == 0)
        return status;
    close(process->socket);
    HS_IGNORE(kill(process->pid, SIGKILL)); /* it may have exited already, which preserves its
                                             * status */
    while (waitpid(process->pid, &status, 0) < 0) {
        if (errno == EINTR)
            continue;
        status = -1; /* SIGCHLD is ignored: status unknown */
        break;
    }
    process->pid = 0;
    return status;
}

/* A process that closed its socket is exiting: its own status is more informative than a kill. */
static int end_of_ended(struct hs_jq_process *process)
{
    siginfo_t info;
    for (int i = 0; i < 200; i++) {
        info.si_pid = 0;
        if (waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
            info.si_pid != 0)
            break;
        HS_IGNORE(poll(NULL, 0, 10)); /* waits 10 ms; a shorter wait is harmless */
    }
    return end(process);
}

void hs_jq_process_free(struct hs_jq_process *process)
{
    if (process == NULL)
        return;
    HS_IGNORE(end(process)); /* its status no longer matters */
    hs_buffer_free(&process->reply);
    free(process->program);
    free(process);
}

/* The variables that a program needs to be loaded and, in a sanitizer build, checked. */
static void pick_environment(char **ret_environment, size_t most)
{
    static const char *const names[] = {
        "LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS="};
    size_t count = 0;
    for (char **at = environ; at != NULL && *at != NULL && count + 1 < most; at++)
        for (size_t i = 0; i < HS_ARRAY_SIZE(names); i++)
            if (hs_slice_starts_with(hs_slice_text(*at), hs_slice_text(names[i])))
                ret_environment[count++] = *at;
    ret_environment[count] = NULL;
}

static int spawn(int socket, pid_t *ret_pid)
{
    char program[] = "hookstream", command[] = HS_JQ_COMMAND;
    char *arguments[] = {program, command, NULL}, *environment[8];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    pick_environment(environment, HS_ARRAY_SIZE(environment));
    int code = posix_spawnattr_init(&attributes);
    if (code != 0)
        return code;
    code = posix_spawn_file_actions_init(&actions);
    if (code == 0) {
        code = posix_spawn_file_actions_adddup2(&actions, socket, HS_JQ_SOCKET);
        code = code ? code : posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_RDWR, 0);
        code = code ? code : posix_spawn_file_actions_adddup2(&actions, 1, 2);
        code = code ? code : posix_spawn_file_actions_addclosefrom_np(&actions, 3);
        /* A process group of its own: an interrupt typed at the terminal is for hookstream. */
        code = code ? code
                    : posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
                                                                POSIX_SPAWN_SETSIGDEF |
                                                                POSIX_SPAWN_SETPGROUP);
        code = code ? code : posix_spawnattr_setsigmask(&attributes, &none);
        code = code ? code : posix_spawnattr_setsigdefault(&attributes, &all);
        code =
            code ? code
                 : posix_spawn(ret_pid, OWN_PROGRAM, &actions, &attributes, arguments, environment);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    return code;
}

/* ---- Sending and receiving until a deadline ---- */

enum talk { TALK_DONE, TALK_CLOSED, TALK_LATE };

static enum talk wait_for(const struct hs_jq_process *process, short events, uint64_t deadline_ns)
{
    for (;;) {
        uint64_t now = hs_clock_monotonic_ns();
        if (now >= deadline_ns)
            return TALK_LATE;
        struct pollfd wanted = {.fd = process->socket, .events = events};
        uint64_t ms = (deadline_ns - now) / HS_NS_PER_MS + 1;
        int ready = poll(&wanted, 1, ms < 60000 ? (int)ms : 60000);
        if (ready > 0)
            return TALK_DONE;
        if (ready < 0 && errno != EINTR)
            return TALK_CLOSED;
    }
}

static enum talk send_all(const struct hs_jq_process *process, struct iovec *parts, size_t count,
                          uint64_t deadline_ns)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        left += parts[i].iov_len;
    while (left > 0) {
        ssize_t sent = sendmsg(process->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return TALK_CLOSED;
        size_t gone = sent > 0 ? (size_t)sent : 0;
        left -= gone;
        for (size_t i = 0; i < count; i++) {
            size_t part = gone < parts[i].iov_len ? gone : parts[i].iov_len;
            parts[i].iov_base = (char *)parts[i].iov_base + part;
            parts[i].iov_len -= part;
            gone -= part;
        }
        enum talk talk = left > 0 ? wait_for(process, POLLOUT, deadline_ns) : TALK_DONE;
        if (talk != TALK_DONE)
            return talk;
    }
    return TALK_DONE;
}

/* Receives a whole reply, usually in one call: its head and what follows. */
static enum talk receive(struct hs_jq_process *process, uint64_t deadline_ns,
                         struct hs_jq_reply *ret_head, struct hs_slice *ret_bytes)
{
    struct hs_buffer *reply = &process->reply;
    size_t want = sizeof(*ret_head);
    if (reply->capacity > KEEP_BYTES)
        hs_buffer_free(reply);
    hs_buffer_clear(reply);
    while (reply->size < want) {
        size_t room = want - reply->size > 4096 ? want - reply->size : 4096;
        char *at = hs_buffer_reserve(reply, room);
        if (at == NULL)
            return TALK_CLOSED; /* it announces more than it may send */
        enum talk talk = wait_for(process, POLLIN, deadline_ns);
        if (talk != TALK_DONE)
            return talk;
        ssize_t got = recv(process->socket, at, room, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return TALK_CLOSED;
        hs_buffer_commit(reply, got > 0 ? (size_t)got : 0);
        if (reply->size >= sizeof(*ret_head)) {
            memcpy(ret_head, reply->data, sizeof(*ret_head));
            want = sizeof(*ret_head) + ret_head->bytes;
        }
    }
    *ret_bytes = hs_slice(reply->data + sizeof(*ret_head), ret_head->bytes);
    return reply->size == want && ret_head->status < HS_JQ_STATUSES ? TALK_DONE : TALK_CLOSED;
}

/* ---- Error messages ---- */

static int out_of_time(const struct hs_jq_process *process)
{
    if (process->given == 0)
        return hs_fail(-ETIME, "reading the program took more than %u s of CPU",
                       (unsigned)(COMPILE_NS / HS_NS_PER_SECOND));
    return hs_fail(-ETIME, "the program did not end within `timeout`, %" PRIu64 " ms of CPU",
                   process->limits.time_ns / HS_NS_PER_MS);
}

static int out_of_memory(const struct hs_jq_process *process)
{
    if (process->given == 0)
        return hs_fail(-ENOMEM, "reading the program requires more than %u MiB",
                       COMPILE_BYTES >> 20);
    return hs_fail(-ENOMEM, "the program needs more than `memory`, %" PRIu64 " KiB",
                   process->limits.memory_bytes >> 10);
}

/* The meaning of a process's exit for its event. -EAGAIN: none, it was ended from outside. */
static int meaning_of(const struct hs_jq_process *process, int status)
{
    bool signaled = status != -1 && WIFSIGNALED(status);
    int signal = signaled ? WTERMSIG(status) : 0;
    if (signal == SIGPROF)
        return out_of_time(process);
    if (signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS || signal == SIGFPE ||
        signal == SIGILL || signal == SIGTRAP || signal == SIGSYS)
        return hs_fail(-EIO,
                       "libjq was ended by signal %d while running the program: it may have "
                       "nested too deep, or requested too much memory",
                       signal);
    if (signaled)
        return hs_fail(-EAGAIN, "jq's process was ended from outside by signal %d", signal);
    return hs_fail(-EAGAIN, "jq's process ended without an answer (status %d)",
                   status != -1 ? WEXITSTATUS(status) : -1);
}

static int broken_off(struct hs_jq_process *process, enum talk talk)
{
    if (talk == TALK_CLOSED)
        return meaning_of(process, end_of_ended(process));
    HS_IGNORE(end(process)); /* it makes no progress: killed */
    return hs_fail(-EAGAIN, "jq's process made no progress");
}

static int meaning_of_reply(struct hs_jq_process *process, const struct hs_jq_reply *head,
                            struct hs_slice bytes)
{
    switch ((enum hs_jq_status)head->status) {
    case HS_JQ_COMPILED:
    case HS_JQ_RESULT:
        return 0;
    case HS_JQ_ERROR:
        return hs_fail(-EINVAL, "%.*s", HS_SLICE_ARG(bytes));
    case HS_JQ_NOTHING:
        return hs_fail(-EINVAL, "the program produced no result, but one is needed");
    case HS_JQ_SEVERAL:
        return hs_fail(-EINVAL, "the program produced more than one result: put them into [ ]");
    case HS_JQ_HALTED:
        return hs_fail(-EINVAL, "the program halted");
    case HS_JQ_LARGE:
        return hs_fail(-EMSGSIZE, "the result exceeds %u bytes", RESULT_MAX);
    case HS_JQ_MEMORY:
    case HS_JQ_STATUSES:
        break;
    }
    HS_IGNORE(end(process)); /* it is exiting */
    return out_of_memory(process);
}

/* ---- Running a program ---- */

static int exchange(struct hs_jq_process *process, struct iovec *parts, uint64_t time_ns,
                    struct hs_slice *ret_bytes)
{
    struct hs_jq_reply head;
    uint64_t deadline = hs_add_sat(hs_clock_monotonic_ns(), hs_mul_sat(time_ns, REAL_TIMES));
    deadline = hs_add_sat(deadline, REAL_MORE_NS);
    enum talk talk = send_all(process, parts, 2, deadline);
    if (talk == TALK_DONE)
        talk = receive(process, deadline, &head, ret_bytes);
    return talk == TALK_DONE ? meaning_of_reply(process, &head, *ret_bytes)
                             : broken_off(process, talk);
}

static int start(struct hs_jq_process *process)
{
    int ends[2];
    process->given = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return hs_fail(-EAGAIN, "no socketpair for jq's process: %s; " MORE_ROOM, strerror(errno));
    int code = spawn(ends[1], &process->pid);
    close(ends[1]);
    if (code != 0) {
        close(ends[0]);
        process->pid = 0;
        return hs_fail(-EAGAIN, "jq's process cannot be started: %s; " MORE_ROOM, strerror(code));
    }
    process->socket = ends[0];
    struct hs_jq_setup setup = {.compile_ns = COMPILE_NS,
                                .compile_bytes = COMPILE_BYTES,
                                .run_ns = process->limits.time_ns,
                                .memory_bytes = process->limits.memory_bytes,
                                .result_bytes = RESULT_MAX,
                                .program_bytes = (uint32_t)process->program_bytes};
    struct iovec parts[] = {{&setup, sizeof(setup)}, {process->program, process->program_bytes}};
    struct hs_slice bytes;
    code = exchange(process, parts, COMPILE_NS, &bytes);
    if (code == -EINVAL)
        HS_IGNORE(end(process)); /* it is exiting */
    return code;
}

static int run_once(struct hs_jq_process *process, struct hs_slice json, struct hs_slice *ret_json)
{
    int code = process->pid == 0 ? start(process) : 0;
    if (code < 0)
        return code == -EINVAL ? code : -EAGAIN; /* the event is not involved in other errors */
    struct hs_jq_request request = {(uint32_t)json.size};
    struct iovec parts[] = {{&request, sizeof(request)}, {(void *)json.data, json.size}};
    bool fresh = process->given++ == 0;
    code = exchange(process, parts, process->limits.time_ns, ret_json);
    /* Earlier events may have left too much memory in use. */
    return code == -ENOMEM && !fresh ? run_once(process, json, ret_json) : code;
}

int hs_jq_process_run(struct hs_jq_process *process, struct hs_slice json,
                      struct hs_slice *ret_json)
{
    int code = -EAGAIN;
    if (json.size > RESULT_MAX)
        return hs_fail(-EMSGSIZE, "the event exceeds %u bytes", RESULT_MAX);
    for (unsigned tries = 0; code == -EAGAIN && tries < TRIES_MAX; tries++) {
        if (tries > 0)
            HS_IGNORE(poll(NULL, 0, TRY_AGAIN_MS)); /* waits; a shorter wait is harmless */
        code = run_once(process, json, ret_json);
    }
    /* The processes that had the event were ended each time: the event may be the cause. */
    return code == -EAGAIN && process->given > 0 ? -EIO : code;
}

/* ---- Checking ---- */

/* Valid programs, by hash: each thread checks its own compilation against this. Guarded by
 * `known_lock`. */
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;
static struct hs_hash128 known[KNOWN_MAX];
static size_t known_count;

static bool is_known(struct hs_hash128 hash)
{
    bool found = false;
    pthread_mutex_lock(&known_lock);
    for (size_t i = 0; i < known_count && i < KNOWN_MAX && !found; i++)
        found = known[i].low == hash.low && known[i].high == hash.high;
    pthread_mutex_unlock(&known_lock);
    return found;
}

/* Replaces the oldest if the table is full. */
static void make_known(struct hs_hash128 hash)
{
    pthread_mutex_lock(&known_lock);
    known[known_count++ % KNOWN_MAX] = hash;
    pthread_mutex_unlock(&known_lock);
}

int hs_jq_process_check(struct hs_jq_process *process)
{
    struct hs_hash128 hash = hs_hash128(hs_slice(process->program, process->program_bytes), 0);
    int code = -EAGAIN;
    if (is_known(hash))
        return 0;
    for (unsigned tries = 0; code == -EAGAIN && tries < TRIES_MAX; tries++)
        code = start(process);
    HS_IGNORE(end(process)); /* most threads that compile never run it */
    if (code == 0)
        make_known(hash);
    return code;
}
