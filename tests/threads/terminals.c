/* A terminal pair from both sides at once: a guest writes, someone types, the modes and the size
 * change, others look pairs up while they come and go. */
#include "together.h"

#include <string.h>

#include "runtime/abi/fcntl.h"
#include "runtime/fs/vfs/file.h"
#include "runtime/tty/pair.h"

#define ROUNDS 1000

static struct tty *tty;
static struct file slave;
static atomic_bool written, gone;

static void nothing(void *owner)
{
    (void)owner;
}

static const struct tty_master_ops master_ops = {nothing, nothing, nothing};

static void write_output(void)
{
    for (int i = 0; i < ROUNDS; i++)
        ck_assert_int_eq(slave.ops->write(&slave, "output\n", 7, NULL), 7);
    atomic_store(&written, true);
}

static void show_output(void)
{
    char bytes[100];
    while (!atomic_load(&written) || tty_master_read(tty, bytes, sizeof(bytes)))
        tty_master_read(tty, bytes, sizeof(bytes));
}

static void type(void)
{
    for (int i = 0; i < ROUNDS; i++)
        tty_input(tty, "typed\n", 6);
}

static void change_modes(void)
{
    struct tty_before before;
    struct l_winsize size = {.ws_row = 20, .ws_col = 80};
    for (int i = 0; i < ROUNDS; i++) {
        tty_lock(tty, &before);
        struct l_termios termios = tty->ldisc.termios;
        termios.c_lflag ^= L_TOSTOP;
        ldisc_set_termios(&tty->ldisc, &termios);
        tty_unlock(tty, &before);
        size.ws_row ^= 1;
        tty_resize(tty, &size);
    }
}

static void come_and_go(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct tty *pair;
        struct file file = {.flags = L_O_RDWR};
        ck_assert_int_eq(tty_create(&master_ops, NULL, &pair), 0);
        ck_assert_int_eq(slave_open(pair, &file, NULL), 0);
        tty_master_close(pair);
        file.ops->release(&file);
    }
    atomic_store(&gone, true);
}

static void look_up(void)
{
    for (uint32_t i = 0; !atomic_load(&gone); i++) {
        struct tty *found = tty_find(i % 4);
        if (found)
            tty_put(found);
    }
}

START_TEST(both_sides)
{
    ck_assert_int_eq(tty_create(&master_ops, NULL, &tty), 0);
    slave = (struct file){.flags = L_O_RDWR};
    ck_assert_int_eq(slave_open(tty, &slave, NULL), 0);
    TOGETHER(write_output, show_output, type, change_modes, come_and_go, look_up);
    slave.ops->release(&slave);
    tty_master_close(tty);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("terminals");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, both_sides);
    return unit_run("terminals", tc);
}
