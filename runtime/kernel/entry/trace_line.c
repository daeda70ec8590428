/* Pieces of a line of the trace. */
#include "runtime/kernel/entry/trace_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "runtime/abi/stat.h"
#include "runtime/memory/access.h"
#include "runtime/task/process.h"

void trace_put(struct trace_line *l, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(l->text + l->used, sizeof(l->text) - l->used, format, list);
    va_end(list);
    l->used += n > 0 ? (size_t)n : 0;
    if (l->used >= sizeof(l->text))
        l->used = sizeof(l->text) - 1;
}

void trace_put_pointer(struct trace_line *l, uint64_t address)
{
    if (address)
        trace_put(l, "0x%" PRIx64, address);
    else
        trace_put(l, "NULL");
}

void trace_put_text(struct trace_line *l, const uint8_t *text, size_t n, bool more)
{
    static const char named[] = "\tt\nn\vv\ff\rr\"\"\\\\";
    trace_put(l, "\"");
    for (size_t i = 0; i < n; i++) {
        const char *name = named;
        while (*name && (uint8_t)*name != text[i])
            name += 2;
        bool digit = i + 1 < n && text[i + 1] >= '0' && text[i + 1] <= '9';
        if (*name)
            trace_put(l, "\\%c", name[1]);
        else if (text[i] >= 32 && text[i] < 127)
            trace_put(l, "%c", text[i]);
        else
            trace_put(l, digit ? "\\%03o" : "\\%o", text[i]);
    }
    trace_put(l, "\"%s", more ? "..." : "");
}

void trace_put_flags(struct trace_line *l, char letter, uint64_t value)
{
    const struct trace_set *set = trace_set(letter);
    const char *between = "", *nothing = "0";
    uint64_t left = value;
    for (const struct trace_name *n = set->names; n->name; n++) {
        if (!n->mask)
            nothing = n->name;
        if (!n->mask || (value & n->mask) != n->value || (left & n->value) != n->value)
            continue;
        trace_put(l, "%s%s", between, n->name);
        left &= ~n->mask;
        between = "|";
    }
    if (left)
        trace_put(l, "%s0x%" PRIx64 "%s%s%s", between, left, left == value ? " /* " : "",
                  left == value ? set->unknown : "", left == value ? " */" : "");
    else if (!*between)
        trace_put(l, "%s", nothing);
}

void trace_put_value(struct trace_line *l, char letter, uint64_t value)
{
    const struct trace_set *set = trace_set(letter);
    const char *name = trace_name(set, (uint32_t)value);
    if (name)
        trace_put(l, "%s", name);
    else
        trace_put(l, "0x%x /* %s */", (unsigned)value, set->unknown);
}

void trace_put_signal(struct trace_line *l, int number)
{
    char buffer[16];
    trace_put(l, "%s", trace_signal_name(number, buffer));
}

void trace_put_mode(struct trace_line *l, uint32_t mode)
{
    static const struct {
        uint32_t type;
        const char *name;
    } types[] = {{L_S_IFREG, "S_IFREG"},  {L_S_IFDIR, "S_IFDIR"}, {L_S_IFLNK, "S_IFLNK"},
                 {L_S_IFCHR, "S_IFCHR"},  {L_S_IFBLK, "S_IFBLK"}, {L_S_IFIFO, "S_IFIFO"},
                 {L_S_IFSOCK, "S_IFSOCK"}};
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if ((mode & L_S_IFMT) == types[i].type)
            trace_put(l, "%s|", types[i].name);
    if (mode & L_S_ISUID)
        trace_put(l, "S_ISUID|");
    if (mode & L_S_ISGID)
        trace_put(l, "S_ISGID|");
    if (mode & L_S_ISVTX)
        trace_put(l, "S_ISVTX|");
    trace_put(l, "%#03o", mode & 0777);
}

bool trace_get(struct trace_line *l, void *to, uint64_t address, size_t size)
{
    struct space *space = l->task->process->space;
    return space && address && copy_from_guest(space, to, address, size) == 0;
}
