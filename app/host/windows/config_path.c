/* The configuration file's place: beside the program, or in %APPDATA%. */
#include "app/host/config_path.h"

#include <stdbool.h>
#include <stdlib.h>
#include <windows.h>

#include "runtime/host/windows/wide.h"

#define PATH_SIZE 32768

/* foreland.conf in the folder of the program. */
static bool beside_program(wchar_t *path)
{
    DWORD n = GetModuleFileNameW(NULL, path, PATH_SIZE - 32);
    wchar_t *end = n > 0 && n < PATH_SIZE - 32 ? wcsrchr(path, L'\\') : NULL;
    if (!end)
        return false;
    wcscpy(end + 1, L"foreland.conf");
    DWORD kind = GetFileAttributesW(path);
    return kind != INVALID_FILE_ATTRIBUTES && !(kind & FILE_ATTRIBUTE_DIRECTORY);
}

static bool of_user(wchar_t *path)
{
    DWORD n = GetEnvironmentVariableW(L"APPDATA", path, PATH_SIZE - 32);
    if (n == 0 || n >= PATH_SIZE - 32)
        return false;
    wcscat(path, L"\\Foreland\\foreland.conf");
    return true;
}

char *host_config_path(void)
{
    wchar_t *path = malloc(PATH_SIZE * sizeof(*path));
    char *text = path && (beside_program(path) || of_user(path)) ? host_narrow(path) : NULL;
    free(path);
    return text;
}
