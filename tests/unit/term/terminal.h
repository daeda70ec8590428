/* A terminal for a test, and how much it wrote. */
#ifndef TESTS_TERM_TERMINAL_H
#define TESTS_TERM_TERMINAL_H

#include <check.h>

#include "term/term.h"

/* Bytes that all of them wrote to their programs. */
static size_t written;

static inline void on_write(void *context, const char *bytes, size_t n)
{
    (void)context;
    (void)bytes;
    written += n;
}

static inline struct term *terminal(int rows, int cols, int scrollback)
{
    static const struct term_callbacks calls = {.write = on_write};
    struct term_options options;
    term_options_default(&options);
    options.scrollback_lines = scrollback;
    struct term *t = term_new(rows, cols, &options, &calls, NULL);
    ck_assert_ptr_nonnull(t);
    return t;
}

#endif
