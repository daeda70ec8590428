/* The standard handles: a pipe and a file put in the place of the standard input and output. */
#include <check.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/lock.h"
#include "runtime/host/stdio.h"
#include "runtime/host/time.h"
#include "tests/unit/run.h"

#ifdef _WIN32
#include <windows.h>

static HANDLE pipe_end;

static void use_pipe_as_input(void)
{
    HANDLE read_end;
    ck_assert(CreatePipe(&read_end, &pipe_end, NULL, 0));
    SetStdHandle(STD_INPUT_HANDLE, read_end);
}

static void type(const char *text)
{
    DWORD n;
    ck_assert(WriteFile(pipe_end, text, (DWORD)strlen(text), &n, NULL));
}

static void close_pipe(void)
{
    CloseHandle(pipe_end);
}

static void use_file_as_output(void)
{
    HANDLE file = CreateFileA("stdio-test.tmp", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                              CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    ck_assert(file != INVALID_HANDLE_VALUE);
    SetStdHandle(STD_ERROR_HANDLE, file);
}

static void use_broken_pipe_as_output(void)
{
    HANDLE read_end, write_end;
    ck_assert(CreatePipe(&read_end, &write_end, NULL, 0));
    CloseHandle(read_end);
    SetStdHandle(STD_OUTPUT_HANDLE, write_end);
}
#else
#include <fcntl.h>
#include <unistd.h>

static int pipe_end;
static int saved_output, saved_error;

static void use_pipe_as_input(void)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    dup2(ends[0], 0);
    close(ends[0]);
    pipe_end = ends[1];
}

static void type(const char *text)
{
    ck_assert_int_eq(write(pipe_end, text, strlen(text)), (int)strlen(text));
}

static void close_pipe(void)
{
    close(pipe_end);
}

static void use_file_as_output(void)
{
    saved_error = dup(2);
    int fd = open("stdio-test.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    unlink("stdio-test.tmp");
    dup2(fd, 2);
    close(fd);
}

static void use_broken_pipe_as_output(void)
{
    int ends[2];
    saved_output = dup(1);
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    dup2(ends[1], 1);
    close(ends[1]);
}
#endif

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_TEST);
static struct host_cond called = HOST_COND_INIT;
static int calls;

static void on_ready(void *arg)
{
    ck_assert_ptr_eq(arg, &calls);
    host_mutex_lock(&lock);
    calls++;
    host_cond_signal(&called);
    host_mutex_unlock(&lock);
}

static void wait_for_call(void)
{
    uint64_t deadline = host_clock_monotonic_ns() + 20000000000u;
    host_mutex_lock(&lock);
    while (calls == 0)
        ck_assert_msg(host_cond_wait(&called, &lock, deadline), "no call");
    calls = 0;
    host_mutex_unlock(&lock);
}

START_TEST(input_from_pipe)
{
    char bytes[16];
    use_pipe_as_input();
    host_stdio_notify(0, on_ready, &calls);
    ck_assert_int_eq(host_stdio_kind(0), HOST_STDIO_PIPE);
    ck_assert_int_eq(host_stdio_seek(0, 0, 0), -L_ESPIPE);
    ck_assert(!host_stdio_readable(0));
    ck_assert_int_eq(host_stdio_read(0, bytes, sizeof(bytes)), -L_EAGAIN);
    type("abcdef");
    wait_for_call();
    ck_assert(host_stdio_readable(0));
    ck_assert_uint_eq(host_stdio_available(0), 6);
    ck_assert(!host_stdio_ended(0));
    ck_assert_int_eq(host_stdio_read(0, bytes, 4), 4);
    ck_assert_mem_eq(bytes, "abcd", 4);
    ck_assert_int_eq(host_stdio_read(0, bytes, sizeof(bytes)), 2);
    ck_assert_mem_eq(bytes, "ef", 2);
    ck_assert_int_eq(host_stdio_read(0, bytes, sizeof(bytes)), -L_EAGAIN);
    close_pipe();
    wait_for_call();
    ck_assert_int_eq(host_stdio_read(0, bytes, sizeof(bytes)), 0);
    ck_assert_int_eq(host_stdio_read(0, bytes, sizeof(bytes)), 0);
    ck_assert(host_stdio_readable(0));
    ck_assert(host_stdio_ended(0));
}
END_TEST

START_TEST(output_to_file)
{
    char bytes[16];
    use_file_as_output();
    ck_assert_int_eq(host_stdio_kind(2), HOST_STDIO_FILE);
    ck_assert_int_eq(host_stdio_write(2, "hello", 5), 5);
    ck_assert_int_eq(host_stdio_size(2), 5);
    ck_assert_int_eq(host_stdio_seek(2, 1, 0), 1);
    ck_assert_int_eq(host_stdio_read(2, bytes, sizeof(bytes)), 4);
    ck_assert_mem_eq(bytes, "ello", 4);
    ck_assert_int_eq(host_stdio_read(2, bytes, sizeof(bytes)), 0);
#ifndef _WIN32
    dup2(saved_error, 2);
#endif
}
END_TEST

START_TEST(output_to_nobody)
{
    use_broken_pipe_as_output();
    ck_assert_int_eq(host_stdio_write(1, "x", 1), -L_EPIPE);
#ifndef _WIN32
    dup2(saved_output, 1);
#endif
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("stdio");
    tcase_add_test(tc, input_from_pipe);
    tcase_add_test(tc, output_to_file);
    tcase_add_test(tc, output_to_nobody);
    return unit_run("stdio", tc);
}
