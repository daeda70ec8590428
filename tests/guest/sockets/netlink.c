/* NETLINK_ROUTE and NETLINK_SOCK_DIAG: names of sockets, questions and answers, errors and acks;
 * interfaces as getifaddrs and ioctl show them too; our own sockets among all. guest: glibc only,
 * musl has no headers of Linux's. */
#include "../inet.h"

#include <ifaddrs.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/un.h>

#define ESTABLISHED 1
#define LISTEN      10

static uint8_t buffer[65536] __attribute__((aligned(8)));

static int open_netlink(int protocol)
{
    struct timeval patience = {CHECK_PATIENCE, 0};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

/* Sends a question with one header and perhaps one attribute. */
static void ask(int fd, uint16_t type, uint16_t flags, const void *header, size_t size,
                uint16_t attribute, const void *data, size_t n)
{
    uint8_t out[512] __attribute__((aligned(8))) = {0};
    struct nlmsghdr *h = (void *)out;
    *h = (struct nlmsghdr){NLMSG_LENGTH(size), type, flags, 77, 0};
    memcpy(NLMSG_DATA(h), header, size);
    if (attribute) {
        struct rtattr *a = (void *)(out + NLMSG_ALIGN(h->nlmsg_len));
        *a = (struct rtattr){RTA_LENGTH(n), attribute};
        memcpy(RTA_DATA(a), data, n);
        h->nlmsg_len = NLMSG_ALIGN(h->nlmsg_len) + RTA_LENGTH(n);
    }
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    CHECK_EQ(sendto(fd, out, h->nlmsg_len, 0, (void *)&kernel, sizeof(kernel)), h->nlmsg_len);
}

/* Takes the answer; calls for each message of `type`. The end: 0 for DONE or an ack, the errno that
 * was told, or 1 when one message without NLM_F_MULTI came. -1: none of that. */
static int take(int fd, uint16_t type, void (*call)(const struct nlmsghdr *, void *), void *arg)
{
    struct sockaddr_nl me;
    socklen_t length = sizeof(me);
    getsockname(fd, (void *)&me, &length);
    for (;;) {
        ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
        if (n < 0)
            return -1;
        for (const struct nlmsghdr *h = (void *)buffer; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
            if (h->nlmsg_seq != 77 || h->nlmsg_pid != me.nl_pid)
                return -1;
            if (h->nlmsg_type == NLMSG_DONE)
                return 0;
            if (h->nlmsg_type == NLMSG_ERROR)
                return -((const struct nlmsgerr *)NLMSG_DATA(h))->error;
            if (h->nlmsg_type == type)
                call(h, arg);
            if (!(h->nlmsg_flags & NLM_F_MULTI))
                return 1;
        }
    }
}

static const void *attribute_of(const struct nlmsghdr *h, size_t size, uint16_t type)
{
    int left = (int)(h->nlmsg_len - NLMSG_LENGTH(size));
    const struct rtattr *a = (const void *)((const uint8_t *)h + NLMSG_LENGTH(NLMSG_ALIGN(size)));
    for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == type)
            return RTA_DATA(a);
    }
    return NULL;
}

static void ignore(const struct nlmsghdr *h, void *arg)
{
    (void)h;
    ++*(int *)arg;
}

static void names(void)
{
    struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = 0}, got = {0};
    socklen_t length = sizeof(got);
    CHECK_ERRNO(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE), ESOCKTNOSUPPORT);
    CHECK_ERRNO(socket(AF_NETLINK, SOCK_RAW, 31), EPROTONOSUPPORT);
    CHECK_ERRNO(socket(AF_NETLINK, SOCK_RAW, 99), EPROTONOSUPPORT);
    int a = open_netlink(NETLINK_ROUTE), b = open_netlink(NETLINK_ROUTE);
    CHECK_OK(getsockname(a, (void *)&got, &length));
    CHECK_EQ(length, sizeof(got));
    CHECK_EQ(got.nl_family, AF_NETLINK);
    CHECK_EQ(got.nl_pid, 0);
    CHECK_ERRNO(bind(a, (void *)&name, 4), EINVAL);
    CHECK_OK(bind(a, (void *)&name, sizeof(name)));
    getsockname(a, (void *)&got, &length);
    CHECK_EQ(got.nl_pid, getpid());
    name.nl_pid = 123456;
    CHECK_ERRNO(bind(a, (void *)&name, sizeof(name)), EINVAL);
    name.nl_pid = (uint32_t)getpid();
    CHECK_ERRNO(bind(b, (void *)&name, sizeof(name)), EADDRINUSE);
    name.nl_pid = 0;
    CHECK_OK(bind(b, (void *)&name, sizeof(name)));
    getsockname(b, (void *)&got, &length);
    CHECK((int)got.nl_pid < 0);
    length = sizeof(got);
    CHECK_OK(getpeername(b, (void *)&got, &length));
    CHECK_EQ(got.nl_pid, 0);
    int value = 0;
    length = sizeof(value);
    CHECK_OK(getsockopt(a, SOL_SOCKET, SO_PROTOCOL, &value, &length));
    CHECK_EQ(value, NETLINK_ROUTE);
    CHECK_OK(getsockopt(a, SOL_SOCKET, SO_DOMAIN, &value, &length));
    CHECK_EQ(value, AF_NETLINK);
    CHECK_OK(getsockopt(a, SOL_SOCKET, SO_TYPE, &value, &length));
    CHECK_EQ(value, SOCK_RAW);
    value = 1;
    CHECK_OK(setsockopt(a, SOL_NETLINK, NETLINK_EXT_ACK, &value, sizeof(value)));
    CHECK_OK(setsockopt(a, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &value, sizeof(value)));
    value = 1048576;
    CHECK_OK(setsockopt(a, SOL_SOCKET, SO_RCVBUF, &value, sizeof(value)));
    CHECK_OK(setsockopt(a, SOL_SOCKET, SO_SNDBUF, &value, sizeof(value)));
    CHECK_ERRNO(setsockopt(a, SOL_NETLINK, 99, &value, sizeof(value)), ENOPROTOOPT);
    CHECK_ERRNO(listen(a, 1), EOPNOTSUPP);
    CHECK_ERRNO(accept(a, NULL, NULL), EOPNOTSUPP);
    CHECK_ERRNO(recv(a, &value, sizeof(value), MSG_DONTWAIT), EAGAIN);
    close(a);
    close(b);
}

/* --- interfaces --- */

struct links {
    int count, loopback, wrong;
    uint32_t index;
};

/* What ioctl and if_nametoindex say is the same. */
static void look_at_link(const struct nlmsghdr *h, void *arg)
{
    struct links *links = arg;
    const struct ifinfomsg *i = NLMSG_DATA(h);
    const char *name = attribute_of(h, sizeof(*i), IFLA_IFNAME);
    const uint32_t *mtu = attribute_of(h, sizeof(*i), IFLA_MTU);
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    links->count++;
    if (!name || !mtu) {
        links->wrong++;
    } else {
        snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
        links->wrong += (int)if_nametoindex(name) != i->ifi_index;
        links->wrong += ioctl(fd, SIOCGIFMTU, &request) || request.ifr_mtu != (int)*mtu;
        links->wrong +=
            ioctl(fd, SIOCGIFFLAGS, &request) || request.ifr_flags != (short)i->ifi_flags;
        links->wrong +=
            ioctl(fd, SIOCGIFHWADDR, &request) || request.ifr_hwaddr.sa_family != i->ifi_type;
    }
    if (name && !strcmp(name, "lo")) {
        links->loopback++;
        links->index = (uint32_t)i->ifi_index;
        links->wrong += (i->ifi_flags & (IFF_UP | IFF_LOOPBACK)) != (IFF_UP | IFF_LOOPBACK);
        links->wrong += i->ifi_type != 772;
    }
    close(fd);
}

static uint32_t links(void)
{
    struct links links = {0};
    struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    int fd = open_netlink(NETLINK_ROUTE), count = 0;
    ask(fd, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, &header, sizeof(header), 0, NULL, 0);
    CHECK_EQ(take(fd, RTM_NEWLINK, look_at_link, &links), 0);
    CHECK_EQ(links.loopback, 1);
    CHECK_EQ(links.wrong, 0);
    header.ifi_index = (int)links.index;
    ask(fd, RTM_GETLINK, NLM_F_REQUEST, &header, sizeof(header), 0, NULL, 0);
    CHECK_EQ(take(fd, RTM_NEWLINK, ignore, &count), 1);
    CHECK_EQ(count, 1);
    header.ifi_index = 0;
    ask(fd, RTM_GETLINK, NLM_F_REQUEST, &header, sizeof(header), IFLA_IFNAME, "lo", 3);
    CHECK_EQ(take(fd, RTM_NEWLINK, ignore, &count), 1);
    ask(fd, RTM_GETLINK, NLM_F_REQUEST, &header, sizeof(header), IFLA_IFNAME, "none", 5);
    CHECK_EQ(take(fd, RTM_NEWLINK, ignore, &count), ENODEV);
    header.ifi_index = 99999;
    ask(fd, RTM_GETLINK, NLM_F_REQUEST, &header, sizeof(header), 0, NULL, 0);
    CHECK_EQ(take(fd, RTM_NEWLINK, ignore, &count), ENODEV);
    /* An answer, and then an ack. */
    header.ifi_index = (int)links.index;
    ask(fd, RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, &header, sizeof(header), 0, NULL, 0);
    CHECK_EQ(take(fd, RTM_NEWLINK, ignore, &count), 1);
    CHECK_EQ(take(fd, RTM_NEWLINK, ignore, &count), 0);
    CHECK_EQ(count, 3);
    close(fd);
    return links.index;
}

static void errors(void)
{
    int fd = open_netlink(NETLINK_ROUTE), count = 0;
    uint8_t family = AF_UNSPEC, small[20];
    ask(fd, 200, NLM_F_REQUEST, &family, sizeof(family), 0, NULL, 0);
    ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_PEEK | MSG_TRUNC);
    const struct nlmsghdr *h = (void *)buffer;
    const struct nlmsgerr *e = NLMSG_DATA(h);
    CHECK_EQ(n, NLMSG_ALIGN(NLMSG_LENGTH(sizeof(*e) + 1)));
    CHECK_EQ(h->nlmsg_type, NLMSG_ERROR);
    CHECK_EQ(e->error, -EOPNOTSUPP);
    CHECK_EQ(e->msg.nlmsg_type, 200);
    CHECK_EQ(e->msg.nlmsg_len, NLMSG_LENGTH(1));
    /* Only looked at so far; now cut. */
    CHECK_EQ(recv(fd, small, sizeof(small), MSG_PEEK), sizeof(small));
    CHECK_EQ(recv(fd, small, sizeof(small), MSG_PEEK | MSG_TRUNC), n);
    struct iovec part = {small, sizeof(small)};
    struct sockaddr_nl from = {.nl_pid = 5};
    struct msghdr message = {
        .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1};
    CHECK_EQ(recvmsg(fd, &message, 0), sizeof(small));
    CHECK_EQ(message.msg_flags & MSG_TRUNC, MSG_TRUNC);
    CHECK_EQ(from.nl_pid, 0);
    CHECK_EQ(from.nl_family, AF_NETLINK);
    CHECK_ERRNO(recv(fd, small, sizeof(small), MSG_DONTWAIT), EAGAIN);
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLOUT);
    ask(fd, RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, &(struct ndmsg){0}, sizeof(struct ndmsg), 0,
        NULL, 0);
    CHECK_EQ(poll(&p, 1, CHECK_PATIENCE * 1000), 1);
    CHECK_EQ(p.revents, POLLIN | POLLOUT);
    CHECK_EQ(take(fd, RTM_NEWNEIGH, ignore, &count), 0);
    /* A question that is none is answered when that was asked for. */
    ask(fd, RTM_GETLINK, NLM_F_ACK, &family, sizeof(family), 0, NULL, 0);
    CHECK_EQ(take(fd, RTM_NEWLINK, ignore, &count), 0);
    close(fd);
}

static void changes_by_a_user(void)
{
    struct ifinfomsg change = {.ifi_index = 1, .ifi_change = IFF_UP};
    struct ifaddrmsg address = {.ifa_family = AF_INET};
    int count = 0;
    if (getuid() == 0)
        CHECK_OK(check_become(check_user()));
    int fd = open_netlink(NETLINK_ROUTE);
    ask(fd, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, &change, sizeof(change), 0, NULL, 0);
    CHECK_EQ(take(fd, RTM_NEWLINK, ignore, &count), EPERM);
    ask(fd, RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK, &address, sizeof(address), 0, NULL, 0);
    CHECK_EQ(take(fd, RTM_NEWLINK, ignore, &count), EPERM);
    close(fd);
}

/* --- addresses and routes --- */

struct addresses {
    int loopback, other_family;
};

static void look_at_address(const struct nlmsghdr *h, void *arg)
{
    struct addresses *addresses = arg;
    const struct ifaddrmsg *a = NLMSG_DATA(h);
    const uint8_t *local = attribute_of(h, sizeof(*a), IFA_LOCAL);
    const char *label = attribute_of(h, sizeof(*a), IFA_LABEL);
    if (a->ifa_family != AF_INET)
        addresses->other_family++;
    else if (local && local[0] == 127 && local[3] == 1 && a->ifa_prefixlen == 8 &&
             a->ifa_scope == RT_SCOPE_HOST && label && !strcmp(label, "lo"))
        addresses->loopback++;
}

static void addresses(void)
{
    struct addresses found = {0};
    struct ifaddrmsg header = {.ifa_family = AF_INET};
    int fd = open_netlink(NETLINK_ROUTE);
    ask(fd, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, &header, sizeof(header), 0, NULL, 0);
    CHECK_EQ(take(fd, RTM_NEWADDR, look_at_address, &found), 0);
    CHECK_EQ(found.loopback, 1);
    CHECK_EQ(found.other_family, 0);
    close(fd);
    struct ifaddrs *list = NULL;
    int loopback = 0, links_seen = 0;
    CHECK_OK(getifaddrs(&list));
    for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
        if (!i->ifa_addr || strcmp(i->ifa_name, "lo"))
            continue;
        const struct sockaddr_in *in = (const void *)i->ifa_addr,
                                 *mask = (const void *)i->ifa_netmask;
        links_seen += i->ifa_addr->sa_family == AF_PACKET;
        loopback += i->ifa_addr->sa_family == AF_INET &&
                    in->sin_addr.s_addr == htonl(INADDR_LOOPBACK) &&
                    mask->sin_addr.s_addr == htonl(0xff000000);
    }
    freeifaddrs(list);
    CHECK_EQ(loopback, 1);
    CHECK_EQ(links_seen, 1);
}

static void look_at_route(const struct nlmsghdr *h, void *arg)
{
    struct rtmsg *out = arg;
    *out = *(const struct rtmsg *)NLMSG_DATA(h);
    const uint32_t *oif = attribute_of(h, sizeof(*out), RTA_OIF);
    const uint8_t *source = attribute_of(h, sizeof(*out), RTA_PREFSRC);
    out->rtm_flags = oif && source && source[0] == 127 ? *oif : 0;
}

static void routes(uint32_t loopback)
{
    struct rtmsg header = {.rtm_family = AF_INET, .rtm_dst_len = 32}, got = {0};
    uint8_t to[4] = {127, 0, 0, 1};
    int fd = open_netlink(NETLINK_ROUTE), count = 0;
    ask(fd, RTM_GETROUTE, NLM_F_REQUEST, &header, sizeof(header), RTA_DST, to, sizeof(to));
    CHECK_EQ(take(fd, RTM_NEWROUTE, look_at_route, &got), 1);
    CHECK_EQ(got.rtm_type, RTN_LOCAL);
    CHECK_EQ(got.rtm_flags, loopback);
    memset(&header, 0, sizeof(header));
    ask(fd, RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, &header, sizeof(header), 0, NULL, 0);
    CHECK_EQ(take(fd, RTM_NEWROUTE, ignore, &count), 0);
    CHECK(count > 0);
    close(fd);
}

/* --- sockets --- */

struct wanted {
    uint16_t port;
    uint64_t ino;
    int found, state, uid;
    const char *name;
};

static void look_at_socket(const struct nlmsghdr *h, void *arg)
{
    struct wanted *wanted = arg;
    const struct inet_diag_msg *m = NLMSG_DATA(h);
    if (ntohs(m->id.idiag_sport) != wanted->port || m->idiag_inode != wanted->ino)
        return;
    wanted->found++;
    wanted->state = m->idiag_state;
    wanted->uid = (int)m->idiag_uid;
}

static uint64_t ino_of(int fd)
{
    struct stat st;
    fstat(fd, &st);
    return st.st_ino;
}

static struct wanted find_socket(int socket_fd, int protocol, uint32_t states)
{
    struct sockaddr_in name;
    socklen_t length = sizeof(name);
    getsockname(socket_fd, (void *)&name, &length);
    struct wanted wanted = {.port = ntohs(name.sin_port), .ino = ino_of(socket_fd)};
    struct inet_diag_req_v2 request = {
        .sdiag_family = AF_INET, .sdiag_protocol = (uint8_t)protocol, .idiag_states = states};
    int fd = open_netlink(NETLINK_SOCK_DIAG);
    ask(fd, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, &request, sizeof(request), 0, NULL, 0);
    CHECK_EQ(take(fd, SOCK_DIAG_BY_FAMILY, look_at_socket, &wanted), 0);
    close(fd);
    return wanted;
}

static void look_at_unix(const struct nlmsghdr *h, void *arg)
{
    struct wanted *wanted = arg;
    const struct unix_diag_msg *m = NLMSG_DATA(h);
    const char *name = attribute_of(h, sizeof(*m), UNIX_DIAG_NAME);
    if (m->udiag_ino != wanted->ino)
        return;
    wanted->found++;
    wanted->state = m->udiag_state;
    wanted->uid = name && !memcmp(name, wanted->name, strlen(wanted->name + 1) + 1);
}

static bool file_has(const char *name, const char *text)
{
    static char all[1 << 20];
    int fd = open(name, O_RDONLY);
    size_t n = 0;
    ssize_t got;
    while (fd >= 0 && n < sizeof(all) - 1 && (got = read(fd, all + n, sizeof(all) - 1 - n)) > 0)
        n += (size_t)got;
    close(fd);
    all[n] = 0;
    return strstr(all, text) != NULL;
}

static void sockets(void)
{
    char text[256];
    int listener = socket(AF_INET, SOCK_STREAM, 0), packets = socket(AF_INET, SOCK_DGRAM, 0);
    inet_bind(listener, "127.0.0.1", 0);
    CHECK_EQ(find_socket(listener, IPPROTO_TCP, 1u << LISTEN).found, 0);
    listen(listener, 5);
    inet_bind(packets, "127.0.0.1", 0);
    struct wanted got = find_socket(listener, IPPROTO_TCP, 1u << LISTEN);
    CHECK_EQ(got.found, 1);
    CHECK_EQ(got.state, LISTEN);
    CHECK_EQ(got.uid, geteuid());
    CHECK_EQ(find_socket(listener, IPPROTO_TCP, 1u << ESTABLISHED).found, 0);
    snprintf(text, sizeof(text), ": 0100007F:%04X 00000000:0000 0A ", got.port);
    CHECK(file_has("/proc/net/tcp", text));
    CHECK(file_has("/proc/self/net/tcp", text));
    snprintf(text, sizeof(text), " %llu ", (unsigned long long)got.ino);
    CHECK(file_has("/proc/net/tcp", text));
    got = find_socket(packets, IPPROTO_UDP, ~0u);
    CHECK_EQ(got.found, 1);
    snprintf(text, sizeof(text), ": 0100007F:%04X 00000000:0000 07 ", got.port);
    CHECK(file_has("/proc/net/udp", text));

    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int size = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "netlink-%u",
                        (unsigned)getpid() % 10000000);
    int local = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_OK(bind(local, (void *)&name, (socklen_t)(3 + size)));
    CHECK_OK(listen(local, 5));
    struct wanted wanted = {.ino = ino_of(local), .name = name.sun_path};
    struct unix_diag_req request = {
        .sdiag_family = AF_UNIX, .udiag_states = ~0u, .udiag_show = UDIAG_SHOW_NAME};
    int fd = open_netlink(NETLINK_SOCK_DIAG), count = 0;
    ask(fd, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, &request, sizeof(request), 0, NULL, 0);
    CHECK_EQ(take(fd, SOCK_DIAG_BY_FAMILY, look_at_unix, &wanted), 0);
    CHECK_EQ(wanted.found, 1);
    CHECK_EQ(wanted.state, LISTEN);
    CHECK_EQ(wanted.uid, 1);
    snprintf(text, sizeof(text), "00010000 0001 01 %5llu @%s\n", (unsigned long long)wanted.ino,
             name.sun_path + 1);
    CHECK(file_has("/proc/net/unix", text));
    request.udiag_ino = 0xfffffff0;
    request.udiag_cookie[0] = request.udiag_cookie[1] = ~0u;
    ask(fd, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, &request, sizeof(request), 0, NULL, 0);
    CHECK_EQ(take(fd, SOCK_DIAG_BY_FAMILY, ignore, &count), ENOENT);
    close(fd);
    close(local);
    close(packets);
    close(listener);
}

int main(void)
{
    names();
    uint32_t loopback = links();
    errors();
    check_in_child(changes_by_a_user);
    addresses();
    routes(loopback);
    sockets();
    return check_done();
}
