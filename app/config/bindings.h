/* Which key does what: the bindings of the configuration. */
#ifndef APP_CONFIG_BINDINGS_H
#define APP_CONFIG_BINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/config/actions.h"
#include "term/term.h"

struct binding {
    uint32_t key;  /* as in struct term_key */
    unsigned mods; /* TERM_MOD_SHIFT, ALT, CTRL, SUPER */
    enum action action;
    char *argument; /* NULL when the action takes none */
    bool chosen;    /* by bindings_bind, not a default or settled */
};

struct bindings {
    struct binding *items;
    int count;
};

/* The default bindings of actions.def, with those of Windows or without. False when out of memory.
 */
bool bindings_default(struct bindings *b, bool windows);
void bindings_free(struct bindings *b);

/* "ctrl+shift+c copy", "f5 send make\n": replaces what the key had. False with a reason; also when
 * the key was chosen for another action before, which it then no longer has. */
bool bindings_bind(struct bindings *b, const char *text, char *reason, size_t size);
/* From here on what was chosen may be replaced without a word. */
void bindings_settle(struct bindings *b);
/* "ctrl+shift+c" or "all". */
bool bindings_unbind(struct bindings *b, const char *text, char *reason, size_t size);

/* "ctrl+shift+page_up". The names of keys are listed in bindings_key_names. */
bool binding_parse_key(const char *text, size_t n, uint32_t *key, unsigned *mods, char *reason,
                       size_t size);
/* The name of a key that is not a character, from 0; NULL after the last. */
const char *binding_key_name(size_t i, uint32_t *key);

/*
 * The binding of a key that was pressed, or NULL. First one for the key as it is without Shift,
 * then one for the character it gives with Shift (ctrl+plus is Ctrl, Shift and = on some
 * keyboards). A key of a script other than Latin counts as the one at its place on a US keyboard
 * (key->base).
 */
const struct binding *bindings_find(const struct bindings *b, const struct term_key *key);

#endif
