/* The programs with which the user of this host opens things. Both wait until those have taken what
 * they are given, at worst until they end: for threads of their own. */
#ifndef APP_HOST_OPENER_H
#define APP_HOST_OPENER_H

#include <stdbool.h>

/* An address. False when it could not be opened. */
bool host_open_link(const char *uri);

/* Whether opening a file by its address shows it and never runs it. */
bool host_opens_files_safely(void);

/* A text file, in the user's editor. False when there is none. */
bool host_edit_file(const char *path);

#endif
