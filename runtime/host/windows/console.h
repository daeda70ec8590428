/* A Windows console as a terminal of bytes: UTF-8 and escape sequences in both directions. */
#ifndef RUNTIME_HOST_WINDOWS_CONSOLE_H
#define RUNTIME_HOST_WINDOWS_CONSOLE_H

#include <stddef.h>
#include <stdint.h>
#include <windows.h>

/* Waits for keys and turns them into bytes. At least one, or a negative errno: -L_EAGAIN when the
 * event stop was set instead, and then every key that was not returned is still the console's. n is
 * 8 or more. */
int64_t host_console_read(HANDLE console, HANDLE stop, uint8_t *bytes, size_t n);

/* Writes UTF-8; a character cut off at the end waits for the next call. n or a negative errno. */
int64_t host_console_write(HANDLE console, const void *bytes, size_t n);

#endif
