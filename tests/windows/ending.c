/* Ends fore and foreland as Windows does at the end of a session, which it tells their windows.
 * (Events of the console are tested by host/ending.c: Wine 8 makes none.)
 *
 *   ending FORE FORELAND IMAGE
 *
 * What a guest has just written is in the image afterwards, the console has its modes back, and the
 * status is that of the default handler. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define DEADLINE_MS 60000
#define STATUS      0xC000013Au

static HANDLE report, console_in, console_out;
static const char *fore, *foreland, *image;
static PROCESS_INFORMATION child;
static HANDLE from_child, to_child;

static void say(const char *format, ...)
{
    char text[1024];
    DWORD put;
    va_list list;
    va_start(list, format);
    int length = vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    WriteFile(report, text, (DWORD)length, &put, NULL);
}

static void fail(const char *kind, const char *what)
{
    say("FAIL ending: %s: %s (error %lu)\n", kind, what, (unsigned long)GetLastError());
    TerminateProcess(child.hProcess, 99);
    ExitProcess(1);
}

/* Its output, and with with_input its input, are pipes; the rest is the console. With the flag
 * DETACHED_PROCESS it has no console. */
static void start(const char *kind, const char *command, bool with_input, DWORD flags)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};
    HANDLE out, in;
    char line[4096];
    if (!CreatePipe(&from_child, &out, &inherited, 0) || !CreatePipe(&in, &to_child, &inherited, 0))
        fail(kind, "no pipes");
    SetHandleInformation(from_child, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(to_child, HANDLE_FLAG_INHERIT, 0);
    STARTUPINFOA startup = {.cb = sizeof(startup),
                            .dwFlags = STARTF_USESTDHANDLES,
                            .hStdInput = with_input ? in : console_in,
                            .hStdOutput = out,
                            .hStdError = console_out};
    snprintf(line, sizeof(line), "%s", command);
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, CREATE_NEW_PROCESS_GROUP | flags, NULL, NULL,
                        &startup, &child))
        fail(kind, "cannot be started");
    CloseHandle(out);
    CloseHandle(in);
}

/* A line of its output, or what there is until its end. */
static void read_line(char *line, size_t size)
{
    size_t used = 0;
    DWORD got;
    while (used + 1 < size && ReadFile(from_child, line + used, 1, &got, NULL) && got == 1 &&
           line[used] != '\n')
        used++;
    line[used] = 0;
    if (used && line[used - 1] == '\r')
        line[used - 1] = 0;
}

static void wait_line(const char *kind, const char *wanted)
{
    char line[256];
    read_line(line, sizeof(line));
    if (strcmp(line, wanted)) {
        say("ending: said: %s\n", line);
        fail(kind, "does not start");
    }
}

static void wait_end(const char *kind, DWORD wanted)
{
    DWORD status;
    if (WaitForSingleObject(child.hProcess, DEADLINE_MS) != WAIT_OBJECT_0)
        fail(kind, "does not end");
    if (!GetExitCodeProcess(child.hProcess, &status) || status != wanted) {
        say("ending: status %lx\n", (unsigned long)status);
        fail(kind, "the status is another");
    }
}

static void check_kept(const char *kind)
{
    char command[4096];
    snprintf(command, sizeof(command), "\"%s\" --image \"%s\" cat /root/%s", fore, image, kind);
    start(kind, command, false, 0);
    wait_line(kind, "kept");
    wait_end(kind, 0);
}

struct search {
    const wchar_t *class;
    HWND found;
};

static BOOL CALLBACK look(HWND window, LPARAM arg)
{
    struct search *search = (struct search *)arg;
    wchar_t class[64];
    DWORD process;
    GetWindowThreadProcessId(window, &process);
    if (process != child.dwProcessId || !GetClassNameW(window, class, 64) ||
        wcscmp(class, search->class))
        return TRUE;
    search->found = window;
    return FALSE;
}

static void end_session(const char *kind, const wchar_t *class)
{
    struct search search = {.class = class};
    ULONGLONG end = GetTickCount64() + DEADLINE_MS;
    /* There is nothing to wait on. */
    while (EnumWindows(look, (LPARAM)&search), !search.found) {
        if (GetTickCount64() > end || WaitForSingleObject(child.hProcess, 20) == WAIT_OBJECT_0)
            fail(kind, "has no window");
    }
    /* A log-off that somebody else stops changes nothing. */
    if (!SendMessageW(search.found, WM_QUERYENDSESSION, 0, ENDSESSION_LOGOFF))
        fail(kind, "the session may not end");
    SendMessageW(search.found, WM_ENDSESSION, FALSE, ENDSESSION_LOGOFF);
    if (WaitForSingleObject(child.hProcess, 0) == WAIT_OBJECT_0)
        fail(kind, "has ended though the session goes on");
    if (!wcscmp(class, L"Foreland.Ending"))
        SendMessageW(search.found, WM_CLOSE, 0, 0);
    SendMessageW(search.found, WM_ENDSESSION, TRUE, ENDSESSION_LOGOFF);
}

static void start_fore(const char *kind, DWORD flags)
{
    char command[4096];
    snprintf(command, sizeof(command),
             "\"%s\" --image \"%s\" sh -c \"echo kept >/root/%s; echo started; exec sleep 1000\"",
             fore, image, kind);
    start(kind, command, false, flags);
    wait_line(kind, "started");
}

static void start_window(const char *kind)
{
    char command[4096];
    static const char wait[] = "wait started\n";
    DWORD put;
    snprintf(
        command, sizeof(command),
        "\"%s\" --control --image \"%s\" sh -c \"echo kept >/root/%s; echo started; exec sleep "
        "1000\"",
        foreland, image, kind);
    start(kind, command, true, 0);
    WriteFile(to_child, wait, sizeof(wait) - 1, &put, NULL);
    wait_line(kind, "ok");
}

static void check_modes(const char *kind, DWORD before)
{
    DWORD mode;
    if (!GetConsoleMode(console_in, &mode) || mode != before)
        fail(kind, "the console did not get its mode back");
}

static HANDLE open_console(const wchar_t *name)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};
    return CreateFileW(name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                       &inherited, OPEN_EXISTING, 0, NULL);
}

int main(int argc, char **argv)
{
    DWORD mode;
    report = GetStdHandle(STD_OUTPUT_HANDLE);
    if (argc != 4)
        return 2;
    fore = argv[1];
    foreland = argv[2];
    image = argv[3];
    FreeConsole();
    if (!AllocConsole())
        fail("start", "AllocConsole");
    console_in = open_console(L"CONIN$");
    console_out = open_console(L"CONOUT$");
    if (!GetConsoleMode(console_in, &mode))
        fail("start", "no console");

    start_fore("session", 0);
    end_session("session", L"Foreland.Ending");
    wait_end("session", STATUS);
    check_modes("session", mode);
    check_kept("session");

    start_fore("detached", DETACHED_PROCESS);
    end_session("detached", L"Foreland.Ending");
    wait_end("detached", STATUS);
    check_kept("detached");

    start_window("window");
    end_session("window", L"SDL_app");
    wait_end("window", STATUS);
    check_kept("window");
    say("ok\n");
    ExitProcess(0);
}
