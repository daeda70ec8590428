/* What is right in itself in a configuration, but cannot be had on this machine. */
#ifndef APP_CONFIG_CONFIG_CHECK_H
#define APP_CONFIG_CONFIG_CHECK_H

struct SDL_Window;
struct config;
struct mistakes;

/* Adds a mistake for each font that is not there and for what the window system does not do; name
 * is that of the configuration's file. UI thread. */
void config_check(const struct config *c, const char *name, struct SDL_Window *window,
                  struct mistakes *m);

#endif
