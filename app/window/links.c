/* Which links may be opened, and opening them. */
#include "app/window/links.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/host/opener.h"
#include "app/window/opening.h"
#include "app/window/window_private.h"
#include "runtime/host/env.h"
#include "runtime/host/log.h"

#define LINK_MAX 4096

static char lower_character(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool same_text(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!b[i] || lower_character(a[i]) != lower_character(b[i]))
            return false;
    return b[n] == 0;
}

static bool file_allowed(const char *rest, const char *host)
{
    if (rest[0] != '/' || rest[1] != '/')
        return false;
    rest += 2;
    size_t n = strcspn(rest, "/");
    return rest[n] == '/' && rest[n + 1] != '/' &&
           (n == 0 || same_text(rest, "localhost", n) || same_text(rest, host, n));
}

bool link_allowed(const char *uri, const char *host, bool files)
{
    static const char *const schemes[] = {"http", "https", "ftp", "mailto"};
    size_t n = strcspn(uri, ":");
    if (!uri[n] || !uri[n + 1] || strlen(uri) > LINK_MAX)
        return false;
    for (const char *p = uri; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("\"<>\\^`{|}", *p))
            return false;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (same_text(uri, schemes[i], n))
            return true;
    return files && same_text(uri, "file", n) && file_allowed(uri + n + 1, host);
}

static void refuse_link(struct window *w, const char *uri)
{
    char text[1024];
    host_log("a link was not opened: %.500s", uri);
    snprintf(text, sizeof(text),
             "This link is not opened, as programs may choose it and it could do harm:\n%.500s",
             uri);
    note_pass(w, text);
}

void link_open(struct window *w, const char *uri)
{
    char host[256];
    host_machine_name(host, sizeof(host));
    if (!link_allowed(uri, host, host_opens_files_safely())) {
        refuse_link(w, uri);
        return;
    }
    if (w->keep_links) {
        free(w->kept_link);
        w->kept_link = strdup(uri);
    } else {
        opening_start(w, host_open_link, uri, "The link could not be opened:");
    }
}
