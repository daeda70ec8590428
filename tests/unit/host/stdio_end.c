/* Standard handles that were not given, and the end, after which nothing is taken any more. */
#include <check.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/stdio.h"
#include "tests/unit/run.h"

#ifdef _WIN32
#include <windows.h>

static HANDLE read_end, write_end;

static void prepare(void)
{
    ck_assert(CreatePipe(&read_end, &write_end, NULL, 0));
    SetStdHandle(STD_INPUT_HANDLE, read_end);
    SetStdHandle(STD_ERROR_HANDLE, NULL);
}

static void type(const char *text)
{
    DWORD n;
    ck_assert(WriteFile(write_end, text, (DWORD)strlen(text), &n, NULL));
}

static int64_t take(char *bytes, size_t n)
{
    DWORD got;
    ck_assert(ReadFile(read_end, bytes, (DWORD)n, &got, NULL));
    return got;
}

static void check_missing(void)
{
    char byte;
    ck_assert_int_eq(host_stdio_kind(2), HOST_STDIO_DEVICE);
    ck_assert_int_eq(host_stdio_write(2, "text", 4), 4);
    ck_assert_int_eq(host_stdio_read(2, &byte, 1), 0);
    ck_assert(host_stdio_readable(2));
}
#else
#include <fcntl.h>
#include <unistd.h>

static int write_end, saved_error;

static void prepare(void)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    dup2(ends[0], 0);
    close(ends[0]);
    write_end = ends[1];
    saved_error = dup(2);
    close(2);
}

static void type(const char *text)
{
    ck_assert_int_eq(write(write_end, text, strlen(text)), (int)strlen(text));
}

static int64_t take(char *bytes, size_t n)
{
    return read(0, bytes, n);
}

/* Nothing that is opened later gets its number. */
static void check_missing(void)
{
    int fd = open("/dev/null", O_RDONLY);
    enum host_stdio_kind kind = host_stdio_kind(2);
    dup2(saved_error, 2);
    ck_assert_int_gt(fd, 2);
    ck_assert_int_eq(kind, HOST_STDIO_NONE);
}
#endif

START_TEST(missing_and_end)
{
    char bytes[16];
    prepare();
    host_stdio_claim();
    check_missing();
    ck_assert_int_eq(host_stdio_kind(0), HOST_STDIO_PIPE);
    host_stdio_stop();
    type("next");
    ck_assert(!host_stdio_readable(0));
    ck_assert_int_eq(host_stdio_read(0, bytes, sizeof(bytes)), -L_EAGAIN);
    ck_assert_int_eq(take(bytes, sizeof(bytes)), 4);
    ck_assert_mem_eq(bytes, "next", 4);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("stdio_end");
    tcase_add_test(tc, missing_and_end);
    return unit_run("stdio_end", tc);
}
