/* Linux's error numbers in words, as errno(3) and strerror(3) of glibc have them; positive numbers.
 */
#ifndef RUNTIME_HOST_ERRNO_NAMES_H
#define RUNTIME_HOST_ERRNO_NAMES_H

/* "ENOENT"; NULL for a number that has none. */
const char *errno_name(int number);
/* "No such file or directory"; never NULL. */
const char *errno_text(int number);

#endif
