/* What lies in the folder of the program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/host/env.h"
#include "runtime/host/file.h"

char *host_beside_program(const char *name)
{
    char *program = host_program_path(), *path = NULL;
    if (!program)
        return NULL;
    char *slash = strrchr(program, '/'), *backslash = strrchr(program, '\\');
    char *end = host_has_drives() && backslash > slash ? backslash : slash;
    size_t folder = end ? (size_t)(end + 1 - program) : 0, size = folder + strlen(name) + 1;
    path = malloc(size);
    if (path)
        snprintf(path, size, "%.*s%s", (int)folder, program, name);
    free(program);
    return path;
}
