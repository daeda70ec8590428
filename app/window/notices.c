/* Messages of programs, which the desktop shows. */
#include "app/window/notices.h"

#include <stdlib.h>
#include <string.h>

#include "app/host/notice.h"
#include "app/window/window_private.h"
#include "runtime/host/log.h"
#include "runtime/host/thread.h"

struct notice {
    void *place;
    char *title, *body;
};

bool notices_allow(struct notices *n, uint64_t now)
{
    uint64_t back = (now - n->since) / NOTICES_EVERY_MS;
    n->spent = back < n->spent ? n->spent - (unsigned)back : 0;
    n->since += back * NOTICES_EVERY_MS;
    if (n->spent == NOTICES_BURST)
        return false;
    if (n->spent == 0)
        n->since = now;
    n->spent++;
    return true;
}

static void notice_free(struct notice *n)
{
    free(n->title);
    free(n->body);
    free(n);
}

static void notice_thread(void *arg)
{
    struct notice *n = arg;
    if (!host_notice_show(n->place, n->title, n->body))
        host_log("a program's message could not be shown");
    notice_free(n);
}

static char *copy_text(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

void notices_take(struct window *w, const char *title, const char *body)
{
    if (w->focused || !w->config->notifications || !notices_allow(&w->notices, SDL_GetTicks64()))
        return;
    struct notice *n = calloc(1, sizeof(*n));
    if (!n)
        return;
    n->place = host_notice_place(w->sdl);
    n->title = copy_text(title[0] ? title : "Foreland");
    n->body = copy_text(body);
    if (!n->title || !n->body || host_thread_start(notice_thread, n))
        notice_free(n);
    else
        w->notices.shown++;
}

void notices_seen(struct window *w)
{
    if (w->notices.shown)
        host_notice_end(host_notice_place(w->sdl));
}
