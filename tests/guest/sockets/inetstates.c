/* The states of a connection as /proc/net/tcp and TCP_INFO tell them, up to the time that a name
 * stays after it. */
#include "inet.h"

#include <netinet/tcp.h>

/* The state of the connection between two ports in /proc/net/tcp, from the view of the first; with
 * *inode. 0: it is not there. */
static unsigned state_of(uint16_t local, uint16_t remote, unsigned long *inode)
{
    char line[512], find[64];
    unsigned state = 0;
    FILE *file = fopen("/proc/net/tcp", "r");
    snprintf(find, sizeof(find), " 0100007F:%04X 0100007F:%04X ", local, remote);
    while (file && fgets(line, sizeof(line), file)) {
        const char *at = strstr(line, find);
        if (at)
            sscanf(at + strlen(find), "%x %*s %*s %*s %*s %*s %lu", &state, inode);
    }
    if (file)
        fclose(file);
    return state;
}

static int told(int fd)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) ? -1 : info.tcpi_state;
}

static void both_shut(void)
{
    int e[2];
    unsigned long inode = 0;
    CHECK(inet_pair("127.0.0.1", e));
    uint16_t a = inet_port(e[0]), b = inet_port(e[1]);
    CHECK_EVENTUALLY(state_of(a, b, &inode) == TCP_ESTABLISHED);
    CHECK(inode != 0);
    CHECK_OK(shutdown(e[0], SHUT_WR));
    CHECK_EVENTUALLY(state_of(a, b, &inode) == TCP_FIN_WAIT2);
    CHECK(inode != 0);
    CHECK_EVENTUALLY(state_of(b, a, &inode) == TCP_CLOSE_WAIT);
    CHECK_EVENTUALLY(told(e[0]) == TCP_FIN_WAIT2);
    CHECK_EVENTUALLY(told(e[1]) == TCP_CLOSE_WAIT);
    CHECK_OK(shutdown(e[1], SHUT_WR));
    CHECK_EVENTUALLY(state_of(a, b, &inode) == TCP_TIME_WAIT);
    CHECK_EQ(inode, 0);
    CHECK_EVENTUALLY(state_of(b, a, &inode) == 0);
    CHECK_EVENTUALLY(told(e[0]) == TCP_CLOSE);
    CHECK_EVENTUALLY(told(e[1]) == TCP_CLOSE);
    close(e[1]);
    close(e[0]);
    CHECK_EVENTUALLY(state_of(a, b, &inode) == TCP_TIME_WAIT);
    CHECK_EVENTUALLY(state_of(b, a, &inode) == 0);
}

static void closed(void)
{
    int e[2];
    unsigned long inode = 0;
    CHECK(inet_pair("127.0.0.1", e));
    uint16_t a = inet_port(e[0]), b = inet_port(e[1]);
    close(e[0]);
    CHECK_EVENTUALLY(state_of(a, b, &inode) == TCP_FIN_WAIT2);
    CHECK_EQ(inode, 0);
    close(e[1]);
    CHECK_EVENTUALLY(state_of(a, b, &inode) == TCP_TIME_WAIT);
    CHECK_EVENTUALLY(state_of(b, a, &inode) == 0);
    /* A reset leaves nothing. */
    CHECK(inet_pair("127.0.0.1", e));
    a = inet_port(e[0]);
    b = inet_port(e[1]);
    close(e[0]);
    CHECK_EQ(send(e[1], "x", 1, 0), 1);
    CHECK_EVENTUALLY(state_of(a, b, &inode) == 0);
    CHECK_EVENTUALLY(state_of(b, a, &inode) == 0);
    close(e[1]);
}

/* Who has closed does not wait longer for the other side's end than TCP_LINGER2 says. */
static void half_closed(void)
{
    int e[2], one = 1;
    unsigned long inode = 0;
    CHECK(inet_pair("127.0.0.1", e));
    uint16_t a = inet_port(e[0]), b = inet_port(e[1]);
    CHECK_OK(setsockopt(e[0], IPPROTO_TCP, TCP_LINGER2, &one, sizeof(one)));
    close(e[0]);
    CHECK_EVENTUALLY(state_of(a, b, &inode) == 0);
    CHECK_EVENTUALLY(state_of(b, a, &inode) == TCP_CLOSE_WAIT);
    close(e[1]);
}

/* A connection that nobody may accept yet. */
static void deferred(void)
{
    unsigned long inode = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(inet_set(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 60));
    CHECK_OK(inet_bind(listener, "127.0.0.1", 0));
    CHECK_OK(listen(listener, 1));
    CHECK_OK(inet_connect(fd, "127.0.0.1", inet_port(listener)));
    CHECK_EVENTUALLY(state_of(inet_port(listener), inet_port(fd), &inode) == TCP_SYN_RECV);
    CHECK_EQ(inode, 0);
    CHECK_EVENTUALLY(state_of(inet_port(fd), inet_port(listener), &inode) == TCP_ESTABLISHED);
    CHECK_EQ(told(fd), TCP_ESTABLISHED);
    close(fd);
    close(listener);
}

/* Who is connected cannot listen, and stays connected. */
static void listening(void)
{
    int e[2];
    char byte;
    CHECK(inet_pair("127.0.0.1", e));
    CHECK_ERRNO(listen(e[0], 1), EINVAL);
    CHECK_EQ(told(e[0]), TCP_ESTABLISHED);
    CHECK_EQ(send(e[0], "x", 1, 0), 1);
    CHECK_EQ(recv(e[1], &byte, 1, 0), 1);
    CHECK_EQ(read(e[1], &byte, 0), 0);
    close(e[0]);
    close(e[1]);
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, e));
    CHECK_EQ(send(e[0], "x", 1, 0), 1);
    CHECK_EQ(read(e[1], &byte, 0), 0); /* takes nothing */
    CHECK_EQ(recv(e[1], &byte, 1, MSG_DONTWAIT), 1);
    close(e[0]);
    close(e[1]);
}

int main(void)
{
    both_shut();
    closed();
    half_closed();
    deferred();
    listening();
    return check_done();
}
