/* Messages that the desktop shows, for somebody who does not look at the window. */
#ifndef APP_HOST_NOTICE_H
#define APP_HOST_NOTICE_H

#include <SDL.h>
#include <stdbool.h>

/* What a message of this window is shown with. UI thread. */
void *host_notice_place(SDL_Window *window);

/* Shows a message: plain text, at most some hundred bytes of which are seen. Waits until the
 * desktop has taken it: for threads of their own. False when there is nobody who shows it. */
bool host_notice_show(void *place, const char *title, const char *body);

/* The messages have been seen, or the window closes. UI thread. */
void host_notice_end(void *place);

#endif
