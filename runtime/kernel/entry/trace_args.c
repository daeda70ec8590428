/* Arguments and results of system calls in the trace. */
#include <inttypes.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/futex.h"
#include "runtime/abi/process.h"
#include "runtime/abi/syscall.h"
#include "runtime/abi/termios.h"
#include "runtime/host/errno_names.h"
#include "runtime/kernel/entry/trace_line.h"

/* A call that was ended by a signal gives one of these, up to L_ERESTART_RESTARTBLOCK. */
static bool is_restart(int64_t result)
{
    return result <= -L_ERESTARTSYS && result >= -L_ERESTART_RESTARTBLOCK;
}

/* The kinds of the arguments that come after a futex operation. */
static const char *after_futex(uint64_t operation)
{
    switch (operation & 0x7f) {
    case L_FUTEX_WAIT:
    case L_FUTEX_LOCK_PI:
        return "u&t";
    case L_FUTEX_WAIT_BITSET:
        return "u&tpx";
    case L_FUTEX_WAKE:
        return "u";
    case L_FUTEX_WAKE_BITSET:
        return "uppx";
    default:
        return "uupx";
    }
}

static const char *after_fcntl(uint64_t command)
{
    switch (command) {
    case L_F_GETFD:
    case L_F_GETFL:
    case L_F_GETOWN:
    case L_F_GETSIG:
    case L_F_GETLEASE:
    case L_F_GETPIPE_SZ:
    case L_F_GET_SEALS:
        return "";
    case L_F_SETFD:
        return "|x";
    case L_F_SETFL:
        return "|o";
    case L_F_SETLK:
    case L_F_SETLKW:
    case L_F_OFD_SETLK:
    case L_F_OFD_SETLKW:
        return "&F";
    case L_F_GETLK:
    case L_F_OFD_GETLK:
        return "*F";
    case L_F_SETSIG:
        return "S";
    case L_F_DUPFD:
    case L_F_DUPFD_CLOEXEC:
    case L_F_SETOWN:
    case L_F_SETPIPE_SZ:
        return "d";
    default:
        return "x";
    }
}

static const char *after_ioctl(uint64_t request)
{
    switch ((uint32_t)request) {
    case L_TIOCGWINSZ:
        return "*l";
    case L_TIOCSWINSZ:
        return "&l";
    case L_TIOCGPGRP:
    case L_TIOCGSID:
    case L_TIOCGPTN:
    case L_TIOCOUTQ:
    case L_FIONREAD:
        return "*n";
    case L_TIOCSPGRP:
    case L_TIOCSPTLCK:
    case L_FIONBIO:
        return "&n";
    default:
        return "p";
    }
}

static const char *after_prctl(uint64_t option)
{
    switch (option) {
    case L_PR_SET_NAME:
        return "&0";
    case L_PR_GET_NAME:
        return "*0";
    case L_PR_SET_PDEATHSIG:
        return "S";
    case L_PR_GET_DUMPABLE:
    case L_PR_GET_KEEPCAPS:
        return "";
    case L_PR_SET_DUMPABLE:
    case L_PR_CAPBSET_READ:
    case L_PR_CAPBSET_DROP:
        return "u";
    default:
        return "xxxx";
    }
}

/* open has a mode only when it may make something. */
static bool has_mode(const struct trace_line *l)
{
    uint64_t flags = l->args[l->at - 1];
    return (flags & L_O_CREAT) || (flags & L_O_TMPFILE) == L_O_TMPFILE;
}

static void put_futex(struct trace_line *l, uint64_t operation)
{
    const struct trace_set *set = trace_set('F');
    const char *name = trace_name(set, operation & 0x7f);
    trace_put(l, "%s%s%s", name ? name : set->unknown,
              operation & L_FUTEX_PRIVATE_FLAG ? "_PRIVATE" : "",
              operation & L_FUTEX_CLOCK_REALTIME ? "|FUTEX_CLOCK_REALTIME" : "");
}

static void put_hex(struct trace_line *l, uint64_t value)
{
    if (value)
        trace_put(l, "0x%" PRIx64, value);
    else
        trace_put(l, "0");
}

static void put_plain(struct trace_line *l, char kind, uint64_t value)
{
    switch (kind) {
    case 'd':
    case 'f':
        trace_put(l, "%d", (int)value);
        break;
    case 'D':
        if ((int)value == L_AT_FDCWD)
            trace_put(l, "AT_FDCWD");
        else
            trace_put(l, "%d", (int)value);
        break;
    case 'U':
        trace_put(l, (uint32_t)value == UINT32_MAX ? "-1" : "%u", (unsigned)value);
        break;
    case 'u':
        trace_put(l, "%" PRIu64, value);
        break;
    case 'l':
        trace_put(l, "%" PRId64, (int64_t)value);
        break;
    case 'M':
    case 'N':
        trace_put(l, "%#03o", (unsigned)value);
        break;
    case 'S':
        trace_put_signal(l, (int)value);
        break;
    case 'x':
        put_hex(l, value);
        break;
    case 's':
    case 'P':
        if (!trace_put_struct(l, kind == 's' ? '0' : '1', value))
            trace_put_pointer(l, value);
        break;
    default:
        trace_put_pointer(l, value);
    }
}

/* What the call has filled in. */
static void put_filled(struct trace_line *l, char kind, uint64_t address)
{
    bool filled = l->result >= 0;
    if (kind == 'w' || kind == 'u')
        filled = l->result > 0 || kind == 'u';
    if (kind == 'R') {
        filled = is_restart(l->result) || l->result == -L_EINTR;
        kind = 't';
    }
    if (l->result < 0 && kind != 't')
        filled = false;
    if (!filled || !trace_put_struct(l, kind, address))
        trace_put_pointer(l, address);
}

/* An argument that says what those after it are; NULL when it is none. */
static const char *put_selector(struct trace_line *l, char kind, uint64_t value)
{
    switch (kind) {
    case 'O':
        put_futex(l, value);
        return after_futex(value);
    case 'C':
        trace_put_value(l, 'f', value);
        return after_fcntl(value);
    case 'I':
        trace_put_value(l, '2', value);
        return after_ioctl(value);
    case 'Y':
        trace_put_value(l, 'P', value);
        return after_prctl(value);
    default:
        return NULL;
    }
}

void trace_put_args(struct trace_line *l)
{
    for (; *l->kinds && l->at < 6; l->at++) {
        char kind = *l->kinds;
        uint64_t value = l->args[l->at];
        if (kind == '*' && !l->done)
            return;
        if (kind == 'N' && !has_mode(l)) {
            l->kinds++;
            continue;
        }
        if (l->at)
            trace_put(l, ", ");
        const char *after = put_selector(l, kind, value);
        if (after) {
            l->kinds = after;
            continue;
        }
        bool two = kind == '|' || kind == '=' || kind == '&' || kind == '*';
        if (kind == '|')
            trace_put_flags(l, l->kinds[1], value);
        else if (kind == '=')
            trace_put_value(l, l->kinds[1], value);
        else if (kind == '*')
            put_filled(l, l->kinds[1], value);
        else if (kind != '&')
            put_plain(l, kind, value);
        else if (!trace_put_struct(l, l->kinds[1], value))
            trace_put_pointer(l, value);
        l->kinds += two ? 2 : 1;
    }
}

/* --- results --- */

static void put_error(struct trace_line *l, int number)
{
    static const struct {
        int number;
        const char *name, *text;
    } restarts[] = {
        {L_ERESTARTSYS, "ERESTARTSYS", "To be restarted if SA_RESTART is set"},
        {L_ERESTARTNOINTR, "ERESTARTNOINTR", "To be restarted"},
        {L_ERESTARTNOHAND, "ERESTARTNOHAND", "To be restarted if no handler"},
        {L_ERESTART_RESTARTBLOCK, "ERESTART_RESTARTBLOCK", "Interrupted by signal"},
    };
    for (size_t i = 0; i < sizeof(restarts) / sizeof(*restarts); i++)
        if (restarts[i].number == number)
            trace_put(l, " = ? %s (%s)", restarts[i].name, restarts[i].text);
    if (number >= L_ERESTARTSYS)
        return;
    const char *name = errno_name(number);
    if (name)
        trace_put(l, " = -1 %s (%s)", name, errno_text(number));
    else
        trace_put(l, " = -1 (errno %d)", number);
}

static void put_sets(struct trace_line *l)
{
    static const char *const names[] = {"in", "out", "except"};
    const char *between = " (";
    for (int i = 0; i < 3; i++) {
        if (!l->args[i + 1] || l->result == 0)
            continue;
        trace_put(l, "%s%s ", between, names[i]);
        trace_put_struct(l, 'd', l->args[i + 1]);
        between = ", ";
    }
    trace_put(l, *between == ',' ? ")" : l->result ? "" : " (Timeout)");
}

static bool is_address(uint32_t number)
{
    return number == L_SYS_mmap || number == L_SYS_brk || number == L_SYS_mremap;
}

/* What is said of the number in brackets. */
static void put_remark(struct trace_line *l, uint32_t number)
{
    switch (number) {
    case L_SYS_poll:
    case L_SYS_ppoll:
        if (!l->result) {
            trace_put(l, " (Timeout)");
            break;
        }
        trace_put(l, " (");
        l->at = 0;
        trace_put_struct(l, 'P', l->args[0]);
        trace_put(l, ")");
        break;
    case L_SYS_select:
    case L_SYS_pselect6:
        put_sets(l);
        break;
    case L_SYS_fcntl:
        if (l->args[1] == L_F_GETFL || (l->args[1] == L_F_GETFD && l->result)) {
            trace_put(l, " (flags ");
            trace_put_flags(l, l->args[1] == L_F_GETFL ? 'o' : 'x', (uint64_t)l->result);
            trace_put(l, ")");
        }
        break;
    default:
        break;
    }
}

void trace_put_result(struct trace_line *l, uint32_t number)
{
    bool flags = number == L_SYS_fcntl && (l->args[1] == L_F_GETFL || l->args[1] == L_F_GETFD);
    if (l->result < 0 && l->result >= -L_MAX_ERRNO) {
        put_error(l, (int)-l->result);
        return;
    }
    if (is_address(number) || (flags && l->result))
        trace_put(l, " = 0x%" PRIx64, (uint64_t)l->result);
    else if (number == L_SYS_umask)
        trace_put(l, " = %#03o", (unsigned)l->result);
    else
        trace_put(l, " = %" PRId64, l->result);
    put_remark(l, number);
}
