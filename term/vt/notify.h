/* What programs tell whoever does not look at them: progress (OSC 9;4) and messages (OSC 9, 99,
 * 777). Sources: ConEmu, iTerm2, rxvt-unicode, kitty's desktop notifications. */
#ifndef TERM_VT_NOTIFY_H
#define TERM_VT_NOTIFY_H

#include "term/screen/state.h"

/* What follows the numbers 9, 99 and 777. */
void notify_plain(struct term *t, const char *text, size_t n);
void notify_in_parts(struct term *t, const char *text, size_t n);
void notify_command(struct term *t, const char *text, size_t n);
/* A command has ended: no progress of it is shown any more. */
void progress_end(struct term *t);

#endif
