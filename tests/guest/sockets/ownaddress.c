/* Addresses of this machine beside the loopback's: sockets are bound to them and found there. What
 * goes to another machine meets nobody here, whatever port it is for. */
#include "../inet.h"

#include <ifaddrs.h>

#define ELSEWHERE "203.0.113.77" /* RFC 5737: nobody's */

/* An own address of IPv4 as text; the loopback's where there is no other. */
static const char *own_address(void)
{
    static char text[INET_ADDRSTRLEN] = "127.0.0.1";
    struct ifaddrs *list = NULL;
    getifaddrs(&list);
    for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
        const struct sockaddr_in *in = (const void *)i->ifa_addr;
        if (in && in->sin_family == AF_INET && ntohl(in->sin_addr.s_addr) >> 24 != 127)
            inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
    }
    freeifaddrs(list);
    return text;
}

static union inet_name name_of(int fd, bool peer)
{
    union inet_name name = {0};
    socklen_t length = sizeof(name);
    CHECK_OK(peer ? getpeername(fd, &name.any, &length) : getsockname(fd, &name.any, &length));
    return name;
}

static void be_patient(int fd)
{
    struct timeval patience = {CHECK_PATIENCE, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

/* A connection to the own address, of a server at that or at any address. */
static void streams(const char *own, const char *at)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    union inet_name address = inet_at(own, 0);
    be_patient(listener);
    CHECK_OK(inet_bind(listener, at, 0));
    CHECK_OK(listen(listener, 5));
    address.in.sin_port = name_of(listener, false).in.sin_port;
    CHECK_OK(connect(client, &address.any, sizeof(address.in)));
    int server = accept(listener, NULL, NULL);
    CHECK_OK(server);
    CHECK_EQ(name_of(client, false).in.sin_addr.s_addr, address.in.sin_addr.s_addr);
    CHECK_EQ(name_of(client, true).in.sin_addr.s_addr, address.in.sin_addr.s_addr);
    CHECK_EQ(name_of(server, false).in.sin_addr.s_addr, address.in.sin_addr.s_addr);
    CHECK_EQ(name_of(server, true).in.sin_addr.s_addr, address.in.sin_addr.s_addr);
    close(server);
    close(client);
    close(listener);
}

static void datagrams(const char *own)
{
    int to = socket(AF_INET, SOCK_DGRAM, 0), from = socket(AF_INET, SOCK_DGRAM, 0);
    union inet_name address = inet_at(own, 0), sender = {0};
    socklen_t length = sizeof(sender);
    char byte;
    be_patient(to);
    CHECK_OK(inet_bind(to, "0.0.0.0", 0));
    address.in.sin_port = name_of(to, false).in.sin_port;
    CHECK_EQ(sendto(from, "x", 1, 0, &address.any, sizeof(address.in)), 1);
    CHECK_EQ(recvfrom(to, &byte, 1, 0, &sender.any, &length), 1);
    CHECK_EQ(sender.in.sin_addr.s_addr, address.in.sin_addr.s_addr);
    CHECK_OK(connect(from, &address.any, sizeof(address.in)));
    CHECK_EQ(name_of(from, false).in.sin_addr.s_addr, address.in.sin_addr.s_addr);
    close(to);
    close(from);
}

/* Whoever listens at any address here is not at other machines' addresses. */
static void elsewhere(void)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int to = socket(AF_INET, SOCK_DGRAM, 0), from = socket(AF_INET, SOCK_DGRAM, 0);
    union inet_name address = inet_at(ELSEWHERE, 0);
    char byte;
    CHECK_ERRNO(bind(to, &address.any, sizeof(address.in)), EADDRNOTAVAIL);
    CHECK_OK(inet_bind(listener, "0.0.0.0", 0));
    CHECK_OK(listen(listener, 5));
    address.in.sin_port = name_of(listener, false).in.sin_port;
    /* Where there is no way to others, that is an error, and nobody is met either. */
    CHECK(connect(client, &address.any, sizeof(address.in)) == -1 &&
          (errno == EINPROGRESS || errno == ENETUNREACH));
    CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
    CHECK_OK(inet_bind(to, "0.0.0.0", 0));
    address.in.sin_port = name_of(to, false).in.sin_port;
    sendto(from, "x", 1, 0, &address.any, sizeof(address.in));
    CHECK_ERRNO(recv(to, &byte, 1, MSG_DONTWAIT), EAGAIN);
    close(client);
    close(listener);
    close(to);
    close(from);
}

int main(void)
{
    const char *own = own_address();
    streams(own, own);
    streams(own, "0.0.0.0");
    streams("127.0.0.1", "0.0.0.0");
    datagrams(own);
    elsewhere();
    return check_done();
}
