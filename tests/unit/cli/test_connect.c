/* Proves that every address of a name is tried. */
#include "hs_test.h"

#include "../../../src/cli/connect.h"
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_anywhere(struct sockaddr_in *ret_place)
{
    socklen_t size = sizeof(*ret_place);
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *ret_place = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    ck_assert_int_eq(bind(file, (struct sockaddr *)ret_place, size), 0);
    ck_assert_int_eq(listen(file, 1), 0);
    ck_assert_int_eq(getsockname(file, (struct sockaddr *)ret_place, &size), 0);
    return file;
}

START_TEST(the_first_address_that_accepts_is_taken)
{
    struct sockaddr_in places[2];
    int refusing = listen_anywhere(&places[0]), accepting = listen_anywhere(&places[1]);
    close(refusing);
    struct addrinfo list[2];
    for (size_t i = 0; i < 2; i++)
        list[i] = (struct addrinfo){.ai_family = AF_INET,
                                    .ai_addr = (struct sockaddr *)&places[i],
                                    .ai_addrlen = sizeof(places[i]),
                                    .ai_next = i == 0 ? &list[1] : NULL};
    const struct addrinfo *taken = NULL;
    int file = hs_connect_any(list, 5000, &taken);
    ck_assert_int_ge(file, 0);
    ck_assert_ptr_eq(taken, &list[1]);
    close(file);
    close(accepting);
    ck_assert_int_eq(hs_connect_any(list, 5000, NULL), -ECONNREFUSED);
}
END_TEST

HS_TEST_MAIN("connect", the_first_address_that_accepts_is_taken)
