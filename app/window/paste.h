/*
 * Pasting. A program that has not asked for bracketed paste (mode 2004) takes each line end of what
 * is pasted for Enter, so the user is asked first, as the option paste-warning says. UI thread.
 */
#ifndef APP_WINDOW_PASTE_H
#define APP_WINDOW_PASTE_H

#include <stdbool.h>
#include <stddef.h>

struct question;
struct window;

/* What a text holds that a program may take for more than text. */
struct paste_look {
    size_t lines;    /* begun ones; a line end at the end of the text begins none */
    bool line_ends;  /* there is at least one */
    size_t controls; /* control characters, which are left out: not tab and line ends */
};

struct paste_look paste_look(const char *text, size_t n);

/* Writes the question and the first lines of the text into q, control characters as ^X. */
void paste_describe(struct question *q, const char *text, size_t n);

/* Pastes the clipboard or the primary selection, now or when the user has agreed. */
void paste_wanted(struct window *w, bool primary);
/* Likewise a text, which is SDL's memory and taken over; NULL is ignored. */
void paste_text(struct window *w, char *text);
void paste_free(struct window *w);

#endif
