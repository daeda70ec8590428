/* What --stats says. */
#ifndef APP_FORE_STATS_H
#define APP_FORE_STATS_H

/* Before the first guest starts. */
void stats_begin(void);
/* On the standard error; a counter a line, its name in words. */
void stats_print(void);

#endif
