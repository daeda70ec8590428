/* Files and texts that are dropped on the window: files become their paths as programs inside see
 * them, quoted for a shell. UI thread. */
#ifndef APP_WINDOW_DROP_H
#define APP_WINDOW_DROP_H

#include <SDL.h>

#include "app/base/strbuf.h"

struct window;

/* What is being dropped. Zero: nothing. */
struct drop {
    struct strbuf text;
    unsigned unseen; /* files that programs inside do not see */
};

/* Takes SDL_DROPBEGIN, SDL_DROPFILE, SDL_DROPTEXT or SDL_DROPCOMPLETE, and frees what it holds. */
void drop_event(struct window *w, const SDL_DropEvent *event);
void drop_free(struct window *w);

/* Appends a path so that a shell takes it for one word, and a blank. */
void drop_quote(struct strbuf *out, const char *path);

#endif
