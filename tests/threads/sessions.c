/* A window's session: its parser, the UI thread, a search and a guest that writes, all at once. */
#include "together.h"

#include <stdlib.h>
#include <string.h>

#include "app/session/finder.h"
#include "app/session/session.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/vfs/file.h"
#include "runtime/tty/pair.h"

#define ROUNDS 300

static struct session *session;
static struct file slave;

static void nothing(void *context)
{
    (void)context;
}

static const struct session_events events = {nothing, nothing, NULL};

static void guest(void)
{
    static const char text[] = "\033[31mred\033[m plain\033[?2026h a picture \033[?2026l\n\033[6n";
    for (int i = 0; i < ROUNDS; i++)
        slave.ops->write(&slave, text, sizeof(text) - 1, NULL);
}

static void ui(void)
{
    struct term_view *view = term_view_new();
    struct finder *finder = finder_new(session);
    ck_assert(view && finder);
    for (int i = 0; i < ROUNDS; i++) {
        struct term *term = session_lock(session);
        session_want_frame(session, term_synchronized(term));
        term_view_update(view, term, false);
        session_take_bell(session);
        session_unlock(session);
        session_text(session, "typed ", 6);
        if (i % 20 == 0)
            session_resize(session, 10 + i % 3, 40 + i % 7, 8, 16);
        if (i % 30 == 0)
            finder_start(finder, "red", 0);
        else if (i % 3 == 0)
            finder_step(finder, i & 1 ? 1 : -1);
    }
    finder_stop(finder);
    term_view_free(view);
}

static void others(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        session_print(session, "ours\n");
        session_view_changed(session);
        session_changes(session);
        session_taken(session);
    }
}

START_TEST(all_at_once)
{
    session = session_new(10, 40, &events);
    ck_assert_ptr_nonnull(session);
    slave = (struct file){.flags = L_O_RDWR | L_O_NONBLOCK};
    ck_assert_int_eq(slave_open(session_tty(session), &slave, NULL), 0);
    TOGETHER(guest, ui, others);
    slave.ops->release(&slave);
    session_hangup(session);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("sessions");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, all_at_once);
    return unit_run("sessions", tc);
}
