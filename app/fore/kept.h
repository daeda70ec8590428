/* `fore cache ...`: the code that is kept between runs, shown and cleared. */
#ifndef APP_FORE_KEPT_H
#define APP_FORE_KEPT_H

/* argv[0] is "cache". Returns the exit status: 0, 1 when something failed, 2 when the command line
 * is wrong. */
int fore_cache(int argc, char **argv);

#endif
