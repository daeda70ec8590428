/* The window: Foreland as a double click starts it. */
#define SDL_MAIN_HANDLED
#include <SDL.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/control.h"
#include "app/guest.h"
#include "app/host/window.h"
#include "app/window.h"
#include "runtime/host/env.h"
#include "runtime/host/stdio.h"

struct options {
    struct window_options window;
    struct guest_options guest;
    bool control;
};

static const char usage[] =
    "Usage: foreland [options] [command arguments...]\n"
    "Opens a window with Linux inside: a login bash, or the command.\n"
    "\n"
    "  --image FILE          the root file system; made by `fore image create`\n"
    "  --root DIR|FILE.tar   a directory or tar archive instead of an image\n"
    "  --mount HOST:GUEST    shows a folder of this machine inside (may be repeated)\n"
    "  --memory SIZE         limit for all programs inside: 512M, 4G\n"
    "  --font FILE           a monospaced font\n"
    "  --font-size POINTS    11 when not given\n"
    "  --size COLUMNSxROWS   80x24 when not given\n"
    "  --control             drive the window by lines on the standard input\n"
    "  --help, --version\n";

/* Ends with 2 and the reason, on the console when there is one. */
static void fail(const char *what, const char *name)
{
    char text[1024];
    snprintf(text, sizeof(text), "%s%s%s", what, name ? ": " : "", name ? name : "");
    host_show_error(text);
    exit(2);
}

static bool parse_size(const char *text, uint64_t *size)
{
    char *end;
    double value = strtod(text, &end);
    static const char units[] = "KMGT";
    const char *unit = *end ? strchr(units, *end & ~32) : NULL;
    if (end == text || value <= 0 || (*end && (!unit || end[1])))
        return false;
    for (int i = 0; unit && i <= unit - units; i++)
        value *= 1024;
    *size = (uint64_t)value;
    return true;
}

/* An option with an argument. False when there is no such option. */
static bool take_option(struct options *o, const char *name, const char *value)
{
    if (!strcmp(name, "--image")) {
        o->guest.image = value;
    } else if (!strcmp(name, "--root")) {
        o->guest.root = value;
    } else if (!strcmp(name, "--mount")) {
        if (!strchr(value, ':') || o->guest.mount_count == GUEST_MOUNTS_MAX)
            fail("--mount needs HOST:GUEST", value);
        o->guest.mounts[o->guest.mount_count++] = value;
    } else if (!strcmp(name, "--memory")) {
        if (!parse_size(value, &o->guest.memory))
            fail("--memory needs a size such as 512M", value);
    } else if (!strcmp(name, "--font")) {
        o->window.font = value;
    } else if (!strcmp(name, "--font-size")) {
        o->window.font_size = atof(value);
        if (o->window.font_size < 4 || o->window.font_size > 96)
            fail("--font-size needs 4 to 96", value);
    } else if (!strcmp(name, "--size")) {
        if (sscanf(value, "%dx%d", &o->window.columns, &o->window.rows) != 2 ||
            o->window.columns < 1 || o->window.columns > 1000 || o->window.rows < 1 ||
            o->window.rows > 500)
            fail("--size needs COLUMNSxROWS", value);
    } else {
        return false;
    }
    return true;
}

static void print(const char *text)
{
    host_attach_console();
    host_stdio_write(1, text, strlen(text));
    exit(0);
}

static void parse_options(struct options *o, int argc, char **argv)
{
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        const char *name = argv[at];
        if (!strcmp(name, "--")) {
            at++;
            break;
        }
        if (!strcmp(name, "--help"))
            print(usage);
        if (!strcmp(name, "--version"))
            print("foreland " FORELAND_VERSION "\n");
        if (!strcmp(name, "--control")) {
            o->control = true;
            continue;
        }
        bool known = at + 1 < argc ? take_option(o, name, argv[at + 1]) : take_option(o, name, "");
        if (!known)
            fail("no such option", name);
        if (++at >= argc)
            fail("an argument is missing after", name);
    }
    if (at < argc)
        o->guest.command = argv + at;
}

static void on_ended(void *context, bool message)
{
    window_end(context, message);
}

int main(int argc, char **argv)
{
    struct options o = {.window = {.font_size = 11, .rows = 24, .columns = 80}};
    const char *error;
    SDL_SetMainReady();
    host_arguments(&argc, &argv);
    parse_options(&o, argc, argv);
    struct window *w = window_new(&o.window, &error);
    if (!w)
        fail("no window", error);
    if (o.control && control_start(w))
        fail("no thread", NULL);
    if (guest_start(&o.guest, window_session(w), on_ended, w))
        fail("no thread", NULL);
    window_run(w);
    guest_finish();
    host_exit(0);
}
