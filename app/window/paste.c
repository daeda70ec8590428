/* Pastes, and asks when a program would take the text for commands. */
#include "app/window/paste.h"

#include <stdio.h>
#include <string.h>

#include "app/input/clipboard.h"
#include "app/window/window_private.h"
#include "term/unicode/unicode.h"

static bool is_control(uint32_t code)
{
    return (code < 0x20 && code != '\t' && code != '\n' && code != '\r') ||
           (code >= 0x7f && code < 0xa0);
}

struct paste_look paste_look(const char *text, size_t n)
{
    struct paste_look look = {.lines = 0};
    bool begun = false;
    for (size_t at = 0; at < n;) {
        uint32_t code;
        at += utf8_decode((const uint8_t *)text + at, n - at, &code);
        bool crlf = code == '\r' && at < n && text[at] == '\n';
        if (crlf)
            continue;
        bool end = code == '\n' || code == '\r';
        look.line_ends = look.line_ends || end;
        look.controls += is_control(code);
        if (!begun)
            look.lines++;
        begun = !end;
    }
    return look;
}

/* One line of the text as it can be shown; what does not fit ends in an ellipsis. Returns the bytes
 * taken, with the line end. */
static size_t show_line(char *out, size_t size, const char *text, size_t n)
{
    size_t at = 0, k = 0;
    while (at < n) {
        uint32_t code;
        at += utf8_decode((const uint8_t *)text + at, n - at, &code);
        if (code == '\n' || code == '\r') {
            at += code == '\r' && at < n && text[at] == '\n';
            break;
        }
        if (k + 16 > size)
            continue;
        if (code == '\t')
            out[k++] = ' ';
        else if (is_control(code) && code < 0x80)
            k += (size_t)snprintf(out + k, size - k, "^%c", (int)code ^ 0x40);
        else if (is_control(code))
            k += (size_t)snprintf(out + k, size - k, "<%02X>", (unsigned)code);
        else
            k += utf8_encode(code, out + k);
        if (k + 16 > size)
            k += (size_t)snprintf(out + k, size - k, "\u2026");
    }
    out[k] = 0;
    return at;
}

void paste_describe(struct question *q, const char *text, size_t n)
{
    struct paste_look look = paste_look(text, n);
    char controls[96] = "", lines[96];
    if (look.controls)
        snprintf(controls, sizeof(controls), " without %zu control character%s", look.controls,
                 look.controls == 1 ? "" : "s");
    if (look.lines == 1)
        snprintf(lines, sizeof(lines), look.line_ends ? "a line with its Enter" : "text");
    else
        snprintf(lines, sizeof(lines), "%zu lines", look.lines);
    snprintf(q->text, sizeof(q->text), "Paste %s%s?", lines, controls);
    for (int i = 0; i < QUESTION_DETAILS; i++) {
        size_t taken = show_line(q->details[i], sizeof(q->details[i]), text, n);
        text += taken;
        n -= taken;
    }
}

void paste_free(struct window *w)
{
    SDL_free(w->pasted);
    w->pasted = NULL;
}

static void paste_answered(struct window *w, bool yes)
{
    if (yes && w->pasted)
        session_paste(w->session, w->pasted, strlen(w->pasted));
    paste_free(w);
}

static bool paste_asks(struct window *w, const char *text)
{
    int when = w->config->paste_warning;
    bool bracketed = term_paste_bracketed(session_lock(w->session));
    session_unlock(w->session);
    if (when == PASTE_NEVER || (when == PASTE_UNSAFE && bracketed))
        return false;
    struct paste_look look = paste_look(text, strlen(text));
    return look.line_ends || look.controls;
}

void paste_text(struct window *w, char *text)
{
    struct question q = {.answered = paste_answered,
                         .answers = {"Enter: paste", "Escape: leave it"}};
    if (!text || !text[0] || !paste_asks(w, text)) {
        if (text && text[0])
            session_paste(w->session, text, strlen(text));
        SDL_free(text);
        return;
    }
    paste_describe(&q, text, strlen(text));
    question_ask(w, &q);
    w->pasted = text;
}

void paste_wanted(struct window *w, bool primary)
{
    window_serve(w);
    paste_text(w, clipboard_get(primary));
}
