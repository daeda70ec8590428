/* Plays the user of a Windows console: starts fore in a console of its own, types by key records
 * and reads the screen. Prints what went wrong on the standard output it was started with.
 *
 *   console FORE ROOT.tar
 *
 * Checked are raw input and its end, the size and its changes, Ctrl-C, characters outside ASCII,
 * the exit status, and that the console gets its modes back. Escape sequences are the console's own
 * work, which Wine 8 does not do: TERM is dumb. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#define DEADLINE_MS 60000

static HANDLE report, in, out;
static PROCESS_INFORMATION fore;

static void say(const char *format, ...)
{
    char text[8192];
    DWORD put;
    va_list list;
    va_start(list, format);
    int length = vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    if (length > (int)sizeof(text) - 1)
        length = sizeof(text) - 1;
    WriteFile(report, text, (DWORD)length, &put, NULL);
}

/* The window's rows with a newline after each, blanks at the ends left out. */
static void screen(char *text, size_t size)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    size_t used = 0;
    text[0] = 0;
    if (!GetConsoleScreenBufferInfo(out, &info))
        return;
    for (SHORT row = 0; row < info.dwSize.Y; row++) {
        wchar_t line[512];
        char narrow[sizeof(line) * 2];
        DWORD got = 0;
        COORD at = {0, row};
        DWORD width = info.dwSize.X < 512 ? (DWORD)info.dwSize.X : 512;
        ReadConsoleOutputCharacterW(out, line, width, at, &got);
        while (got > 0 && (line[got - 1] == L' ' || !line[got - 1]))
            got--;
        int n = WideCharToMultiByte(CP_UTF8, 0, line, (int)got, narrow, sizeof(narrow), NULL, NULL);
        if (used + (size_t)n + 2 > size)
            break;
        memcpy(text + used, narrow, (size_t)n);
        used += (size_t)n;
        text[used++] = '\n';
    }
    text[used] = 0;
}

static void fail(const char *what)
{
    static char text[65536];
    screen(text, sizeof(text));
    say("FAIL console: %s (error %lu); the screen:\n", what, (unsigned long)GetLastError());
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
        if (end > line)
            say("  %.*s\n", (int)(end - line), line);
    TerminateProcess(fore.hProcess, 99);
    ExitProcess(1);
}

/* There is nothing to wait on: the screen is looked at again and again. */
static void shows(const char *wanted)
{
    static char text[65536];
    ULONGLONG end = GetTickCount64() + DEADLINE_MS;
    for (;;) {
        screen(text, sizeof(text));
        if (strstr(text, wanted))
            return;
        if (GetTickCount64() > end || WaitForSingleObject(fore.hProcess, 20) == WAIT_OBJECT_0)
            break;
    }
    char message[300];
    snprintf(message, sizeof(message), "not shown: \"%s\"", wanted);
    fail(message);
}

static void key(wchar_t character, WORD virtual_key, DWORD state)
{
    INPUT_RECORD records[2] = {{.EventType = KEY_EVENT}, {.EventType = KEY_EVENT}};
    for (int i = 0; i < 2; i++) {
        KEY_EVENT_RECORD *event = &records[i].Event.KeyEvent;
        event->bKeyDown = i == 0;
        event->wRepeatCount = 1;
        event->wVirtualKeyCode = virtual_key;
        event->uChar.UnicodeChar = character;
        event->dwControlKeyState = state;
    }
    DWORD put;
    if (!WriteConsoleInputW(in, records, 2, &put) || put != 2)
        fail("WriteConsoleInput");
}

static void type(const wchar_t *text)
{
    for (; *text; text++)
        key(*text, *text == L'\r' ? VK_RETURN : 0, 0);
}

static void start(const char *program, const char *root)
{
    char command[4096];
    STARTUPINFOA startup = {.cb = sizeof(startup),
                            .dwFlags = STARTF_USESTDHANDLES,
                            .hStdInput = in,
                            .hStdOutput = out,
                            .hStdError = out};
    snprintf(command, sizeof(command),
             "\"%s\" --root \"%s\" --env \"PS1=ready> \" --env TERM=dumb bash --norc -i", program,
             root);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &fore))
        fail("CreateProcess");
}

static void set_size(SHORT columns, SHORT rows)
{
    SMALL_RECT least = {0, 0, 0, 0}, window = {0, 0, (SHORT)(columns - 1), (SHORT)(rows - 1)};
    COORD size = {columns, rows};
    /* The window may never be larger than the buffer. */
    SetConsoleWindowInfo(out, TRUE, &least);
    if (!SetConsoleScreenBufferSize(out, size) || !SetConsoleWindowInfo(out, TRUE, &window))
        fail("the console cannot be resized");
}

static HANDLE open_console(const wchar_t *name)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};
    return CreateFileW(name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                       &inherited, OPEN_EXISTING, 0, NULL);
}

int main(int argc, char **argv)
{
    DWORD in_before, out_before, in_after, out_after, status;
    report = GetStdHandle(STD_OUTPUT_HANDLE);
    if (argc != 3)
        return 2;
    FreeConsole();
    if (!AllocConsole())
        fail("AllocConsole");
    in = open_console(L"CONIN$");
    out = open_console(L"CONOUT$");
    if (!GetConsoleMode(in, &in_before) || !GetConsoleMode(out, &out_before))
        fail("no console");
    set_size(80, 25);
    start(argv[1], argv[2]);
    shows("ready>");
    type(L"stty size\r");
    shows("\n25 80\n");
    /* Raw: each key arrives at once, bash echoes and edits. */
    type(L"echo on\x7f"
         L"e two");
    shows("ready> echo oe two");
    key(1, 'A', LEFT_CTRL_PRESSED);
    key(4, 'D', LEFT_CTRL_PRESSED);
    type(L"e\x05 \x00e4\x20ac\r");
    shows("\noe two \xc3\xa4\xe2\x82\xac\n");
    /* What the job says it says in the foreground: Ctrl-C reaches it. */
    type(L"(echo u\"\"p; exec sleep 1000)\r");
    shows("\nup\n");
    key(3, 'C', LEFT_CTRL_PRESSED);
    type(L"echo status $?\r");
    shows("\nstatus 130\n");
    set_size(100, 30);
    type(L"stty size\r");
    shows("\n30 100\n");
    type(L"exit 7\r");
    if (WaitForSingleObject(fore.hProcess, DEADLINE_MS) != WAIT_OBJECT_0)
        fail("fore does not end");
    if (!GetExitCodeProcess(fore.hProcess, &status) || status != 7)
        fail("the exit status is not 7");
    if (!GetConsoleMode(in, &in_after) || !GetConsoleMode(out, &out_after) ||
        in_after != in_before || out_after != out_before)
        fail("the console did not get its modes back");
    say("ok\n");
    ExitProcess(0);
}
