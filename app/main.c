/* The window: Foreland as a double click starts it. */
#define SDL_MAIN_HANDLED
#include <SDL.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config/arguments.h"
#include "app/config/config_print.h"
#include "app/control.h"
#include "app/host/window_system.h"
#include "app/session/guest.h"
#include "app/session/machine.h"
#include "app/settings.h"
#include "app/window/note.h"
#include "app/window/window.h"
#include "runtime/host/ending.h"
#include "runtime/host/env.h"
#include "runtime/host/log.h"
#include "runtime/host/stdio.h"

/* Ends with 2 and the reason, on the console when there is one. */
static void fail_start(const char *what, const char *name)
{
    char text[1024];
    snprintf(text, sizeof(text), "%s%s%s", what, name ? ": " : "", name ? name : "");
    host_show_error(text);
    exit(2);
}

/* Prints and ends. Takes text. */
static void print(char *text)
{
    if (!text)
        fail_start("out of memory", NULL);
    host_attach_console();
    host_stdio_write(1, text, strlen(text));
    free(text);
    exit(0);
}

static char *version(void)
{
    char *text = malloc(64);
    if (text)
        snprintf(text, 64, "foreland " FORELAND_VERSION "\n");
    return text;
}

static void on_ended(void *context, bool message)
{
    window_end(context, message);
}

struct note_call {
    const char *text;
    bool stands;
};

static void show_note(struct window *w, void *arg)
{
    const struct note_call *call = arg;
    if (call->stands) {
        note_pass(w, NULL);
        note_stand(w, call->text);
    } else {
        note_pass(w, call->text);
    }
}

static void on_note(void *context, const char *text, bool stands)
{
    struct note_call call = {text, stands};
    window_call(context, show_note, &call);
}

int main(int argc, char **argv)
{
    static struct arguments a;
    static const struct guest_events events = {on_ended, on_note};
    char reason[512];
    const char *error;
    SDL_SetMainReady();
    host_arguments(&argc, &argv);
    if (!arguments_read(&a, argv + 1, reason, sizeof(reason)))
        fail_start(reason, NULL);
    if (a.help)
        print(config_help());
    if (a.version)
        print(version());
    if (a.print_config)
        print(config_default_file());
    host_stdio_claim();
    host_log_open_kept("foreland.log");
    const struct config *config = settings_load(&a, reason, sizeof(reason));
    if (!config)
        fail_start(reason, NULL);
    struct window *w = window_new(config, &error);
    if (!w)
        fail_start("no window", error);
    settings_attach(w);
    if (a.control && control_start(w))
        fail_start("no thread", NULL);
    struct guest *guest = guest_new(config, a.command, window_session(w), &events, w);
    if (!guest)
        fail_start("out of memory", NULL);
    window_set_guest(w, guest);
    machine_watch(session_tty(window_session(w)));
    if (guest_start(guest))
        fail_start("no thread", NULL);
    host_ending_watch(machine_end);
    window_run(w);
    char lost[1000];
    int unstored = machine_finish(lost, sizeof(lost));
    if (unstored) {
        fprintf(stderr, "foreland: %s\n", lost);
        SDL_ShowSimpleMessageBox(SDL_MESSAGEBOX_ERROR, "Foreland", lost, NULL);
    }
    host_exit(unstored ? 1 : 0);
}
