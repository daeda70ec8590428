/* Filters of classic BPF: which programs are taken, what they see of datagrams and of messages of
 * AF_UNIX, what becomes of packets that they cut or drop, and who chooses among those that share a
 * port. (guest: glibc only) */
#include "inet.h"

#include <linux/filter.h>
#include <sys/un.h>

#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif
#ifndef SO_ATTACH_REUSEPORT_EBPF
#define SO_ATTACH_REUSEPORT_EBPF 52
#endif
#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF 68
#endif
#ifndef SO_ATTACH_BPF
#define SO_ATTACH_BPF 50
#endif

static int attach_as(int fd, int name, const struct sock_filter *code, unsigned count)
{
    struct sock_fprog program = {(unsigned short)count, (struct sock_filter *)code};
    return setsockopt(fd, SOL_SOCKET, name, &program, sizeof(program));
}

static int attach(int fd, const struct sock_filter *code, unsigned count)
{
    return attach_as(fd, SO_ATTACH_FILTER, code, count);
}

#define COUNT(code) (sizeof(code) / sizeof((code)[0]))
#define ATTACH(fd, ...)                                                                            \
    ({                                                                                             \
        const struct sock_filter code_[] = {__VA_ARGS__};                                          \
        attach(fd, code_, COUNT(code_));                                                           \
    })
#define SAY(code, k) BPF_STMT((code), (k))
#define RETURN(k)    BPF_STMT(BPF_RET | BPF_K, (k))
#define RETURN_A     BPF_STMT(BPF_RET | BPF_A, 0)
#define LOAD(k)      BPF_STMT(BPF_LD | BPF_IMM, (k))

static int detach(int fd)
{
    return inet_set(fd, SOL_SOCKET, SO_DETACH_FILTER, 0);
}

/* --- which programs are taken --- */

static void refused(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    static struct sock_filter many[4097];
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = (struct sock_filter)RETURN(0);
    CHECK_ERRNO(attach(fd, many, 0), EINVAL);
    CHECK_ERRNO(attach(fd, NULL, 1), EINVAL);
    CHECK_ERRNO(attach(fd, (void *)8, 1), EFAULT);
    CHECK_ERRNO(attach(fd, many, 4097), EINVAL);
    CHECK_OK(attach(fd, many, 4096));
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, many, 8), EINVAL);
    CHECK_ERRNO(ATTACH(fd, LOAD(1)), EINVAL);
    CHECK_ERRNO(ATTACH(fd, BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RETURN(1)), EINVAL);
    CHECK_ERRNO(ATTACH(fd, BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 0), RETURN(1)), EINVAL);
    CHECK_ERRNO(ATTACH(fd, BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), RETURN(1)), EINVAL);
    CHECK_OK(ATTACH(fd, BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 31), RETURN(1)));
    CHECK_ERRNO(ATTACH(fd, BPF_STMT(BPF_ST, 16), RETURN(1)), EINVAL);
    CHECK_ERRNO(ATTACH(fd, BPF_STMT(BPF_LD | BPF_MEM, 1), RETURN(1)), EINVAL);
    CHECK_OK(ATTACH(fd, BPF_STMT(BPF_ST, 1), BPF_STMT(BPF_LDX | BPF_MEM, 1), RETURN(1)));
    /* Written on one of two ways alone. */
    CHECK_ERRNO(ATTACH(fd, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_ST, 3),
                       BPF_STMT(BPF_LD | BPF_MEM, 3), RETURN(1)),
                EINVAL);
    CHECK_ERRNO(ATTACH(fd, BPF_STMT(BPF_JMP | BPF_JA, 1), RETURN(1)), EINVAL);
    CHECK_ERRNO(ATTACH(fd, BPF_STMT(BPF_JMP | BPF_JA, (unsigned)-1), RETURN(1)), EINVAL);
    CHECK_ERRNO(ATTACH(fd, BPF_JUMP(BPF_JMP | BPF_JGT | BPF_X, 0, 0, 1), RETURN(1)), EINVAL);
    CHECK_ERRNO(
        ATTACH(fd, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)SKF_AD_OFF + 64), RETURN(1)),
        EINVAL);
    CHECK_OK(ATTACH(fd, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)SKF_AD_OFF + SKF_AD_CPU),
                    RETURN(1)));
    CHECK_ERRNO(ATTACH(fd, BPF_STMT(BPF_RET | BPF_X, 0)), EINVAL);
    CHECK_ERRNO(ATTACH(fd, BPF_STMT(0xffff, 0), RETURN(1)), EINVAL);
    /* Every code there could be. */
    unsigned taken = 0;
    for (unsigned code = 0; code < 512; code++)
        taken +=
            ATTACH(fd, SAY(BPF_ST, 1), SAY((unsigned short)code, 1), RETURN(1), RETURN(1)) == 0;
    printf("%u codes\n", taken);
    close(fd);
}

static void options(void)
{
    struct sock_filter code[8];
    socklen_t length = 0;
    int fd = socket(AF_INET, SOCK_DGRAM, 0), missing = 987654;
    CHECK_ERRNO(detach(fd), ENOENT);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, NULL, &length));
    CHECK_EQ(length, 0);
    CHECK_OK(ATTACH(fd, LOAD(7), BPF_STMT(BPF_MISC | BPF_TAX, 0), RETURN_A));
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, NULL, &length));
    CHECK_EQ(length, 3);
    length = 2;
    CHECK_ERRNO(getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, code, &length), EINVAL);
    length = 8;
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, code, &length));
    CHECK_EQ(length, 3);
    CHECK_EQ(code[0].k, 7);
    CHECK_EQ(code[2].code, BPF_RET | BPF_A);
    CHECK_OK(detach(fd));
    CHECK_ERRNO(detach(fd), ENOENT);
    CHECK_EQ(inet_number(fd, SOL_SOCKET, SO_LOCK_FILTER), 0);
    CHECK_OK(ATTACH(fd, RETURN(1)));
    CHECK_OK(inet_set(fd, SOL_SOCKET, SO_LOCK_FILTER, 5));
    CHECK_EQ(inet_number(fd, SOL_SOCKET, SO_LOCK_FILTER), 1);
    CHECK_ERRNO(inet_set(fd, SOL_SOCKET, SO_LOCK_FILTER, 0), EPERM);
    CHECK_OK(inet_set(fd, SOL_SOCKET, SO_LOCK_FILTER, 1));
    CHECK_ERRNO(ATTACH(fd, RETURN(1)), EPERM);
    CHECK_ERRNO(detach(fd), EPERM);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &missing, 4), EPERM);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &missing, 4), EBADF);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &fd, 4), EINVAL);
    close(fd);
}

/* --- what they see and do --- */

/* How many datagrams a socket lost, as /proc/net/udp tells. */
static unsigned lost(int fd)
{
    char line[512], find[32];
    unsigned drops = 0;
    FILE *file = fopen("/proc/net/udp", "r");
    snprintf(find, sizeof(find), ": 0100007F:%04X ", inet_port(fd));
    while (file && fgets(line, sizeof(line), file)) {
        if (strstr(line, find))
            sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %u", &drops);
    }
    if (file)
        fclose(file);
    return drops;
}

/* Sends a datagram, which has to arrive with so many bytes; -1: it is dropped. */
static void passes(int from, int to, const char *data, int n, int expected)
{
    char got[256];
    unsigned before = expected < 0 ? lost(to) : 0;
    CHECK_EQ(send(from, data, n, 0), n);
    if (expected < 0) {
        CHECK_EVENTUALLY(lost(to) == before + 1);
        CHECK_ERRNO(recv(to, got, sizeof(got), MSG_DONTWAIT), EAGAIN);
    } else {
        CHECK_EQ(recv(to, got, sizeof(got), 0), expected);
        CHECK(memcmp(got, data, expected) == 0);
    }
}

/* Whether a program's A, after these instructions, is the number. */
#define SEES(number, ...)                                                                          \
    do {                                                                                           \
        CHECK_OK(ATTACH(to, __VA_ARGS__, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1),      \
                        RETURN(0xffff), RETURN(0)));                                               \
        passes(from, to, "\1\2\3\4abcdef", 10, 10);                                                \
    } while (0)

static void arithmetic(int from, int to)
{
    SEES(12, LOAD(7), BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 5));
    SEES(0xfffffffe, LOAD(3), BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 5));
    SEES(4, LOAD(0x40000001), BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 4));
    SEES(3, LOAD(10), BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 3));
    SEES(1, LOAD(10), BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3));
    SEES(0x7fffffff, LOAD(0xffffffff), BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 1));
    SEES(0x80000000, LOAD(3), BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 31));
    SEES(0xfffffff9, LOAD(7), BPF_STMT(BPF_ALU | BPF_NEG, 0));
    SEES(0xf, LOAD(0xc), BPF_STMT(BPF_ALU | BPF_OR | BPF_K, 3));
    SEES(4, LOAD(0xc), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 6));
    SEES(0xa, LOAD(0xc), BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 6));
    SEES(49, LOAD(7), BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0));
    SEES(9, BPF_STMT(BPF_LDX | BPF_IMM, 9), BPF_STMT(BPF_MISC | BPF_TXA, 0));
    SEES(5, LOAD(5), BPF_STMT(BPF_ST, 15), LOAD(1), BPF_STMT(BPF_LD | BPF_MEM, 15));
    SEES(6, BPF_STMT(BPF_LDX | BPF_IMM, 6), BPF_STMT(BPF_STX, 0), BPF_STMT(BPF_LD | BPF_MEM, 0));
    SEES(1, LOAD(5), BPF_STMT(BPF_LDX | BPF_IMM, 5), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_X, 0, 0, 2),
         LOAD(1), BPF_STMT(BPF_JMP | BPF_JA, 1), LOAD(2));
    SEES(2, LOAD(5), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 5, 0, 2), LOAD(1),
         BPF_STMT(BPF_JMP | BPF_JA, 1), LOAD(2));
    SEES(1, LOAD(6), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 3, 0, 2), LOAD(1),
         BPF_STMT(BPF_JMP | BPF_JA, 1), LOAD(2));
    /* Division by a register that is 0, and data that is not there, end with 0. */
    CHECK_OK(ATTACH(to, LOAD(1), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RETURN(0xffff)));
    passes(from, to, "x", 1, -1);
    CHECK_OK(ATTACH(to, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 6), RETURN(0xffff)));
    passes(from, to, "x", 1, -1);
    CHECK_OK(ATTACH(to, BPF_STMT(BPF_LDX | BPF_IMM, 1), BPF_STMT(BPF_LD | BPF_B | BPF_IND, 8),
                    RETURN(0xffff)));
    passes(from, to, "x", 1, -1);
}

static void seen(int from, int to)
{
    uint16_t port = inet_port(to), sender = inet_port(from);
    SEES(18, BPF_STMT(BPF_LD | BPF_LEN, 0));
    SEES(18, BPF_STMT(BPF_LDX | BPF_LEN, 0), BPF_STMT(BPF_MISC | BPF_TXA, 0));
    SEES(sender, BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0));
    SEES(port, BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 2));
    SEES(18, BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4));
    SEES(0x01020304, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 8));
    SEES('f', BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 17));
    SEES(0x0203, BPF_STMT(BPF_LDX | BPF_IMM, 5), BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4));
    SEES(4, BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 8), BPF_STMT(BPF_MISC | BPF_TXA, 0));
    SEES(0x7f000001, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)SKF_NET_OFF + 12));
    SEES(IPPROTO_UDP, BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (unsigned)SKF_NET_OFF + 9));
    SEES(0x0800, BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (unsigned)SKF_LL_OFF + 12));
    SEES(0x0800, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)SKF_AD_OFF + SKF_AD_PROTOCOL));
    SEES(1, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)SKF_AD_OFF + SKF_AD_IFINDEX));
    SEES(772, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)SKF_AD_OFF + SKF_AD_HATYPE));
    SEES(0, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)SKF_AD_OFF + SKF_AD_PKTTYPE));
    SEES(6, LOAD(5), BPF_STMT(BPF_LDX | BPF_IMM, 3),
         BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)SKF_AD_OFF + SKF_AD_ALU_XOR_X));
    /* What is kept counts the header. */
    CHECK_OK(ATTACH(to, RETURN(12)));
    passes(from, to, "abcdefgh", 8, 4);
    CHECK_OK(ATTACH(to, RETURN(1)));
    passes(from, to, "abcdefgh", 8, 0);
    CHECK_OK(ATTACH(to, RETURN(0)));
    passes(from, to, "abcdefgh", 8, -1);
    /* By the port it came from, as programs do. */
    CHECK_OK(ATTACH(to, BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0),
                    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, sender, 0, 1), RETURN(0xffff), RETURN(0)));
    int other = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_OK(inet_connect(other, "127.0.0.1", port));
    CHECK_EQ(send(other, "no", 2, 0), 2);
    passes(from, to, "abcdefgh", 8, 8);
    close(other);
}

static void local(int type)
{
    int e[2];
    char got[16];
    CHECK_OK(socketpair(AF_UNIX, type, 0, e));
    CHECK_ERRNO(detach(e[1]), ENOENT);
    CHECK_OK(ATTACH(e[1], BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
                    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'x', 0, 1), RETURN(0), RETURN(3)));
    CHECK_EQ(send(e[0], "x is dropped", 12, 0), 12);
    CHECK_EQ(send(e[0], "yes", 3, 0), 3);
    CHECK_EQ(send(e[0], "yesterday", 9, 0), 9);
    CHECK_EQ(recv(e[1], got, sizeof(got), 0), 3);
    CHECK_EQ(recv(e[1], got, sizeof(got), MSG_TRUNC), 3);
    CHECK(memcmp(got, "yes", 3) == 0);
    CHECK_ERRNO(recv(e[1], got, sizeof(got), MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(send(e[0], "", 0, 0), 0); /* no byte to look at */
    CHECK_ERRNO(recv(e[1], got, sizeof(got), MSG_DONTWAIT), EAGAIN);
    CHECK_OK(ATTACH(e[1], RETURN(1)));
    CHECK_EQ(send(e[0], "", 0, 0), 0);
    CHECK_EQ(recv(e[1], got, sizeof(got), MSG_DONTWAIT), 0);
    close(e[0]);
    close(e[1]);
}

/* What a stream's filter refuses arrives when another takes it. */
static void stream(void)
{
    int e[2];
    char got[16];
    CHECK(inet_pair("127.0.0.1", e));
    CHECK_EQ(send(e[0], "one", 3, 0), 3);
    CHECK_EQ(recv(e[1], got, sizeof(got), 0), 3);
    CHECK_OK(ATTACH(e[1], RETURN(0)));
    CHECK_EQ(send(e[0], "two", 3, 0), 3);
    CHECK_EQ(inet_now(e[1], POLLIN), 0);
    CHECK_ERRNO(recv(e[1], got, sizeof(got), MSG_DONTWAIT), EAGAIN);
    CHECK_OK(ATTACH(e[1], RETURN(0xffff)));
    CHECK_EQ(recv(e[1], got, 3, MSG_WAITALL), 3);
    CHECK(memcmp(got, "two", 3) == 0);
    /* Who is accepted has its listener's. */
    close(e[0]);
    close(e[1]);
    int listener = inet_listener("127.0.0.1", 1), fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t length = 0;
    CHECK_OK(ATTACH(listener, LOAD(1), RETURN(0xffff)));
    CHECK_OK(inet_connect(fd, "127.0.0.1", inet_port(listener)));
    int server = accept(listener, NULL, NULL);
    CHECK_OK(getsockopt(server, SOL_SOCKET, SO_ATTACH_FILTER, NULL, &length));
    CHECK_EQ(length, 2);
    close(server);
    close(fd);
    close(listener);
}

/* --- random programs --- */

static uint64_t random_state;

static uint32_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state >> 16;
}

static uint32_t random_operand(void)
{
    switch (random_number() % 6) {
    case 0:
        return random_number() % 4;
    case 1:
        return random_number() % 40;
    case 2:
        return random_number() % 70;
    case 3:
        return random_number() % 0x80000000;
    case 4:
        return 0xffffffff - random_number() % 3;
    default:
        return random_number() % 256;
    }
}

/* Most codes are ones there are. */
static struct sock_filter random_instruction(void)
{
    static const uint8_t codes[] = {0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x00, 0x60, 0x80, 0x01,
                                    0x61, 0x81, 0xb1, 0x02, 0x03, 0x04, 0x0c, 0x14, 0x1c, 0x24,
                                    0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54, 0x5c, 0x64, 0x6c, 0x74,
                                    0x7c, 0x84, 0x94, 0x9c, 0xa4, 0xac, 0x05, 0x15, 0x1d, 0x25,
                                    0x2d, 0x35, 0x3d, 0x45, 0x4d, 0x06, 0x16, 0x07, 0x87};
    struct sock_filter f = {.k = random_operand()};
    f.code = random_number() % 50 ? codes[random_number() % sizeof(codes)] : random_number();
    f.jt = random_number() % 4;
    f.jf = random_number() % 4;
    bool memory = f.code == BPF_ST || f.code == BPF_STX || (f.code & 0xfe) == (BPF_LD | BPF_MEM);
    if (memory)
        f.k = random_number() % 17;
    if (f.code == (BPF_JMP | BPF_JA))
        f.k = random_number() % 4;
    /* Of what is not data, what is the same on every machine. */
    if ((f.code & 0xe7) == (BPF_LD | BPF_ABS) && f.k >= (uint32_t)SKF_LL_OFF)
        f.k = (uint32_t)SKF_AD_OFF + (random_number() % 2 ? SKF_AD_ALU_XOR_X : 64);
    return f;
}

/* What becomes of a packet with many of them, in one number. */
static void random_programs(void)
{
    int e[2];
    char data[40], got[64];
    uint64_t sum = 0xcbf29ce484222325;
    unsigned taken = 0;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = i * 37 + 11;
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, e));
    for (uint64_t seed = 1; seed <= 4000; seed++) {
        struct sock_filter code[16];
        random_state = seed * 0x9e3779b97f4a7c15 + 1;
        unsigned count = 1 + random_number() % 14;
        for (unsigned i = 0; i < count; i++)
            code[i] = random_instruction();
        code[count - 1].code = BPF_RET | (random_number() % 3 ? BPF_A : BPF_K);
        int result = attach(e[1], code, count) ? -errno : 0;
        if (!result) {
            taken++;
            send(e[0], data, sizeof(data), 0);
            result = recv(e[1], got, sizeof(got), MSG_DONTWAIT);
            detach(e[1]);
        }
        sum = (sum ^ (uint32_t)result) * 0x100000001b3;
    }
    printf("%u of them, %016llx\n", taken, (unsigned long long)sum);
    close(e[0]);
    close(e[1]);
}

/* --- who shares a port --- */

#define SHARERS 4

static int sharer(int type, uint16_t port)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    CHECK_OK(inet_set(fd, SOL_SOCKET, SO_REUSEPORT, 1));
    CHECK_OK(inet_bind(fd, "127.0.0.1", port));
    if (type == SOCK_STREAM)
        CHECK_OK(listen(fd, 16));
    return fd;
}

/* Which of them has something. */
static int ready(const int *fds)
{
    struct pollfd polled[SHARERS];
    for (int i = 0; i < SHARERS; i++)
        polled[i] = (struct pollfd){fds[i], POLLIN, 0};
    if (poll(polled, SHARERS, CHECK_PATIENCE * 1000) != 1)
        return -1;
    int i = 0;
    while (!(polled[i].revents & POLLIN))
        i++;
    return i;
}

static void sharing(void)
{
    static const struct sock_filter first_byte[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, '0'), RETURN_A};
    static const struct sock_filter third[] = {RETURN(2)};
    int fds[SHARERS], from = socket(AF_INET, SOCK_DGRAM, 0);
    char byte;
    CHECK_ERRNO(attach_as(from, SO_ATTACH_REUSEPORT_CBPF, third, 1), EINVAL);
    CHECK_ERRNO(inet_set(from, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0), EINVAL);
    CHECK_ERRNO(inet_set(from, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, 987654), EBADF);
    fds[0] = sharer(SOCK_DGRAM, 0);
    for (int i = 1; i < SHARERS; i++)
        fds[i] = sharer(SOCK_DGRAM, inet_port(fds[0]));
    CHECK_ERRNO(inet_set(fds[2], SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0), ENOENT);
    CHECK_OK(attach_as(fds[2], SO_ATTACH_REUSEPORT_CBPF, first_byte, COUNT(first_byte)));
    CHECK_OK(inet_connect(from, "127.0.0.1", inet_port(fds[0])));
    static const char order[] = "31200123";
    for (int i = 0; order[i]; i++) {
        CHECK_EQ(send(from, &order[i], 1, 0), 1);
        CHECK_EQ(ready(fds), order[i] - '0');
        CHECK_EQ(recv(fds[order[i] - '0'], &byte, 1, 0), 1);
    }
    CHECK_EQ(send(from, "9", 1, 0), 1); /* none has that number: one of them gets it */
    CHECK_EQ(recv(fds[ready(fds)], &byte, 1, 0), 1);
    /* The last takes the place of one that goes. */
    close(fds[1]);
    fds[1] = fds[3];
    CHECK_EQ(send(from, "1", 1, 0), 1);
    CHECK_EQ(recv(fds[1], &byte, 1, 0), 1);
    fds[3] = sharer(SOCK_DGRAM, inet_port(fds[0]));
    CHECK_EQ(send(from, "3", 1, 0), 1);
    CHECK_EQ(recv(fds[3], &byte, 1, 0), 1);
    CHECK_OK(inet_set(fds[3], SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0));
    for (int i = 0; i < SHARERS; i++)
        close(fds[i]);
    close(from);
    fds[0] = sharer(SOCK_STREAM, 0);
    for (int i = 1; i < SHARERS; i++)
        fds[i] = sharer(SOCK_STREAM, inet_port(fds[0]));
    CHECK_OK(attach_as(fds[0], SO_ATTACH_REUSEPORT_CBPF, third, 1));
    for (int i = 0; i < 8; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        CHECK_OK(inet_connect(fd, "127.0.0.1", inet_port(fds[0])));
        CHECK_EQ(ready(fds), 2);
        close(accept(fds[2], NULL, NULL));
        close(fd);
    }
    for (int i = 0; i < SHARERS; i++)
        close(fds[i]);
}

int main(void)
{
    int from = socket(AF_INET, SOCK_DGRAM, 0), to = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_OK(inet_bind(to, "127.0.0.1", 0));
    CHECK_OK(inet_connect(from, "127.0.0.1", inet_port(to)));
    struct timeval patience = {CHECK_PATIENCE, 0};
    CHECK_OK(setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
    refused();
    options();
    arithmetic(from, to);
    seen(from, to);
    local(SOCK_DGRAM);
    local(SOCK_SEQPACKET);
    stream();
    random_programs();
    sharing();
    return check_done();
}
