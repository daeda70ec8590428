/* The erasing keys of canonical mode. */
#include "runtime/tty/ldisc.h"

enum erase { ERASE_CHARACTER, ERASE_WORD, ERASE_LINE };

/* Letters and digits of Latin-1, which is how Linux sees words in any encoding. */
static bool word_byte(uint8_t c)
{
    if (c >= 0xc0)
        return c != 0xd7 && c != 0xf7;
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/* The cursor goes back over a tab: as far as the tab had moved it. */
static void echo_tab_erased(struct ldisc *l)
{
    uint32_t before = 0;
    bool after_tab = false;
    for (uint32_t at = l->head; at != l->ready && !after_tab;) {
        uint8_t c = ldisc_at(l, --at);
        if (c == '\t')
            after_tab = true;
        else if (ldisc_control(c))
            before += ldisc_lflag(l, L_ECHOCTL) ? 2 : 0;
        else if (!ldisc_continuation(l, c))
            before++;
    }
    if (!after_tab)
        before += l->start_column;
    ldisc_echo_back(l, 8 - (before & 7));
}

static void echo_blank(struct ldisc *l)
{
    ldisc_echo_raw(l, '\b');
    ldisc_echo_raw(l, ' ');
    ldisc_echo_raw(l, '\b');
}

/* c begins at head, which has already moved before it, and was n bytes long. */
static void echo_erased(struct ldisc *l, enum erase kind, uint8_t c, uint32_t n)
{
    if (!ldisc_lflag(l, L_ECHO))
        return;
    if (ldisc_lflag(l, L_ECHOPRT)) {
        if (!l->erasing) {
            ldisc_echo_raw(l, '\\');
            l->erasing = true;
        }
        ldisc_echo(l, c);
        for (uint32_t i = 1; i < n; i++) {
            ldisc_echo_raw(l, ldisc_at(l, l->head + i));
            if (l->column > 0)
                l->column--;
        }
    } else if (kind == ERASE_CHARACTER && !ldisc_lflag(l, L_ECHOE)) {
        ldisc_echo(l, l->termios.c_cc[L_VERASE]);
    } else if (c == '\t') {
        echo_tab_erased(l);
    } else if (ldisc_control(c)) {
        if (ldisc_lflag(l, L_ECHOCTL)) {
            echo_blank(l);
            echo_blank(l);
        }
    } else {
        echo_blank(l);
    }
}

static void kill_unshown(struct ldisc *l)
{
    l->head = l->ready;
    if (!ldisc_lflag(l, L_ECHO))
        return;
    ldisc_finish_erasing(l);
    ldisc_echo(l, l->termios.c_cc[L_VKILL]);
    if (ldisc_lflag(l, L_ECHOK))
        ldisc_echo_raw(l, '\n');
}

static void erase_back(struct ldisc *l, enum erase kind)
{
    bool in_word = false;
    while (l->head != l->ready) {
        uint32_t at = l->head;
        uint8_t c;
        do {
            c = ldisc_at(l, --at);
        } while (ldisc_continuation(l, c) && at != l->ready);
        /* Never part of a character. */
        if (ldisc_continuation(l, c))
            break;
        if (kind == ERASE_WORD) {
            if (word_byte(c))
                in_word = true;
            else if (in_word)
                break;
        }
        uint32_t n = l->head - at;
        l->head = at;
        echo_erased(l, kind, c, n);
        if (kind == ERASE_CHARACTER)
            break;
    }
    if (l->head == l->ready && ldisc_lflag(l, L_ECHO))
        ldisc_finish_erasing(l);
}

void ldisc_erase(struct ldisc *l, uint8_t key)
{
    if (l->head == l->ready)
        return;
    if (key == l->termios.c_cc[L_VERASE]) {
        erase_back(l, ERASE_CHARACTER);
        return;
    }
    if (key == l->termios.c_cc[L_VWERASE]) {
        erase_back(l, ERASE_WORD);
        return;
    }
    uint32_t shown = L_ECHO | L_ECHOK | L_ECHOKE | L_ECHOE;
    if ((l->termios.c_lflag & shown) == shown)
        erase_back(l, ERASE_LINE);
    else
        kill_unshown(l);
}
