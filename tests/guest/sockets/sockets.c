/* AF_UNIX sockets: pairs of every type, named and abstract addresses, passing of descriptors and
 * credentials, shutdown, errors. */
#include "check.h"
#include "passing.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static void pairs(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    for (int i = 0; i < 3; i++) {
        int fds[2];
        char buffer[100];
        CHECK_OK(socketpair(AF_UNIX, types[i] | SOCK_CLOEXEC, 0, fds));
        CHECK_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
        CHECK_EQ(send(fds[0], "hello", 5, 0), 5);
        CHECK_EQ(send(fds[0], "world", 5, 0), 5);
        if (types[i] == SOCK_STREAM) {
            CHECK_EQ(recv(fds[1], buffer, 100, 0), 10);
        } else {
            CHECK_EQ(recv(fds[1], buffer, 3, 0), 3); /* the rest of the packet is lost */
            CHECK_EQ(recv(fds[1], buffer, 100, 0), 5);
            CHECK(memcmp(buffer, "world", 5) == 0);
        }
        CHECK_ERRNO(recv(fds[1], buffer, 100, MSG_DONTWAIT), EAGAIN);
        CHECK_EQ(send(fds[1], "back", 4, 0), 4);
        CHECK_EQ(recv(fds[0], buffer, 100, MSG_PEEK), 4);
        CHECK_EQ(recv(fds[0], buffer, 100, 0), 4);
        int type = 0;
        socklen_t length = sizeof(type);
        CHECK_OK(getsockopt(fds[0], SOL_SOCKET, SO_TYPE, &type, &length));
        CHECK_EQ(type, types[i]);
        struct pollfd poll_fd = {fds[0], POLLIN | POLLOUT, 0};
        CHECK_EQ(poll(&poll_fd, 1, 0), 1);
        CHECK_EQ(poll_fd.revents, POLLOUT);
        close(fds[1]);
        if (types[i] != SOCK_DGRAM) {
            CHECK_EQ(recv(fds[0], buffer, 100, 0), 0);
            CHECK_ERRNO(send(fds[0], "x", 1, MSG_NOSIGNAL), EPIPE);
        }
        close(fds[0]);
    }
}

static void half_closed(void)
{
    int fds[2];
    char buffer[10];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    CHECK_EQ(write(fds[0], "abc", 3), 3);
    CHECK_OK(shutdown(fds[0], SHUT_WR));
    CHECK_EQ(read(fds[1], buffer, 10), 3);
    CHECK_EQ(read(fds[1], buffer, 10), 0);
    CHECK_EQ(write(fds[1], "def", 3), 3);
    CHECK_EQ(read(fds[0], buffer, 10), 3);
    CHECK_ERRNO(send(fds[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    close(fds[0]);
    close(fds[1]);
}

static void passing(void)
{
    int fds[2], pipe_fds[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    CHECK_OK(pipe(pipe_fds));
    CHECK_OK(send_fd(fds[0], pipe_fds[1]));
    close(pipe_fds[1]);
    int passed = receive_fd(fds[1], MSG_CMSG_CLOEXEC);
    CHECK_EQ(fcntl(passed, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(write(passed, "through", 7), 7);
    char buffer[10];
    CHECK_EQ(read(pipe_fds[0], buffer, 10), 7);
    close(passed);
    CHECK_EQ(read(pipe_fds[0], buffer, 10), 0);
    struct ucred peer = {0};
    socklen_t length = sizeof(peer);
    CHECK_OK(getsockopt(fds[0], SOL_SOCKET, SO_PEERCRED, &peer, &length));
    CHECK_EQ(peer.pid, getpid());
    CHECK_EQ(peer.uid, getuid());
    close(pipe_fds[0]);
    close(fds[0]);
    close(fds[1]);
}

static void served(struct sockaddr_un *address, socklen_t length, bool named)
{
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), status;
    CHECK_OK(listener);
    CHECK_OK(bind(listener, (struct sockaddr *)address, length));
    int other = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERRNO(bind(other, (struct sockaddr *)address, length), EADDRINUSE);
    CHECK_ERRNO(connect(other, (struct sockaddr *)address, length), ECONNREFUSED);
    CHECK_OK(listen(listener, 4));
    if (named) {
        struct stat info;
        CHECK_OK(stat(address->sun_path, &info));
        CHECK(S_ISSOCK(info.st_mode));
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char buffer[10];
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)address, length) || write(fd, "ask", 3) != 3 ||
            read(fd, buffer, 10) != 6)
            _exit(1);
        _exit(0);
    }
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK_OK(fd);
    char buffer[10];
    CHECK_EQ(read(fd, buffer, 10), 3);
    CHECK_EQ(write(fd, "answer", 6), 6);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK_EQ(read(fd, buffer, 10), 0);
    struct sockaddr_un name = {0};
    socklen_t name_length = sizeof(name);
    CHECK_OK(getsockname(listener, (struct sockaddr *)&name, &name_length));
    CHECK_EQ(name.sun_family, AF_UNIX);
    CHECK_EQ(name_length,
             named ? offsetof(struct sockaddr_un, sun_path) + strlen(name.sun_path) + 1 : length);
    close(fd);
    close(other);
    CHECK_OK(fcntl(listener, F_SETFL, O_NONBLOCK));
    CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
    close(listener);
    int late = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERRNO(connect(late, (struct sockaddr *)address, length), ECONNREFUSED);
    if (named) {
        CHECK_OK(unlink(address->sun_path));
        CHECK_ERRNO(connect(late, (struct sockaddr *)address, length), ENOENT);
    }
    close(late);
}

static void errors(void)
{
    CHECK_ERRNO(socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
    CHECK_ERRNO(socket(12345, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_ERRNO(send(0x7ffffff, "x", 1, 0), EBADF);
    int fds[2];
    CHECK_OK(pipe(fds));
    CHECK_ERRNO(send(fds[1], "x", 1, 0), ENOTSOCK);
    close(fds[0]);
    close(fds[1]);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERRNO(send(fd, "x", 1, MSG_NOSIGNAL), ENOTCONN);
    CHECK_ERRNO(accept(fd, NULL, NULL), EINVAL);
    close(fd);
}

/* The timeout of recvmmsg is looked at between messages, and what is left is told. */
static void several_with_timeout(void)
{
    int pair[2];
    char text[2][10];
    struct iovec parts[2] = {{text[0], 10}, {text[1], 10}};
    struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = &parts[0], .msg_iovlen = 1}},
                                  {.msg_hdr = {.msg_iov = &parts[1], .msg_iovlen = 1}}};
    struct timespec timeout = {1000, 0};
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_EQ(send(pair[0], "one", 3, 0), 3);
    CHECK_EQ(send(pair[0], "three", 5, 0), 5);
    CHECK_EQ(recvmmsg(pair[1], messages, 2, 0, &timeout), 2);
    CHECK_EQ(messages[1].msg_len, 5);
    CHECK(timeout.tv_sec > 900 && timeout.tv_sec < 1000);
    CHECK_EQ(send(pair[0], "one", 3, 0), 3);
    timeout = (struct timespec){0, 0};
    CHECK_EQ(recvmmsg(pair[1], messages, 2, 0, &timeout), 1);
    CHECK(timeout.tv_sec == 0 && timeout.tv_nsec == 0);
    timeout = (struct timespec){0, 1000000000};
    CHECK_ERRNO(recvmmsg(pair[1], messages, 2, 0, &timeout), EINVAL);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    pairs();
    half_closed();
    passing();
    char name[] = "/tmp/guest-socket-XXXXXX";
    close(mkstemp(name));
    unlink(name);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, name);
    served(&address, sizeof(address), true);
    memset(address.sun_path, 0, sizeof(address.sun_path));
    strcpy(address.sun_path + 1, name);
    served(&address, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name), false);
    errors();
    several_with_timeout();
    return check_done();
}
