/*
 * The standard handles of the host process: what they are, bytes in and out, and the terminal
 * behind them.
 *
 * A standard handle cannot be polled on Windows, so reading goes through a pump: a host thread per
 * handle, started by the first read or poll that finds nothing, which waits for the handle and
 * calls back. A handle that is never read is never touched. On Windows the pump has to read to
 * know, so that up to 4 KiB are taken from the handle when a guest polls and does not read; on
 * Linux nothing is.
 *
 * Errors are guest errno values (runtime/abi/errno.h), negative.
 */
#ifndef RUNTIME_HOST_STDIO_H
#define RUNTIME_HOST_STDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum host_stdio_kind {
    HOST_STDIO_NONE,     /* closed */
    HOST_STDIO_TERMINAL, /* a terminal or a Windows console */
    HOST_STDIO_PIPE,     /* pipe or socket */
    HOST_STDIO_FILE,     /* regular file: has a position */
    HOST_STDIO_DEVICE,   /* anything else, such as NUL or /dev/null */
};

/*
 * Finds out what the three are, for good: to be called before anything is opened, which might get
 * the number of a handle that was not valid. On Windows, where a parent need not give any, a handle
 * that is missing or invalid is a HOST_STDIO_DEVICE that ends at once and takes everything.
 */
void host_stdio_claim(void);

/* fd is 0, 1 or 2 everywhere below. */
enum host_stdio_kind host_stdio_kind(int fd);

/*
 * Takes what the pump has read. Returns the count, 0 at the end of the input, -L_EAGAIN when
 * nothing is there yet, or another error. Starts the pump. Files (HOST_STDIO_FILE) and devices
 * have no pump and are read directly. Never blocks but for those.
 */
int64_t host_stdio_read(int fd, void *buffer, size_t n);

/* True when host_stdio_read would not return -L_EAGAIN. Starts the pump. */
bool host_stdio_readable(int fd);

/* Bytes that a read would return at once (FIONREAD); 0 at the end or when that is not known. On
 * Windows what the pump has read, which this starts. */
size_t host_stdio_available(int fd);

/* True when those who wrote to a pipe are gone; what they wrote may still be there to be read. On
 * Windows that is known when everything has been read. */
bool host_stdio_ended(int fd);

/* Of 1 and 2: true when nobody reads any more what is written to a pipe. Starts a pump that waits
 * for it. Windows has no event for that, and nothing to ask but a write (one of no bytes is the end
 * of the file to some readers): there it is known, and told, when a write has failed. */
bool host_stdio_broken(int fd);

/* ready(arg) is called on another thread whenever the state of fd changed. One per fd. */
void host_stdio_notify(int fd, void (*ready)(void *arg), void *arg);

/* From now on nothing is taken from the handles any more, and host_stdio_read finds nothing but
 * what was taken before: what is typed now is for whoever uses the terminal next. */
void host_stdio_stop(void);

/*
 * Writes all of it, blocking the thread. Returns n or an error: -L_EPIPE when the reader is gone.
 * The caller must hold no lock.
 */
int64_t host_stdio_write(int fd, const void *bytes, size_t n);

/* Of a pipe: whether it has room for a write; starts a pump that waits for it. The other writes
 * what there is room for: the count, or -L_EAGAIN. Windows does not tell how full a pipe is: there
 * it always seems to have room, and writing blocks. */
bool host_stdio_writable(int fd);
int64_t host_stdio_write_now(int fd, const void *bytes, size_t n);

/* For HOST_STDIO_FILE: as lseek, fstat's size. -L_ESPIPE for the rest. */
int64_t host_stdio_seek(int fd, int64_t offset, int whence);
int64_t host_stdio_size(int fd);

/* Writes to the terminal behind any standard handle, also when output is redirected: as
 * host_stdio_write, or -L_ENOTTY. */
int64_t host_terminal_write(const void *bytes, size_t n);

/*
 * Puts the terminal of the standard handles into raw mode: every key arrives as bytes at once,
 * nothing is echoed, output is taken literally, escape sequences are understood (on Windows
 * ENABLE_VIRTUAL_TERMINAL_INPUT and _PROCESSING, UTF-8). Undone by host_terminal_restore, which
 * every way out of the program calls and which is harmless when there is nothing to undo.
 * 0, or -L_ENOTTY when the standard input is not a terminal.
 */
int host_terminal_raw(void);
void host_terminal_restore(void);

/* Rows, columns of the terminal behind any standard handle; pixels are 0. -L_ENOTTY. */
int host_terminal_size(uint16_t *rows, uint16_t *columns);

/* Calls changed(arg) on a thread of its own whenever the size may have changed. Once. */
void host_terminal_watch(void (*changed)(void *arg), void *arg);

#endif
