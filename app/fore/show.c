/* Guest code beside its translation. */
#include "app/fore/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/abi/fcntl.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/host/errno_names.h"
#include "runtime/kernel/entry/symbols.h"
#include "runtime/translate/code_show.h"

/* Where nothing says how long the code is. */
#define SIZE_UNKNOWN 256u
#define SIZE_MAX_KB  1024u

struct part {
    uint64_t address, offset, size;
};

/* The first instruction of the translation stands beside the guest's. */
static void print_line(void *arg, const char *guest, const char *host)
{
    char *waiting = arg;
    if (guest[0] || !host[0]) {
        if (waiting[0])
            puts(waiting);
        snprintf(waiting, 256, "%s", guest);
        if (!guest[0])
            puts("");
        return;
    }
    printf("%-56s | %s\n", waiting, host);
    waiting[0] = 0;
}

static bool find_part(const struct symbols *symbols, const char *what, struct part *part)
{
    struct symbol symbol;
    char *end;
    bool offset = what[0] == '+';
    if (!offset && strncmp(what, "0x", 2) != 0) {
        if (!symbols_named(symbols, what, &symbol))
            return false;
        part->address = symbol.start;
    } else {
        uint64_t number = strtoull(what + offset, &end, 16);
        if (*end || end == what + offset)
            return false;
        part->address = number;
        if (offset && !symbols_to_address(symbols, number, &part->address))
            return false;
    }
    part->size = SIZE_UNKNOWN;
    if (symbols_at(symbols, part->address, &symbol) && symbol.size)
        part->size = symbol.size - (part->address - symbol.start);
    if (part->size > SIZE_MAX_KB << 10)
        part->size = SIZE_MAX_KB << 10;
    return symbols_to_offset(symbols, part->address, &part->offset);
}

static int show_part(struct file *file, const struct part *part)
{
    char waiting[256] = "";
    uint8_t *code = malloc(part->size);
    uint64_t offset = part->offset;
    int64_t n = code ? file_read(file, code, part->size, &offset) : 0;
    int error = n > 0 ? code_show(code, (size_t)n, part->address, print_line, waiting) : 1;
    if (waiting[0])
        puts(waiting);
    free(code);
    return error ? 1 : 0;
}

int show_code(const char *what, const char *program)
{
    struct file *file;
    struct part part;
    int status = 1;
    int error =
        vfs_open(vfs_kernel_caller(), NULL, program, L_O_RDONLY | L_O_NONBLOCK, 0, 0, &file);
    if (error) {
        fprintf(stderr, "fore: %s: %s\n", program, errno_text(-error));
        return status;
    }
    struct symbols *symbols = symbols_read(file);
    if (!symbols)
        fprintf(stderr, "fore: %s is not a program\n", program);
    else if (!find_part(symbols, what, &part))
        fprintf(stderr, "fore: %s: there is no %s in it\n", program, what);
    else
        status = show_part(file, &part);
    symbols_free(symbols);
    file_put(file);
    return status;
}
