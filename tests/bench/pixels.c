/*
 * What terminal.sh sees of a terminal's window from outside: an X client that looks at the screen's
 * pixels, the same way for every terminal.
 *
 *   pixels start COMMAND...   starts it and waits until the middle of the window is red; prints the
 *                             milliseconds and leaves the command running. Its process is "$!" of
 *                             the shell: run it in the background, pixels turns into a waiter.
 *   pixels keys N             presses x N times and waits for other pixels each time; prints the
 *                             median and the ninth tenth in milliseconds
 */
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XShm.h>
#include <X11/extensions/XTest.h>
#include <X11/keysym.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WIDTH      400 /* of the window's upper left */
#define HEIGHT     120
#define SECONDS    30
#define QUIET_MS   60 /* without a change, before a key is pressed */
#define KEYS_MAX   1000
#define LOOK_EVERY 200 /* microseconds */

static Display *display;
static XImage *image;
static XShmSegmentInfo shared;
static char *before;
static size_t size;
static Window window; /* the terminal's */
static int left, top;

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void die(const char *why)
{
    fprintf(stderr, "pixels: %s\n", why);
    exit(1);
}

static int window_gone(Display *d, XErrorEvent *event)
{
    (void)d;
    (void)event;
    return 0;
}

static void open_display(void)
{
    display = XOpenDisplay(NULL);
    if (!display)
        die("no display");
    int screen = DefaultScreen(display);
    image = XShmCreateImage(display, DefaultVisual(display, screen),
                            (unsigned)DefaultDepth(display, screen), ZPixmap, NULL, &shared, WIDTH,
                            HEIGHT);
    XSetErrorHandler(window_gone);
    size = (size_t)image->bytes_per_line * HEIGHT;
    shared.shmid = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
    shared.shmaddr = image->data = shmat(shared.shmid, NULL, 0);
    before = malloc(size);
    if (shared.shmid < 0 || !before || !XShmAttach(display, &shared))
        die("no shared memory");
    XSync(display, False);
    shmctl(shared.shmid, IPC_RMID, NULL);
}

/* There is no window manager: the terminal is the one large child of the root. */
static int find_window(void)
{
    Window root = DefaultRootWindow(display), parent, *children = NULL;
    unsigned n = 0;
    XWindowAttributes a;
    window = None;
    XQueryTree(display, root, &root, &parent, &children, &n);
    for (unsigned i = 0; i < n; i++) {
        if (XGetWindowAttributes(display, children[i], &a) && a.map_state == IsViewable &&
            a.width >= WIDTH && a.height >= HEIGHT && a.x >= 0 && a.y >= 0 &&
            a.x + WIDTH <= XDisplayWidth(display, 0) &&
            a.y + HEIGHT <= XDisplayHeight(display, 0)) {
            window = children[i];
            left = a.x;
            top = a.y;
        }
    }
    XFree(children);
    return window != None;
}

static void look(void)
{
    XShmGetImage(display, DefaultRootWindow(display), image, left, top, AllPlanes);
}

static int changed(void)
{
    look();
    return memcmp(before, image->data, size) != 0;
}

/* Text is shown in the upper left: red behind it counts when it fills most of the part looked at.
 */
static int red(void)
{
    int count = 0;
    if (!find_window())
        return 0;
    look();
    for (int i = 0; i < 100; i++) {
        unsigned long p = XGetPixel(image, 50 + i * 3, 60);
        count += (p >> 16 & 255) > 120 && (p >> 8 & 255) < 110 && (p & 255) < 110;
    }
    return count > 80;
}

static int start(char **command)
{
    open_display();
    if (red())
        die("it is red already");
    double from = milliseconds();
    pid_t child = fork();
    if (child == 0) {
        close(ConnectionNumber(display));
        execvp(command[0], command);
        _exit(127);
    }
    while (!red()) {
        if (milliseconds() - from > SECONDS * 1e3 || waitpid(child, NULL, WNOHANG) == child)
            die("it is not shown");
        usleep(LOOK_EVERY);
    }
    printf("%.0f %d\n", milliseconds() - from, (int)child);
    return 0;
}

static void focus(void)
{
    if (!find_window())
        die("no window");
    XTestFakeMotionEvent(display, -1, left + 300, top + 60, 0);
    XSetInputFocus(display, window, RevertToPointerRoot, CurrentTime);
    XSync(display, False);
}

static void settle(void)
{
    double quiet = milliseconds();
    look();
    memcpy(before, image->data, size);
    while (milliseconds() - quiet < QUIET_MS) {
        usleep(2000);
        if (changed()) {
            memcpy(before, image->data, size);
            quiet = milliseconds();
        }
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int keys(int n)
{
    static double took[KEYS_MAX];
    open_display();
    KeyCode code = XKeysymToKeycode(display, XK_x);
    focus();
    for (int i = 0; i < n; i++) {
        settle();
        usleep((unsigned)(rand() % 20000));
        double from = milliseconds();
        XTestFakeKeyEvent(display, code, True, 0);
        XFlush(display);
        while (!changed()) {
            if (milliseconds() - from > SECONDS * 1e3 / 10)
                die("a key changes nothing");
            usleep(LOOK_EVERY);
        }
        took[i] = milliseconds() - from;
        XTestFakeKeyEvent(display, code, False, 0);
        XFlush(display);
    }
    qsort(took, (size_t)n, sizeof(took[0]), compare);
    printf("%.1f %.1f\n", took[n / 2], took[n * 9 / 10]);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "start"))
        return start(argv + 2);
    if (argc == 3 && !strcmp(argv[1], "keys") && atoi(argv[2]) > 0 && atoi(argv[2]) <= KEYS_MAX)
        return keys(atoi(argv[2]));
    return 2;
}
