/*
 * The functions that a program's file names, by address. The file is what a guest has made of it:
 * everything read from it has a bound. No lock may be held: files are read.
 */
#ifndef RUNTIME_KERNEL_ENTRY_SYMBOLS_H
#define RUNTIME_KERNEL_ENTRY_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYMBOL_NAME_SIZE 80

struct file;
struct symbols;

struct symbol {
    uint64_t start; /* an address as the file itself gives it */
    uint64_t size;  /* 0: not told */
    char name[SYMBOL_NAME_SIZE];
};

/* Reads the table of all functions, or, when the file was stripped, of those that others link to. A
 * reference to the file is taken. NULL when it is no program's, or there is no memory; a program
 * without such a table has no functions. */
struct symbols *symbols_read(struct file *file);
void symbols_free(struct symbols *symbols);

/* The address that the file gives to a place in it, and back. False when it is not loaded. */
bool symbols_to_address(const struct symbols *symbols, uint64_t offset, uint64_t *address);
bool symbols_to_offset(const struct symbols *symbols, uint64_t address, uint64_t *offset);

/* The last function that begins at the address or before it and has not ended there. */
bool symbols_at(const struct symbols *symbols, uint64_t address, struct symbol *out);
/* The function of that name. */
bool symbols_named(const struct symbols *symbols, const char *name, struct symbol *out);

#endif
