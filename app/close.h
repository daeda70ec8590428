/* Closing the window by the user's wish. */
#ifndef APP_CLOSE_H
#define APP_CLOSE_H

#include <stdbool.h>

struct window;

/* Asks first when the configuration says so; true when the window shall close. UI thread; waits for
 * the user. */
bool close_confirmed(struct window *w);

#endif
