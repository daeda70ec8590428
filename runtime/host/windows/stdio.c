/* The standard handles: the pump that reads, and writing. */
#include "runtime/host/stdio.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "runtime/abi/errno.h"
#include "runtime/host/lock.h"
#include "runtime/host/thread.h"
#include "runtime/host/windows/console.h"
#include "runtime/host/windows/standard.h"
#include "runtime/host/windows/wide.h"

#define PUMP_SIZE 4096
#define PIECE_MAX ((size_t)1 << 20)

/* One per standard handle: a thread that reads a piece when asked to. While it waits nobody else
 * says a word about the handle to Windows, which would let him wait as well. */
struct pump {
    struct host_mutex lock;
    struct host_cond asked;
    bool started, wanted, ended, stopped;
    bool broken;   /* a write failed */
    HANDLE thread; /* while it is inside a read */
    HANDLE stop;   /* event: for the console */
    int error;     /* positive errno that ended it, 0 for an end of file */
    size_t at, count;
    void (*ready)(void *);
    void *arg;
    int fd;
    uint8_t bytes[PUMP_SIZE];
};

#define PUMP(n)                                                                                    \
    {                                                                                              \
        .lock = HOST_MUTEX_INIT(RANK_HOST_PUMP), .fd = (n)                                         \
    }
static struct pump pumps[3] = {PUMP(0), PUMP(1), PUMP(2)};

void host_stdio_claim(void)
{
    for (int fd = 0; fd < 3; fd++)
        standard_handle(fd);
}

enum host_stdio_kind host_stdio_kind(int fd)
{
    return standard_handle(fd).kind;
}

/* Bytes read, 0 at the end, negative errno. */
static int64_t read_handle(HANDLE handle, void *buffer, size_t n)
{
    DWORD got = 0;
    if (!handle || ReadFile(handle, buffer, (DWORD)(n < PIECE_MAX ? n : PIECE_MAX), &got, NULL))
        return got;
    switch (GetLastError()) {
    case ERROR_BROKEN_PIPE:
    case ERROR_PIPE_NOT_CONNECTED:
    case ERROR_NO_DATA:
    case ERROR_HANDLE_EOF:
        return 0;
    case ERROR_OPERATION_ABORTED:
        return -L_EAGAIN;
    default:
        return -host_windows_errno(GetLastError());
    }
}

static int64_t read_piece(struct pump *p)
{
    struct standard_handle from = standard_handle(p->fd);
    if (from.kind == HOST_STDIO_TERMINAL)
        return host_console_read(from.handle, p->stop, p->bytes, PUMP_SIZE);
    return read_handle(from.handle, p->bytes, PUMP_SIZE);
}

/* The lock is held, also on return. False: nothing was read, since the pump is to stop. */
static bool fill_pump(struct pump *p, HANDLE self)
{
    p->thread = self;
    host_mutex_unlock(&p->lock);
    int64_t got = read_piece(p);
    host_mutex_lock(&p->lock);
    p->thread = NULL;
    if (got == -L_EAGAIN)
        return false;
    p->wanted = false;
    p->at = 0;
    p->count = got > 0 ? (size_t)got : 0;
    p->ended = got <= 0;
    p->error = got < 0 ? (int)-got : 0;
    return true;
}

static void pump_run(void *arg)
{
    struct pump *p = arg;
    HANDLE self = OpenThread(THREAD_TERMINATE, FALSE, GetCurrentThreadId());
    host_mutex_lock(&p->lock);
    while (!p->ended && !p->stopped) {
        while (!p->wanted)
            host_cond_wait(&p->asked, &p->lock, HOST_FOREVER);
        if (p->stopped || !fill_pump(p, self))
            continue;
        void (*ready)(void *) = p->ready;
        void *ready_arg = p->arg;
        host_mutex_unlock(&p->lock);
        if (ready)
            ready(ready_arg);
        host_mutex_lock(&p->lock);
    }
    host_mutex_unlock(&p->lock);
    if (self)
        CloseHandle(self);
}

/* The lock is held. */
static void ask_for_input(struct pump *p)
{
    if (p->wanted || p->stopped)
        return;
    p->wanted = true;
    if (!p->stop)
        p->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!p->started)
        p->started = host_thread_start(pump_run, p) == 0;
    host_cond_signal(&p->asked);
}

/* The lock is held. */
static bool ready_or_ask(struct pump *p)
{
    if (p->count > 0 || p->ended)
        return true;
    ask_for_input(p);
    return false;
}

void host_stdio_stop(void)
{
    for (int fd = 0; fd < 3; fd++) {
        struct pump *p = &pumps[fd];
        host_mutex_lock(&p->lock);
        p->stopped = true;
        if (p->stop)
            SetEvent(p->stop);
        /* A read that only begins now is missed; the end of the process will end it. */
        if (p->thread)
            CancelSynchronousIo(p->thread);
        host_mutex_unlock(&p->lock);
    }
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
    struct standard_handle from = standard_handle(fd);
    if (direct(from.kind))
        return read_handle(from.handle, buffer, n);
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
    if (host_stdio_kind(fd) == HOST_STDIO_FILE) {
        int64_t left = host_stdio_size(fd) - host_stdio_seek(fd, 0, 1);
        return left > 0 ? (size_t)left : 0;
    }
    if (direct(host_stdio_kind(fd)))
        return 0;
    struct pump *p = &pumps[fd];
    host_mutex_lock(&p->lock);
    size_t count = ready_or_ask(p) ? p->count : 0;
    host_mutex_unlock(&p->lock);
    return count;
}

bool host_stdio_ended(int fd)
{
    struct pump *p = &pumps[fd];
    host_mutex_lock(&p->lock);
    bool ended = p->ended && p->count == 0;
    host_mutex_unlock(&p->lock);
    return ended;
}

bool host_stdio_broken(int fd)
{
    struct pump *p = &pumps[fd];
    host_mutex_lock(&p->lock);
    bool broken = p->broken;
    host_mutex_unlock(&p->lock);
    return broken;
}

static void set_broken(struct pump *p)
{
    host_mutex_lock(&p->lock);
    p->broken = true;
    void (*ready)(void *) = p->ready;
    void *ready_arg = p->arg;
    host_mutex_unlock(&p->lock);
    if (ready)
        ready(ready_arg);
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
    struct standard_handle to = standard_handle(fd);
    if (!to.handle)
        return (int64_t)n;
    if (to.kind == HOST_STDIO_TERMINAL)
        return host_console_write(to.handle, bytes, n);
    size_t done = 0;
    while (done < n) {
        DWORD put = 0, piece = (DWORD)(n - done < PIECE_MAX ? n - done : PIECE_MAX);
        if (!WriteFile(to.handle, (const char *)bytes + done, piece, &put, NULL)) {
            int error = host_windows_errno(GetLastError());
            if (error == L_EPIPE)
                set_broken(&pumps[fd]);
            return done ? (int64_t)done : -error;
        }
        done += put;
        if (put == 0) /* a pipe that somebody made non-blocking is full */
            return done ? (int64_t)done : -L_EAGAIN;
    }
    return (int64_t)n;
}

bool host_stdio_writable(int fd)
{
    (void)fd;
    return true;
}

int64_t host_stdio_write_now(int fd, const void *bytes, size_t n)
{
    return host_stdio_write(fd, bytes, n);
}

int64_t host_stdio_seek(int fd, int64_t offset, int whence)
{
    static const DWORD methods[3] = {FILE_BEGIN, FILE_CURRENT, FILE_END};
    if (host_stdio_kind(fd) != HOST_STDIO_FILE)
        return -L_ESPIPE;
    if (whence < 0 || whence > 2)
        return -L_EINVAL;
    LARGE_INTEGER to = {.QuadPart = offset}, at;
    if (!SetFilePointerEx(standard_handle(fd).handle, to, &at, methods[whence]))
        return -host_windows_errno(GetLastError());
    return at.QuadPart;
}

int64_t host_stdio_size(int fd)
{
    LARGE_INTEGER size;
    if (host_stdio_kind(fd) != HOST_STDIO_FILE)
        return -L_ESPIPE;
    if (!GetFileSizeEx(standard_handle(fd).handle, &size))
        return -host_windows_errno(GetLastError());
    return size.QuadPart;
}
