/* What the layers above rely on and only this host can be asked about; for `fore selftest`. */
#ifndef RUNTIME_HOST_SELFTEST_H
#define RUNTIME_HOST_SELFTEST_H

#include <stdbool.h>
#include <stddef.h>

/* name: what is assumed; value: what was seen. */
typedef void host_selftest_fn(const char *name, bool pass, const char *value);

/* Calls report once for each. Makes nothing that outlives it but a thread that Windows may hold. */
void host_selftest(host_selftest_fn *report);

/* The system's name and version, cut to fit. */
void host_system_name(char *buffer, size_t size);

#endif
