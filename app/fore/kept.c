/* The code that is kept between runs, for people. */
#include "app/fore/kept.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/errno_names.h"
#include "runtime/host/keep.h"
#include "runtime/translate/saved.h"

static const char usage[] =
    "usage: fore cache           say where translated code is kept, and how much of it\n"
    "       fore cache clear     remove it\n"
    "\n"
    "Code of programs and libraries that was translated once is kept for the next start, for\n"
    "each user apart; in foreland.cache beside the program, if that folder is there and the\n"
    "user's own. It is used only where the file inside has the same content still.\n";

static int complain(int error)
{
    fprintf(stderr, "fore: cache: %s\n",
            error == -L_EACCES ? "the folder is not this user's alone: nothing is kept"
                               : errno_text(-error));
    return 1;
}

struct sum {
    struct host_keep *keep;
    uint64_t files, bytes;
    int error;
};

static int add(void *arg, const char *name, uint64_t size, int64_t time)
{
    struct sum *sum = arg;
    (void)name;
    (void)time;
    sum->files++;
    sum->bytes += size;
    return 0;
}

static int clear(void *arg, const char *name, uint64_t size, int64_t time)
{
    struct sum *sum = arg;
    int error = host_keep_remove(sum->keep, name);
    if (error == -L_ENOENT) /* another clears as well */
        return 0;
    if (error)
        sum->error = error;
    else
        add(arg, name, size, time);
    return 0;
}

int fore_cache(int argc, char **argv)
{
    struct sum sum = {0};
    bool clears = argc == 2 && strcmp(argv[1], "clear") == 0;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc != 1 && !clears) {
        fputs(usage, stderr);
        return 2;
    }
    int error = host_keep_open(SAVED_FOLDER, &sum.keep);
    if (!error)
        error = host_keep_each(sum.keep, clears ? clear : add, &sum);
    if (!error && !sum.error)
        printf("%s: %s%llu files, %llu KiB of at most %llu\n", host_keep_path(sum.keep),
               clears ? "removed " : "", (unsigned long long)sum.files,
               (unsigned long long)(sum.bytes >> 10), (unsigned long long)(SAVED_MOST >> 10));
    host_keep_close(sum.keep);
    error = error ? error : sum.error;
    return error ? complain(error) : 0;
}
