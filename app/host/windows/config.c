#include "app/host/config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <windows.h>

#define PATH_SIZE 32768

static char *to_utf8(const wchar_t *wide)
{
    int n = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    char *text = n > 0 ? malloc((size_t)n) : NULL;
    if (text)
        WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, n, NULL, NULL);
    return text;
}

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
    char *text = path && (beside_program(path) || of_user(path)) ? to_utf8(path) : NULL;
    free(path);
    return text;
}
