/* Numbers, pointers, names and structures: valid ones, edges and nonsense. */
#include "attack.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define PAGE       4096u
#define AREA_SIZE  (64 * PAGE)
#define PLACES_MAX 40

/* Where structures are built, and addresses that are given to calls as they are. */
static uint8_t *area;
static uint64_t page_end, places[PLACES_MAX];
static unsigned place_count;
static _Atomic int children[8];
static atomic_uint child_count;

static void *map(size_t size, int protection, int flags, int fd)
{
    void *at = mmap(NULL, size, protection, flags, fd, 0);
    return at == MAP_FAILED ? NULL : at;
}

static void place(const void *at)
{
    if (at && place_count < PLACES_MAX)
        places[place_count++] = (uintptr_t)at;
}

void values_prepare(struct random *r)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    place_count = 0;
    area = map(AREA_SIZE, PROT_READ | PROT_WRITE, flags, -1);
    if (!area)
        _exit(3);
    for (unsigned i = 0; i < AREA_SIZE / 8; i++)
        ((uint64_t *)area)[i] = next(r);
    uint8_t *half = map(4 * PAGE, PROT_READ | PROT_WRITE, flags, -1);
    if (!half)
        _exit(3);
    munmap(half + 2 * PAGE, PAGE);
    page_end = (uintptr_t)half + 2 * PAGE;
    place(half);
    place(map(2 * PAGE, PROT_READ, flags, -1));
    place(map(2 * PAGE, PROT_NONE, flags, -1));
    place(map(2 * PAGE, PROT_EXEC | PROT_READ, flags, -1));
    place(map(2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1));
    place(map(16 * PAGE, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, -1));
    place(map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1));
    int fd = (int)syscall(SYS_memfd_create, "values", 0);
    if (fd >= 0 && ftruncate(fd, PAGE + 100) == 0) {
        place(map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd)); /* ends within */
        place(map(4 * PAGE, PROT_READ, MAP_PRIVATE, fd));
    }
    close(fd);
    fd = open("mapped", O_RDWR | O_CREAT, 0666);
    if (fd >= 0 && ftruncate(fd, 3 * PAGE) == 0) {
        place(map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd));
        place(map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd));
    }
    close(fd);
    place((void *)((uintptr_t)values_prepare & ~(uintptr_t)(PAGE - 1)));
    place("read only");
}

/* --- numbers --- */

static const uint64_t edges[] = {
    0,
    1,
    2,
    3,
    7,
    8,
    64,
    127,
    128,
    255,
    256,
    4095,
    4096,
    4097,
    65535,
    65536,
    0x1fffff,
    0x7ffffffe,
    0x7fffffff,
    0x80000000,
    0xfffff000,
    0xffffffff,
    0x100000000,
    0x100000001,
    0x1fffffffff,
    0x2000000000,
    0x7fffffffffff,
    0x7fffffffffffffff,
    0x7ffffffffffff000,
    0x8000000000000000,
    0xffffffff00000000,
    (uint64_t)-4096,
    (uint64_t)-100,
    (uint64_t)-2,
    (uint64_t)-1,
};

uint64_t value_number(struct random *r)
{
    switch (below(r, 4)) {
    case 0:
        return PICK(r, edges);
    case 1:
        return PICK(r, edges) + below(r, 9) - 4;
    case 2:
        return below(r, 40);
    default:
        return below(r, 3);
    }
}

uint64_t value_size(struct random *r)
{
    switch (below(r, 8)) {
    case 0:
        return PICK(r, edges);
    case 1:
        return 0;
    case 2:
        return below(r, 3 * PAGE);
    case 3:
        return below(r, 1 << 20);
    case 4:
        return PAGE * below(r, 20);
    default:
        return below(r, 300);
    }
}

uint64_t value_offset(struct random *r)
{
    switch (below(r, 6)) {
    case 0:
        return PICK(r, edges);
    case 1:
        return (uint64_t)-1 >> below(r, 64);
    case 2:
        return PAGE * below(r, 40);
    default:
        return below(r, 20000);
    }
}

uint64_t value_flags(struct random *r)
{
    uint64_t flags = 0;
    if (one_in(r, 12))
        return next(r);
    for (uint64_t bits = below(r, 4); bits; bits--)
        flags |= (uint64_t)1 << below(r, one_in(r, 8) ? 64 : 24);
    return flags;
}

void value_child(int pid)
{
    if (pid > 0)
        children[atomic_fetch_add(&child_count, 1) % COUNT(children)] = pid;
}

uint64_t value_process(struct random *r)
{
    switch (below(r, 8)) {
    case 0:
        return 0;
    case 1:
        return (uint64_t)getpid();
    case 2:
        return (uint64_t)syscall(SYS_gettid);
    case 3:
        return (uint64_t)-getpid();
    case 4:
        return PICK(r, edges);
    case 5:
        return (uint64_t)getppid();
    default:
        return (uint64_t)PICK(r, children);
    }
}

/* --- pointers --- */

static const uint64_t bad_addresses[] = {
    0,
    1,
    8,
    0xfff,
    0x1000,
    0x10000,
    0x1fffffffff, /* where a window of 128 GiB ends */
    0x1ffffffff8,
    0x2000000000,
    0x200000000000, /* where windows lie */
    0x200000001000,
    0x5ffffffffff8,
    0x7fffffffe000,
    0x7ffffffff000, /* where Linux's addresses end */
    0x7fffffffeff8,
    0x7ffffffffff8,
    0x800000000000, /* not canonical */
    0x1234567890abcdef,
    0xffff800000000000, /* the kernel's */
    0xffffffff81000000,
    0xffffffffff600000,
    (uint64_t)-4096,
    (uint64_t)-16,
    (uint64_t)-8,
    (uint64_t)-1,
};

static uint64_t good_place(struct random *r)
{
    return (uintptr_t)area + below(r, AREA_SIZE / 2);
}

uint64_t value_pointer(struct random *r)
{
    switch (below(r, 10)) {
    case 0:
        return 0;
    case 1:
        return PICK(r, bad_addresses);
    case 2:
        return page_end - below(r, 80);
    case 3:
        return places[below(r, place_count)] + below(r, 2 * PAGE);
    case 4:
        return (uintptr_t)area + AREA_SIZE - below(r, 200);
    case 5:
        if (one_in(r, 12))
            return (uintptr_t)&r; /* on the stack */
        /* fall through */
    default:
        return good_place(r);
    }
}

uint64_t value_buffer(struct random *r)
{
    return one_in(r, 5) ? value_pointer(r) : good_place(r);
}

uint64_t value_range(struct random *r)
{
    if (one_in(r, 60))
        return value_pointer(r) & ~(uint64_t)(PAGE - 1);
    uint64_t at = places[below(r, place_count - 2)] & ~(uint64_t)(PAGE - 1);
    return one_in(r, 4) ? 0 : at + (one_in(r, 8) ? below(r, PAGE) : PAGE * below(r, 4));
}

/* Puts the structure where it is whole, or where its end lies in a page that is not there. */
static uint64_t put(struct random *r, const void *structure, size_t size)
{
    uint64_t to = good_place(r) & ~(uint64_t)7;
    if (one_in(r, 20))
        return value_pointer(r);
    if (one_in(r, 8)) {
        to = page_end - size;
        memcpy((void *)to, structure, size);
        return to + (one_in(r, 3) ? below(r, size + 1) : 0);
    }
    memcpy((void *)to, structure, size);
    return to;
}

uint64_t value_word(struct random *r)
{
    switch (below(r, 8)) {
    case 0:
        return value_descriptor(r);
    case 1:
        return value_own_path(r);
    case 2:
    case 3:
        return value_pointer(r);
    case 4:
        return value_flags(r);
    case 5:
        return value_size(r);
    default:
        return value_number(r);
    }
}

/* --- names --- */

static const char *const own_names[] = {
    "a",
    "b",
    "c",
    "d",
    "d/a",
    "d/b",
    "d/d",
    "d/d/d",
    "e",
    "e/d/../a",
    "d/.",
    "./a",
    "a/",
    "d//b",
    "link",
    "loop",
    "loop/a",
    "fifo",
    "sock",
    "mapped",
    "a/b",
    ".",
    "",
    "con",
    "nul.txt",
    "COM1",
    "a:b",
    "a\\b",
    "name.",
    "name ",
    "star*?<>|\"",
    "A",
    "\xff\xfe",
    "\xed\xa0\x80",
    "caf\xc3\xa9",
    "cafe\xcc\x81",
    "new\nline",
    ".hidden",
    "~1",
    "..x",
};

static const char *const other_names[] = {
    "..",
    "/",
    "//",
    "../..",
    "/..",
    "../a",
    "/tmp",
    "/mnt",
    "/proc",
    "/proc/self",
    "/proc/self/maps",
    "/proc/self/status",
    "/proc/self/stat",
    "/proc/self/mem",
    "/proc/self/exe",
    "/proc/self/cwd",
    "/proc/self/cwd/a",
    "/proc/self/root",
    "/proc/self/fd",
    "/proc/self/fd/5",
    "/proc/self/fd/9",
    "/proc/self/fd/77",
    "/proc/self/fdinfo/6",
    "/proc/self/task",
    "/proc/self/cmdline",
    "/proc/self/environ",
    "/proc/self/auxv",
    "/proc/self/limits",
    "/proc/self/mounts",
    "/proc/self/mountinfo",
    "/proc/self/smaps",
    "/proc/self/oom_score_adj",
    "/proc/self/comm",
    "/proc/self/net/unix",
    "/proc/self/ns",
    "/proc/1/maps",
    "/proc/1/fd",
    "/proc/1/status",
    "/proc/999999/stat",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/cpuinfo",
    "/proc/loadavg",
    "/proc/uptime",
    "/proc/locks",
    "/proc/sys/kernel/pid_max",
    "/proc/sys/kernel/hostname",
    "/proc/sys/fs/file-max",
    "/sys",
    "/sys/devices/system/cpu/online",
    "/dev",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/pts/0",
    "/dev/pts/1",
    "/dev/console",
    "/dev/fd/6",
    "/dev/stdin",
    "/dev/shm",
    "/dev/shm/a",
};

static uint64_t long_name(struct random *r, char fill)
{
    static const unsigned lengths[] = {254, 255, 256, 1000, 4094, 4095, 4096, 5000};
    char text[5001];
    unsigned length = PICK(r, lengths);
    for (unsigned i = 0; i < length; i++)
        text[i] = fill == '/' ? "d/"[i % 2] : fill;
    text[length] = 0;
    return put(r, text, length + 1);
}

uint64_t value_own_path(struct random *r)
{
    if (one_in(r, 40))
        return long_name(r, one_in(r, 2) ? '/' : 'x');
    if (one_in(r, 60))
        return value_pointer(r);
    const char *name = below(r, 3) ? own_names[below(r, 12)] : PICK(r, own_names);
    return put(r, name, strlen(name) + 1);
}

uint64_t value_path(struct random *r)
{
    if (!one_in(r, 3))
        return value_own_path(r);
    const char *name = PICK(r, other_names);
    return put(r, name, strlen(name) + 1);
}

/* --- structures --- */

static uint64_t vectors(struct random *r, unsigned count)
{
    struct iovec list[40];
    count = count < COUNT(list) ? count : COUNT(list);
    for (unsigned i = 0; i < count; i++)
        list[i] = (struct iovec){(void *)value_buffer(r), value_size(r)};
    return count ? put(r, list, count * sizeof(*list)) : 0;
}

size_t value_inet(struct random *r, void *to)
{
    static const char *const addresses[] = {
        "127.0.0.1",
        "127.0.0.1",
        "127.0.0.1",
        "0.0.0.0",
        "127.3.2.1",
        "239.1.2.3",
        "255.255.255.255",
        "192.0.2.1",
        "127.255.255.255",
        "::1",
        "::1",
        "::",
        "ff02::1",
        "::ffff:127.0.0.1",
        "fe80::1",
        "2001:db8::1",
    };
    const char *text = PICK(r, addresses);
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_in four = {.sin_family = AF_INET};
    bool v6 = strchr(text, ':') != NULL;
    inet_pton(v6 ? AF_INET6 : AF_INET, text, v6 ? (void *)&six.sin6_addr : (void *)&four.sin_addr);
    four.sin_port = six.sin6_port =
        htons((uint16_t)(one_in(r, 6) ? value_number(r) : 21000 + below(r, 6)));
    six.sin6_scope_id = one_in(r, 3) ? (uint32_t)value_number(r) : 0;
    memcpy(to, v6 ? (void *)&six : (void *)&four, v6 ? sizeof(six) : sizeof(four));
    return v6 ? sizeof(six) : sizeof(four);
}

static size_t address(struct random *r, struct sockaddr_un *to)
{
    if (one_in(r, 3)) {
        size_t size = value_inet(r, memset(to, 0, sizeof(*to)));
        return one_in(r, 6) ? below(r, sizeof(*to) + 2) : size;
    }
    static const unsigned short families[] = {AF_UNIX, AF_UNIX, AF_UNIX, AF_INET, AF_UNSPEC, 65535};
    static const char *const names[] = {"sock", "d/sock", "a", "", "/dev/null", "../sock"};
    memset(to, 0, sizeof(*to));
    to->sun_family = PICK(r, families);
    if (one_in(r, 3))
        snprintf(to->sun_path + 1, sizeof(to->sun_path) - 1, "attack-%u", (unsigned)below(r, 5));
    else
        strcpy(to->sun_path, PICK(r, names));
    return one_in(r, 4) ? below(r, sizeof(*to) + 2) : sizeof(*to);
}

static uint64_t message(struct random *r)
{
    struct {
        struct cmsghdr header;
        uint64_t data[32];
    } control[2];
    struct sockaddr_un name;
    struct msghdr m = {0};
    if (one_in(r, 4)) {
        m.msg_namelen = (socklen_t)address(r, &name);
        m.msg_name = (void *)put(r, &name, sizeof(name));
    }
    m.msg_iovlen = one_in(r, 8) ? value_size(r) : below(r, 4);
    m.msg_iov = (void *)vectors(r, (unsigned)(m.msg_iovlen % 40));
    m.msg_flags = (int)value_flags(r);
    if (one_in(r, 2)) {
        unsigned count = (unsigned)below(r, 6);
        memset(control, 0, sizeof(control));
        static const int levels[] = {SOL_SOCKET, SOL_SOCKET,   SOL_SOCKET,
                                     IPPROTO_IP, IPPROTO_IPV6, 999};
        static const int types[] = {IP_TTL,        IP_TOS,      IP_PKTINFO, IPV6_PKTINFO,
                                    IPV6_HOPLIMIT, IPV6_TCLASS, 37,         61};
        control[0].header.cmsg_level = PICK(r, levels);
        control[0].header.cmsg_type = one_in(r, 2)   ? SCM_RIGHTS
                                      : one_in(r, 4) ? (int)below(r, 80)
                                                     : PICK(r, types);
        control[0].header.cmsg_len = one_in(r, 6) ? value_size(r) : CMSG_LEN(count * sizeof(int));
        for (unsigned i = 0; i < count; i++)
            ((int *)control[0].data)[i] = (int)value_descriptor(r);
        m.msg_controllen = one_in(r, 6) ? value_size(r) : CMSG_SPACE(count * sizeof(int));
        m.msg_control = (void *)put(r, control, sizeof(control));
    }
    return put(r, &m, sizeof(m));
}

static uint64_t messages(struct random *r)
{
    struct {
        struct msghdr header;
        uint64_t length;
    } list[3];
    for (unsigned i = 0; i < COUNT(list); i++) {
        uint64_t one = message(r);
        /* A message that was put where nothing lies is taken from elsewhere. */
        if (one < (uintptr_t)area || one > (uintptr_t)area + AREA_SIZE - sizeof(*list))
            one = (uintptr_t)area;
        memcpy(&list[i].header, (void *)one, sizeof(list[i].header));
        list[i].length = 0;
    }
    return put(r, list, sizeof(list));
}

/* count timespecs: short times mostly, as nothing is learnt from waiting. */
static uint64_t times(struct random *r, unsigned count)
{
    uint64_t list[4];
    for (unsigned i = 0; i < count; i++) {
        list[2 * i] = one_in(r, 6) ? PICK(r, edges) : 0;
        list[2 * i + 1] = one_in(r, 6) ? PICK(r, edges) : below(r, 2000000);
    }
    return one_in(r, 6) ? 0 : put(r, list, count * 16);
}

static uint64_t words(struct random *r, unsigned count)
{
    uint64_t list[32];
    for (unsigned i = 0; i < count; i++)
        list[i] = one_in(r, 3) ? value_word(r) : one_in(r, 2) ? value_number(r) : 0;
    return put(r, list, count * sizeof(*list));
}

static uint64_t polls(struct random *r)
{
    struct pollfd list[10];
    for (unsigned i = 0; i < COUNT(list); i++)
        list[i] = (struct pollfd){(int)value_descriptor(r), (short)next(r), (short)next(r)};
    return put(r, list, sizeof(list));
}

static uint64_t action(struct random *r)
{
    uint64_t list[4]; /* handler, flags, restorer, mask */
    syscall(SYS_rt_sigaction, SIGUSR1, NULL, list, 8);
    list[1] |= value_flags(r);
    list[3] = one_in(r, 2) ? next(r) : 0;
    if (one_in(r, 3))
        list[0] = (uintptr_t)SIG_IGN;
    else if (one_in(r, 60))
        list[0] = one_in(r, 2) ? value_pointer(r) : 0;
    return put(r, list, sizeof(list));
}

static uint64_t lock(struct random *r)
{
    struct flock l = {.l_type = (short)below(r, 4),
                      .l_whence = (short)below(r, 4),
                      .l_start = (off_t)value_offset(r),
                      .l_len = (off_t)value_offset(r)};
    return put(r, &l, sizeof(l));
}

static uint64_t how_to_open(struct random *r)
{
    uint64_t list[4] = {value_flags(r), one_in(r, 2) ? 0 : value_flags(r), below(r, 64), 0};
    return put(r, list, sizeof(list));
}

static uint64_t clone_arguments(struct random *r)
{
    uint64_t list[11] = {0};
    list[0] = one_in(r, 3) ? value_flags(r) << 8 : 0;
    list[1] = value_pointer(r);
    list[2] = value_pointer(r);
    list[3] = value_pointer(r);
    list[4] = one_in(r, 3) ? below(r, 70) : SIGCHLD;
    if (one_in(r, 6)) {
        list[5] = value_pointer(r);
        list[6] = value_size(r);
    }
    if (one_in(r, 6)) {
        list[8] = value_pointer(r);
        list[9] = value_number(r);
    }
    return put(r, list, sizeof(list));
}

/* Arguments or environment of a program. */
static uint64_t strings(struct random *r)
{
    uint64_t list[6];
    unsigned count = (unsigned)below(r, 5);
    for (unsigned i = 0; i < count; i++)
        list[i] = one_in(r, 10) ? value_pointer(r) : value_own_path(r);
    list[count] = 0;
    return one_in(r, 6) ? value_pointer(r) : put(r, list, (count + 1) * 8);
}

static uint64_t text(struct random *r)
{
    static const char *const texts[] = {"user.a",
                                        "user.b",
                                        "trusted.a",
                                        "security.capability",
                                        "system.posix_acl_access",
                                        "user.",
                                        "nothing",
                                        "tmpfs",
                                        "proc",
                                        "devpts",
                                        "bind",
                                        ""};
    const char *name = PICK(r, texts);
    return one_in(r, 20) ? long_name(r, 'y') : put(r, name, strlen(name) + 1);
}

uint64_t value_structure(struct random *r, char letter)
{
    struct sockaddr_un name;
    uint64_t word[2] = {value_number(r), value_number(r)};
    switch (letter) {
    case 'v':
        return vectors(r, 1 + (unsigned)below(r, 8));
    case 'm':
        return message(r);
    case 'M':
        return messages(r);
    case 'a':
        address(r, &name);
        return put(r, &name, sizeof(name));
    case 't':
        return times(r, 1);
    case 'T':
        return times(r, 2);
    case 'l':
        word[0] = value_size(r);
        return put(r, word, sizeof(word));
    case 'P':
        return polls(r);
    case 'A':
        return action(r);
    case 'k':
        return lock(r);
    case 'H':
        return how_to_open(r);
    case 'C':
        return clone_arguments(r);
    case 'G':
        return strings(r);
    case 'x':
        return text(r);
    default:
        return words(r, 1 + (unsigned)below(r, 16));
    }
}
