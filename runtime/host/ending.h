/*
 * The host ends the program: the console is closed, Ctrl-Break, the user logs off, the machine
 * shuts down (Windows); SIGHUP, SIGINT, SIGTERM (Linux).
 *
 * Windows waits some five seconds and then ends the process itself.
 */
#ifndef RUNTIME_HOST_ENDING_H
#define RUNTIME_HOST_ENDING_H

/*
 * finish() is called when that happens, once, on a thread of its own that holds no lock; when it
 * returns the process ends as the host has it: with STATUS_CONTROL_C_EXIT, or by the signal. Once.
 * Signals that are ignored or handled already are left as they are. On Windows the program gets a
 * hidden window, since only windows are told of the end of a session; in session 0, where there are
 * no users, only with a console. 0 or -L_EAGAIN.
 */
int host_ending_watch(void (*finish)(void));

/* The end has come, as the program itself was told; on any thread. Does not return. */
_Noreturn void host_ending_now(void);

#endif
