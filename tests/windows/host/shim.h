/*
 * Windows as it is documented, in the place of the Wine the tests run on: the linker leads what the
 * host layer calls through a function here. A test names the functions on the line "wrap:" of its
 * first comment and gives each with SHIM; REAL is the one of the system.
 */
#ifndef TESTS_WINDOWS_HOST_SHIM_H
#define TESTS_WINDOWS_HOST_SHIM_H

#include <windows.h>

/* Calls go through the pointer __imp_NAME, which --wrap renames. */
#define SHIM(name)                                                                                 \
    extern __typeof__(&name) __real___imp_##name;                                                  \
    __typeof__(&name) __wrap___imp_##name = shim_##name

#define REAL(name) __real___imp_##name

/* Functions whose headers do not say that they are of a library are called by their names: those
 * on the lines "wrap calls:" are led to a function of this name. */
#define LED(name) __wrap_##name

#endif
