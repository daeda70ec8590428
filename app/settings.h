/*
 * The configuration file: where it is, reading it, and telling the user about mistakes. Linux:
 * $XDG_CONFIG_HOME/foreland/foreland.conf; Windows: foreland.conf beside the program if there is
 * one, else %APPDATA%\Foreland\foreland.conf.
 */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include "app/arguments.h"
#include "app/config.h"

struct window;

/* Reads the file, or takes the defaults when there is none. arguments have to live on. The
 * configuration lives as long as the process. NULL when out of memory. */
const struct config *settings_load(const struct arguments *arguments);

/* Shows the mistakes of the file in the window, and in the log. */
void settings_attach(struct window *w);

/* The file, which need not be there. NULL when there is no place for one. */
const char *settings_path(void);

#endif
