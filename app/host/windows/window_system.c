/* Scale, frame, the loop while a window is dragged, and console of Windows. */
#include "app/host/window_system.h"

#include <SDL_syswm.h>
#include <stdio.h>
#include <windows.h>

#include "runtime/host/ending.h"

#define TIMER_ID  0x466f
#define THEME_KEY L"Software\\Microsoft\\Windows\\CurrentVersion\\Themes\\Personalize"

/* DWMWA_USE_IMMERSIVE_DARK_MODE, and its number before Windows 10 2004. */
enum { DARK_FRAME = 20, DARK_FRAME_OLD = 19 };

typedef HRESULT WINAPI set_attribute(HWND, DWORD, const void *, DWORD);

static void (*modal_tick)(void *);
static void *modal_arg;
static WNDPROC sdl_procedure;

const bool host_window_resized = true;

double host_window_scale(SDL_Window *window)
{
    SDL_SysWMinfo info;
    SDL_VERSION(&info.version);
    if (!SDL_GetWindowWMInfo(window, &info) || info.subsystem != SDL_SYSWM_WINDOWS)
        return 1.0;
    UINT dpi = GetDpiForWindow(info.info.win.window);
    return dpi >= 48 ? dpi / 96.0 : 1.0;
}

static set_attribute *find_set_attribute(void)
{
    static set_attribute *found;
    HMODULE dwm = found ? NULL : LoadLibraryExW(L"dwmapi.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (dwm)
        found = (set_attribute *)(void *)GetProcAddress(dwm, "DwmSetWindowAttribute");
    return found;
}

static void set_frame(HWND window)
{
    set_attribute *set = find_set_attribute();
    DWORD light = 1, size = sizeof(light);
    RegGetValueW(HKEY_CURRENT_USER, THEME_KEY, L"AppsUseLightTheme", RRF_RT_REG_DWORD, NULL, &light,
                 &size);
    BOOL dark = !light;
    if (set && set(window, DARK_FRAME, &dark, sizeof(dark)) < 0)
        set(window, DARK_FRAME_OLD, &dark, sizeof(dark));
}

void host_window_frame(SDL_Window *window)
{
    SDL_SysWMinfo info;
    SDL_VERSION(&info.version);
    if (SDL_GetWindowWMInfo(window, &info) && info.subsystem == SDL_SYSWM_WINDOWS)
        set_frame(info.info.win.window);
}

static LRESULT CALLBACK procedure(HWND window, UINT message, WPARAM w, LPARAM l)
{
    switch (message) {
    case WM_ENTERSIZEMOVE:
    case WM_ENTERMENULOOP:
        SetTimer(window, TIMER_ID, 16, NULL);
        break;
    case WM_EXITSIZEMOVE:
    case WM_EXITMENULOOP:
        KillTimer(window, TIMER_ID);
        break;
    case WM_SETTINGCHANGE:
        if (l && !wcscmp((const wchar_t *)l, L"ImmersiveColorSet"))
            set_frame(window);
        break;
    case WM_QUERYENDSESSION:
        return TRUE;
    case WM_ENDSESSION:
        /* The process may be ended as soon as this has been answered. */
        if (w)
            host_ending_now();
        return 0;
    case WM_TIMER:
        if (w == TIMER_ID) {
            modal_tick(modal_arg);
            return 0;
        }
        break;
    }
    return CallWindowProcW(sdl_procedure, window, message, w, l);
}

void host_window_modal(SDL_Window *window, void (*tick)(void *arg), void *arg)
{
    SDL_SysWMinfo info;
    SDL_VERSION(&info.version);
    if (!SDL_GetWindowWMInfo(window, &info) || info.subsystem != SDL_SYSWM_WINDOWS)
        return;
    modal_tick = tick;
    modal_arg = arg;
    sdl_procedure =
        (WNDPROC)SetWindowLongPtrW(info.info.win.window, GWLP_WNDPROC, (LONG_PTR)procedure);
}

bool host_window_blends(SDL_Window *window, const char **reason)
{
    (void)window;
    (void)reason;
    return true;
}

bool host_pointer_vanishes(void)
{
    BOOL vanishes = TRUE;
    return !SystemParametersInfoW(SPI_GETMOUSEVANISH, 0, &vanishes, 0) || vanishes;
}

void host_show_error(const char *text)
{
    wchar_t wide[2048];
    if (!MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, 2048))
        return;
    MessageBoxW(NULL, wide, L"Foreland", MB_OK | MB_ICONERROR);
}

bool host_clipboard_has_text(void)
{
    return IsClipboardFormatAvailable(CF_UNICODETEXT);
}

void host_attach_console(void)
{
    if (GetStdHandle(STD_OUTPUT_HANDLE) || !AttachConsole(ATTACH_PARENT_PROCESS))
        return;
    HANDLE console = CreateFileW(L"CONOUT$", GENERIC_WRITE | GENERIC_READ, FILE_SHARE_WRITE, NULL,
                                 OPEN_EXISTING, 0, NULL);
    SetStdHandle(STD_OUTPUT_HANDLE, console);
    SetStdHandle(STD_ERROR_HANDLE, console);
}
