/* The runtime that is behind all sessions: root, mounts, network, and everything that guests do.
 * One for the whole process. */
#ifndef APP_SESSION_MACHINE_H
#define APP_SESSION_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

struct config;
struct tty;

/* Something to be read over the text, for some seconds or until it is put away. Called on the
 * thread that starts the machine. */
typedef void machine_note(void *context, const char *text, bool stands);

/* Starts it, once, before the first guest; may take as long as the conversion of an image does. 0
 * or a negative errno, with the reason in message. */
int machine_start(const struct config *c, machine_note *note, void *context, char *message,
                  size_t size);

/* The windows are closed and their sessions hung up: guests are killed when they do not end soon,
 * files are written back. As boot_finish. */
int machine_finish(char *message, size_t size);

/* The same when the host ends the program: quicker. What runs on the terminal of machine_watch is
 * hung up before. */
void machine_end(void);
void machine_watch(struct tty *tty);

#endif
