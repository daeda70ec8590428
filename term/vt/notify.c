/* What programs tell whoever does not look at them: progress and messages. */
#include "term/vt/notify.h"

#include "term/vt/osc.h"

#include <stdlib.h>
#include <string.h>

static void send(struct term *t, const char *title, const char *body)
{
    if (t->callbacks.notify && (title[0] || body[0]))
        t->callbacks.notify(t->context, title, body);
}

/* --- Progress --- */

static void progress(struct term *t, enum term_progress state, int percent)
{
    t->in_progress = state != TERM_PROGRESS_NONE;
    if (t->callbacks.progress)
        t->callbacks.progress(t->context, state, percent);
}

void progress_end(struct term *t)
{
    if (t->in_progress)
        progress(t, TERM_PROGRESS_NONE, 0);
}

/* A decimal number of at most three digits up to `;` or the end; -1: none. */
static int number_before(const char **at, const char *end)
{
    int value = 0;
    const char *from = *at;
    while (*at < end && **at >= '0' && **at <= '9' && *at - from < 3)
        value = value * 10 + (*(*at)++ - '0');
    if (*at == from || (*at < end && **at != ';'))
        return -1;
    *at += *at < end;
    return value;
}

/* ConEmu numbers its commands, of which progress is one; iTerm2's message has no number. */
void notify_plain(struct term *t, const char *text, size_t n)
{
    const char *at = text, *end = text + n;
    int command = number_before(&at, end);
    if (command < 0) {
        char body[MESSAGE_MAX];
        plain_text(body, sizeof(body), text, n);
        send(t, "", body);
        return;
    }
    int state = command == 4 ? number_before(&at, end) : -1, percent = number_before(&at, end);
    if (state >= TERM_PROGRESS_NONE && state <= TERM_PROGRESS_PAUSED)
        progress(t, (enum term_progress)state, percent < 0 ? 0 : percent > 100 ? 100 : percent);
}

/* --- Messages --- */

/* notify;TITLE;BODY */
void notify_command(struct term *t, const char *text, size_t n)
{
    static const char name[] = "notify;";
    char title[MESSAGE_MAX], body[MESSAGE_MAX];
    const char *end = text + n;
    if (n < sizeof(name) - 1 || memcmp(text, name, sizeof(name) - 1) != 0)
        return;
    text += sizeof(name) - 1;
    const char *stop = memchr(text, ';', (size_t)(end - text));
    const char *rest = stop ? stop + 1 : end;
    plain_text(title, sizeof(title), text, (size_t)((stop ? stop : end) - text));
    plain_text(body, sizeof(body), rest, (size_t)(end - rest));
    send(t, title, body);
}

struct part {
    char id[32];
    bool done, base64, title, known;
};

/* Keys and values parted by colons. */
static struct part part_read(const char *at, const char *end)
{
    struct part p = {.done = true, .title = true, .known = true};
    while (at < end) {
        const char *stop = memchr(at, ':', (size_t)(end - at));
        stop = stop ? stop : end;
        size_t n = (size_t)(stop - at) >= 2 && at[1] == '=' ? (size_t)(stop - at) - 2 : 0;
        const char *value = at + 2;
        if (n && at[0] == 'i' && n < sizeof(p.id))
            memcpy(p.id, value, n);
        else if (n && at[0] == 'd')
            p.done = value[0] != '0';
        else if (n && at[0] == 'e')
            p.base64 = value[0] == '1';
        else if (n && at[0] == 'p') {
            p.title = n == 5 && memcmp(value, "title", n) == 0;
            p.known = p.title || (n == 4 && memcmp(value, "body", n) == 0);
        }
        at = stop + 1;
    }
    return p;
}

static void add_text(char *to, const struct part *p, const char *text, size_t n)
{
    size_t length = strlen(to);
    char *decoded = malloc(n + 1);
    if (!decoded)
        return;
    if (p->base64)
        n = base64_decode(text, n, decoded);
    else
        memcpy(decoded, text, n);
    plain_text(to + length, MESSAGE_MAX - length, decoded, n);
    free(decoded);
}

/* METADATA;TEXT. A message with another name than the one begun is a new one. */
void notify_in_parts(struct term *t, const char *text, size_t n)
{
    const char *end = text + n, *stop = memchr(text, ';', n);
    struct part p = part_read(text, stop ? stop : end);
    if (!p.known || !stop)
        return;
    if (!t->message && !(t->message = calloc(1, sizeof(*t->message))))
        return;
    if (strcmp(t->message->id, p.id) != 0) {
        memset(t->message, 0, sizeof(*t->message));
        memcpy(t->message->id, p.id, sizeof(p.id));
    }
    add_text(p.title ? t->message->title : t->message->body, &p, stop + 1,
             (size_t)(end - stop - 1));
    if (!p.done)
        return;
    send(t, t->message->title, t->message->body);
    free(t->message);
    t->message = NULL;
}
