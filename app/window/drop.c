/* Files and texts that are dropped on the window. */
#include "app/window/drop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/window/paste.h"
#include "app/window/window_private.h"
#include "runtime/fs/path/path.h"
#include "runtime/host/file.h"

#define PATH_SIZE 4096

/* Bytes that no shell takes for anything but themselves. */
static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c >= 0x80 || (c && strchr("_-./+,:@%=", c));
}

static bool is_control(unsigned char c)
{
    return c < ' ' || c == 0x7f;
}

/* As $'...', which has escapes for what a terminal or a shell would act on. */
static void quote_escaped(struct strbuf *out, const char *path)
{
    strbuf_add(out, "$'");
    for (const char *p = path; *p; p++) {
        if (is_control((unsigned char)*p))
            strbuf_add(out, "\\%03o", (unsigned)(unsigned char)*p);
        else
            strbuf_add(out, *p == '\'' || *p == '\\' ? "\\%c" : "%c", *p);
    }
    strbuf_add(out, "' ");
}

void drop_quote(struct strbuf *out, const char *path)
{
    bool plain = *path && *path != '-', controls = false;
    for (const char *p = path; *p; p++) {
        plain = plain && is_plain((unsigned char)*p);
        controls = controls || is_control((unsigned char)*p);
    }
    if (plain) {
        strbuf_add(out, "%s ", path);
        return;
    }
    if (controls) {
        quote_escaped(out, path);
        return;
    }
    strbuf_add(out, "'");
    for (const char *p = path; *p; p++)
        strbuf_add(out, *p == '\'' ? "'\\%c'" : "%c", *p);
    strbuf_add(out, "' ");
}

/* Where programs inside see a file or folder of the host. False when they do not. */
static bool guest_path(const char *host, char *guest, size_t size)
{
    char folder[PATH_SIZE];
    if (fs_guest_path(host, guest, size) == 0)
        return true;
    size_t n = strlen(host), at = n;
    while (at > 0 && host[at - 1] != '/' && !(host_has_drives() && host[at - 1] == '\\'))
        at--;
    if (at == 0 || at == n || at >= sizeof(folder))
        return false;
    memcpy(folder, host, at);
    folder[at] = 0;
    if (fs_guest_path(folder, guest, size) != 0)
        return false;
    size_t length = strlen(guest);
    const char *slash = length && guest[length - 1] == '/' ? "" : "/";
    return snprintf(guest + length, size - length, "%s%s", slash, host + at) < (int)(size - length);
}

static void drop_file(struct window *w, const char *file)
{
    char guest[PATH_SIZE];
    if (guest_path(file, guest, sizeof(guest)))
        drop_quote(&w->drop.text, guest);
    else
        w->drop.unseen++;
}

void drop_free(struct window *w)
{
    free(w->drop.text.text);
    w->drop = (struct drop){.unseen = 0};
}

/* All that was dropped together is there. */
static void drop_finish(struct window *w)
{
    char *text = strbuf_finish(&w->drop.text);
    w->drop.text = (struct strbuf){.text = NULL};
    if (text)
        session_paste(w->session, text, strlen(text));
    free(text);
    if (w->drop.unseen)
        note_pass(w, "Programs inside do not see what was dropped: the option mount shows them a "
                     "folder.");
    w->drop.unseen = 0;
}

void drop_event(struct window *w, const SDL_DropEvent *event)
{
    switch (event->type) {
    case SDL_DROPBEGIN:
        drop_free(w);
        break;
    case SDL_DROPFILE:
        drop_file(w, event->file);
        break;
    case SDL_DROPTEXT:
        paste_text(w, SDL_strdup(event->file));
        break;
    case SDL_DROPCOMPLETE:
        drop_finish(w);
        break;
    }
    SDL_free(event->file);
}
