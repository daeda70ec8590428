/* SO_BINDTODEVICE: the loopback's interface and another of this machine that has an address, if it
 * has any: who gets what is sent to which address by which interface. (guest: glibc only) */
#include "inet.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/wait.h>

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

/* Addresses of IPv4 and IPv6 of the other interface; "": none. */
static char other[IF_NAMESIZE], own[2][INET6_ADDRSTRLEN];

static void find_other(void)
{
    struct ifaddrs *all, *a;
    CHECK_OK(getifaddrs(&all));
    for (a = all; a; a = a->ifa_next) {
        if (!a->ifa_addr || (a->ifa_flags & IFF_LOOPBACK) || !(a->ifa_flags & IFF_RUNNING) ||
            (other[0] && strcmp(other, a->ifa_name) != 0))
            continue;
        bool six = a->ifa_addr->sa_family == AF_INET6;
        const union inet_name *name = (const void *)a->ifa_addr;
        if (a->ifa_addr->sa_family != AF_INET && (!six || !other[0]))
            continue;
        if (own[six][0] || (six && IN6_IS_ADDR_LINKLOCAL(&name->in6.sin6_addr)))
            continue;
        strcpy(other, a->ifa_name);
        inet_ntop(a->ifa_addr->sa_family,
                  six ? (const void *)&name->in6.sin6_addr : (const void *)&name->in.sin_addr,
                  own[six], sizeof(own[six]));
    }
    freeifaddrs(all);
}

static int bind_to(int fd, const char *device)
{
    return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device) + 1);
}

static void is_bound_to(int fd, const char *device)
{
    char name[IF_NAMESIZE] = "";
    socklen_t length = sizeof(name);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length));
    CHECK_EQ(length, device[0] ? strlen(device) + 1 : 0);
    CHECK(strcmp(name, device) == 0);
    CHECK_EQ(inet_number(fd, SOL_SOCKET, SO_BINDTOIFINDEX), device[0] ? if_nametoindex(device) : 0);
}

static void option(void)
{
    char name[IF_NAMESIZE];
    socklen_t length = sizeof(name) - 1;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    is_bound_to(fd, "");
    CHECK_ERRNO(bind_to(fd, "nosuch"), ENODEV);
    CHECK_OK(bind_to(fd, "lo"));
    is_bound_to(fd, "lo");
    CHECK_ERRNO(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length), EINVAL);
    CHECK_OK(bind_to(fd, other));
    is_bound_to(fd, other);
    CHECK_OK(bind_to(fd, ""));
    is_bound_to(fd, "");
    CHECK_OK(inet_set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, 1));
    is_bound_to(fd, "lo");
    CHECK_ERRNO(inet_set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, -1), EINVAL);
    CHECK_OK(inet_set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, 0));
    is_bound_to(fd, "");
    close(fd);
}

/* Whoever has no privileges may choose once. Kernels before 5.7 do not let them. */
static void unprivileged(void)
{
    pid_t child = fork();
    if (!child) {
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        if (setresuid(65534, 65534, 65534))
            _exit(2);
        int first = bind_to(fd, "lo");
        bool refused = first && errno == EPERM;
        bool again = bind_to(fd, "") == 0 || errno != EPERM;
        _exit((first && !refused) || (!first && again));
    }
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

static int datagrams(bool six, const char *device)
{
    int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    CHECK_OK(bind_to(fd, device));
    CHECK_OK(inet_bind(fd, six ? "::" : "0.0.0.0", 0));
    return fd;
}

/* At which interface a datagram to that address is seen that leaves by the sender's; NULL: at none
 * here. */
static const char *seen_at(bool six, const char *sender, bool loopback)
{
    if (strcmp(sender, "lo") == 0)
        return six && !loopback ? NULL : "lo";
    if (strcmp(sender, other) == 0 && sender[0])
        return loopback ? NULL : other;
    return loopback ? "lo" : other;
}

static void packets(bool six)
{
    const char *const devices[] = {"", "lo", other};
    for (int way = 0; way < 18; way++) {
        const char *receiver = devices[way % 3], *sender = devices[way / 3 % 3];
        bool loopback = way / 9;
        int to = datagrams(six, receiver), from = datagrams(six, sender);
        const char *at = seen_at(six, sender, loopback);
        union inet_name name =
            inet_at(loopback ? six ? "::1" : "127.0.0.1" : own[six], inet_port(to));
        char data[4];
        ssize_t sent = sendto(from, "x", 1, 0, &name.any, inet_size(&name));
        if (at) {
            CHECK_EQ(sent, 1);
        } else if (sent < 0) { /* what becomes of others depends on the machine's ways */
            CHECK(errno == ENETUNREACH || errno == EHOSTUNREACH);
        } else {
            CHECK_EQ(sent, 1);
        }
        if (at && (!receiver[0] || strcmp(receiver, at) == 0)) {
            CHECK_EQ(inet_wait(to, POLLIN), POLLIN);
            CHECK_EQ(recv(to, data, sizeof(data), 0), 1);
        } else {
            CHECK_EQ(inet_now(to, POLLIN), 0);
            CHECK_ERRNO(recv(to, data, sizeof(data), MSG_DONTWAIT), EAGAIN);
        }
        close(to);
        close(from);
    }
}

static int listener(const char *device, uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(bind_to(fd, device));
    CHECK_OK(inet_bind(fd, "0.0.0.0", port));
    CHECK_OK(listen(fd, 5));
    return fd;
}

/* Two listeners share a port, each of an interface; what they accept is of it too. */
static void streams(void)
{
    int far = listener(other, 0);
    uint16_t port = inet_port(far);
    int near = listener("lo", port), third = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(inet_bind(third, "0.0.0.0", port), EADDRINUSE);
    close(third);
    for (int i = 0; i < 2; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        CHECK_OK(inet_connect(fd, i ? own[0] : "127.0.0.1", port));
        int accepted = accept4(i ? far : near, NULL, NULL, SOCK_NONBLOCK);
        CHECK(accepted >= 0);
        is_bound_to(accepted, i ? other : "lo");
        is_bound_to(fd, "");
        close(accepted);
        close(fd);
    }
    close(near);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(inet_connect(fd, "127.0.0.1", port), ECONNREFUSED);
    close(fd);
    close(far);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    near = listener("", 0);
    CHECK_OK(bind_to(fd, other));
    CHECK_OK(inet_connect(fd, own[0], inet_port(near)));
    CHECK_OK(close(accept(near, NULL, NULL)));
    close(fd);
    /* One that changes while it listens. */
    CHECK_OK(bind_to(near, other));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(inet_connect(fd, "127.0.0.1", inet_port(near)), ECONNREFUSED);
    CHECK_OK(bind_to(near, ""));
    CHECK_OK(inet_connect(fd, "127.0.0.1", inet_port(near)));
    CHECK_OK(close(accept(near, NULL, NULL)));
    close(fd);
    close(near);
}

struct echo {
    uint8_t type, code;
    uint16_t sum, id, sequence;
};

/* Whether an answer to that comes: within the patience of the tests, or is there. */
static bool answered(int fd, const struct echo *request, bool waits)
{
    uint8_t packet[512];
    struct echo reply;
    while (!waits || inet_wait(fd, POLLIN) == POLLIN) {
        ssize_t n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);
        if (n < (ssize_t)(20 + sizeof(reply)))
            return false;
        memcpy(&reply, packet + (packet[0] & 15) * 4, sizeof(reply));
        if (!reply.type && reply.id == request->id && reply.sequence == request->sequence)
            return true;
    }
    return false;
}

/* Answers of this machine to echo requests come by the interface of the address, or the one that is
 * asked for, and only there. */
static void echoes(void)
{
    const char *const devices[] = {"lo", other}, *const targets[] = {"127.0.0.1", own[0]};
    int fds[2];
    for (int i = 0; i < 2; i++) {
        fds[i] = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
        CHECK_OK(bind_to(fds[i], devices[i]));
    }
    for (int i = 0; i < 2; i++) {
        struct echo request = {.type = 8, .id = (uint16_t)getpid(), .sequence = (uint16_t)i};
        uint32_t sum = 8u + request.id + request.sequence;
        request.sum = (uint16_t) ~(sum + (sum >> 16));
        union inet_name to = inet_at(targets[i], 0);
        CHECK_EQ(sendto(fds[i], &request, sizeof(request), 0, &to.any, sizeof(to.in)),
                 sizeof(request));
        CHECK(answered(fds[i], &request, true));
        CHECK(!answered(fds[!i], &request, false));
    }
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    find_other();
    option();
    unprivileged();
    if (own[0][0])
        packets(false);
    if (own[1][0])
        packets(true);
    if (own[0][0])
        streams();
    if (own[0][0])
        echoes();
    return check_done();
}
