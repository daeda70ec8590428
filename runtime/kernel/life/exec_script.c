/* The first line of a script. */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/kernel/life/exec.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char *skip_blanks(char *p, const char *end)
{
    while (p < end && is_blank(*p))
        p++;
    return p;
}

static char *find_blank(char *p, const char *end)
{
    while (p < end && *p && !is_blank(*p))
        p++;
    return p;
}

/* Where the line ends. Without a newline it is cut at the last byte, which is fine as long as the
 * whole name of the interpreter is there: a file shorter than the head has zeroes behind its end.
 * NULL: the name is cut, or there is none. */
static char *find_end(char *head)
{
    char *last = head + EXEC_HEAD_SIZE - 1;
    char *zero = memchr(head, 0, EXEC_HEAD_SIZE);
    char *end = memchr(head, '\n', zero ? (size_t)(zero - head) : EXEC_HEAD_SIZE);
    if (!end) {
        char *name = skip_blanks(head + 2, last + 1);
        if (name > last || find_blank(name, last + 1) > last)
            return NULL;
        end = last;
    }
    while (is_blank(end[-1]))
        end--;
    return end;
}

int exec_parse_script(char head[EXEC_HEAD_SIZE], char **interpreter, char **argument)
{
    char *end = find_end(head);
    char *name = end ? skip_blanks(head + 2, end) : NULL;
    if (!name || name == end)
        return -L_ENOEXEC;
    *interpreter = name;
    *argument = NULL;
    *end = 0;
    char *rest = find_blank(name, end);
    if (rest < end && *rest) {
        *argument = skip_blanks(rest, end);
        *rest = 0;
    }
    return 0;
}
