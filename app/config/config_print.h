/* What is made from the table of options for people to read. malloc'ed; NULL when out of memory. */
#ifndef APP_CONFIG_CONFIG_PRINT_H
#define APP_CONFIG_CONFIG_PRINT_H

/* The text of --help. */
char *config_help(void);
/* A configuration file that changes nothing: every option as a comment, with its default. */
char *config_default_file(void);
/* foreland.1 for man(1). */
char *config_manual(void);

#endif
