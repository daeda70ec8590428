/* netdevice(7). */
#include "runtime/abi/capability.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/netdevice.h"
#include "runtime/host/heap.h"
#include "runtime/memory/access.h"
#include "runtime/net/devices.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <string.h>

/* Who knows a request: sockets of any family, those of the network, of IPv4 or IPv6. */
enum { ANY = 7, INET = 3, V4 = 1, V6 = 2 };

enum effect {
    ASK,    /* about an interface */
    CHANGE, /* what a user may not do */
    NONE,   /* what no interface here has: `error`, after the interface is found */
    REFUSE, /* `error` at once */
};

struct request {
    uint32_t command;
    uint8_t families, effect;
    int error;
};

static const struct request requests[] = {
    {L_SIOCGIFNAME, ANY, ASK, 0},
    {L_SIOCGIFCONF, ANY, ASK, 0},
    {L_SIOCGIFFLAGS, ANY, ASK, 0},
    {L_SIOCGIFADDR, V4, ASK, 0},
    {L_SIOCGIFDSTADDR, V4, ASK, 0},
    {L_SIOCGIFBRDADDR, V4, ASK, 0},
    {L_SIOCGIFNETMASK, V4, ASK, 0},
    {L_SIOCGIFMETRIC, ANY, ASK, 0},
    {L_SIOCGIFMTU, ANY, ASK, 0},
    {L_SIOCGIFHWADDR, ANY, ASK, 0},
    {L_SIOCGIFINDEX, ANY, ASK, 0},
    {L_SIOCGIFTXQLEN, ANY, ASK, 0},
    {L_SIOCGIFMAP, ANY, ASK, 0},
    {L_SIOCGIFSLAVE, ANY, NONE, -L_EINVAL},
    {L_SIOCGIFPFLAGS, V4, REFUSE, -L_EINVAL},
    {L_SIOCETHTOOL, ANY, NONE, -L_EOPNOTSUPP},
    {L_SIOCGMIIPHY, ANY, CHANGE, 0},
    {L_SIOCGARP, V4, NONE, -L_ENXIO},
    {L_SIOCSIFFLAGS, ANY, CHANGE, 0},
    {L_SIOCSIFADDR, INET, CHANGE, 0},
    {L_SIOCSIFDSTADDR, V4, CHANGE, 0},
    {L_SIOCSIFBRDADDR, V4, CHANGE, 0},
    {L_SIOCSIFNETMASK, V4, CHANGE, 0},
    {L_SIOCDIFADDR, V6, CHANGE, 0},
    {L_SIOCSIFMETRIC, ANY, CHANGE, 0},
    {L_SIOCSIFMTU, ANY, CHANGE, 0},
    {L_SIOCSIFNAME, ANY, CHANGE, 0},
    {L_SIOCSIFHWADDR, ANY, CHANGE, 0},
    {L_SIOCADDMULTI, ANY, CHANGE, 0},
    {L_SIOCDELMULTI, ANY, CHANGE, 0},
    {L_SIOCSIFTXQLEN, ANY, CHANGE, 0},
    {L_SIOCSIFMAP, ANY, CHANGE, 0},
    {L_SIOCSARP, V4, CHANGE, 0},
    {L_SIOCDARP, V4, CHANGE, 0},
    {L_SIOCADDRT, INET, CHANGE, 0},
    {L_SIOCDELRT, INET, CHANGE, 0},
};

static const struct request *find_request(uint32_t family, uint32_t command)
{
    unsigned bit = family == L_AF_INET ? V4 : family == L_AF_INET6 ? V6 : 4;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (requests[i].command == command)
            return requests[i].families & bit ? &requests[i] : NULL;
    }
    return NULL;
}

static void put_v4(uint8_t address[16], const uint8_t ip[16])
{
    struct l_sockaddr_in in = {.sin_family = L_AF_INET};
    memcpy(in.sin_addr, ip + 12, 4);
    memcpy(address, &in, sizeof(in));
}

static bool is_v4(const uint8_t ip[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(ip, mapped, sizeof(mapped)) == 0;
}

/* The first of IPv4 that an interface has. */
static const struct host_interface_address *address_of(const struct host_network *network,
                                                       uint32_t index)
{
    for (unsigned i = 0; i < network->address_count; i++) {
        if (network->addresses[i].index == index && is_v4(network->addresses[i].ip))
            return &network->addresses[i];
    }
    return NULL;
}

static int answer_address(const struct host_network *network, const struct host_interface *i,
                          uint32_t command, struct l_ifreq *r)
{
    const struct host_interface_address *a = address_of(network, i->index);
    uint8_t ip[16] = {0};
    if (!a)
        return -L_EADDRNOTAVAIL;
    memcpy(ip, a->ip, sizeof(ip));
    if (command == L_SIOCGIFBRDADDR) {
        memcpy(ip, a->broadcast, sizeof(ip));
    } else if (command == L_SIOCGIFNETMASK) {
        memset(ip, 0, sizeof(ip));
        for (uint32_t bit = 0; bit < a->prefix; bit++)
            ip[12 + bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    }
    put_v4(r->address, ip);
    return 0;
}

static int answer(const struct host_network *network, const struct host_interface *i,
                  uint32_t command, struct l_ifreq *r)
{
    memset(r->bytes, 0, sizeof(r->bytes));
    switch (command) {
    case L_SIOCGIFNAME:
        memcpy(r->name, i->name, sizeof(r->name));
        r->number = (int32_t)i->index;
        return 0;
    case L_SIOCGIFINDEX:
        r->number = (int32_t)i->index;
        return 0;
    case L_SIOCGIFFLAGS:
        r->flags = (int16_t)i->flags;
        return 0;
    case L_SIOCGIFMTU:
        r->number = (int32_t)i->mtu;
        return 0;
    case L_SIOCGIFTXQLEN:
        r->number = (int32_t)i->queue;
        return 0;
    case L_SIOCGIFHWADDR:
        r->address[0] = (uint8_t)i->hardware;
        r->address[1] = (uint8_t)(i->hardware >> 8);
        memcpy(r->address + 2, i->address, i->address_length);
        return 0;
    case L_SIOCGIFMETRIC:
    case L_SIOCGIFMAP:
        return 0;
    default:
        return answer_address(network, i, command, r);
    }
}

/* SIOCGIFCONF: an entry for each address of IPv4. */
static int64_t list_addresses(struct task *task, const struct host_network *network, uint64_t arg)
{
    struct space *space = task->process->space;
    struct l_ifconf conf;
    if (copy_from_guest(space, &conf, arg, sizeof(conf)))
        return -L_EFAULT;
    int32_t used = 0;
    for (unsigned n = 0; n < network->address_count; n++) {
        const struct host_interface_address *a = &network->addresses[n];
        const struct host_interface *i = devices_by_index(network, a->index);
        struct l_ifreq r;
        if (!i || !is_v4(a->ip))
            continue;
        if (conf.requests && conf.length - used < (int32_t)sizeof(r))
            break;
        memset(&r, 0, sizeof(r));
        memcpy(r.name, i->name, sizeof(r.name));
        put_v4(r.address, a->ip);
        if (conf.requests && copy_to_guest(space, conf.requests + (uint32_t)used, &r, sizeof(r)))
            return -L_EFAULT;
        used += (int32_t)sizeof(r);
    }
    return put_guest_u32(space, arg, (uint32_t)used);
}

static int64_t ask(struct task *task, const struct request *request, uint64_t arg)
{
    struct host_network network;
    struct l_ifreq r;
    int64_t error = devices_read(&network);
    if (error)
        return error;
    if (request->command == L_SIOCGIFCONF) {
        error = list_addresses(task, &network, arg);
    } else if (copy_from_guest(task->process->space, &r, arg, sizeof(r))) {
        error = -L_EFAULT;
    } else {
        r.name[sizeof(r.name) - 1] = 0;
        r.name[strcspn(r.name, ":")] = 0; /* an alias */
        const struct host_interface *i = request->command == L_SIOCGIFNAME
                                             ? devices_by_index(&network, (uint32_t)r.number)
                                             : devices_by_name(&network, r.name);
        error = i ? answer(&network, i, request->command, &r) : -L_ENODEV;
        if (!error && copy_to_guest(task->process->space, arg, &r, sizeof(r)))
            error = -L_EFAULT;
    }
    host_network_free(&network);
    return error;
}

/* What `error` says of an interface that is there. */
static int64_t none(struct task *task, const struct request *request, uint64_t arg)
{
    struct host_network network;
    char name[L_IFNAMSIZ];
    if (request->error == -L_ENXIO)
        return request->error;
    if (copy_from_guest(task->process->space, name, arg, sizeof(name)))
        return -L_EFAULT;
    name[sizeof(name) - 1] = 0;
    int64_t error = devices_read(&network);
    if (error)
        return error;
    error = devices_by_name(&network, name) ? request->error : -L_ENODEV;
    host_network_free(&network);
    return error;
}

int64_t devices_ioctl(struct task *task, uint32_t family, uint32_t command, uint64_t arg)
{
    const struct request *request = find_request(family, command);
    if (!request)
        return -L_ENOTTY;
    switch (request->effect) {
    case ASK:
        return ask(task, request, arg);
    case CHANGE:
        return -L_EPERM;
    case NONE:
        return none(task, request, arg);
    default:
        return request->error;
    }
}
