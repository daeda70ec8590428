/* Descriptors on their way: sockets inside sockets to any depth, cycles that nobody can reach,
 * cycles that somebody can, how many a user may have on the way, more than there is room for, and
 * some that are taken while their sender goes on. */
#include "check.h"
#include "passing.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

/* Deeper than any stack. Linux lets a sender wait for its collector, a thread, at each message once
 * the user has 2,024 descriptors on the way: there it is fewer. */
#define DEPTH      20000
#define DEPTH_REAL 2000

/* The last of a long chain goes, and the pipe at its far end with it. */
static void nested(int type)
{
    int depth = getenv("GUEST_REAL_KERNEL") ? DEPTH_REAL : DEPTH;
    int pipe_fds[2], held, pair[2];
    char byte;
    CHECK_OK(pipe(pipe_fds));
    held = pipe_fds[1];
    for (int i = 0; i < depth; i++) {
        bool made = socketpair(AF_UNIX, type, 0, pair) == 0 && send_fd(pair[0], held) == 0;
        if (!made) {
            CHECK(made);
            break;
        }
        close(held);
        close(pair[0]);
        held = pair[1];
    }
    close(held);
    CHECK_EQ(read(pipe_fds[0], &byte, 1), 0);
    close(pipe_fds[0]);
}

/* What a message brings with it when there is so much room; its flags, and the files that came. */
static int flags_with_room(int over, size_t room, int *fds, size_t *count)
{
    char data, control[200] __attribute__((aligned(8)));
    struct iovec part = {&data, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
    *count = 0;
    if (recvmsg(over, &message, MSG_DONTWAIT) != 1)
        return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_type == SCM_RIGHTS) {
        *count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(header), *count * sizeof(int));
    }
    return message.msg_flags;
}

/* There is room for none or one of three descriptors: that is said, and the others are gone. */
static void cut(void)
{
    int pair[2], pipe_fds[2], sent[3], fds[3], on = 1;
    char data = 'd', byte, control[CMSG_SPACE(sizeof(sent))] __attribute__((aligned(8))) = {0};
    size_t count;
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    for (size_t room = 0; room <= CMSG_LEN(sizeof(sent)); room += sizeof(int)) {
        struct iovec part = {&data, 1};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof(control)};
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        CHECK_OK(pipe(pipe_fds));
        for (int i = 0; i < 3; i++)
            sent[i] = pipe_fds[1];
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(sent));
        memcpy(CMSG_DATA(header), sent, sizeof(sent));
        CHECK_EQ(sendmsg(pair[0], &message, 0), 1);
        close(pipe_fds[1]);
        size_t fits = room > CMSG_LEN(0) ? (room - CMSG_LEN(0)) / sizeof(int) : 0;
        CHECK_EQ(flags_with_room(pair[1], room, fds, &count), fits < 3 ? MSG_CTRUNC : 0);
        CHECK_EQ(count, fits);
        for (size_t i = 0; i < count; i++)
            close(fds[i]);
        CHECK_EQ(read(pipe_fds[0], &byte, 1), 0);
        close(pipe_fds[0]);
    }
    /* Who the sender is does not fit either. */
    CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
    for (size_t room = 0; room <= CMSG_SPACE(sizeof(struct ucred)); room += sizeof(int)) {
        CHECK_EQ(send(pair[0], &data, 1, 0), 1);
        CHECK_EQ(flags_with_room(pair[1], room, fds, &count),
                 room < CMSG_LEN(sizeof(struct ucred)) ? MSG_CTRUNC : 0);
    }
    close(pair[0]);
    close(pair[1]);
}

/* Whoever collects does so at some later call on sockets. */
static bool gone(int reader)
{
    int pair[2];
    struct pollfd poll_fd = {reader, POLLIN, 0};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) {
        send_fd(pair[0], pair[0]);
        close(pair[0]);
        close(pair[1]);
    }
    return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP);
}

static void own_queue(void)
{
    int pair[2], pipe_fds[2];
    CHECK_OK(pipe(pipe_fds));
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(send_fd(pair[1], pair[0]));
    CHECK_OK(send_fd(pair[1], pipe_fds[1]));
    close(pipe_fds[1]);
    close(pair[1]);
    close(pair[0]);
    CHECK_EVENTUALLY(gone(pipe_fds[0]));
    close(pipe_fds[0]);
}

/* A ring: the socket of each pair waits in the next one's queue. */
static void ring(int length)
{
    int pairs[16][2], pipe_fds[2];
    CHECK_OK(pipe(pipe_fds));
    for (int i = 0; i < length; i++)
        CHECK_OK(socketpair(AF_UNIX, i % 2 ? SOCK_DGRAM : SOCK_STREAM, 0, pairs[i]));
    for (int i = 0; i < length; i++)
        CHECK_OK(send_fd(pairs[(i + 1) % length][1], pairs[i][0]));
    CHECK_OK(send_fd(pairs[length / 2][1], pipe_fds[1]));
    close(pipe_fds[1]);
    for (int i = 0; i < length; i++) {
        close(pairs[i][1]);
        close(pairs[i][0]);
    }
    CHECK_EVENTUALLY(gone(pipe_fds[0]));
    close(pipe_fds[0]);
}

/* A listener waits in the queue of a connection that it has not accepted. */
static void not_accepted(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t length = sizeof(name);
    int pipe_fds[2], listener = socket(AF_UNIX, SOCK_STREAM, 0);
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_OK(pipe(pipe_fds));
    /* A name of the kernel's choice: that of another run may go some time after its end. */
    CHECK_OK(bind(listener, (struct sockaddr *)&name, sizeof(name.sun_family)));
    CHECK_OK(getsockname(listener, (struct sockaddr *)&name, &length));
    CHECK_OK(listen(listener, 1));
    CHECK_OK(connect(client, (struct sockaddr *)&name, length));
    CHECK_OK(send_fd(client, listener));
    CHECK_OK(send_fd(client, pipe_fds[1]));
    close(pipe_fds[1]);
    close(client);
    close(listener);
    CHECK_EVENTUALLY(gone(pipe_fds[0]));
    close(pipe_fds[0]);
}

/* Cycles that a descriptor leads to, at first through another queue, stay whole. */
static void reachable(void)
{
    int pair[2], outer[2], pipe_fds[2];
    char byte = 0;
    CHECK_OK(pipe(pipe_fds));
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, outer));
    CHECK_OK(send_fd(pair[1], pair[0]));
    CHECK_OK(send_fd(pair[1], pipe_fds[1]));
    CHECK_OK(send_fd(outer[1], pair[0]));
    close(pipe_fds[1]);
    close(pair[1]);
    close(pair[0]);
    for (int i = 0; i < 100; i++)
        CHECK(!gone(pipe_fds[0]));
    int back = receive_fd(outer[0], 0);
    CHECK(back >= 0);
    int same = receive_fd(back, 0), writer = receive_fd(back, 0);
    CHECK(same >= 0 && writer >= 0);
    CHECK_EQ(write(writer, "x", 1), 1);
    CHECK_EQ(read(pipe_fds[0], &byte, 1), 1);
    CHECK_EQ(byte, 'x');
    close(back);
    close(same);
    close(writer);
    CHECK_EQ(read(pipe_fds[0], &byte, 1), 0);
    close(pipe_fds[0]);
    close(outer[0]);
    close(outer[1]);
}

/* More on the way than the user may have open. */
static void limit(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct rlimit few = {20, 20};
        int pair[2], status = 0, sent = 0;
        setrlimit(RLIMIT_NOFILE, &few);
        if (setuid(check_user()) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
            _exit(100);
        while (sent < 90 && send_fd(pair[0], 0) == 0)
            sent++;
        status = errno == ETOOMANYREFS ? sent : 101;
        /* What has arrived does not count. */
        close(receive_fd(pair[1], 0));
        if (send_fd(pair[0], 0))
            status = 102;
        _exit(status);
    }
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 21);
}

struct giver {
    int over, rounds;
    bool done;
};

#define GIVEN 300000

/* More bytes than a message takes at once, with a descriptor. */
static void *gives(void *arg)
{
    struct giver *giver = arg;
    static char data[GIVEN];
    char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
    struct iovec part = {data, sizeof(data)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    *CMSG_FIRSTHDR(&message) = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &giver->over, sizeof(int));
    giver->done = true;
    for (int i = 0; i < giver->rounds; i++)
        giver->done = giver->done && sendmsg(giver->over, &message, 0) == GIVEN;
    shutdown(giver->over, SHUT_WR);
    return NULL;
}

/* Descriptors are taken, and given up, while who sent them still sends what comes after. */
static void meanwhile(void)
{
    int pair[2], files = 0;
    size_t got = 0;
    pthread_t thread;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    struct giver giver = {pair[0], 100, false};
    CHECK(pthread_create(&thread, NULL, gives, &giver) == 0);
    while (got < (size_t)giver.rounds * GIVEN) {
        char data[20000], control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
        struct iovec part = {data, sizeof(data)};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof(control)};
        ssize_t n = recvmsg(pair[1], &message, 0);
        if (n <= 0)
            break;
        got += (size_t)n;
        if (CMSG_FIRSTHDR(&message)) {
            int fd;
            memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
            close(fd);
            files++;
        }
    }
    CHECK_EQ(got, (size_t)giver.rounds * GIVEN);
    CHECK_EQ(files, giver.rounds);
    pthread_join(thread, NULL);
    CHECK(giver.done);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    alarm(120);
    nested(SOCK_STREAM);
    nested(SOCK_DGRAM);
    cut();
    own_queue();
    ring(2);
    ring(5);
    ring(16);
    not_accepted();
    reachable();
    meanwhile();
    if (geteuid() == 0)
        limit();
    return check_done();
}
