/*
 * What libtsm's converted code (libtsm-to-coff.py) imports from the C library, for Windows.
 *
 * That code calls by the System V convention; these functions accept such calls and pass them on
 * to the C library of the program they are linked into. Memory that libtsm hands to its caller
 * therefore comes from, and goes back to, that library's malloc and free.
 */
#include <stdlib.h>
#include <string.h>

#define IMPORT(type) __attribute__((sysv_abi)) type

IMPORT(void *) tsm_libc_malloc(size_t size)
{
    return malloc(size);
}

IMPORT(void *) tsm_libc_calloc(size_t count, size_t size)
{
    return calloc(count, size);
}

IMPORT(void *) tsm_libc_realloc(void *old, size_t size)
{
    return realloc(old, size);
}

IMPORT(void) tsm_libc_free(void *memory)
{
    free(memory);
}

IMPORT(void *) tsm_libc_memcpy(void *to, const void *from, size_t size)
{
    return memcpy(to, from, size);
}

IMPORT(void *) tsm_libc_memmove(void *to, const void *from, size_t size)
{
    return memmove(to, from, size);
}

IMPORT(void *) tsm_libc_memset(void *to, int byte, size_t size)
{
    return memset(to, byte, size);
}

IMPORT(int) tsm_libc_strcmp(const char *a, const char *b)
{
    return strcmp(a, b);
}

IMPORT(char *) tsm_libc_strdup(const char *text)
{
    return strdup(text);
}

/* A function of libtsm found its frame overwritten: nothing can be trusted any more. */
IMPORT(void) tsm_libc___stack_chk_fail(void)
{
    abort();
}
