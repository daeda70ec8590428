/* Arguments and environment on their way into a new address space. */
#define HEAP_TIER HEAP_RESERVE
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/kernel/life/exec.h"

/* Linux's MAX_ARG_STRLEN: 32 pages, with the NUL. */
#define STRING_MAX 131072

static int make_room(struct exec_strings *s, size_t n)
{
    if (n > STRING_MAX)
        return -L_E2BIG;
    if (s->used + n <= s->room)
        return 0;
    size_t room = (s->used + n) * 2;
    if (room < 4096)
        room = 4096;
    char *data = realloc(s->data, room);
    if (!data)
        return -L_ENOMEM;
    s->data = data;
    s->room = room;
    return 0;
}

int exec_strings_add(struct exec_strings *s, const char *text, size_t length)
{
    int error = make_room(s, length + 1);
    if (error)
        return error;
    memcpy(s->data + s->used, text, length);
    s->data[s->used + length] = 0;
    s->used += length + 1;
    s->count++;
    return 0;
}

int exec_strings_prepend(struct exec_strings *s, const char *text)
{
    size_t n = strlen(text) + 1;
    int error = make_room(s, n);
    if (error)
        return error;
    memmove(s->data + n, s->data, s->used);
    memcpy(s->data, text, n);
    s->used += n;
    s->count++;
    return 0;
}

void exec_strings_shift(struct exec_strings *s)
{
    if (!s->count)
        return;
    size_t n = strlen(s->data) + 1;
    s->used -= n;
    memmove(s->data, s->data + n, s->used);
    s->count--;
}

void exec_strings_free(struct exec_strings *s)
{
    free(s->data);
    memset(s, 0, sizeof(*s));
}
