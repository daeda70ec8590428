/* A text that grows. */
#include "app/base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void strbuf_add(struct strbuf *p, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *more = n < 0 || p->failed ? NULL : realloc(p->text, p->size + (size_t)n + 1);
    if (more) {
        vsnprintf(more + p->size, (size_t)n + 1, format, again);
        p->text = more;
        p->size += (size_t)n;
    } else {
        p->failed = true;
    }
    va_end(again);
    va_end(args);
}

char *strbuf_finish(struct strbuf *p)
{
    if (!p->failed)
        return p->text;
    free(p->text);
    return NULL;
}
