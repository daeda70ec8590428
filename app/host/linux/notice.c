/* notify-send(1) gives messages to the desktop. */
#include "app/host/notice.h"

#include <string.h>

#include "app/host/linux/run_program.h"

#define BODY_MAX 4096

void *host_notice_place(SDL_Window *window)
{
    (void)window;
    return NULL;
}

/* A body has markup, which is not for programs to choose. */
static void escape_markup(char *out, size_t size, const char *text)
{
    size_t n = 0;
    for (; *text; text++) {
        char plain[2] = {*text, 0};
        const char *as = *text == '&'   ? "&amp;"
                         : *text == '<' ? "&lt;"
                         : *text == '>' ? "&gt;"
                                        : plain;
        size_t more = strlen(as);
        if (n + more >= size)
            break;
        memcpy(out + n, as, more);
        n += more;
    }
    out[n] = 0;
}

bool host_notice_show(void *place, const char *title, const char *body)
{
    (void)place;
    char escaped[BODY_MAX];
    escape_markup(escaped, sizeof(escaped), body);
    char *argv[] = {"notify-send", "--app-name=Foreland", "--", (char *)title, escaped, NULL};
    return run_program(argv);
}

void host_notice_end(void *place)
{
    (void)place;
}
