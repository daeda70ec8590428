/* How far something is, in hundredths: one line on stderr where that is a terminal, gone when it is
 * hidden; nothing elsewhere. */
#ifndef APP_FORE_PROGRESS_H
#define APP_FORE_PROGRESS_H

#include <stdbool.h>

struct progress {
    const char *what;
    bool shows;
    int shown; /* hundredths; -1: nothing stands in the line */
};

void progress_init(struct progress *progress, const char *what);
void progress_show(struct progress *progress, unsigned percent);
/* Before anything else is printed. */
void progress_hide(struct progress *progress);

#endif
