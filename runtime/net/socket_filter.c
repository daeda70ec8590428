/* Filters of sockets. */
#include "runtime/net/socket_filter.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/socket.h"
#include "runtime/fs/calls/sys.h"
#include "runtime/host/heap.h"
#include "runtime/host/lock.h"
#include "runtime/host/random.h"
#include "runtime/memory/access.h"
#include "runtime/net/bpf.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <string.h>

#define LINK_HEADER   14u
#define LINK_PROTOCOL 12u  /* where in it */
#define ARPHRD_LOOP   772u /* what the interface is */
#define NLATTR_HEADER 4u
#define NLATTR_TYPE   0x3fffu

struct bpf_program {
    atomic_uint refs;
    uint32_t count;
    struct l_sock_filter code[];
};

/* Guards which program a filter has, while it runs as well. */
static struct host_mutex filter_lock = HOST_MUTEX_INIT(RANK_SOCKET_FILTER);

static void put_program(struct bpf_program *program)
{
    if (program && atomic_fetch_sub(&program->refs, 1) == 1)
        free(program);
}

/* --- what a program sees --- */

/* The byte at an offset from the transport's header on; negative: before it. */
static bool byte_at(const struct socket_packet *p, int64_t at, uint8_t *out)
{
    if (at < -(int64_t)p->network) {
        int64_t link = at + p->network + LINK_HEADER;
        if (link < 0 || !p->protocol)
            return false;
        *out = link < LINK_PROTOCOL    ? 0
               : link == LINK_PROTOCOL ? (uint8_t)(p->protocol >> 8)
                                       : (uint8_t)p->protocol;
        return true;
    }
    if (at < p->transport) {
        *out = p->headers[at + p->network];
        return true;
    }
    if ((uint64_t)at >= p->transport + p->n)
        return false;
    *out = p->data[at - p->transport];
    return true;
}

static bool load(void *arg, uint32_t offset, unsigned size, uint32_t *value)
{
    const struct socket_packet *p = arg;
    int64_t at = offset;
    if (offset >= L_SKF_NET_OFF)
        at = (int64_t)(offset - L_SKF_NET_OFF) - p->network;
    else if (offset >= L_SKF_LL_OFF)
        at = (int64_t)(offset - L_SKF_LL_OFF) - p->network - LINK_HEADER;
    *value = 0;
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte;
        if (!byte_at(p, at + i, &byte))
            return false;
        *value = *value << 8 | byte;
    }
    return true;
}

/* A number of netlink, which is in the machine's order. */
static uint16_t u16_at(const struct socket_packet *p, uint32_t at)
{
    uint8_t low = 0, high = 0;
    byte_at(p, at, &low);
    byte_at(p, (int64_t)at + 1, &high);
    return (uint16_t)(low | high << 8);
}

/* The attribute of a type in a row of them; 0: none. */
static uint32_t find_attribute(const struct socket_packet *p, uint32_t from, uint32_t end,
                               uint32_t type)
{
    for (uint32_t at = from; end - at >= NLATTR_HEADER && at <= end;) {
        uint32_t length = u16_at(p, at);
        if (length < NLATTR_HEADER || length > end - at)
            return 0;
        if ((u16_at(p, at + 2) & NLATTR_TYPE) == type)
            return at;
        uint32_t step = (length + 3) & ~3u;
        if (step > end - at)
            return 0;
        at += step;
    }
    return 0;
}

static uint32_t known(void *arg, uint32_t what, uint32_t a, uint32_t x)
{
    const struct socket_packet *p = arg;
    uint32_t length = (uint32_t)(p->transport + p->n);
    switch (what) {
    case L_SKF_AD_PROTOCOL:
        return p->protocol;
    case L_SKF_AD_IFINDEX:
        return p->interface;
    case L_SKF_AD_HATYPE:
        return p->interface ? ARPHRD_LOOP : 0;
    case L_SKF_AD_PAY_OFFSET:
        return p->transport;
    case L_SKF_AD_RANDOM:
        return (uint32_t)host_random_u64();
    case L_SKF_AD_NLATTR:
    case L_SKF_AD_NLATTR_NEST:
        if (length < NLATTR_HEADER || a > length - NLATTR_HEADER)
            return 0;
        if (what == L_SKF_AD_NLATTR)
            return find_attribute(p, a, length, x);
        if (u16_at(p, a) > length - a)
            return 0;
        return find_attribute(p, a + NLATTR_HEADER, a + u16_at(p, a), x);
    default: /* marks, queues, processors and VLANs: the first, or none */
        return 0;
    }
}

bool socket_filter_run(struct socket_filter *filter, const struct socket_packet *packet,
                       uint32_t *out)
{
    struct bpf_data data = {(void *)packet, (uint32_t)(packet->transport + packet->n), load, known};
    if (!socket_filter_is_set(filter))
        return false;
    host_mutex_lock(&filter_lock);
    const struct bpf_program *program = atomic_load(&filter->program);
    if (program)
        *out = bpf_run(program->code, &data);
    host_mutex_unlock(&filter_lock);
    return program != NULL;
}

int64_t socket_filter_keeps(struct socket_filter *filter, const struct socket_packet *packet)
{
    size_t size = packet->transport + packet->n;
    uint32_t kept;
    if (!socket_filter_run(filter, packet, &kept))
        return (int64_t)size;
    if (!kept)
        return -1;
    if (kept < packet->transport) /* a header is never cut */
        kept = packet->transport;
    return (int64_t)(kept < size ? kept : size);
}

int64_t socket_filter_keeps_data(struct socket_filter *filter, const void *data, size_t n)
{
    struct socket_packet packet = {.data = data, .n = n};
    return socket_filter_is_set(filter) ? socket_filter_keeps(filter, &packet) : (int64_t)n;
}

/* --- options --- */

static int make_program(struct task *t, const void *value, uint32_t length,
                        struct bpf_program **out)
{
    struct l_sock_fprog given;
    if (length != sizeof(given))
        return -L_EINVAL;
    memcpy(&given, value, sizeof(given));
    if (!given.filter || !given.len || given.len > L_BPF_MAXINSNS)
        return -L_EINVAL;
    size_t size = given.len * sizeof(struct l_sock_filter);
    struct bpf_program *program = malloc(sizeof(*program) + size);
    if (!program)
        return -L_ENOMEM;
    atomic_init(&program->refs, 1);
    program->count = given.len;
    int error = copy_from_guest(t->process->space, program->code, given.filter, size) ? -L_EFAULT
                : bpf_check(program->code, program->count)                            ? 0
                                                                                      : -L_EINVAL;
    if (error)
        free(program);
    else
        *out = program;
    return error;
}

/* The program that was there is not there any more. */
static struct bpf_program *exchange(struct socket_filter *filter, struct bpf_program *program)
{
    host_mutex_lock(&filter_lock);
    struct bpf_program *before = atomic_exchange(&filter->program, program);
    host_mutex_unlock(&filter_lock);
    return before;
}

int socket_filter_attach(struct socket_filter *filter, struct task *t, const void *value,
                         uint32_t length)
{
    struct bpf_program *program = NULL;
    if (length == sizeof(struct l_sock_fprog) && atomic_load(&filter->locked))
        return -L_EPERM;
    int error = make_program(t, value, length, &program);
    if (!error)
        put_program(exchange(filter, program));
    return error;
}

int socket_filter_attach_other(struct socket_filter *filter, struct task *t, const void *value,
                               uint32_t length)
{
    uint32_t fd;
    if (length != sizeof(fd))
        return -L_EINVAL;
    memcpy(&fd, value, sizeof(fd));
    if (atomic_load(&filter->locked))
        return -L_EPERM;
    struct file *file = sys_file_any(t, fd);
    if (!file)
        return -L_EBADF;
    file_put(file);
    return -L_EINVAL;
}

int socket_filter_set(struct socket_filter *filter, struct task *t, uint32_t name,
                      const void *value, uint32_t length)
{
    uint32_t on;
    if (name != L_SO_ATTACH_FILTER && name != L_SO_DETACH_FILTER && name != L_SO_LOCK_FILTER &&
        name != L_SO_ATTACH_BPF)
        return 1;
    if (length < sizeof(on))
        return -L_EINVAL;
    memcpy(&on, value, sizeof(on));
    switch (name) {
    case L_SO_ATTACH_FILTER:
        return socket_filter_attach(filter, t, value, length);
    case L_SO_ATTACH_BPF:
        return socket_filter_attach_other(filter, t, value, length);
    case L_SO_LOCK_FILTER:
        if (atomic_load(&filter->locked) && !on)
            return -L_EPERM;
        atomic_store(&filter->locked, on != 0);
        return 0;
    default: {
        if (atomic_load(&filter->locked))
            return -L_EPERM;
        struct bpf_program *before = exchange(filter, NULL);
        put_program(before);
        return before ? 0 : -L_ENOENT;
    }
    }
}

int socket_filter_get(struct socket_filter *filter, struct task *t, uint64_t address, uint32_t room)
{
    host_mutex_lock(&filter_lock);
    struct bpf_program *program = atomic_load(&filter->program);
    if (program)
        atomic_fetch_add(&program->refs, 1);
    host_mutex_unlock(&filter_lock);
    if (!program)
        return 0;
    int result = (int)program->count;
    if (room && room < program->count)
        result = -L_EINVAL;
    else if (room && copy_to_guest(t->process->space, address, program->code,
                                   program->count * sizeof(program->code[0])))
        result = -L_EFAULT;
    put_program(program);
    return result;
}

void socket_filter_copy(struct socket_filter *to, struct socket_filter *from)
{
    if (!socket_filter_is_set(from) && !atomic_load(&from->locked))
        return;
    host_mutex_lock(&filter_lock);
    struct bpf_program *program = atomic_load(&from->program);
    if (program)
        atomic_fetch_add(&program->refs, 1);
    atomic_store(&to->program, program);
    atomic_store(&to->locked, atomic_load(&from->locked));
    host_mutex_unlock(&filter_lock);
}

void socket_filter_free(struct socket_filter *filter)
{
    put_program(exchange(filter, NULL));
}
