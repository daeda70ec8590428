/* Opens addresses and files with the shell's programs. */
#include "app/host/opener.h"

#include <stdint.h>
#include <stdlib.h>
#include <windows.h>

#include <objbase.h>
#include <shellapi.h>

#include "runtime/host/windows/wide.h"

/* The shell's extensions may need COM. */
static bool execute(const wchar_t *what, const wchar_t *arguments)
{
    bool com = SUCCEEDED(CoInitializeEx(NULL, COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE));
    bool done = (intptr_t)ShellExecuteW(NULL, L"open", what, arguments, NULL, SW_SHOWNORMAL) > 32;
    if (com)
        CoUninitialize();
    return done;
}

bool host_open_link(const char *uri)
{
    wchar_t *wide = host_wide(uri);
    bool done = wide && execute(wide, NULL);
    free(wide);
    return done;
}

bool host_opens_files_safely(void)
{
    return false; /* the shell starts programs */
}

/* What the user opens such files with, else Notepad. */
bool host_edit_file(const char *path)
{
    wchar_t *wide = host_wide(path), *quoted = NULL;
    if (!wide || !(quoted = malloc((wcslen(wide) + 3) * sizeof(*quoted)))) {
        free(wide);
        return false;
    }
    wcscpy(quoted, L"\"");
    wcscat(quoted, wide);
    wcscat(quoted, L"\"");
    bool done = execute(wide, NULL) || execute(L"notepad.exe", quoted);
    free(quoted);
    free(wide);
    return done;
}
