#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/kernel/exec.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

int exec_parse_script(char head[EXEC_HEAD_SIZE + 1], char **interpreter, char **argument)
{
    head[EXEC_HEAD_SIZE] = 0;
    char *end = memchr(head, '\n', EXEC_HEAD_SIZE);
    if (!end) {
        /* The line is cut: fine as long as the whole name of the interpreter is there. */
        char *p = head + 2;
        while (is_blank(*p))
            p++;
        char *name = p;
        while (*p && !is_blank(*p))
            p++;
        if (p == name || (p == head + EXEC_HEAD_SIZE))
            return -L_ENOEXEC;
        end = head + strnlen(head, EXEC_HEAD_SIZE);
    }
    while (end > head + 2 && is_blank(end[-1]))
        end--;
    *end = 0;
    char *p = head + 2;
    while (is_blank(*p))
        p++;
    if (!*p)
        return -L_ENOEXEC;
    *interpreter = p;
    while (*p && !is_blank(*p))
        p++;
    *argument = NULL;
    if (*p) {
        *p++ = 0;
        while (is_blank(*p))
            p++;
        if (*p)
            *argument = p;
    }
    return 0;
}
