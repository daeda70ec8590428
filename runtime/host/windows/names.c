/*
 * Paths go to Windows in the \\?\ form, which has no length limit and interprets nothing, so what
 * Win32 would interpret is refused here: a colon, a wildcard, a device name, a dot or space at a
 * name's end. Device names: "Naming Files, Paths, and Namespaces" in Microsoft's documentation, and
 * CONIN$ and CONOUT$ of CreateFile's.
 */
#include "runtime/abi/errno.h"
#include "runtime/host/windows/files.h"
#include "runtime/host/windows/wide.h"
#include <stdlib.h>
#include <string.h>

int host_last_error(void)
{
    return -host_windows_errno(GetLastError());
}

int host_result_of(BOOL ok)
{
    return ok ? 0 : host_last_error();
}

int host_error_at(const wchar_t *path, int error)
{
    DWORD attributes;
    if (error != -L_EACCES)
        return error;
    attributes = GetFileAttributesW(path);
    if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY))
        return -L_EISDIR;
    return error;
}

/* 0 to 9, and the superscripts one to three of Latin 1. */
static bool is_port_digit(wchar_t c)
{
    return (c >= L'0' && c <= L'9') || c == 0xb9 || c == 0xb2 || c == 0xb3;
}

/* Whether Windows takes a name for a device, whatever follows a dot or colon in it. */
static bool is_device(const wchar_t *name, size_t length)
{
    static const wchar_t *const devices[] = {L"CON", L"PRN", L"AUX", L"NUL", L"CONIN$", L"CONOUT$"};
    size_t base = 0;
    while (base < length && name[base] != L'.' && name[base] != L':')
        base++;
    while (base && name[base - 1] == L' ')
        base--;
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        if (base == wcslen(devices[i]) && _wcsnicmp(name, devices[i], base) == 0)
            return true;
    }
    return base == 4 && (_wcsnicmp(name, L"COM", 3) == 0 || _wcsnicmp(name, L"LPT", 3) == 0) &&
           is_port_digit(name[3]);
}

static bool is_dots(const wchar_t *name, size_t length)
{
    return (length == 1 && name[0] == L'.') || (length == 2 && name[0] == L'.' && name[1] == L'.');
}

/* Whether a name means itself. */
static bool name_fits(const wchar_t *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (name[i] < 32 || wcschr(L"<>:\"/\\|?*", name[i]))
            return false;
    }
    return length > 0 && name[length - 1] != L'.' && name[length - 1] != L' ' &&
           !is_device(name, length);
}

static bool path_fits(const wchar_t *path)
{
    if (path[0] && path[1] == L':')
        path += 2;
    while (*path) {
        size_t length = wcscspn(path, L"\\");
        if (length && !is_dots(path, length) && !name_fits(path, length))
            return false;
        path += length + (path[length] == L'\\');
    }
    return true;
}

static bool is_verbatim(const wchar_t *path)
{
    return wcsncmp(path, L"\\\\?\\", 4) == 0;
}

static bool is_device_path(const wchar_t *path)
{
    return wcsncmp(path, L"\\\\.\\", 4) == 0;
}

static wchar_t *join(const wchar_t *before, const wchar_t *path, const wchar_t *after)
{
    wchar_t *text = malloc((wcslen(before) + wcslen(path) + wcslen(after) + 1) * sizeof(*text));
    if (text) {
        wcscpy(text, before);
        wcscat(text, path);
        wcscat(text, after);
    }
    return text;
}

int host_windows_path(const char *path, const wchar_t *after, int misfit, wchar_t **out)
{
    *out = NULL;
    wchar_t *wide = host_wide(path);
    if (!wide)
        return -L_ENOMEM;
    for (wchar_t *c = wide; *c; c++) {
        if (*c == L'/')
            *c = L'\\';
    }
    bool device = is_device_path(wide);
    int error = is_verbatim(wide) || device || path_fits(wide) ? 0 : misfit;
    DWORD size = error ? 0 : GetFullPathNameW(wide, 0, NULL, NULL);
    wchar_t *full = size ? malloc(size * sizeof(*full)) : NULL;
    if (full && GetFullPathNameW(wide, size, full, NULL) >= size)
        full[0] = 0;
    free(wide);
    if (error)
        return error;
    if (!full || !full[0]) {
        free(full);
        return size ? -L_ENOMEM : -L_ENOENT;
    }
    /* A newer Windows may know a device that is not in the list. */
    if (is_device_path(full) && !device)
        error = misfit;
    else if (is_verbatim(full) || device)
        *out = join(L"", full, after);
    else if (full[0] == L'\\' && full[1] == L'\\')
        *out = join(L"\\\\?\\UNC", full + 1, after);
    else
        *out = join(L"\\\\?\\", full, after);
    free(full);
    return error ? error : *out ? 0 : -L_ENOMEM;
}

int host_windows_below(const wchar_t *above, const char *name, int misfit, wchar_t **out)
{
    *out = NULL;
    int n = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, name, -1, NULL, 0);
    if (n <= 0)
        return misfit;
    size_t room = wcslen(above);
    wchar_t *text = malloc((room + 1 + (size_t)n) * sizeof(*text));
    if (!text)
        return -L_ENOMEM;
    wcscpy(text, above);
    if (*name && (room == 0 || text[room - 1] != L'\\'))
        text[room++] = L'\\';
    wchar_t *part = text + room;
    MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, name, -1, part, n);
    while (*name && part) {
        wchar_t *slash = wcschr(part, L'/');
        if (!name_fits(part, slash ? (size_t)(slash - part) : wcslen(part))) {
            free(text);
            return misfit;
        }
        if (slash)
            *slash++ = L'\\';
        part = slash;
    }
    *out = text;
    return 0;
}

bool host_is_program(const wchar_t *path)
{
    static const wchar_t *const endings[] = {L".exe", L".com", L".bat", L".cmd", L".sh"};
    const wchar_t *dot = wcsrchr(path, L'.');
    for (int i = 0; dot && i < 5; i++) {
        if (_wcsicmp(dot, endings[i]) == 0)
            return true;
    }
    return false;
}
