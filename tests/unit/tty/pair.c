/* Pairs without guests: waiting reads and writes, the master's callbacks, hangup, polling. */
#include <check.h>
#include <stdatomic.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/host/lock.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/task/process.h"
#include "runtime/tty/pair.h"
#include "tests/unit/run.h"

#define SECOND 1000000000ull

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_TEST);
static struct host_cond cond = HOST_COND_INIT;
static int outputs, rooms, closes;

static void count(int *what)
{
    host_mutex_lock(&lock);
    ++*what;
    host_cond_broadcast(&cond);
    host_mutex_unlock(&lock);
}

static void on_output(void *owner)
{
    ck_assert_ptr_eq(owner, &outputs);
    count(&outputs);
}

static void on_room(void *owner)
{
    (void)owner;
    count(&rooms);
}

static void on_closed(void *owner)
{
    (void)owner;
    count(&closes);
}

static const struct tty_master_ops master_ops = {on_output, on_room, on_closed};

static uint64_t soon(void)
{
    return host_clock_monotonic_ns() + 20 * SECOND;
}

static void wait_until_set(int *what)
{
    uint64_t deadline = soon();
    host_mutex_lock(&lock);
    while (*what == 0 && host_cond_wait(&cond, &lock, deadline))
        ;
    bool happened = *what != 0;
    host_mutex_unlock(&lock); /* an assertion that fails goes on with the next test */
    ck_assert_msg(happened, "nothing happened");
}

static struct tty *tty;
static struct file slave;

static void open_pair(uint32_t lflag_off, uint8_t min, uint8_t time)
{
    outputs = rooms = closes = 0;
    ck_assert_int_eq(tty_create(&master_ops, &outputs, &tty), 0);
    tty->ldisc.termios.c_lflag &= ~lflag_off;
    tty->ldisc.termios.c_cc[L_VMIN] = min;
    tty->ldisc.termios.c_cc[L_VTIME] = time;
    slave = (struct file){.flags = L_O_RDWR};
    ck_assert_int_eq(slave_open(tty, &slave, NULL), 0);
}

static void close_pair(void)
{
    slave.ops->release(&slave);
    tty_master_close(tty);
}

static void type(const char *text)
{
    ck_assert_uint_eq(tty_input(tty, text, strlen(text)), strlen(text));
}

/* A read on another thread. */
struct reader {
    size_t n;
    char bytes[256];
    int64_t result;
    uint64_t took_ns;
    int done;
};

static void run_reader(void *arg)
{
    struct reader *r = arg;
    uint64_t start = host_clock_monotonic_ns();
    r->result = slave.ops->read(&slave, r->bytes, r->n, NULL);
    r->took_ns = host_clock_monotonic_ns() - start;
    count(&r->done);
}

static void start_reader(struct reader *r, size_t n)
{
    *r = (struct reader){.n = n};
    ck_assert_int_eq(host_thread_start(run_reader, r), 0);
}

/* Until the reader waits in the kernel: nobody else can be on the queue. */
static void wait_for_sleeper(void)
{
    for (uint64_t deadline = soon();;) {
        host_mutex_lock(&tty->slave_wait.lock);
        bool waits = tty->slave_wait.first != NULL;
        host_mutex_unlock(&tty->slave_wait.lock);
        if (waits)
            return;
        ck_assert_msg(host_clock_monotonic_ns() < deadline, "nobody waits");
        host_thread_yield();
    }
}

static void expect_read(struct reader *r, const char *text)
{
    wait_until_set(&r->done);
    ck_assert_int_eq(r->result, (int64_t)strlen(text));
    ck_assert_mem_eq(r->bytes, text, strlen(text));
}

START_TEST(read_waits_for_line)
{
    struct reader r;
    open_pair(L_ECHO, 1, 0);
    start_reader(&r, 100);
    wait_for_sleeper();
    type("ab");
    type("c\n");
    expect_read(&r, "abc\n");
    close_pair();
}
END_TEST

START_TEST(read_waits_for_min)
{
    struct reader r;
    open_pair(L_ECHO | L_ICANON, 3, 0);
    start_reader(&r, 100);
    wait_for_sleeper();
    type("ab");
    wait_for_sleeper();
    ck_assert_int_eq(r.done, 0);
    type("cd");
    expect_read(&r, "abcd");
    start_reader(&r, 2);
    wait_for_sleeper();
    type("xy");
    expect_read(&r, "xy");
    close_pair();
}
END_TEST

/* MIN 0, TIME: waits for the first byte or the time. */
START_TEST(read_with_time)
{
    struct reader r;
    open_pair(L_ECHO | L_ICANON, 0, 2);
    start_reader(&r, 100);
    expect_read(&r, "");
    ck_assert_uint_ge(r.took_ns, 200000000);
    tty->ldisc.termios.c_cc[L_VTIME] = 255;
    start_reader(&r, 100);
    wait_for_sleeper();
    type("a");
    expect_read(&r, "a");
    ck_assert_uint_lt(r.took_ns, 20 * SECOND);
    close_pair();
}
END_TEST

/* MIN and TIME: the time runs from byte to byte, not before the first. */
START_TEST(read_with_min_and_time)
{
    struct reader r;
    open_pair(L_ECHO | L_ICANON, 10, 1);
    start_reader(&r, 100);
    wait_for_sleeper();
    type("ab");
    expect_read(&r, "ab");
    ck_assert_uint_ge(r.took_ns, 100000000);
    tty->ldisc.termios.c_cc[L_VTIME] = 255;
    start_reader(&r, 100);
    wait_for_sleeper();
    type("0123456");
    type("789");
    expect_read(&r, "0123456789");
    ck_assert_uint_lt(r.took_ns, 20 * SECOND);
    close_pair();
}
END_TEST

START_TEST(large_min_ends_at_64)
{
    struct reader r;
    char many[91];
    memset(many, 'x', 90);
    many[90] = 0;
    open_pair(L_ECHO | L_ICANON, 100, 0);
    type(many);
    start_reader(&r, 200);
    wait_until_set(&r.done);
    ck_assert_int_eq(r.result, 64);
    close_pair();
}
END_TEST

START_TEST(no_waiting)
{
    char byte;
    open_pair(L_ECHO, 1, 0);
    slave.flags = L_O_RDWR | L_O_NONBLOCK;
    ck_assert_int_eq(slave.ops->read(&slave, &byte, 1, NULL), -L_EAGAIN);
    ck_assert_uint_eq(slave.ops->poll(&slave, NULL), L_POLLOUT | L_POLLWRNORM);
    type("a\n");
    ck_assert_uint_eq(slave.ops->poll(&slave, NULL),
                      L_POLLIN | L_POLLRDNORM | L_POLLOUT | L_POLLWRNORM);
    ck_assert_int_eq(slave.ops->read(&slave, &byte, 1, NULL), 1);
    close_pair();
}
END_TEST

static void run_writer(void *arg)
{
    int *done = arg;
    static char many[200000];
    memset(many, 'w', sizeof(many));
    if (slave.ops->write(&slave, many, sizeof(many), NULL) == (int64_t)sizeof(many))
        count(done);
}

START_TEST(write_waits_for_master)
{
    static char bytes[10000];
    int done = 0;
    size_t total = 0;
    open_pair(0, 1, 0);
    ck_assert_int_eq(host_thread_start(run_writer, &done), 0);
    wait_for_sleeper();
    wait_until_set(&outputs);
    for (uint64_t deadline = soon(); total < 200000;) {
        total += tty_master_read(tty, bytes, sizeof(bytes));
        ck_assert_uint_lt(host_clock_monotonic_ns(), deadline);
    }
    ck_assert_uint_eq(total, 200000);
    wait_until_set(&done);
    ck_assert_uint_eq(tty_master_read(tty, bytes, sizeof(bytes)), 0);
    close_pair();
}
END_TEST

START_TEST(input_is_bounded)
{
    static char bytes[100000];
    size_t taken, total = 0;
    open_pair(L_ECHO | L_ICANON | L_ISIG, 1, 0);
    memset(bytes, 'x', sizeof(bytes));
    taken = tty_input(tty, bytes, sizeof(bytes));
    ck_assert_uint_lt(taken, sizeof(bytes));
    ck_assert_uint_eq(tty_input(tty, bytes, 1), 0);
    ck_assert_int_eq(rooms, 0);
    while (total < taken) {
        int64_t n = slave.ops->read(&slave, bytes, sizeof(bytes), NULL);
        ck_assert_int_gt(n, 0);
        total += (size_t)n;
    }
    ck_assert_uint_eq(total, taken);
    ck_assert_int_ge(rooms, 1);
    close_pair();
}
END_TEST

START_TEST(callbacks)
{
    char bytes[16];
    open_pair(0, 1, 0);
    type("a");
    ck_assert_int_eq(outputs, 1);
    type("b");
    ck_assert_int_eq(outputs, 1);
    ck_assert_uint_eq(tty_master_read(tty, bytes, 16), 2);
    type("c");
    ck_assert_int_eq(outputs, 2);
    slave.ops->release(&slave);
    ck_assert_int_eq(closes, 1);
    ck_assert_int_eq(slave_open(tty, &slave, NULL), 0);
    close_pair();
}
END_TEST

START_TEST(master_closes_under_reader)
{
    struct reader r;
    char byte;
    open_pair(0, 1, 0);
    start_reader(&r, 100);
    wait_for_sleeper();
    tty_master_close(tty);
    wait_until_set(&r.done);
    ck_assert_int_eq(r.result, -L_EIO);
    ck_assert_int_eq(slave.ops->read(&slave, &byte, 1, NULL), 0);
    ck_assert_int_eq(slave.ops->write(&slave, "x", 1, NULL), -L_EIO);
    ck_assert_uint_eq(slave.ops->poll(&slave, NULL) & 0x1f,
                      L_POLLIN | L_POLLOUT | L_POLLERR | L_POLLHUP);
    slave.ops->release(&slave);
}
END_TEST

START_TEST(hangup_kills_open_files_only)
{
    struct reader r;
    char byte;
    open_pair(L_ECHO, 1, 0);
    start_reader(&r, 100);
    wait_for_sleeper();
    tty_hangup(tty);
    wait_until_set(&r.done);
    ck_assert_int_eq(r.result, 0);
    ck_assert_int_eq(slave.ops->read(&slave, &byte, 1, NULL), 0);
    struct file again = {.flags = L_O_RDWR};
    ck_assert_int_eq(slave_open(tty, &again, NULL), 0);
    type("q\n");
    ck_assert_int_eq(again.ops->read(&again, &byte, 1, NULL), 1);
    again.ops->release(&again);
    close_pair();
}
END_TEST

static int collect(void *arg, uint32_t index)
{
    *(uint64_t *)arg |= 1ull << index;
    return 0;
}

START_TEST(numbers)
{
    struct tty *a, *b;
    uint64_t seen = 0;
    ck_assert_int_eq(tty_create(&master_ops, NULL, &a), 0);
    ck_assert_int_eq(tty_create(&master_ops, NULL, &b), 0);
    ck_assert_uint_eq(tty_device(a), 0x8800);
    ck_assert_uint_eq(tty_device(b), 0x8801);
    tty_list(collect, &seen);
    ck_assert_uint_eq(seen, 3);
    /* A reference does not keep the number. */
    struct tty *held = tty_find(0);
    ck_assert_ptr_eq(held, a);
    tty_master_close(a);
    ck_assert_ptr_null(tty_find(0));
    ck_assert_int_eq(tty_create(&master_ops, NULL, &a), 0);
    ck_assert_uint_eq(tty_device(a), 0x8800);
    tty_put(held);
    tty_master_close(a);
    tty_master_close(b);
}
END_TEST

/* A message of our own appears on the terminal of the task's session. */
START_TEST(message)
{
    char bytes[64];
    struct session session = {.refs = 1};
    struct pgrp pgrp = {.refs = 1, .session = &session};
    struct process process = {.pgrp = &pgrp};
    struct task task = {.process = &process};
    open_pair(0, 1, 0);
    tty_message(&task, "nowhere");
    ck_assert_uint_eq(tty_master_read(tty, bytes, sizeof(bytes)), 0);
    session.tty = tty;
    tty_message(&task, "a defect\n");
    ck_assert_uint_eq(tty_master_read(tty, bytes, sizeof(bytes)), 10);
    ck_assert_mem_eq(bytes, "a defect\r\n", 10);
    ck_assert_int_eq(outputs, 1);
    session.tty = NULL;
    close_pair();
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("pair");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, read_waits_for_line);
    tcase_add_test(tc, read_waits_for_min);
    tcase_add_test(tc, read_with_time);
    tcase_add_test(tc, read_with_min_and_time);
    tcase_add_test(tc, large_min_ends_at_64);
    tcase_add_test(tc, no_waiting);
    tcase_add_test(tc, write_waits_for_master);
    tcase_add_test(tc, input_is_bounded);
    tcase_add_test(tc, callbacks);
    tcase_add_test(tc, master_closes_under_reader);
    tcase_add_test(tc, hangup_kills_open_files_only);
    tcase_add_test(tc, numbers);
    tcase_add_test(tc, message);
    return unit_run("pair", tc);
}
