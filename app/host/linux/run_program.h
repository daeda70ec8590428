/* Programs of the desktop. */
#ifndef APP_HOST_LINUX_RUN_PROGRAM_H
#define APP_HOST_LINUX_RUN_PROGRAM_H

#include <stdbool.h>

/* Runs a program that is searched in PATH, without a terminal, in a session of its own, and waits
 * until it ends. False when it could not be started or its status is not 0. */
bool run_program(char *const argv[]);

#endif
