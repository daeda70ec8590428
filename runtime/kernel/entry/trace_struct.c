/* Structures of the trace, as strace shows them: what tells most, and "..." for the rest. */
#include <inttypes.h>
#include <string.h>

#include "runtime/abi/inet.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/resource.h"
#include "runtime/abi/signal.h"
#include "runtime/abi/socket.h"
#include "runtime/abi/stat.h"
#include "runtime/abi/termios.h"
#include "runtime/abi/time.h"
#include "runtime/kernel/entry/trace_line.h"
#include "runtime/memory/access.h"
#include "runtime/task/process.h"

static void put_time(struct trace_line *l, const struct l_timespec *t, const char *unit)
{
    trace_put(l, "{tv_sec=%" PRId64 ", tv_%s=%" PRId64 "}", t->tv_sec, unit, t->tv_nsec);
}

/* n times in a row, which is an array unless there is one. */
static bool put_times(struct trace_line *l, uint64_t address, int n, const char *unit)
{
    struct l_timespec t[2];
    if (!trace_get(l, t, address, sizeof(*t) * (size_t)n))
        return false;
    for (int i = 0; i < n; i++) {
        bool now = n == 2 && *unit == 'n' && t[i].tv_nsec == L_UTIME_NOW;
        trace_put(l, "%s", n == 1 ? "" : i ? ", " : "[");
        if (now || (n == 2 && *unit == 'n' && t[i].tv_nsec == L_UTIME_OMIT))
            trace_put(l, now ? "UTIME_NOW" : "UTIME_OMIT");
        else
            put_time(l, &t[i], unit);
    }
    trace_put(l, n == 1 ? "" : "]");
    return true;
}

static bool put_interval(struct trace_line *l, uint64_t address, const char *unit)
{
    struct l_timespec t[2]; /* as two timevals */
    if (!trace_get(l, t, address, sizeof(t)))
        return false;
    trace_put(l, "{it_interval=");
    put_time(l, &t[0], unit);
    trace_put(l, ", it_value=");
    put_time(l, &t[1], unit);
    trace_put(l, "}");
    return true;
}

static bool put_stat(struct trace_line *l, uint64_t address)
{
    struct l_stat st;
    if (!trace_get(l, &st, address, sizeof(st)))
        return false;
    uint32_t type = st.st_mode & L_S_IFMT;
    trace_put(l, "{st_mode=");
    trace_put_mode(l, st.st_mode);
    if (type == L_S_IFCHR || type == L_S_IFBLK)
        trace_put(l, ", st_rdev=makedev(0x%x, 0x%x), ...}", (unsigned)(st.st_rdev >> 8 & 0xfff),
                  (unsigned)(st.st_rdev & 0xff));
    else
        trace_put(l, ", st_size=%" PRId64 ", ...}", st.st_size);
    return true;
}

static bool put_statx(struct trace_line *l, uint64_t address)
{
    struct l_statx st;
    if (!trace_get(l, &st, address, sizeof(st)))
        return false;
    trace_put(l, "{stx_mask=");
    trace_put_flags(l, 'S', st.stx_mask);
    trace_put(l, ", stx_attributes=0x%" PRIx64 ", stx_mode=", st.stx_attributes);
    trace_put_mode(l, st.stx_mode);
    trace_put(l, ", stx_size=%" PRIu64 ", ...}", st.stx_size);
    return true;
}

static void put_sigset(struct trace_line *l, uint64_t set)
{
    bool most = __builtin_popcountll(set) > 32;
    trace_put(l, most ? "~[" : "[");
    const char *between = "";
    for (int i = 1; i <= 64; i++) {
        char buffer[16];
        if ((bool)(set >> (i - 1) & 1) == most)
            continue;
        trace_put(l, "%s%s", between, trace_signal_name(i, buffer) + 3);
        between = " ";
    }
    trace_put(l, "]");
}

static bool put_action(struct trace_line *l, uint64_t address)
{
    struct l_sigaction a;
    if (!trace_get(l, &a, address, sizeof(a)))
        return false;
    trace_put(l, "{sa_%s=", a.flags & L_SA_SIGINFO ? "sigaction" : "handler");
    if (a.handler == L_SIG_DFL || a.handler == L_SIG_IGN)
        trace_put(l, a.handler == L_SIG_DFL ? "SIG_DFL" : "SIG_IGN");
    else
        trace_put_pointer(l, a.handler);
    trace_put(l, ", sa_mask=");
    put_sigset(l, a.mask);
    trace_put(l, ", sa_flags=");
    trace_put_flags(l, 'H', a.flags);
    if (a.flags & L_SA_RESTORER) {
        trace_put(l, ", sa_restorer=");
        trace_put_pointer(l, a.restorer);
    }
    trace_put(l, "}");
    return true;
}

/* n bytes of memory, the first of which are shown. */
static bool put_bytes(struct trace_line *l, uint64_t address, uint64_t n)
{
    uint8_t text[TRACE_STRING_MAX];
    size_t most = n < sizeof(text) ? (size_t)n : sizeof(text);
    if (most && !trace_get(l, text, address, most))
        return false;
    trace_put_text(l, text, most, n > most);
    return true;
}

/* `left` bytes of the buffers are of interest. */
static bool put_vectors(struct trace_line *l, uint64_t address, uint64_t count, uint64_t left)
{
    struct l_iovec v;
    if (count && !trace_get(l, &v, address, sizeof(v)))
        return false;
    trace_put(l, "[");
    for (uint64_t i = 0; i < count; i++) {
        if (i == TRACE_ARRAY_MAX || !trace_get(l, &v, address + i * sizeof(v), sizeof(v))) {
            trace_put(l, ", ...");
            break;
        }
        uint64_t n = v.iov_len < left ? v.iov_len : left;
        left -= n;
        trace_put(l, "%s{iov_base=", i ? ", " : "");
        if (!put_bytes(l, v.iov_base, n))
            trace_put_pointer(l, v.iov_base);
        trace_put(l, ", iov_len=%" PRIu64 "}", v.iov_len);
    }
    trace_put(l, "]");
    return true;
}

static void put_inet(struct trace_line *l, const struct l_sockaddr_in *a)
{
    const uint8_t *ip = a->sin_addr;
    trace_put(l, ", sin_port=htons(%u), sin_addr=inet_addr(\"%u.%u.%u.%u\")",
              __builtin_bswap16(a->sin_port), ip[0], ip[1], ip[2], ip[3]);
}

static void put_inet6(struct trace_line *l, const struct l_sockaddr_in6 *a)
{
    trace_put(l, ", sin6_port=htons(%u), sin6_addr=\"", __builtin_bswap16(a->sin6_port));
    for (int i = 0; i < 16; i += 2)
        trace_put(l, "%s%x", i ? ":" : "", a->sin6_addr[i] << 8 | a->sin6_addr[i + 1]);
    trace_put(l, "\"");
}

static bool put_address(struct trace_line *l, uint64_t address, uint32_t n)
{
    union {
        struct l_sockaddr_un un;
        struct l_sockaddr_in in;
        struct l_sockaddr_in6 in6;
    } any = {0};
    if (n > sizeof(any.un))
        n = sizeof(any.un);
    if (n < sizeof(any.un.sun_family) || !trace_get(l, &any, address, n))
        return false;
    const struct l_sockaddr_un a = any.un;
    trace_put(l, "{sa_family=");
    trace_put_value(l, 'd', a.sun_family);
    uint32_t rest = n - (uint32_t)sizeof(a.sun_family);
    const uint8_t *path = (const uint8_t *)a.sun_path;
    if (a.sun_family == L_AF_INET && n >= sizeof(struct l_sockaddr_in)) {
        put_inet(l, &any.in);
    } else if (a.sun_family == L_AF_INET6 && n >= sizeof(struct l_sockaddr_in6)) {
        put_inet6(l, &any.in6);
    } else if (a.sun_family == L_AF_UNIX && rest && !*path) {
        trace_put(l, ", sun_path=@");
        trace_put_text(l, path + 1, rest - 1, false);
    } else if (a.sun_family == L_AF_UNIX && rest) {
        trace_put(l, ", sun_path=");
        trace_put_text(l, path, strnlen(a.sun_path, rest), false);
    } else if (rest) {
        trace_put(l, ", sa_data=");
        trace_put_text(l, path, rest, false);
    }
    trace_put(l, "}");
    return true;
}

static bool put_message(struct trace_line *l, uint64_t address)
{
    struct l_msghdr m;
    if (!trace_get(l, &m, address, sizeof(m)))
        return false;
    trace_put(l, "{msg_name=");
    if (!put_address(l, m.msg_name, m.msg_namelen))
        trace_put_pointer(l, m.msg_name);
    trace_put(l, ", msg_namelen=%u, msg_iov=", m.msg_namelen);
    if (!put_vectors(l, m.msg_iov, m.msg_iovlen, l->done ? (uint64_t)l->result : UINT64_MAX))
        trace_put_pointer(l, m.msg_iov);
    trace_put(l, ", msg_iovlen=%" PRIu64 ", msg_controllen=%" PRIu64 ", msg_flags=", m.msg_iovlen,
              m.msg_controllen);
    trace_put_flags(l, 'M', m.msg_flags);
    trace_put(l, "}");
    return true;
}

static bool put_status(struct trace_line *l, uint64_t address)
{
    uint32_t s;
    if (!trace_get(l, &s, address, sizeof(s)))
        return false;
    if (s == 0xffff) {
        trace_put(l, "[{WIFCONTINUED(s)}]");
    } else if ((s & 0xff) == 0x7f) {
        trace_put(l, "[{WIFSTOPPED(s) && WSTOPSIG(s) == ");
        trace_put_signal(l, s >> 8 & 0xff);
        trace_put(l, "}]");
    } else if (s & 0x7f) {
        trace_put(l, "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
        trace_put_signal(l, s & 0x7f);
        trace_put(l, s & 0x80 ? " && WCOREDUMP(s)}]" : "}]");
    } else {
        trace_put(l, "[{WIFEXITED(s) && WEXITSTATUS(s) == %u}]", s >> 8 & 0xff);
    }
    return true;
}

static void put_limit(struct trace_line *l, uint64_t value)
{
    if (value == L_RLIM_INFINITY)
        trace_put(l, "RLIM64_INFINITY");
    else if (value > 1024 && value % 1024 == 0)
        trace_put(l, "%" PRIu64 "*1024", value / 1024);
    else
        trace_put(l, "%" PRIu64, value);
}

static bool put_rlimit(struct trace_line *l, uint64_t address)
{
    struct l_rlimit r;
    if (!trace_get(l, &r, address, sizeof(r)))
        return false;
    trace_put(l, "{rlim_cur=");
    put_limit(l, r.rlim_cur);
    trace_put(l, ", rlim_max=");
    put_limit(l, r.rlim_max);
    trace_put(l, "}");
    return true;
}

static bool put_usage(struct trace_line *l, uint64_t address)
{
    struct l_rusage r;
    if (!trace_get(l, &r, address, sizeof(r)))
        return false;
    trace_put(l,
              "{ru_utime={tv_sec=%" PRId64 ", tv_usec=%" PRId64 "}, ru_stime={tv_sec=%" PRId64
              ", tv_usec=%" PRId64 "}, ...}",
              r.ru_utime.tv_sec, r.ru_utime.tv_usec, r.ru_stime.tv_sec, r.ru_stime.tv_usec);
    return true;
}

/* The requests before the call, the answers, of those that have one, after it. */
static bool put_polls(struct trace_line *l, uint64_t address, uint64_t count)
{
    struct l_pollfd p;
    const char *between = "";
    if (count && !trace_get(l, &p, address, sizeof(p)))
        return false;
    trace_put(l, "[");
    for (uint64_t i = 0; i < count && trace_get(l, &p, address + i * sizeof(p), sizeof(p)); i++) {
        if (l->done && !p.revents)
            continue;
        if (i == TRACE_ARRAY_MAX) {
            trace_put(l, ", ...");
            break;
        }
        trace_put(l, "%s{fd=%d", between, p.fd);
        between = ", ";
        if (p.fd >= 0) {
            trace_put(l, l->done ? ", revents=" : ", events=");
            trace_put_flags(l, 'z', (uint16_t)(l->done ? p.revents : p.events));
        }
        trace_put(l, "}");
    }
    trace_put(l, "]");
    return true;
}

static bool put_events(struct trace_line *l, uint64_t address, int64_t count, bool array)
{
    struct l_epoll_event e;
    if (count > 0 && !trace_get(l, &e, address, sizeof(e)))
        return false;
    trace_put(l, array ? "[" : "");
    for (int64_t i = 0; i < count; i++) {
        if (i == TRACE_ARRAY_MAX ||
            !trace_get(l, &e, address + (uint64_t)i * sizeof(e), sizeof(e))) {
            trace_put(l, ", ...");
            break;
        }
        trace_put(l, "%s{events=", i ? ", " : "");
        trace_put_flags(l, 'Z', e.events);
        trace_put(l, ", data={u32=%u, u64=%" PRIu64 "}}", (uint32_t)e.data, (uint64_t)e.data);
    }
    trace_put(l, array ? "]" : "");
    return true;
}

static bool put_fd_set(struct trace_line *l, uint64_t address, uint64_t count)
{
    uint8_t bits[128];
    size_t n = count < 8 * sizeof(bits) ? (size_t)(count + 7) / 8 : sizeof(bits);
    if (!trace_get(l, bits, address, n))
        return false;
    const char *between = "";
    trace_put(l, "[");
    for (unsigned i = 0; i < 8 * n && i < count; i++) {
        if (!(bits[i / 8] >> i % 8 & 1))
            continue;
        trace_put(l, "%s%u", between, i);
        between = " ";
    }
    trace_put(l, "]");
    return true;
}

static bool put_strings(struct trace_line *l, uint64_t address)
{
    uint64_t at;
    if (!trace_get(l, &at, address, sizeof(at)))
        return false;
    trace_put(l, "[");
    for (int i = 0; trace_get(l, &at, address + 8u * (unsigned)i, sizeof(at)) && at; i++) {
        trace_put(l, i ? ", " : "");
        if (i == TRACE_ARRAY_MAX) {
            trace_put(l, "...");
            break;
        }
        if (!trace_put_struct(l, '0', at))
            trace_put_pointer(l, at);
    }
    trace_put(l, "]");
    return true;
}

static bool put_count_of_strings(struct trace_line *l, uint64_t address)
{
    uint64_t at;
    unsigned n = 0;
    while (n < 100000 && trace_get(l, &at, address + 8u * n, sizeof(at)) && at)
        n++;
    trace_put_pointer(l, address);
    if (address)
        trace_put(l, " /* %u var%s */", n, n == 1 ? "" : "s");
    return true;
}

/* A string of which no more than `most` bytes are shown. */
static bool put_string(struct trace_line *l, uint64_t address, size_t most)
{
    uint8_t text[600];
    struct space *space = l->task->process->space;
    if (!space || !address)
        return false;
    size_t n = copy_from_guest_partial(space, text, address, most + 1);
    const uint8_t *end = memchr(text, 0, n);
    if (!n)
        return false;
    size_t length = end ? (size_t)(end - text) : n < most ? n : most;
    trace_put_text(l, text, length, !end);
    return true;
}

static bool put_names(struct trace_line *l, uint64_t address)
{
    struct l_utsname u;
    if (!trace_get(l, &u, address, sizeof(u)))
        return false;
    trace_put(l, "{sysname=\"%.64s\", nodename=\"%.64s\", ...}", u.sysname, u.nodename);
    return true;
}

static bool put_flock(struct trace_line *l, uint64_t address)
{
    struct l_flock k;
    if (!trace_get(l, &k, address, sizeof(k)))
        return false;
    trace_put(l, "{l_type=");
    trace_put_value(l, 'L', (uint16_t)k.l_type);
    trace_put(l, ", l_whence=");
    trace_put_value(l, 's', (uint16_t)k.l_whence);
    trace_put(l, ", l_start=%" PRId64 ", l_len=%" PRId64, k.l_start, k.l_len);
    if (l->done)
        trace_put(l, ", l_pid=%d", k.l_pid);
    trace_put(l, "}");
    return true;
}

static bool put_stack(struct trace_line *l, uint64_t address)
{
    struct l_stack s;
    if (!trace_get(l, &s, address, sizeof(s)))
        return false;
    trace_put(l, "{ss_sp=");
    trace_put_pointer(l, s.ss_sp);
    trace_put(l, ", ss_flags=");
    trace_put_flags(l, 'K', (uint32_t)s.ss_flags);
    trace_put(l, ", ss_size=%" PRIu64 "}", s.ss_size);
    return true;
}

static bool put_window(struct trace_line *l, uint64_t address)
{
    struct l_winsize w;
    if (!trace_get(l, &w, address, sizeof(w)))
        return false;
    trace_put(l, "{ws_row=%u, ws_col=%u, ws_xpixel=%u, ws_ypixel=%u}", w.ws_row, w.ws_col,
              w.ws_xpixel, w.ws_ypixel);
    return true;
}

static bool put_entries(struct trace_line *l, uint64_t address)
{
    uint64_t n = 0;
    for (int64_t at = 0; at < l->result; n++) {
        struct l_dirent64 e;
        if (!trace_get(l, &e, address + (uint64_t)at, sizeof(e)) || !e.d_reclen)
            break;
        at += e.d_reclen;
    }
    trace_put_pointer(l, address);
    trace_put(l, " /* %" PRIu64 " entries */", n);
    return true;
}

static bool put_pair(struct trace_line *l, uint64_t address)
{
    int32_t fds[2];
    if (!trace_get(l, fds, address, sizeof(fds)))
        return false;
    trace_put(l, "[%d, %d]", fds[0], fds[1]);
    return true;
}

static bool put_number(struct trace_line *l, uint64_t address, bool wide)
{
    int64_t number = 0;
    if (!trace_get(l, &number, address, wide ? 8 : 4))
        return false;
    trace_put(l, "[%" PRId64 "]", wide ? number : (int32_t)number);
    return true;
}

/* The set with the codes of a fault's signal, or 0. */
static char fault_codes(int signal)
{
    switch (signal) {
    case L_SIGSEGV:
        return '!';
    case L_SIGBUS:
        return '%';
    case L_SIGFPE:
        return '+';
    case L_SIGILL:
        return '-';
    case L_SIGTRAP:
        return '.';
    default:
        return 0;
    }
}

/* Of struct siginfo what tells who sent it, or where it happened. */
static bool put_siginfo(struct trace_line *l, uint64_t address)
{
    struct l_siginfo info;
    if (!trace_get(l, &info, address, sizeof(info)))
        return false;
    trace_put_siginfo(l, &info);
    return true;
}

void trace_put_siginfo(struct trace_line *l, const struct l_siginfo *info)
{
    trace_put(l, "{si_signo=");
    trace_put_signal(l, info->si_signo);
    trace_put(l, ", si_code=");
    if (info->si_signo == L_SIGCHLD && info->si_code > 0 && info->si_code <= L_CLD_CONTINUED) {
        trace_put_value(l, '9', (uint32_t)info->si_code);
        trace_put(l, ", si_pid=%d, si_uid=%u, si_status=", info->chld.pid, info->chld.uid);
        if (info->si_code == L_CLD_EXITED)
            trace_put(l, "%d", info->chld.status);
        else
            trace_put_signal(l, info->chld.status);
        trace_put(l, ", si_utime=%" PRId64 ", si_stime=%" PRId64, info->chld.utime,
                  info->chld.stime);
    } else if (info->si_code <= 0) {
        trace_put_value(l, '8', (uint32_t)info->si_code);
        trace_put(l, ", si_pid=%d, si_uid=%u", info->rt.pid, info->rt.uid);
    } else if (info->si_code == L_SI_KERNEL) {
        trace_put(l, "SI_KERNEL");
    } else {
        char set = fault_codes(info->si_signo);
        if (set)
            trace_put_value(l, set, (uint32_t)info->si_code);
        else
            trace_put(l, "%d", info->si_code);
        trace_put(l, ", si_addr=");
        trace_put_pointer(l, info->fault.addr);
    }
    trace_put(l, "}");
}

bool trace_put_struct(struct trace_line *l, char kind, uint64_t address)
{
    uint64_t next = l->at + 1 < 6 ? l->args[l->at + 1] : 0;
    uint32_t length = 0;
    uint64_t set;
    switch (kind) {
    case '0':
        return put_string(l, address, TRACE_STRING_MAX);
    case '1':
        return put_string(l, address, 512);
    case 't':
        return put_times(l, address, 1, "nsec");
    case 'T':
        return put_times(l, address, 2, "nsec");
    case 'v':
        return put_times(l, address, 1, "usec");
    case 'V':
        return put_times(l, address, 2, "usec");
    case 'I':
        return put_interval(l, address, "usec");
    case 'J':
        return put_interval(l, address, "nsec");
    case 's':
        return put_stat(l, address);
    case 'S':
        return put_statx(l, address);
    case 'g':
        if (!trace_get(l, &set, address, sizeof(set)))
            return false;
        put_sigset(l, set);
        return true;
    case 'A':
        return put_action(l, address);
    case 'i':
        return put_vectors(l, address, next, l->done ? (uint64_t)l->result : UINT64_MAX);
    case 'b':
        return address && put_bytes(l, address, l->done ? (uint64_t)l->result : next);
    case 'a':
        if (l->done && !trace_get(l, &length, next, sizeof(length)))
            return false;
        return put_address(l, address, l->done ? length : (uint32_t)next);
    case 'm':
        return put_message(l, address);
    case 'w':
        return put_status(l, address);
    case 'r':
        return put_rlimit(l, address);
    case 'u':
        return put_usage(l, address);
    case 'p':
        return put_pair(l, address);
    case 'P':
        return put_polls(l, address, next);
    case 'e':
        return put_events(l, address, 1, false);
    case 'E':
        return put_events(l, address, l->result, true);
    case 'd':
        return put_fd_set(l, address, l->args[0]);
    case 'q':
        return put_strings(l, address);
    case 'Q':
        return put_count_of_strings(l, address);
    case 'U':
        return put_names(l, address);
    case 'F':
        return put_flock(l, address);
    case 'k':
        return put_stack(l, address);
    case 'l':
        return put_window(l, address);
    case 'D':
        return put_entries(l, address);
    case 'n':
        return put_number(l, address, false);
    case 'N':
        return put_number(l, address, true);
    case 'z':
        return put_siginfo(l, address);
    default:
        return false;
    }
}
