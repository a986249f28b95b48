/* health: asks a running hookstream whether it is well; for container health checks, where
 * no other client may be at hand. */
#include "command.h"

#include <arpa/inet.h>
#include <hookstream/app.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define TIMEOUT_SECONDS 5
#define ANSWER_MAX 8192u

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_health = {
    .name = "health",
    .summary = "Ask a running hookstream whether it is well.",
    .help = "Reads /livez (or /readyz) of the admin port that the configuration names, on this\n"
            "machine. Exits with 0 when the answer is 200. For container health checks.",
    .operands = "",
    .run = run,
};

static int connect_to(const struct hs_address *address)
{
    char port[8];
    snprintf(port, sizeof(port), "%u", address->port);
    const char *host = address->host;
    if (host[0] == '\0' || strcmp(host, "0.0.0.0") == 0)
        host = "127.0.0.1";
    else if (strcmp(host, "::") == 0)
        host = "::1";
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int code = getaddrinfo(host, port, &hints, &found);
    if (code != 0)
        return hs_fail(-EHOSTUNREACH, "%s: %s", host, gai_strerror(code));
    int file = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {TIMEOUT_SECONDS, 0};
    if (file >= 0) {
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    }
    bool good = file >= 0 && connect(file, found->ai_addr, found->ai_addrlen) == 0;
    int error = errno;
    freeaddrinfo(found);
    if (good)
        return file;
    if (file >= 0)
        close(file);
    return hs_fail_errno(error, "cannot connect to the admin port %s:%s", host, port);
}

/* The whole answer until the server closes; bytes or -errno. */
static ssize_t ask(int file, const char *page, char ret_answer[ANSWER_MAX])
{
    char request[256];
    int size = snprintf(request, sizeof(request),
                        "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", page);
    if (send(file, request, (size_t)size, MSG_NOSIGNAL) != size)
        return hs_fail_errno(errno, "cannot ask");
    size_t got = 0;
    while (got < ANSWER_MAX - 1) {
        ssize_t more = recv(file, ret_answer + got, ANSWER_MAX - 1 - got, 0);
        if (more < 0)
            return hs_fail_errno(errno, "no answer");
        if (more == 0)
            break;
        got += (size_t)more;
    }
    ret_answer[got] = '\0';
    return (ssize_t)got;
}

static int look(const struct hs_command *command, const struct hs_address *address,
                const char *page)
{
    char answer[ANSWER_MAX];
    int file = connect_to(address);
    if (file < 0)
        return hs_command_fail(command, HS_EXIT_BAD, "%s", hs_error_text());
    ssize_t size = ask(file, page, answer);
    close(file);
    if (size < 0)
        return hs_command_fail(command, HS_EXIT_BAD, "%s", hs_error_text());
    const char *body = strstr(answer, "\r\n\r\n");
    printf("%s", body != NULL ? body + 4 : "no answer\n");
    return strncmp(answer, "HTTP/1.1 200", 12) == 0 ? HS_EXIT_GOOD : HS_EXIT_BAD;
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    const char *path = NULL;
    bool ready = false;
    const struct hs_arg args[] = {
        {"config", 'c', HS_ARG_TEXT, &path, "FILE",
         "Configuration that names the admin port (else $HOOKSTREAM_CONFIG, ...)."},
        {"ready", 0, HS_ARG_FLAG, &ready, NULL, "Ask /readyz: can it accept events?"},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    struct hs_settings settings;
    struct hs_config *config = hs_settings_load(hs_config_path(path), &settings);
    if (hs_config_root(config) == NULL)
        code = hs_command_fail(command, HS_EXIT_BAD, "cannot read %s", hs_config_path(path));
    else
        code = look(command, &settings.admin.listen, ready ? "/readyz" : "/livez");
    hs_config_free(config);
    return code;
}
