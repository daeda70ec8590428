/* Links of the terminal: which may be opened, and opening them. */
#ifndef APP_WINDOW_LINKS_H
#define APP_WINDOW_LINKS_H

#include <stdbool.h>

struct window;

/*
 * Whether a link may be handed to the system. Programs choose links, so only schemes that show
 * something pass: http, https, ftp and mailto; file only without a host, for localhost or our own
 * name, and where the system opens files without running them (`files`).
 */
bool link_allowed(const char *uri, const char *host, bool files);

/* Opens it, or tells the user that it is refused. UI thread. */
void link_open(struct window *w, const char *uri);

#endif
