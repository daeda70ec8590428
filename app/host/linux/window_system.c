/* The scale, frame and clipboard of X11 and Wayland, as far as SDL does not tell. */
#include "app/host/window_system.h"

#include <SDL_syswm.h>
#include <X11/Xlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCALE_MIN 0.5
#define SCALE_MAX 5.0

const bool host_window_resized = false;

/* SDL has loaded the library when there is an X window; nothing here is linked with it. */
static struct {
    Atom (*intern)(Display *, const char *, Bool only_if_exists);
    int (*property)(Display *, Window, Atom, long, long, Bool, Atom, Atom *, int *, unsigned long *,
                    unsigned long *, unsigned char **);
    Window (*owner)(Display *, Atom selection);
    int (*free)(void *);
} x11;

static bool symbols_load(void)
{
    static bool tried;
    void *xlib = tried ? NULL : SDL_LoadObject("libX11.so.6");
    tried = true;
    if (xlib) {
        x11.intern = SDL_LoadFunction(xlib, "XInternAtom");
        x11.property = SDL_LoadFunction(xlib, "XGetWindowProperty");
        x11.owner = SDL_LoadFunction(xlib, "XGetSelectionOwner");
        x11.free = SDL_LoadFunction(xlib, "XFree");
    }
    return x11.intern && x11.property && x11.owner && x11.free;
}

/* A line "Xft.dpi: NUMBER" of the resources, which desktops set; 0 when there is none. */
static double dpi_of(const char *resources)
{
    static const char name[] = "Xft.dpi:";
    for (const char *line = resources; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (!strncmp(line, name, strlen(name)))
            return strtod(line + strlen(name), NULL);
    }
    return 0;
}

/* Read from the root window each time: a desktop changes it while programs run. */
static double resource_dpi(Display *display)
{
    Atom type, name = symbols_load() ? x11.intern(display, "RESOURCE_MANAGER", True) : None;
    int format;
    unsigned long count, left;
    unsigned char *text = NULL;
    double dpi = 0;
    if (name != None &&
        x11.property(display, DefaultRootWindow(display), name, 0, 1 << 20, False, AnyPropertyType,
                     &type, &format, &count, &left, &text) == Success &&
        text && format == 8)
        dpi = dpi_of((const char *)text);
    if (text)
        x11.free(text);
    return dpi;
}

static double limit(double scale)
{
    return scale < SCALE_MIN ? 1.0 : scale > SCALE_MAX ? SCALE_MAX : scale;
}

double host_window_scale(SDL_Window *window)
{
    SDL_SysWMinfo info;
    const char *toolkit = getenv("GDK_SCALE");
    double dpi = 0;
    SDL_VERSION(&info.version);
    if (!SDL_GetWindowWMInfo(window, &info))
        return 1.0;
    if (info.subsystem == SDL_SYSWM_WAYLAND) {
        int points = 0, pixels = 0;
        SDL_GetWindowSize(window, &points, NULL);
        SDL_GetWindowSizeInPixels(window, &pixels, NULL);
        return points > 0 && pixels > 0 ? limit((double)pixels / points) : 1.0;
    }
    if (info.subsystem == SDL_SYSWM_X11)
        dpi = resource_dpi(info.info.x11.display);
    if (dpi > 0)
        return limit(dpi / 96);
    return toolkit ? limit(strtod(toolkit, NULL)) : 1.0;
}

/* Frames are the desktop's. */
void host_window_frame(SDL_Window *window)
{
    (void)window;
}

void host_window_modal(SDL_Window *window, void (*tick)(void *arg), void *arg)
{
    (void)window;
    (void)tick;
    (void)arg;
}

/* ICCCM and EWMH: the compositor of screen N owns the selection _NET_WM_CM_SN. */
static bool has_compositor(Display *display)
{
    char name[32];
    snprintf(name, sizeof(name), "_NET_WM_CM_S%d", DefaultScreen(display));
    Atom atom = symbols_load() ? x11.intern(display, name, True) : None;
    return atom != None && x11.owner(display, atom) != None;
}

bool host_window_blends(SDL_Window *window, const char **reason)
{
    SDL_SysWMinfo info;
    SDL_VERSION(&info.version);
    *reason = "this window system has no translucent windows";
    if (!SDL_GetWindowWMInfo(window, &info) || info.subsystem != SDL_SYSWM_X11)
        return false;
    *reason = "no compositor runs that could make windows translucent";
    return has_compositor(info.info.x11.display);
}

bool host_pointer_vanishes(void)
{
    return true;
}

bool host_clipboard_has_text(void)
{
    return false;
}

void host_show_error(const char *text)
{
    fprintf(stderr, "foreland: %s\n", text);
}

void host_attach_console(void)
{
}
