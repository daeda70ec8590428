#include "app/host/fonts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

const char *const host_font_names[] = {"CascadiaMono.ttf", "consola.ttf", "lucon.ttf", "cour.ttf",
                                       NULL};

/* Folders of fonts: the system's and the user's. */
static int folder(int which, wchar_t *path, size_t size)
{
    wchar_t base[MAX_PATH];
    const wchar_t *tail = which == 0 ? L"\\Fonts" : L"\\Microsoft\\Windows\\Fonts";
    DWORD n = which == 0 ? GetWindowsDirectoryW(base, MAX_PATH)
                         : GetEnvironmentVariableW(L"LOCALAPPDATA", base, MAX_PATH);
    if (n == 0 || n >= MAX_PATH || wcslen(base) + wcslen(tail) + 1 > size)
        return 0;
    wcscpy(path, base);
    wcscat(path, tail);
    return 1;
}

static int is_font(const wchar_t *name)
{
    const wchar_t *dot = wcsrchr(name, L'.');
    return dot && (!_wcsicmp(dot, L".ttf") || !_wcsicmp(dot, L".otf") || !_wcsicmp(dot, L".ttc"));
}

static int walk(const wchar_t *from, int (*each)(void *, const char *), void *arg)
{
    wchar_t pattern[2 * MAX_PATH];
    WIN32_FIND_DATAW found;
    _snwprintf(pattern, 2 * MAX_PATH, L"%ls\\*", from);
    HANDLE search = FindFirstFileW(pattern, &found);
    if (search == INVALID_HANDLE_VALUE)
        return 0;
    int result = 0;
    do {
        wchar_t wide[3 * MAX_PATH];
        char path[3 * 3 * MAX_PATH];
        if ((found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) || !is_font(found.cFileName))
            continue;
        _snwprintf(wide, 3 * MAX_PATH, L"%ls\\%ls", from, found.cFileName);
        if (WideCharToMultiByte(CP_UTF8, 0, wide, -1, path, sizeof(path), NULL, NULL))
            result = each(arg, path);
    } while (!result && FindNextFileW(search, &found));
    FindClose(search);
    return result;
}

void host_fonts_each(int (*each)(void *arg, const char *path), void *arg)
{
    wchar_t path[2 * MAX_PATH];
    for (int which = 0; which < 2; which++)
        if (folder(which, path, 2 * MAX_PATH) && walk(path, each, arg))
            return;
}

const unsigned char *host_font_load(const char *path, size_t *size)
{
    wchar_t wide[4 * MAX_PATH];
    if (!MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, 4 * MAX_PATH))
        return NULL;
    HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    LARGE_INTEGER length;
    void *data = NULL;
    if (GetFileSizeEx(file, &length) && length.QuadPart > 0) {
        HANDLE section = CreateFileMappingW(file, NULL, PAGE_READONLY, 0, 0, NULL);
        if (section) {
            data = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
            CloseHandle(section);
        }
    }
    CloseHandle(file);
    *size = (size_t)length.QuadPart;
    return data;
}

void host_font_unload(const unsigned char *data, size_t size)
{
    (void)size;
    UnmapViewOfFile(data);
}
