/* UTF-8 to Windows' strings and back. Results are freed by the caller; NULL when out of memory.
 * Bytes that are no UTF-8, and lone surrogates, become U+FFFD. */
#ifndef RUNTIME_HOST_WINDOWS_WIDE_H
#define RUNTIME_HOST_WINDOWS_WIDE_H

#include <wchar.h>

wchar_t *host_wide(const char *text);
char *host_narrow(const wchar_t *text);

/* The errno (positive, L_*) for a GetLastError() value. */
int host_windows_errno(unsigned code);

#endif
