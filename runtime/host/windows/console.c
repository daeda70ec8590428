/* A Windows console as a terminal of bytes. */
#include "runtime/host/windows/console.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/lock.h"
#include "runtime/host/stdio.h"
#include "runtime/host/windows/standard.h"
#include "runtime/host/windows/wide.h"

#ifndef ENABLE_VIRTUAL_TERMINAL_INPUT
#define ENABLE_VIRTUAL_TERMINAL_INPUT 0x0200
#endif
#ifndef ENABLE_VIRTUAL_TERMINAL_PROCESSING
#define ENABLE_VIRTUAL_TERMINAL_PROCESSING 0x0004
#endif
#ifndef DISABLE_NEWLINE_AUTO_RETURN
#define DISABLE_NEWLINE_AUTO_RETURN 0x0008
#endif

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_CONSOLE_HOST);
static struct host_mutex open_lock = HOST_MUTEX_INIT(RANK_CONSOLE_OPEN);
static bool input_raw, output_raw;
static DWORD saved_input, saved_output;
static HANDLE raw_input, raw_output;
static uint8_t cut[4]; /* start of a character whose rest has not been written yet */
static size_t cut_size;

/* Used by the reading thread alone. */
static wchar_t high_surrogate;
static void (*_Atomic size_changed)(void *);
static void *_Atomic size_changed_arg;
static COORD last_size;

static HANDLE console_output(void)
{
    for (int fd = 1; fd < 3; fd++)
        if (standard_handle(fd).kind == HOST_STDIO_TERMINAL)
            return standard_handle(fd).handle;
    if (standard_handle(0).kind != HOST_STDIO_TERMINAL)
        return NULL;
    /* Output is redirected, the keyboard is not: the console itself. Kept open. */
    static HANDLE opened;
    host_mutex_lock(&open_lock);
    if (!opened)
        opened = CreateFileW(L"CONOUT$", GENERIC_READ | GENERIC_WRITE,
                             FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE handle = opened == INVALID_HANDLE_VALUE ? NULL : opened;
    host_mutex_unlock(&open_lock);
    return handle;
}

static bool get_size(COORD *size)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    HANDLE handle = console_output();
    if (!handle || !GetConsoleScreenBufferInfo(handle, &info))
        return false;
    size->X = (SHORT)(info.srWindow.Right - info.srWindow.Left + 1);
    size->Y = (SHORT)(info.srWindow.Bottom - info.srWindow.Top + 1);
    return true;
}

int host_terminal_size(uint16_t *rows, uint16_t *columns)
{
    COORD size;
    if (!get_size(&size))
        return -L_ENOTTY;
    *rows = (uint16_t)size.Y;
    *columns = (uint16_t)size.X;
    return 0;
}

void host_terminal_watch(void (*changed)(void *), void *arg)
{
    atomic_store(&size_changed_arg, arg);
    atomic_store(&size_changed, changed);
}

/* Resizing shows among the input records; a window can also change without one. */
static void check_size(void)
{
    COORD size;
    void (*changed)(void *) = atomic_load(&size_changed);
    if (!changed || !get_size(&size) || (size.X == last_size.X && size.Y == last_size.Y))
        return;
    last_size = size;
    changed(atomic_load(&size_changed_arg));
}

/* One UTF-16 unit becomes 0 to 4 bytes. */
static size_t put_unit(wchar_t unit, uint8_t *bytes)
{
    wchar_t pair[2] = {high_surrogate, unit};
    int units = 2;
    if (unit >= 0xd800 && unit < 0xdc00) {
        high_surrogate = unit;
        return 0;
    }
    if (!high_surrogate) {
        pair[0] = unit;
        units = 1;
    }
    high_surrogate = 0;
    int n = WideCharToMultiByte(CP_UTF8, 0, pair, units, (char *)bytes, 4, NULL, NULL);
    return n > 0 ? (size_t)n : 0;
}

static size_t put_key(const KEY_EVENT_RECORD *key, uint8_t *bytes)
{
    /* Characters typed by their number arrive with the release of Alt. */
    bool typed = key->bKeyDown || (key->wVirtualKeyCode == VK_MENU && key->uChar.UnicodeChar);
    if (!typed)
        return 0;
    if (key->uChar.UnicodeChar)
        return put_unit(key->uChar.UnicodeChar, bytes);
    DWORD control = LEFT_CTRL_PRESSED | RIGHT_CTRL_PRESSED;
    if ((key->wVirtualKeyCode == VK_SPACE || key->wVirtualKeyCode == '2') &&
        (key->dwControlKeyState & control)) {
        bytes[0] = 0;
        return 1;
    }
    return 0;
}

/* Waits for something to read, since a read that waits takes the first key even of a process that
 * is about to end. 0 with how many there are, or as host_console_read. */
static int wait_for_records(HANDLE console, HANDLE stop, DWORD *count)
{
    HANDLE both[2] = {stop, console};
    for (*count = 0; *count == 0;) {
        switch (WaitForMultipleObjects(2, both, FALSE, INFINITE)) {
        case WAIT_OBJECT_0:
            return -L_EAGAIN;
        case WAIT_OBJECT_0 + 1:
            if (GetNumberOfConsoleInputEvents(console, count))
                break;
            __attribute__((fallthrough));
        default:
            return -host_windows_errno(GetLastError());
        }
    }
    return 0;
}

int64_t host_console_read(HANDLE console, HANDLE stop, uint8_t *bytes, size_t n)
{
    size_t done = 0;
    while (done == 0) {
        INPUT_RECORD records[64];
        DWORD count, most = n / 4 < 64 ? (DWORD)(n / 4) : 64;
        int error = wait_for_records(console, stop, &count);
        if (error)
            return error;
        if (!ReadConsoleInputW(console, records, count < most ? count : most, &count))
            return GetLastError() == ERROR_OPERATION_ABORTED ? -L_EAGAIN
                                                             : -host_windows_errno(GetLastError());
        for (DWORD i = 0; i < count; i++)
            if (records[i].EventType == KEY_EVENT)
                done += put_key(&records[i].Event.KeyEvent, bytes + done);
        check_size();
    }
    return (int64_t)done;
}

/* Length of the whole characters at the front. */
static size_t whole(const uint8_t *bytes, size_t n)
{
    for (size_t back = 1; back <= 3 && back <= n; back++) {
        uint8_t c = bytes[n - back];
        if ((c & 0xc0) == 0x80)
            continue;
        size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        return length > back ? n - back : n;
    }
    return n;
}

static bool write_text(HANDLE console, const uint8_t *bytes, size_t n)
{
    wchar_t text[1024];
    if (n == 0)
        return true;
    int units = MultiByteToWideChar(CP_UTF8, 0, (const char *)bytes, (int)n, text, 1024);
    for (int at = 0; at < units;) {
        DWORD put;
        if (!WriteConsoleW(console, text + at, (DWORD)(units - at), &put, NULL) || put == 0)
            return false;
        at += (int)put;
    }
    return true;
}

int64_t host_console_write(HANDLE console, const void *bytes, size_t n)
{
    const uint8_t *from = bytes;
    size_t left = n;
    bool good = true;
    host_mutex_lock(&lock);
    while (left > 0 && good) {
        uint8_t piece[1024];
        size_t size = left < sizeof(piece) - cut_size ? left : sizeof(piece) - cut_size;
        memcpy(piece, cut, cut_size);
        memcpy(piece + cut_size, from, size);
        from += size;
        left -= size;
        size += cut_size;
        size_t text = whole(piece, size);
        cut_size = size - text;
        memcpy(cut, piece + text, cut_size);
        good = write_text(console, piece, text);
    }
    host_mutex_unlock(&lock);
    return good ? (int64_t)n : -L_EIO;
}

int64_t host_terminal_write(const void *bytes, size_t n)
{
    HANDLE handle = console_output();
    return handle ? host_console_write(handle, bytes, n) : -L_ENOTTY;
}

int host_terminal_raw(void)
{
    HANDLE input = standard_handle(0).handle, output = console_output();
    DWORD in, out;
    if (!input || !output || !GetConsoleMode(input, &in) || !GetConsoleMode(output, &out))
        return -L_ENOTTY;
    host_mutex_lock(&lock);
    if (!input_raw) {
        saved_input = in;
        raw_input = input;
        input_raw = SetConsoleMode(input, ENABLE_VIRTUAL_TERMINAL_INPUT | ENABLE_WINDOW_INPUT |
                                              ENABLE_EXTENDED_FLAGS);
    }
    if (!output_raw) {
        saved_output = out;
        raw_output = output;
        output_raw = SetConsoleMode(output, ENABLE_PROCESSED_OUTPUT | ENABLE_WRAP_AT_EOL_OUTPUT |
                                                ENABLE_VIRTUAL_TERMINAL_PROCESSING |
                                                DISABLE_NEWLINE_AUTO_RETURN);
    }
    bool good = input_raw;
    host_mutex_unlock(&lock);
    get_size(&last_size);
    return good ? 0 : -L_ENOTTY;
}

void host_terminal_restore(void)
{
    host_mutex_lock(&lock);
    if (input_raw)
        SetConsoleMode(raw_input, saved_input);
    if (output_raw)
        SetConsoleMode(raw_output, saved_output);
    input_raw = output_raw = false;
    host_mutex_unlock(&lock);
}
