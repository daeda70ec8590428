/* Messages beside the clock, which is all that Windows shows of a program that is not installed. */
#include "app/host/notice.h"

#include <SDL_syswm.h>
#include <stdlib.h>
#include <windows.h>

#include <shellapi.h>

#include "runtime/host/windows/wide.h"

#define ICON_ID 1 /* of the program's resources, and of what is shown */

/* Messages come from threads of their own; the first one brings an icon, which they all have. */
static SRWLOCK lock = SRWLOCK_INIT;
static bool icon_shown;

void *host_notice_place(SDL_Window *window)
{
    SDL_SysWMinfo info;
    SDL_VERSION(&info.version);
    if (!SDL_GetWindowWMInfo(window, &info) || info.subsystem != SDL_SYSWM_WINDOWS)
        return NULL;
    return info.info.win.window;
}

/* As much as there is room for; no half of a character. */
static void copy_text(wchar_t *out, size_t size, const char *text)
{
    wchar_t *wide = host_wide(text);
    size_t n = wide ? wcslen(wide) : 0;
    if (n >= size)
        n = size - 1;
    if (n > 0 && IS_HIGH_SURROGATE(wide[n - 1]))
        n--;
    for (size_t i = 0; i < n; i++)
        out[i] = wide[i];
    out[n] = 0;
    free(wide);
}

bool host_notice_show(void *place, const char *title, const char *body)
{
    NOTIFYICONDATAW icon = {.cbSize = sizeof(icon),
                            .hWnd = place,
                            .uID = ICON_ID,
                            .uFlags = NIF_ICON | NIF_TIP | NIF_INFO,
                            .szTip = L"Foreland",
                            .dwInfoFlags = NIIF_NONE};
    if (!place)
        return false;
    icon.hIcon = LoadIconW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(ICON_ID));
    copy_text(icon.szInfoTitle, sizeof(icon.szInfoTitle) / sizeof(wchar_t), title);
    /* Without text nothing is shown. */
    copy_text(icon.szInfo, sizeof(icon.szInfo) / sizeof(wchar_t), body[0] ? body : " ");
    AcquireSRWLockExclusive(&lock);
    bool done = Shell_NotifyIconW(icon_shown ? NIM_MODIFY : NIM_ADD, &icon);
    icon_shown = icon_shown || done;
    ReleaseSRWLockExclusive(&lock);
    return done;
}

/* A message that is on its way keeps the icon: the window does not wait for the shell. */
void host_notice_end(void *place)
{
    NOTIFYICONDATAW icon = {.cbSize = sizeof(icon), .hWnd = place, .uID = ICON_ID};
    if (!place || !TryAcquireSRWLockExclusive(&lock))
        return;
    if (icon_shown)
        Shell_NotifyIconW(NIM_DELETE, &icon);
    icon_shown = false;
    ReleaseSRWLockExclusive(&lock);
}
