/* /etc/resolv.conf of the host, and the proxies of the environment. */
#include "runtime/host/network.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "runtime/host/heap.h"
#include "runtime/host/thread.h"

#define RESOLVER "/etc/resolv.conf"
#define TEXT_MAX 65536

char *host_resolver_text(void)
{
    int fd = open(RESOLVER, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = fd >= 0 ? malloc(TEXT_MAX + 1) : NULL;
    size_t n = 0;
    ssize_t got = 1;
    while (text && n < TEXT_MAX && (got = read(fd, text + n, TEXT_MAX - n)) > 0)
        n += (size_t)got;
    if (fd >= 0)
        close(fd);
    if (!text)
        return NULL;
    text[n] = 0;
    return text;
}

/* --- changes --- */

#define EVENTS (IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_DELETE)

static int watch_fd = -1;
static void (*watch_changed)(void);

/* The folder of the name, and that of the file where a link leads. */
static void add_folders(void)
{
    char target[PATH_MAX];
    inotify_add_watch(watch_fd, "/etc", EVENTS);
    if (realpath(RESOLVER, target))
        inotify_add_watch(watch_fd, dirname(target), EVENTS);
}

static void watch_main(void *arg)
{
    char events[4096] __attribute__((aligned(8)));
    (void)arg;
    for (;;) {
        ssize_t n = read(watch_fd, events, sizeof(events));
        bool ours = false;
        if (n <= 0)
            return;
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const void *)(events + at);
            ours = ours || !event->len || strstr(event->name, "resolv");
            at += (ssize_t)sizeof(*event) + event->len;
        }
        add_folders();
        if (ours)
            watch_changed();
    }
}

bool host_resolver_watch(void (*changed)(void))
{
    watch_changed = changed;
    watch_fd = inotify_init1(IN_CLOEXEC);
    if (watch_fd < 0)
        return false;
    add_folders();
    return host_thread_start(watch_main, NULL) == 0;
}

/* --- proxies --- */

static char *variable(const char *lower, const char *upper)
{
    const char *value = getenv(lower);
    if (!value || !value[0])
        value = getenv(upper);
    return value && value[0] ? strdup(value) : NULL;
}

void host_proxies_read(struct host_proxies *out)
{
    out->http = variable("http_proxy", "HTTP_PROXY");
    out->https = variable("https_proxy", "HTTPS_PROXY");
    out->all = variable("all_proxy", "ALL_PROXY");
    out->except = variable("no_proxy", "NO_PROXY");
}
