/* The events by which Windows ends a program. */
#include "runtime/host/ending.h"

#include "runtime/abi/errno.h"
#include "runtime/host/thread.h"
#include <windows.h>

static void (*finish)(void);
static LONG begun;

void host_ending_now(void)
{
    if (InterlockedExchange(&begun, 1))
        for (;;)
            Sleep(INFINITE);
    if (finish)
        finish();
    /* As the default handler does. */
    TerminateProcess(GetCurrentProcess(), (UINT)CONTROL_C_EXIT);
    for (;;)
        Sleep(INFINITE);
}

/* Services, and what they start, are told of every user that logs off; they go on. */
static BOOL is_service(void)
{
    DWORD session;
    return ProcessIdToSessionId(GetCurrentProcessId(), &session) && session == 0;
}

/* Runs on a thread that Windows makes; the process ends when it returns. */
static BOOL WINAPI on_control(DWORD event)
{
    if (event == CTRL_LOGOFF_EVENT && is_service())
        return TRUE;
    host_ending_now();
}

static LRESULT CALLBACK procedure(HWND window, UINT message, WPARAM w, LPARAM l)
{
    if (message == WM_QUERYENDSESSION)
        return TRUE;
    /* Closing is for windows that users see; this one stays to be told of the end. */
    if (message == WM_CLOSE)
        return 0;
    /* The process may be ended as soon as this has been answered. */
    if (message == WM_ENDSESSION && w)
        host_ending_now();
    return DefWindowProcW(window, message, w, l);
}

/* What uses user32.dll, and be it through another DLL, gets no CTRL_LOGOFF_EVENT and no
 * CTRL_SHUTDOWN_EVENT but the messages that windows get, message-only windows excepted. */
static void run_window(void *arg)
{
    static const wchar_t name[] = L"Foreland.Ending";
    WNDCLASSEXW class = {.cbSize = sizeof(class),
                         .lpfnWndProc = procedure,
                         .hInstance = GetModuleHandleW(NULL),
                         .lpszClassName = name};
    MSG message;
    (void)arg;
    if (!RegisterClassExW(&class) || !CreateWindowExW(0, name, L"Foreland", WS_POPUP, 0, 0, 0, 0,
                                                      NULL, NULL, class.hInstance, NULL))
        return;
    while (GetMessageW(&message, NULL, 0, 0) > 0)
        DispatchMessageW(&message);
}

int host_ending_watch(void (*fn)(void))
{
    finish = fn;
    if (!SetConsoleCtrlHandler(on_control, TRUE))
        return -L_EAGAIN;
    /* A service is stopped by who started it. */
    return GetConsoleCP() || !is_service() ? host_thread_start(run_window, NULL) : 0;
}
