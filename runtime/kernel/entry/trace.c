/* The trace of system calls. */
#include "runtime/kernel/entry/trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/syscall.h"
#include "runtime/host/log.h"
#include "runtime/kernel/entry/syscall.h"
#include "runtime/memory/access.h"
#include "runtime/task/process.h"

struct line {
    char text[900];
    size_t used;
};

static void put_text(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put_text(struct line *l, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(l->text + l->used, sizeof(l->text) - l->used, format, list);
    va_end(list);
    l->used += n > 0 ? (size_t)n : 0;
    if (l->used >= sizeof(l->text))
        l->used = sizeof(l->text) - 1;
}

static void put_string(struct line *l, struct task *t, uint64_t address)
{
    char text[65];
    if (!address || !t->process->space) {
        put_text(l, "NULL");
        return;
    }
    size_t n = copy_from_guest_partial(t->process->space, text, address, sizeof(text) - 1);
    if (!n) {
        put_text(l, "0x%" PRIx64, address);
        return;
    }
    text[n] = 0;
    put_text(l, "\"");
    for (const char *s = text; *s; s++) {
        if (*s >= 32 && *s < 127 && *s != '"' && *s != '\\')
            put_text(l, "%c", *s);
        else
            put_text(l, "\\x%02x", (uint8_t)*s);
    }
    put_text(l, "\"%s", memchr(text, 0, n) ? "" : "...");
}

static void put_call(struct line *l, struct task *t, uint32_t number, const uint64_t args[6])
{
    const struct syscall_entry *e = number < syscall_table_size ? &syscall_table[number] : NULL;
    put_text(l, "[%d] ", (int)t->tid);
    if (!e || !e->name) {
        put_text(l, "syscall_%u(", number);
        e = NULL;
    } else {
        put_text(l, "%s(", e->name);
    }
    const char *kinds = e && e->args ? e->args : "xxxxxx";
    for (int i = 0; kinds[i] && i < 6; i++) {
        if (i)
            put_text(l, ", ");
        switch (kinds[i]) {
        case 'd':
        case 'f':
        case 'S':
            put_text(l, "%d", (int)args[i]);
            break;
        case 'u':
            put_text(l, "%" PRIu64, args[i]);
            break;
        case 'l':
            put_text(l, "%" PRId64, (int64_t)args[i]);
            break;
        case 'F':
            put_text(l, "0%o", (unsigned)args[i]);
            break;
        case 's':
        case 'P':
            put_string(l, t, args[i]);
            break;
        default:
            put_text(l, "0x%" PRIx64, args[i]);
        }
    }
    put_text(l, ")");
}

static bool shown_at_start(uint32_t number)
{
    switch (number) {
    case L_SYS_execve:
    case L_SYS_execveat:
    case L_SYS_exit:
    case L_SYS_exit_group:
    case L_SYS_rt_sigreturn:
        return true;
    default:
        return false;
    }
}

void trace_enter(struct task *t, uint32_t number, const uint64_t args[6])
{
    if (!shown_at_start(number))
        return;
    struct line l = {.used = 0};
    put_call(&l, t, number, args);
    host_log_all("%s", l.text);
}

void trace_leave(struct task *t, uint32_t number, const uint64_t args[6], int64_t result)
{
    struct line l = {.used = 0};
    if (number == L_SYS_exit || number == L_SYS_exit_group || number == L_SYS_rt_sigreturn)
        return;
    if (shown_at_start(number))
        put_text(&l, "[%d] ... %s", (int)t->tid, syscall_table[number].name);
    else
        put_call(&l, t, number, args);
    if (result < 0 && result > -4096)
        put_text(&l, " = -%d", (int)-result);
    else if (result > 0xffffff)
        put_text(&l, " = 0x%" PRIx64, (uint64_t)result);
    else
        put_text(&l, " = %" PRId64, result);
    host_log_all("%s", l.text);
}

void trace_exit(struct task *t, bool last)
{
    if (!syscall_trace)
        return;
    if (last)
        host_log_all("[%d] exits, status 0x%x", (int)t->tid, (unsigned)t->process->group_code);
    else
        host_log_all("[%d] exits", (int)t->tid);
}
