/* Messages of programs (OSC 9, 99, 777), which the desktop shows while somebody does something
 * else. UI thread. */
#ifndef APP_WINDOW_NOTICES_H
#define APP_WINDOW_NOTICES_H

#include <stdbool.h>
#include <stdint.h>

#define NOTICES_BURST    3    /* in a row; then */
#define NOTICES_EVERY_MS 5000 /* one in so much time */

struct window;

/* Zero: none yet. */
struct notices {
    unsigned spent; /* of NOTICES_BURST */
    uint64_t since; /* ticks: when the time runs from after which one comes back */
    unsigned shown; /* so far */
};

/* Whether there may be one more now, which is then counted; others are dropped. */
bool notices_allow(struct notices *n, uint64_t now);

/* Shows a message unless the window has the keyboard, the user does not want any, or there were too
 * many. */
void notices_take(struct window *w, const char *title, const char *body);
/* The window has got the keyboard, or closes. */
void notices_seen(struct window *w);

#endif
