/* TCP_DEFER_ACCEPT: a connection can be accepted when there is data, when the other side has ended,
 * or when the time is over. */
#include "inet.h"

#include <netinet/tcp.h>

/* A listener that waits for data longer than anything here does. */
static int deferring(int seconds)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_OK(inet_set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, seconds));
    CHECK_OK(inet_bind(fd, "127.0.0.1", 0));
    CHECK_OK(listen(fd, 16));
    return fd;
}

static int client(int listener)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_OK(inet_connect(fd, "127.0.0.1", inet_port(listener)));
    return fd;
}

static void data(int listener)
{
    char byte = 0;
    int first = client(listener), second = client(listener);
    CHECK_EQ(inet_now(listener, POLLIN), 0);
    CHECK_OK(fcntl(listener, F_SETFL, O_NONBLOCK));
    CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
    CHECK_OK(fcntl(listener, F_SETFL, 0));
    CHECK_EQ(send(second, "2", 1, 0), 1);
    CHECK_EQ(inet_wait(listener, POLLIN), POLLIN);
    int server = accept(listener, NULL, NULL);
    CHECK_EQ(recv(server, &byte, 1, MSG_DONTWAIT), 1);
    CHECK_EQ(byte, '2');
    CHECK_EQ(inet_now(listener, POLLIN), 0);
    CHECK_EQ(send(server, "back", 4, 0), 4);
    close(server);
    CHECK_EQ(send(first, "1", 1, 0), 1);
    server = accept(listener, NULL, NULL);
    CHECK_EQ(recv(server, &byte, 1, 0), 1);
    CHECK_EQ(byte, '1');
    close(server);
    close(first);
    close(second);
}

static void ends(int listener)
{
    char byte;
    struct linger reset = {1, 0};
    int fd = client(listener);
    CHECK_OK(shutdown(fd, SHUT_WR));
    int server = accept(listener, NULL, NULL);
    CHECK_EQ(recv(server, &byte, 1, 0), 0);
    close(server);
    close(fd);
    close(client(listener));
    server = accept(listener, NULL, NULL);
    CHECK_EQ(recv(server, &byte, 1, 0), 0);
    close(server);
    fd = client(listener);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)));
    close(fd);
    CHECK_EQ(inet_now(listener, POLLIN), 0);
}

static void wait_is_over(void)
{
    char byte;
    int listener = deferring(1);
    CHECK_EQ(inet_number(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT), 1);
    int64_t begun = check_now();
    int fd = client(listener), server = accept(listener, NULL, NULL);
    CHECK(check_now() - begun > 800000000);
    CHECK_ERRNO(recv(server, &byte, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    CHECK_EQ(recv(server, &byte, 1, 0), 1);
    close(server);
    close(fd);
    close(listener);
}

/* Who waits there is not told that the listener has gone before it sends. */
static void listener_goes(int listener)
{
    char byte;
    int fd = client(listener);
    close(listener);
    CHECK_EQ(inet_now(fd, POLLIN), 0);
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    CHECK(inet_wait(fd, POLLIN) & POLLIN);
    CHECK_ERRNO(recv(fd, &byte, 1, 0), ECONNRESET);
    close(fd);
}

int main(void)
{
    int listener = deferring(60);
    data(listener);
    ends(listener);
    listener_goes(listener);
    wait_is_over();
    return check_done();
}
