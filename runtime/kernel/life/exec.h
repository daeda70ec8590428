/*
 * execve(2), in steps: collect the strings, find the file (scripts lead to another one), check the
 * ELF headers, fill a new address space, and only then give up the old one.
 */
#ifndef RUNTIME_KERNEL_LIFE_EXEC_H
#define RUNTIME_KERNEL_LIFE_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/abi/elf.h"
#include "runtime/task/cred.h"

struct cpu;
struct file;
struct mapping;
struct path;
struct space;
struct task;

/* argv or envp: strings one after another, each with its NUL. */
struct exec_strings {
    char *data;
    size_t used, room;
    uint32_t count;
};

/* -L_ENOMEM, -L_E2BIG (one string too long). */
int exec_strings_add(struct exec_strings *s, const char *text, size_t length);
/* Put in front, for scripts. */
int exec_strings_prepend(struct exec_strings *s, const char *text);
/* Remove the first one. */
void exec_strings_shift(struct exec_strings *s);
void exec_strings_free(struct exec_strings *s);

#define EXEC_HEAD_SIZE 256

/* An opened ELF file with its headers. */
struct elf_file {
    struct file *file;       /* counted */
    struct mapping *mapping; /* counted, set when loading */
    struct l_elf_header header;
    struct l_elf_segment *segments;
};

struct exec {
    struct task *task;
    char *filename;     /* as the program is told (AT_EXECFN) */
    const char *lookup; /* what is looked up below a descriptor instead; NULL: the same */
    bool nameless;      /* found by descriptor alone */
    bool closes_name;   /* the file name leads through a descriptor that exec closes */
    struct exec_strings argv, envp;
    struct elf_file program, interpreter; /* interpreter.file NULL: static */
    bool executable_stack;
    bool secure;      /* AT_SECURE: it has more than its user */
    bool unreadable;  /* the program is not to be looked into */
    struct cred cred; /* after it */

    /* Filled by loading. */
    struct space *space;
    uint64_t entry, start, phdr, base, brk;
    uint64_t stack_top, stack_pointer;
    uint64_t arg_start, arg_end, env_start, env_end;
    uint8_t auxv[512];
    uint32_t auxv_size;
};

/* "#!": head is the start of the file, zeroes behind its end. Leaves the interpreter's path and the
 * optional argument (NULL if none; either may be empty) inside head. 0 or -L_ENOEXEC. */
int exec_parse_script(char head[EXEC_HEAD_SIZE], char **interpreter, char **argument);

/* Reads and checks the headers; head is the start of the file. 0, -L_ENOEXEC, -L_EIO ... */
int elf_open(struct exec *ex, const uint8_t head[EXEC_HEAD_SIZE]);
/* Maps program and interpreter into ex->space. Any error is past the point of no return. */
int elf_load(struct exec *ex);
void elf_close(struct elf_file *elf);

/* Makes the stack with strings, auxiliary vector and pointers. */
int exec_stack(struct exec *ex);

/* Replaces the calling task's program; ex is filled with filename and strings, and freed. On
 * success cpu stands at the entry. 0 or a negative errno, after which the old program goes on,
 * unless the process is already dying. */
int exec_run(struct exec *ex, struct cpu *cpu, const struct path *at, uint32_t flags);

#endif
