/* `fore image ...`: making, filling, checking and copying root images. */
#ifndef APP_FORE_IMAGE_H
#define APP_FORE_IMAGE_H

/* argv[0] is "image". Complaints go to stderr. Returns the exit status: 0, 1 when something failed
 * or an image is not clean, 2 when the command line is wrong or a file is missing. */
int fore_image(int argc, char **argv);

#endif
