/* Closes the window, or asks first. */
#include "app/window/close.h"

#include "app/session/guest.h"
#include "app/window/window_private.h"

static bool close_asks(const struct window *w)
{
    const struct config *c = w->config;
    enum guest_state state = guest_state(w->guest);
    return state != GUEST_NONE && (c->confirm_close == CONFIRM_ALWAYS ||
                                   (c->confirm_close == CONFIRM_RUNNING && state == GUEST_BUSY));
}

static void close_answered(struct window *w, bool yes)
{
    if (yes)
        window_close(w);
}

void close_wanted(struct window *w)
{
    static const struct question question = {.answered = close_answered,
                                             .text = "Close, and end the programs here?",
                                             .answers = {"Enter: close", "Escape: stay"}};
    if (w->question.answered == close_answered || !close_asks(w))
        window_close(w);
    else
        question_ask(w, &question);
}
