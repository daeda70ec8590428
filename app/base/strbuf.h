/* A text that grows. Once memory is lacking nothing is added, and there is no text. */
#ifndef APP_BASE_STRBUF_H
#define APP_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf {
    char *text;
    size_t size;
    bool failed;
};

void strbuf_add(struct strbuf *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text, malloc'ed, or NULL. */
char *strbuf_finish(struct strbuf *p);

#endif
