/* The log: lines, their times, and the file's size. */
#include "runtime/host/log.h"
#include "runtime/host/env.h"
#include "runtime/host/lock.h"
#include "runtime/host/time.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX     1002
#define RENEW_EVERY  (64 << 10)
#define A_LINE_IN_NS (INT64_C(1000000000) / HOST_LOG_EACH_SECOND)

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_LOG);
static size_t since_renewal;
/* The ration as a time: each line takes its part of it, up to now a burst is to be had. */
static int64_t spent_until = INT64_MIN;
static unsigned left_out;
static _Atomic(enum host_log_level) limit = HOST_LOG_INFO;

void host_log_open_kept(const char *name)
{
    char path[4096];
    char *folder = host_cache_dir();
    if (folder) {
        snprintf(path, sizeof(path), "%s/%s", folder, name);
        host_log_open(path);
    }
    free(folder);
}

/* With the lock. */
static bool in_ration(void)
{
    int64_t now = (int64_t)host_clock_monotonic_ns(), burst = HOST_LOG_BURST * A_LINE_IN_NS;
    if (spent_until < now - burst)
        spent_until = now - burst;
    if (spent_until + A_LINE_IN_NS > now)
        return false;
    spent_until += A_LINE_IN_NS;
    return true;
}

/* With the lock. */
static void put(const char *line, size_t length)
{
    host_log_raw(line, length);
    since_renewal += length;
    if (since_renewal < RENEW_EVERY)
        return;
    since_renewal = 0;
    host_log_renew();
}

/* With the lock. */
static void put_left_out(void)
{
    char line[64];
    int length = snprintf(line, sizeof(line), "(%u more lines were left out)\n", left_out);
    left_out = 0;
    put(line, (size_t)length);
}

static size_t make_line(char line[LINE_MAX], const char *format, va_list arguments)
{
    int length = vsnprintf(line, LINE_MAX - 1, format, arguments);
    if (length < 0)
        return 0;
    if (length > LINE_MAX - 2)
        length = LINE_MAX - 2;
    line[length++] = '\n';
    return (size_t)length;
}

static void put_line(bool rationed, const char *format, va_list arguments)
{
    char line[LINE_MAX];
    size_t length = make_line(line, format, arguments);
    host_mutex_lock(&lock);
    if (rationed && !in_ration()) {
        left_out++;
    } else {
        if (rationed && left_out)
            put_left_out();
        put(line, length);
    }
    host_mutex_unlock(&lock);
}

void host_log_limit(enum host_log_level level)
{
    atomic_store(&limit, level);
}

bool host_log_wants(enum host_log_level level)
{
    return level <= atomic_load_explicit(&limit, memory_order_relaxed);
}

/* The body of those of one level. */
#define PUT(level)                                                                                 \
    va_list arguments;                                                                             \
    if (!host_log_wants(level))                                                                    \
        return;                                                                                    \
    va_start(arguments, format);                                                                   \
    put_line(true, format, arguments);                                                             \
    va_end(arguments)

void host_log(const char *format, ...)
{
    PUT(HOST_LOG_INFO);
}

void host_log_error(const char *format, ...)
{
    PUT(HOST_LOG_ERROR);
}

void host_log_debug(const char *format, ...)
{
    PUT(HOST_LOG_DEBUG);
}

void host_log_all(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_line(false, format, arguments);
    va_end(arguments);
}
