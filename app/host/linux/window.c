#include "app/host/window.h"

#include <stdio.h>

double host_window_scale(SDL_Window *window)
{
    (void)window;
    return 1.0;
}

void host_window_modal(SDL_Window *window, void (*tick)(void *arg), void *arg)
{
    (void)window;
    (void)tick;
    (void)arg;
}

bool host_opens_files_safely(void)
{
    return true;
}

void host_show_error(const char *text)
{
    fprintf(stderr, "foreland: %s\n", text);
}

void host_attach_console(void)
{
}
