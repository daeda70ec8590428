#include "app/fore/progress.h"

#include "runtime/host/stdio.h"
#include <stdio.h>

void progress_init(struct progress *progress, const char *what)
{
    *progress = (struct progress){
        .what = what, .shows = host_stdio_kind(2) == HOST_STDIO_TERMINAL, .shown = -1};
}

void progress_show(struct progress *progress, unsigned percent)
{
    if (!progress->shows || progress->shown == (int)percent)
        return;
    progress->shown = (int)percent;
    fprintf(stderr, "\r%s: %u %%", progress->what, percent);
    fflush(stderr);
}

void progress_hide(struct progress *progress)
{
    if (progress->shown >= 0)
        fputs("\r\033[K", stderr);
    progress->shown = -1;
}
