#include "runtime/host/stdio.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "runtime/abi/errno.h"
#include "runtime/host/lock.h"
#include "runtime/host/thread.h"
#include "runtime/host/windows/console.h"
#include "runtime/host/windows/wide.h"

#define PUMP_SIZE 4096

/* One per standard handle: a thread that reads a piece when asked to. */
struct pump {
    struct host_mutex lock;
    struct host_cond asked;
    bool started, wanted, ended;
    int error; /* positive errno that ended it, 0 for an end of file */
    size_t at, count;
    void (*ready)(void *);
    void *arg;
    int fd;
    uint8_t bytes[PUMP_SIZE];
};

static struct pump pumps[3] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};

static HANDLE handle_of(int fd)
{
    static const DWORD names[3] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    HANDLE handle = GetStdHandle(names[fd]);
    return handle == INVALID_HANDLE_VALUE ? NULL : handle;
}

enum host_stdio_kind host_stdio_kind(int fd)
{
    HANDLE handle = handle_of(fd);
    DWORD mode;
    if (!handle)
        return HOST_STDIO_NONE;
    switch (GetFileType(handle)) {
    case FILE_TYPE_DISK:
        return HOST_STDIO_FILE;
    case FILE_TYPE_PIPE:
        return HOST_STDIO_PIPE;
    case FILE_TYPE_CHAR:
        return GetConsoleMode(handle, &mode) ? HOST_STDIO_TERMINAL : HOST_STDIO_DEVICE;
    default:
        return HOST_STDIO_NONE;
    }
}

/* Bytes read, 0 at the end, negative errno. */
static int64_t read_handle(HANDLE handle, void *buffer, size_t n)
{
    DWORD got = 0;
    if (ReadFile(handle, buffer, n > 1 << 20 ? 1 << 20 : (DWORD)n, &got, NULL))
        return got;
    DWORD code = GetLastError();
    if (code == ERROR_BROKEN_PIPE || code == ERROR_HANDLE_EOF || code == ERROR_NO_DATA)
        return 0;
    return -host_windows_errno(code);
}

static int64_t read_piece(struct pump *p)
{
    if (host_stdio_kind(p->fd) == HOST_STDIO_TERMINAL)
        return host_console_read(handle_of(p->fd), p->bytes, PUMP_SIZE);
    return read_handle(handle_of(p->fd), p->bytes, PUMP_SIZE);
}

static void pump_run(void *arg)
{
    struct pump *p = arg;
    host_mutex_lock(&p->lock);
    while (!p->ended) {
        while (!p->wanted)
            host_cond_wait(&p->asked, &p->lock, HOST_FOREVER);
        host_mutex_unlock(&p->lock);
        int64_t got = read_piece(p);
        host_mutex_lock(&p->lock);
        p->wanted = false;
        p->at = 0;
        p->count = got > 0 ? (size_t)got : 0;
        p->ended = got <= 0;
        p->error = got < 0 ? (int)-got : 0;
        void (*ready)(void *) = p->ready;
        void *ready_arg = p->arg;
        host_mutex_unlock(&p->lock);
        if (ready)
            ready(ready_arg);
        host_mutex_lock(&p->lock);
    }
    host_mutex_unlock(&p->lock);
}

/* The lock is held. */
static bool ready_or_ask(struct pump *p)
{
    if (p->count > 0 || p->ended)
        return true;
    if (!p->wanted) {
        p->wanted = true;
        if (!p->started)
            p->started = host_thread_start(pump_run, p) == 0;
        host_cond_signal(&p->asked);
    }
    return false;
}

static bool direct(enum host_stdio_kind kind)
{
    return kind == HOST_STDIO_FILE || kind == HOST_STDIO_DEVICE;
}

bool host_stdio_readable(int fd)
{
    if (direct(host_stdio_kind(fd)))
        return true;
    struct pump *p = &pumps[fd];
    host_mutex_lock(&p->lock);
    bool ready = ready_or_ask(p);
    host_mutex_unlock(&p->lock);
    return ready;
}

int64_t host_stdio_read(int fd, void *buffer, size_t n)
{
    enum host_stdio_kind kind = host_stdio_kind(fd);
    if (kind == HOST_STDIO_NONE)
        return -L_EBADF;
    if (direct(kind))
        return read_handle(handle_of(fd), buffer, n);
    struct pump *p = &pumps[fd];
    int64_t result = -L_EAGAIN;
    host_mutex_lock(&p->lock);
    if (ready_or_ask(p)) {
        size_t take = n < p->count ? n : p->count;
        memcpy(buffer, p->bytes + p->at, take);
        p->at += take;
        p->count -= take;
        result = take == 0 && n > 0 ? -p->error : (int64_t)take;
    }
    host_mutex_unlock(&p->lock);
    return result;
}

size_t host_stdio_available(int fd)
{
    struct pump *p = &pumps[fd];
    host_mutex_lock(&p->lock);
    size_t count = p->count;
    host_mutex_unlock(&p->lock);
    DWORD more = 0;
    if (host_stdio_kind(fd) == HOST_STDIO_PIPE &&
        PeekNamedPipe(handle_of(fd), NULL, 0, NULL, &more, NULL))
        count += more;
    return count;
}

void host_stdio_notify(int fd, void (*ready)(void *), void *arg)
{
    struct pump *p = &pumps[fd];
    host_mutex_lock(&p->lock);
    p->ready = ready;
    p->arg = arg;
    host_mutex_unlock(&p->lock);
}

int64_t host_stdio_write(int fd, const void *bytes, size_t n)
{
    HANDLE handle = handle_of(fd);
    if (!handle)
        return -L_EBADF;
    if (host_stdio_kind(fd) == HOST_STDIO_TERMINAL)
        return host_console_write(handle, bytes, n);
    size_t done = 0;
    while (done < n) {
        DWORD put = 0;
        DWORD piece = n - done > 1 << 20 ? 1 << 20 : (DWORD)(n - done);
        if (!WriteFile(handle, (const char *)bytes + done, piece, &put, NULL)) {
            DWORD code = GetLastError();
            if (done)
                return (int64_t)done;
            return code == ERROR_NO_DATA || code == ERROR_BROKEN_PIPE ? -L_EPIPE
                                                                      : -host_windows_errno(code);
        }
        done += put;
    }
    return (int64_t)n;
}

int64_t host_stdio_seek(int fd, int64_t offset, int whence)
{
    static const DWORD methods[3] = {FILE_BEGIN, FILE_CURRENT, FILE_END};
    if (host_stdio_kind(fd) != HOST_STDIO_FILE)
        return -L_ESPIPE;
    if (whence < 0 || whence > 2)
        return -L_EINVAL;
    LARGE_INTEGER to = {.QuadPart = offset}, at;
    if (!SetFilePointerEx(handle_of(fd), to, &at, methods[whence]))
        return -host_windows_errno(GetLastError());
    return at.QuadPart;
}

int64_t host_stdio_size(int fd)
{
    LARGE_INTEGER size;
    if (host_stdio_kind(fd) != HOST_STDIO_FILE)
        return -L_ESPIPE;
    if (!GetFileSizeEx(handle_of(fd), &size))
        return -host_windows_errno(GetLastError());
    return size.QuadPart;
}
