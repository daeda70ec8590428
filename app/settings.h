/*
 * The configuration file: where it is, reading it, reading it again when it is saved, and telling
 * the user about mistakes. Linux: $XDG_CONFIG_HOME/foreland/foreland.conf; Windows: foreland.conf
 * beside the program if there is one, else %APPDATA%\Foreland\foreland.conf. For the UI thread.
 */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include "app/config/arguments.h"
#include "app/config/config.h"

struct window;

/*
 * Reads the file, or takes the defaults when there is none. arguments have to live on. What is
 * returned lives as long as the process. NULL with a reason when the command line is wrong.
 */
const struct config *settings_load(const struct arguments *arguments, char *reason, size_t size);

/* Shows the mistakes of the file in the window and in the log; from now on the window follows the
 * file, and its actions open and reload it. */
void settings_attach(struct window *w);

#endif
