/* netdevice(7): which requests sockets of each family know, what they say of the loopback
 * interface, what a user may not change; /proc/net and /sys/class/net say the same. */
#include "../inet.h"

#include <limits.h>
#include <net/if.h>
#include <sys/ioctl.h>

#define FAMILIES 4

/* What a socket of AF_INET, AF_INET6, AF_UNIX and AF_NETLINK says for "lo", as a user. */
static const struct {
    const char *name;
    unsigned request;
    int errors[FAMILIES];
    int missing; /* for an interface that is not there, of AF_INET */
} table[] = {
#define ROW(request, a, b, c, d, missing)                                                          \
    {                                                                                              \
#request, request, {a, b, c, d }, missing                                                  \
    }
    ROW(SIOCGIFNAME, 0, 0, 0, 0, ENODEV),
    ROW(SIOCGIFCONF, 0, 0, 0, 0, 0),
    ROW(SIOCGIFFLAGS, 0, 0, 0, 0, ENODEV),
    ROW(SIOCGIFADDR, 0, ENOTTY, ENOTTY, ENOTTY, ENODEV),
    ROW(SIOCGIFDSTADDR, 0, ENOTTY, ENOTTY, ENOTTY, ENODEV),
    ROW(SIOCGIFBRDADDR, 0, ENOTTY, ENOTTY, ENOTTY, ENODEV),
    ROW(SIOCGIFNETMASK, 0, ENOTTY, ENOTTY, ENOTTY, ENODEV),
    ROW(SIOCGIFMETRIC, 0, 0, 0, 0, ENODEV),
    ROW(SIOCGIFMTU, 0, 0, 0, 0, ENODEV),
    ROW(SIOCGIFHWADDR, 0, 0, 0, 0, ENODEV),
    ROW(SIOCGIFINDEX, 0, 0, 0, 0, ENODEV),
    ROW(SIOCGIFTXQLEN, 0, 0, 0, 0, ENODEV),
    ROW(SIOCGIFMAP, 0, 0, 0, 0, ENODEV),
    ROW(SIOCGIFMEM, ENOTTY, ENOTTY, ENOTTY, ENOTTY, ENOTTY),
    ROW(SIOCGIFCOUNT, ENOTTY, ENOTTY, ENOTTY, ENOTTY, ENOTTY),
    ROW(SIOCGIFSLAVE, EINVAL, EINVAL, EINVAL, EINVAL, ENODEV),
    ROW(SIOCSIFFLAGS, EPERM, EPERM, EPERM, EPERM, EPERM),
    ROW(SIOCSIFADDR, EPERM, EPERM, ENOTTY, ENOTTY, EPERM),
    ROW(SIOCSIFBRDADDR, EPERM, ENOTTY, ENOTTY, ENOTTY, EPERM),
    ROW(SIOCSIFNETMASK, EPERM, ENOTTY, ENOTTY, ENOTTY, EPERM),
    ROW(SIOCSIFMTU, EPERM, EPERM, EPERM, EPERM, EPERM),
    ROW(SIOCSIFNAME, EPERM, EPERM, EPERM, EPERM, EPERM),
    ROW(SIOCSIFHWADDR, EPERM, EPERM, EPERM, EPERM, EPERM),
    ROW(SIOCADDRT, EPERM, EPERM, ENOTTY, ENOTTY, EPERM),
    ROW(SIOCDELRT, EPERM, EPERM, ENOTTY, ENOTTY, EPERM),
};

static int request_error(int fd, unsigned request, const char *name)
{
    struct ifreq r = {0};
    snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
    if (request == SIOCGIFNAME)
        r.ifr_ifindex = strcmp(name, "lo") ? 99999 : (int)if_nametoindex("lo");
    return ioctl(fd, request, &r) ? errno : 0;
}

static void try_all(void)
{
    static const int families[FAMILIES] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        for (int f = 0; f < FAMILIES; f++) {
            int fd = socket(families[f], SOCK_DGRAM, 0);
            int error = request_error(fd, table[i].request, "lo");
            check_(error == table[i].errors[f], __FILE__, __LINE__, "%s of family %d: errno %d",
                   table[i].name, families[f], error);
            if (!f) {
                error = request_error(fd, table[i].request, "none9");
                check_(error == table[i].missing, __FILE__, __LINE__, "%s of none9: errno %d",
                       table[i].name, error);
            }
            close(fd);
        }
    }
}

static char *whole(const char *name)
{
    static char text[65536];
    int fd = open(name, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    return text;
}

static void loopback(void)
{
    struct ifreq r = {0};
    struct sockaddr_in *in = (void *)&r.ifr_addr;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    strcpy(r.ifr_name, "lo");
    CHECK_OK(ioctl(fd, SIOCGIFADDR, &r));
    CHECK_EQ(in->sin_family, AF_INET);
    CHECK_EQ(ntohl(in->sin_addr.s_addr), INADDR_LOOPBACK);
    CHECK_OK(ioctl(fd, SIOCGIFNETMASK, &r));
    CHECK_EQ(ntohl(in->sin_addr.s_addr), 0xff000000);
    CHECK_OK(ioctl(fd, SIOCGIFBRDADDR, &r));
    CHECK_EQ(in->sin_addr.s_addr, 0);
    CHECK_OK(ioctl(fd, SIOCGIFFLAGS, &r));
    CHECK_EQ(r.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_BROADCAST),
             IFF_UP | IFF_LOOPBACK | IFF_RUNNING);
    CHECK_OK(ioctl(fd, SIOCGIFHWADDR, &r));
    CHECK_EQ(r.ifr_hwaddr.sa_family, 772);
    CHECK_OK(ioctl(fd, SIOCGIFMTU, &r));
    CHECK_EQ(r.ifr_mtu, atoi(whole("/sys/class/net/lo/mtu")));
    CHECK_OK(ioctl(fd, SIOCGIFINDEX, &r));
    CHECK_EQ(r.ifr_ifindex, atoi(whole("/sys/class/net/lo/ifindex")));
    CHECK_EQ(r.ifr_ifindex, if_nametoindex("lo"));
    CHECK(!strcmp(whole("/sys/class/net/lo/address"), "00:00:00:00:00:00\n"));
    CHECK(!strcmp(whole("/sys/class/net/lo/operstate"), "unknown\n"));
    CHECK(!strcmp(whole("/sys/class/net/lo/flags"), "0x9\n"));
    CHECK(strtoull(whole("/sys/class/net/lo/statistics/rx_bytes"), NULL, 10) != ULLONG_MAX);
    CHECK_ERRNO(open("/sys/class/net/none9", O_RDONLY), ENOENT);
    CHECK(strstr(whole("/proc/net/dev"), "    lo: ") != NULL);
    CHECK(!strncmp(whole("/proc/net/route"), "Iface\tDestination\tGateway", 25));
    CHECK(strstr(whole("/proc/net/sockstat"), "\nTCP: inuse ") != NULL);
    CHECK(!strncmp(whole("/proc/net/snmp"), "Ip: Forwarding", 14));
    close(fd);
}

/* All addresses of IPv4, with room for none, one and all of them. */
static void configuration(void)
{
    struct ifreq list[64], one;
    struct ifconf all = {.ifc_len = sizeof(list), .ifc_req = list};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), found = 0;
    CHECK_OK(ioctl(fd, SIOCGIFCONF, &all));
    for (size_t i = 0; i < (size_t)all.ifc_len / sizeof(one); i++) {
        const struct sockaddr_in *in = (const void *)&list[i].ifr_addr;
        found += !strcmp(list[i].ifr_name, "lo") && in->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
    }
    CHECK_EQ(found, 1);
    struct ifconf size = {.ifc_len = 0, .ifc_req = NULL};
    CHECK_OK(ioctl(fd, SIOCGIFCONF, &size));
    CHECK_EQ(size.ifc_len, all.ifc_len);
    struct ifconf small = {.ifc_len = sizeof(one), .ifc_req = &one};
    CHECK_OK(ioctl(fd, SIOCGIFCONF, &small));
    CHECK_EQ(small.ifc_len, sizeof(one));
    small.ifc_len = sizeof(one) - 1;
    CHECK_OK(ioctl(fd, SIOCGIFCONF, &small));
    CHECK_EQ(small.ifc_len, 0);
    close(fd);
}

static void as_user(void)
{
    if (getuid() == 0)
        CHECK_OK(check_become(check_user()));
    try_all();
}

int main(void)
{
    loopback();
    configuration();
    check_in_child(as_user);
    return check_done();
}
