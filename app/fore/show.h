/* What --show-code shows. */
#ifndef APP_FORE_SHOW_H
#define APP_FORE_SHOW_H

/* Prints a function of a guest's file and what it is translated to: by its name, by an address as
 * the file itself gives it (0x..., from there to the function's end), or by an offset in the file
 * (+0x...). After boot_start. The exit status, with a message on the standard error. */
int show_code(const char *what, const char *program);

#endif
