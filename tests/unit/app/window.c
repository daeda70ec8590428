/* The window without a screen: what its queue of events has no room for is done all the same, no
 * size costs more than its bound, and text without a key is not another key's. */
#define SDL_MAIN_HANDLED
#include <SDL.h>
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>

#include "app/config/config.h"
#include "app/window/scale.h"
#include "app/window/typing.h"
#include "app/window/window_private.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "tests/unit/app/shown.h"
#include "tests/unit/run.h"

static const struct config *config;
static atomic_bool late, called;
static atomic_int running;

static struct window *open_window(void)
{
    const char *error;
    /* SDL forgets hints when it ends. */
    SDL_SetHint(SDL_HINT_VIDEODRIVER, "dummy");
    struct window *w = window_new(config, &error);
    ck_assert_msg(w != NULL, "%s", error);
    return w;
}

static void fill_queue(void)
{
    SDL_Event event = {.user = {.type = SDL_USEREVENT + 1000}};
    while (SDL_PeepEvents(&event, 1, SDL_ADDEVENT, 0, 0) == 1)
        ;
}

static void call(struct window *w, void *arg)
{
    (void)w;
    (void)arg;
    atomic_store(&called, true);
}

static void call_it(void *arg)
{
    if (!window_call(arg, call, NULL))
        atomic_store(&late, true);
    atomic_fetch_sub(&running, 1);
}

/* Whether the window has ended by itself. */
static void watch_over(void *arg)
{
    struct window *w = arg;
    uint64_t deadline = host_clock_monotonic_ns() + 30000000000u;
    while (!atomic_load(&w->closing)) {
        if (host_clock_monotonic_ns() > deadline) {
            atomic_store(&late, true);
            SDL_FlushEvents(SDL_USEREVENT, SDL_LASTEVENT);
            SDL_Event quit = {.type = SDL_QUIT};
            SDL_PushEvent(&quit);
            break;
        }
        SDL_Delay(10);
    }
    atomic_fetch_sub(&running, 1);
}

START_TEST(no_event_is_lost)
{
    struct window *w = open_window();
    running = 2;
    fill_queue();
    ck_assert_int_eq(host_thread_start(call_it, w), 0);
    while (!atomic_load(&w->lost_calls))
        SDL_Delay(1);
    window_end(w, false);
    ck_assert_int_eq(host_thread_start(watch_over, w), 0);
    window_run(w);
    while (atomic_load(&running))
        SDL_Delay(10);
    ck_assert(!late);
    ck_assert(called);
    window_free(w);
}
END_TEST

/* 1000 by 1000 cells were 160 million pixels. */
START_TEST(sizes)
{
    struct window *w = open_window();
    int width = 0, height = 0;
    ck_assert(window_set_cells(w, 30, 100));
    ck_assert(!window_set_cells(w, 1000, 1000));
    ck_assert(!window_set_cells(w, INT32_MAX, INT32_MAX));
    const struct canvas *canvas = window_canvas(w);
    ck_assert_int_le((int64_t)canvas->width * canvas->height, SCALE_PIXELS_MAX);
    ck_assert(window_set_cells(w, 30, 100));
    canvas = window_canvas(w);
    ck_assert_int_lt(canvas->width, 2000);
    for (int wide = 1; wide < 1 << 30; wide *= 7) {
        width = wide;
        height = 1 << 20;
        scale_bound(&width, &height);
        ck_assert(width >= 1 && height >= 1 && (int64_t)width * height <= SCALE_PIXELS_MAX);
    }
    window_free(w);
}
END_TEST

static bool no_binding(struct window *w, const struct term_key *key)
{
    (void)w;
    (void)key;
    return false;
}

/* A press with text directly behind it in the queue, of which the window takes the text. */
static void press(struct window *w, SDL_Scancode scancode, SDL_Keymod mod, const char *text)
{
    SDL_Event typed = {.text = {.type = SDL_TEXTINPUT}}, event;
    SDL_KeyboardEvent key = {.type = SDL_KEYDOWN, .state = SDL_PRESSED};
    key.keysym.scancode = scancode;
    key.keysym.sym = SDL_GetKeyFromScancode(scancode);
    key.keysym.mod = mod;
    snprintf(typed.text.text, sizeof(typed.text.text), "%s", text);
    SDL_FlushEvents(SDL_KEYDOWN, SDL_TEXTINPUT);
    ck_assert_int_eq(SDL_PeepEvents(&typed, 1, SDL_ADDEVENT, 0, 0), 1);
    typing_key(w, &key, no_binding);
    while (SDL_PeepEvents(&event, 1, SDL_GETEVENT, SDL_TEXTINPUT, SDL_TEXTINPUT) == 1)
        typing_text(w, event.text.text);
}

/* Of some keys SDL reports the text alone: it must not go with the press of another key. */
START_TEST(text_without_a_key)
{
    struct window *w = open_window();
    press(w, SDL_SCANCODE_LCTRL, KMOD_LCTRL, "\303\274");
    press(w, SDL_SCANCODE_LSHIFT, KMOD_LSHIFT, "\303\234");
    press(w, SDL_SCANCODE_RIGHT, KMOD_NONE, "x");
    press(w, SDL_SCANCODE_Y, KMOD_NONE, "y");
    press(w, SDL_SCANCODE_KP_7, KMOD_NUM, "7");
    wait_for(window_session(w), "\303\274\303\234^[[Cxy7");
    window_free(w);
}
END_TEST

int main(void)
{
    SDL_SetMainReady();
    config = config_new(NULL);
    TCase *tests = tcase_create("window");
    tcase_set_timeout(tests, 200);
    tcase_add_test(tests, no_event_is_lost);
    tcase_add_test(tests, sizes);
    tcase_add_test(tests, text_without_a_key);
    return unit_run("window", tests);
}
