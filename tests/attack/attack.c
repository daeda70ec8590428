/*
 * attack: the guest that the script attack.py starts under fore.
 *
 * The first process answers the script's lines and is the guest that nothing may happen to:
 *   ping TEXT                     "pong TEXT", after a file was written and read
 *   start TEXT                    "started TEXT", after another program ran
 *   round SEED CALLS MILLISECONDS a round of hostile calls, done by the master, its child: "round
 *                                 SEED calls N", after "fault ..." for each thing that went wrong
 *   free                          "free N", the MB that guests may still use
 *   coverage                      which calls have ever succeeded
 *   where                         "fault ..." for each process but this one and the call that each
 *                                 worker's thread is in, then "told": why a round does not end
 *   end
 * attack FOLDER... takes the folders in which the workers work.
 */
#include "attack.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Until what was killed is gone; a busy machine may take its time. */
#define KILL_SECONDS 30
#define CALLS_MOST   10000000u /* that a round can make */

struct shared *shared;
static char **folders;
static int folder_count, processes_dir, mounts_file, memory_file, program;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    char line[400];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line, sizeof(line) - 1, format, list);
    va_end(list);
    length = length < (int)sizeof(line) - 1 ? length : (int)sizeof(line) - 2;
    line[length++] = '\n';
    (void)!write(1, line, (size_t)length);
}

static _Noreturn void die(const char *what)
{
    say("fault %s: %s", what, strerror(errno));
    _exit(1);
}

/* The other workers may have what there is. */
static bool short_of_memory(void)
{
    return errno == ENOMEM || errno == EAGAIN;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- after a round: no process, no mount and no file of it is left --- */

static bool guarded(int id)
{
    for (unsigned i = 0; i < PROTECTED; i++)
        if (shared->guarded[i] == id)
            return true;
    return false;
}

/* What /proc says of a process, in one line. */
static void say_process(int id, const char *why)
{
    static const char *const wanted[] = {"State:", "PPid:", "Threads:", "SigPnd:", "ShdPnd:"};
    char name[40], text[2000], *line, *rest = text, said[300];
    snprintf(name, sizeof(name), "%d/status", id);
    int fd = openat(processes_dir, name, O_RDONLY);
    ssize_t got = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[got > 0 ? got : 0] = 0;
    int length = snprintf(said, sizeof(said), "fault process %d %s:", id, why);
    while ((line = strsep(&rest, "\n")))
        for (size_t i = 0; i < COUNT(wanted); i++)
            if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
                length += snprintf(said + length, sizeof(said) - (size_t)length, " %s", line);
    say("%s", said);
}

/* Kills what the round has left, or says what it is; returns how many there are. */
static unsigned kill_rest(bool tell)
{
    unsigned found = 0;
    int fd = openat(processes_dir, ".", O_RDONLY | O_DIRECTORY);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        die("/proc");
    for (struct dirent *entry; (entry = readdir(dir));) {
        int id = atoi(entry->d_name);
        if (!isdigit((unsigned char)entry->d_name[0]) || guarded(id))
            continue;
        kill(id, SIGKILL);
        if (tell)
            say_process(id, "does not die");
        found++;
    }
    closedir(dir);
    return found;
}

/* Which calls the workers' threads were in. */
static void say_where(void)
{
    for (unsigned slot = 0; slot < WORKERS; slot++)
        for (unsigned i = 0; i < THREADS; i++) {
            struct now *now = &shared->now[slot][i];
            if (now->inside)
                say("fault inside %" PRIuFAST64 " (%#" PRIxFAST64 ", %#" PRIxFAST64
                    ", %#" PRIxFAST64 ", %#" PRIxFAST64 ", %#" PRIxFAST64 ", %#" PRIxFAST64 ")",
                    now->number, now->arguments[0], now->arguments[1], now->arguments[2],
                    now->arguments[3], now->arguments[4], now->arguments[5]);
        }
}

static void end_processes(void)
{
    double end = seconds() + KILL_SECONDS;
    while (kill_rest(false)) {
        while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
            continue;
        if (seconds() > end) {
            kill_rest(true);
            say_where();
            return;
        }
        usleep(2000);
    }
    while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
        continue;
}

/* The place of the n-th mount from the end, or false when there are no more than before. */
static bool last_mount(unsigned before, char *place, size_t size)
{
    static char text[1 << 20];
    ssize_t got = pread(mounts_file, text, sizeof(text) - 1, 0);
    unsigned count = 0;
    place[0] = 0;
    if (got < 0)
        die("mounts");
    text[got] = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *at = strchr(line, ' ');
        if (++count > before && at)
            snprintf(place, size, "%.*s", (int)strcspn(at + 1, " "), at + 1);
    }
    return place[0] != 0;
}

static unsigned count_mounts(void)
{
    char place[4096];
    unsigned count = 0;
    while (last_mount(count, place, sizeof(place)))
        count++;
    return count;
}

static void unescape(char *place)
{
    char *to = place;
    for (; *place; place++) {
        unsigned code;
        if (place[0] == '\\' && sscanf(place + 1, "%3o", &code) == 1) {
            *to++ = (char)code;
            place += 3;
        } else {
            *to++ = *place;
        }
    }
    *to = 0;
}

static void remove_mounts(unsigned before)
{
    char place[4096];
    while (last_mount(before, place, sizeof(place))) {
        unescape(place);
        if (umount2(place, MNT_DETACH)) {
            say("fault mount at %.300s stays: %s", place, strerror(errno));
            return;
        }
    }
}

static bool remove_all(int at, const char *name, unsigned depth)
{
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
        return true;
    int error = errno;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir || depth > 200) {
        int second = errno;
        say("fault %.200s cannot be removed, %u deep: %s, %s", name, depth, strerror(error),
            strerror(second));
        return false;
    }
    bool all = true;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            all = remove_all(dirfd(dir), entry->d_name, depth + 1) && all;
    closedir(dir);
    if (!depth || !all || unlinkat(at, name, AT_REMOVEDIR) == 0)
        return all;
    say("fault directory %.200s cannot be removed, %u deep: %s", name, depth, strerror(errno));
    return false;
}

/* --- a round --- */

static void start_worker(unsigned slot, uint64_t seed, uint64_t calls, unsigned milliseconds)
{
    char name[40];
    snprintf(name, sizeof(name), "worker-%u", slot);
    struct random r = {seed + slot};
    if (chdir(folders[below(&r, (uint64_t)folder_count)]))
        die("folder");
    mkdir(name, 0777);
    chmod(name, 0777);
    pid_t child = chdir(name) ? -1 : fork();
    if (child < 0 && !short_of_memory())
        die("worker");
    if (child)
        return;
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    setsid();
    worker(slot, next(&r), calls, milliseconds);
}

static void round_of(uint64_t seed, uint64_t calls, unsigned milliseconds)
{
    uint64_t before = shared->calls;
    unsigned mounts = count_mounts();
    double end = seconds() + milliseconds / 1000.0 + 1;
    memset(shared->now, 0, sizeof(shared->now));
    for (unsigned slot = 0; slot < WORKERS; slot++)
        start_worker(slot, seed * WORKERS, calls, milliseconds);
    unsigned left = WORKERS;
    while (left && seconds() < end) {
        pid_t ended = waitpid(-1, NULL, WNOHANG | __WALL);
        if (ended < 0)
            break;
        if (ended == 0)
            usleep(2000);
        else
            left--;
    }
    end_processes();
    remove_mounts(mounts);
    for (int i = 0; i < folder_count; i++) {
        if (chdir(folders[i]))
            die(folders[i]);
        remove_all(AT_FDCWD, ".", 0);
    }
    /* A worker may have written over the count. */
    uint64_t made = shared->calls - before;
    say("round %" PRIu64 " calls %" PRIu64, seed, made < CALLS_MOST ? made : 0);
}

static _Noreturn void master(int lines)
{
    FILE *in = fdopen(lines, "r");
    char line[200];
    shared->guarded[2] = getpid();
    setsid();
    while (in && fgets(line, sizeof(line), in)) {
        uint64_t seed, calls;
        unsigned milliseconds;
        if (sscanf(line, "round %" SCNu64 " %" SCNu64 " %u", &seed, &calls, &milliseconds) == 3)
            round_of(seed, calls, milliseconds);
    }
    _exit(0);
}

/* --- the guest that answers --- */

static void answer_ping(int home, const char *text)
{
    char back[100] = "";
    errno = 0;
    int fd = openat(home, "answer", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if ((fd < 0 || write(fd, text, strlen(text)) < 0 || pread(fd, back, sizeof(back) - 1, 0) < 0 ||
         strcmp(back, text) != 0) &&
        !short_of_memory())
        say("fault the second guest's file: %s, not %s: %s", back, text, strerror(errno));
    close(fd);
    say("pong %s", text);
}

static void answer_start(const char *text)
{
    int status;
    fchmod(program, 0755); /* workers have it open, and may do this */
    pid_t child = fork();
    if (child == 0) {
        char *const arguments[] = {"attack", "answer", (char *)text, NULL};
        execv("/proc/self/exe", arguments);
        _exit(errno);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        say("fault no program can be started: %s", strerror(errno));
    else if (status)
        say("fault a program ends with %#x: %s", status, strerror(WEXITSTATUS(status)));
}

/* Of what --memory allows, as the guests are told. */
static void free_memory(void)
{
    char text[2000];
    ssize_t got = pread(memory_file, text, sizeof(text) - 1, 0);
    text[got > 0 ? got : 0] = 0;
    const char *found = strstr(text, "MemFree:");
    say("free %ld", found ? atol(found + strlen("MemFree:")) / 1024 : -1);
}

static void where(void)
{
    int fd = openat(processes_dir, ".", O_RDONLY | O_DIRECTORY);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        die("/proc");
    for (struct dirent *entry; (entry = readdir(dir));)
        if (isdigit((unsigned char)entry->d_name[0]) && atoi(entry->d_name) != getpid())
            say_process(atoi(entry->d_name), "is there");
    closedir(dir);
    say_where();
    say("told");
}

static void coverage(void)
{
    for (unsigned i = 0; i < NUMBERS; i++)
        if (shared->succeeded[i])
            say("succeeded %u %" PRIuFAST64, i, shared->succeeded[i]);
    say("covered");
}

int main(int argc, char **argv)
{
    char line[200];
    int pair[2];
    if (argc == 3 && strcmp(argv[1], "answer") == 0) {
        say("started %s", argv[2]);
        return 0;
    }
    attack_network = argc > 1 && strcmp(argv[1], "isolated") == 0;
    folders = argv + 1 + attack_network;
    folder_count = argc - 1 - attack_network;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    processes_dir = open("/proc", O_RDONLY | O_DIRECTORY);
    mounts_file = open("/proc/self/mounts", O_RDONLY);
    memory_file = open("/proc/meminfo", O_RDONLY);
    program = open("/proc/self/exe", O_RDONLY);
    if (!folder_count || shared == MAP_FAILED || processes_dir < 0 || mounts_file < 0 ||
        program < 0 || pipe(pair))
        die("start");
    shared->guarded[0] = 1;
    shared->guarded[1] = getpid();
    mkdir("/attack-home", 0700);
    int home = open("/attack-home", O_RDONLY | O_DIRECTORY);
    umask(0);
    if (home < 0)
        die("/attack-home");
    pid_t child = fork();
    if (child == 0) {
        close(pair[1]);
        master(pair[0]);
    }
    close(pair[0]);
    say("ready");
    while (fgets(line, sizeof(line), stdin) && strncmp(line, "end", 3) != 0) {
        line[strcspn(line, "\r\n")] = 0;
        if (strncmp(line, "ping ", 5) == 0) {
            answer_ping(home, line + 5);
        } else if (strncmp(line, "start ", 6) == 0) {
            answer_start(line + 6);
        } else if (strcmp(line, "free") == 0) {
            free_memory();
        } else if (strcmp(line, "coverage") == 0) {
            coverage();
        } else if (strcmp(line, "where") == 0) {
            where();
        } else {
            strcat(line, "\n");
            (void)!write(pair[1], line, strlen(line));
        }
    }
    close(pair[1]);
    waitpid(child, NULL, 0);
    return 0;
}
