/* A text that grows. Once memory is lacking nothing is added, and there is no text. */
#ifndef APP_BASE_STRBUF_H
#define APP_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

struct page {
    char *text;
    size_t size;
    bool failed;
};

void page_add(struct page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text, malloc'ed, or NULL. */
char *page_finish(struct page *p);

#endif
