/* Says what names.sh and isolated.sh ask for, a line or a text for each argument:
 *   host          the host name
 *   cat FILE      its text
 *   link FILE     where it leads
 *   env NAME      its value
 *   put FILE TEXT writes that
 *   there FILE    yes or no
 *   connect ADDRESS PORT, send ADDRESS PORT
 *                 what a connection or a datagram meets
 *   inside        whether a connection within this process is made
 *   wait FILE TEXT  until the file is that text, 20 seconds at most */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

static char text[65536];

static const char *whole(const char *name)
{
    int fd = open(name, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = 0;
    return n < 0 ? strerror(errno) : text;
}

static const char *link_of(const char *name)
{
    ssize_t n = readlink(name, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = 0;
    return n < 0 ? strerror(errno) : text;
}

static const char *put(const char *name, const char *what)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || dprintf(fd, "%s\n", what) < 0)
        return strerror(errno);
    close(fd);
    return "written";
}

static const char *reach(int type, const char *address, const char *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = in.sin_port};
    bool v4 = inet_pton(AF_INET, address, &in.sin_addr) == 1;
    if (!v4)
        inet_pton(AF_INET6, address, &in6.sin6_addr);
    const struct sockaddr *to = v4 ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
    socklen_t length = v4 ? sizeof(in) : sizeof(in6);
    int fd = socket(to->sa_family, type, 0);
    int failed =
        type == SOCK_STREAM ? connect(fd, to, length) : sendto(fd, "x", 1, 0, to, length) != 1;
    const char *said = failed ? strerror(errno) : "reached";
    close(fd);
    return said;
}

static const char *inside(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    socklen_t length = sizeof(in);
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    char byte = 0;
    if (bind(listener, (struct sockaddr *)&in, sizeof(in)) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&in, &length) ||
        connect(client, (struct sockaddr *)&in, sizeof(in)) || write(client, "y", 1) != 1)
        return strerror(errno);
    int server = accept(listener, NULL, NULL);
    return read(server, &byte, 1) == 1 && byte == 'y' ? "made" : "lost";
}

static const char *wait_for(const char *name, const char *what)
{
    char events[4096], folder[4096];
    snprintf(folder, sizeof(folder), "%s", name);
    *strrchr(folder, '/') = 0;
    int fd = inotify_init();
    inotify_add_watch(fd, folder, IN_CLOSE_WRITE | IN_MOVED_TO);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (;;) {
        const char *now = whole(name);
        if (!strncmp(now, what, strlen(what)))
            return "seen";
        if (poll(&p, 1, 20000) != 1 || read(fd, events, sizeof(events)) <= 0)
            return "not seen";
    }
}

int main(int argc, char **argv)
{
    char name[256];
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *first = i + 1 < argc ? argv[i + 1] : "",
                   *second = i + 2 < argc ? argv[i + 2] : "", *said = "?";
        if (!strcmp(word, "host"))
            said = gethostname(name, sizeof(name)) ? strerror(errno) : name;
        else if (!strcmp(word, "inside"))
            said = inside();
        else if (!strcmp(word, "cat"))
            said = whole(first), i++;
        else if (!strcmp(word, "link"))
            said = link_of(first), i++;
        else if (!strcmp(word, "env"))
            said = getenv(first) ? getenv(first) : "not set", i++;
        else if (!strcmp(word, "there"))
            said = access(first, F_OK) ? "no" : "yes", i++;
        else if (!strcmp(word, "put"))
            said = put(first, second), i += 2;
        else if (!strcmp(word, "wait"))
            said = wait_for(first, second), i += 2;
        else if (!strcmp(word, "connect"))
            said = reach(SOCK_STREAM, first, second), i += 2;
        else if (!strcmp(word, "send"))
            said = reach(SOCK_DGRAM, first, second), i += 2;
        printf("%s\n", said);
        fflush(stdout);
    }
    return 0;
}
