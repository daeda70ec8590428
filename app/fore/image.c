/* The commands of `fore image`. */
#include "app/fore/image.h"

#include "app/fore/progress.h"
#include "runtime/abi/errno.h"
#include "runtime/fs/imagefs/imagefs.h"
#include "runtime/fs/store/store.h"
#include "runtime/fs/tar/tar.h"
#include "runtime/host/errno_names.h"
#include "runtime/host/file.h"
#include "runtime/kernel/boot/mounts.h"
#include <stdio.h>
#include <string.h>

static char message[5000];

static const char usage[] =
    "usage: fore image create FILE           make an empty image\n"
    "       fore image import FILE TAR       unpack a tar archive into an image\n"
    "       fore image export FILE TAR       write an image's files as a tar archive\n"
    "       fore image export FILE NEW.img   copy an image, compacted\n"
    "       fore image check FILE            verify an image\n"
    "       fore image repair FILE           make a damaged image whole; what is lost is named\n";

/* Says what went wrong; the status that goes with it. */
static int complain(int error)
{
    fprintf(stderr, "fore: %s\n", message);
    return error == -L_ENOENT || error == -L_EINVAL ? 2 : 1;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static int image_create(char **argv)
{
    int error = store_create(argv[0], message, sizeof(message));
    return error ? complain(error) : 0;
}

static void image_progress(void *arg, unsigned percent)
{
    progress_show(arg, percent);
}

static void print_remark(void *arg, const char *line)
{
    progress_hide(arg);
    fprintf(stderr, "fore: %s\n", line);
}

/* Runs work on the file system of an image and closes it again. Its result, or what closing says.
 */
static int with_image(const char *path, bool read_only,
                      int (*work)(const char *other, struct superblock *super), const char *other)
{
    int error;
    struct progress progress;
    const struct store_watch watch = {
        .report = print_remark, .progress = image_progress, .arg = &progress};
    progress_init(&progress, path);
    struct superblock *super =
        imagefs_new(path, read_only, &watch, &error, message, sizeof(message));
    progress_hide(&progress);
    if (!super)
        return error;
    int result = work(other, super);
    static char lost[sizeof(message)];
    int closed = imagefs_shutdown(lost, sizeof(lost));
    if (result >= 0 && closed) {
        result = closed;
        strcpy(message, lost);
    }
    return result;
}

static int unpack(const char *tar, struct superblock *super)
{
    return tar_unpack(tar, super, message, sizeof(message));
}

static int import(char **argv)
{
    struct host_stat stat;
    int error = host_path_stat(argv[1], &stat);
    if (error) {
        snprintf(message, sizeof(message), "%s: %s", argv[1], errno_text(-error));
        return complain(error);
    }
    error = with_image(argv[0], false, unpack, argv[1]);
    return error ? complain(error) : 0;
}

static void print_loss(void *arg, const char *line)
{
    (void)arg;
    fprintf(stderr, "fore: not exported: %s\n", line);
}

static int image_pack(const char *tar, struct superblock *super)
{
    return tar_pack(tar, super, print_loss, NULL, message, sizeof(message));
}

static int export_image(char **argv)
{
    const struct store_watch watch = {.report = print_loss};
    int losses = ends_with(argv[1], ".tar")
                     ? with_image(argv[0], true, image_pack, argv[1])
                     : store_copy(argv[0], argv[1], &watch, message, sizeof(message));
    if (losses < 0)
        return complain(losses);
    if (losses)
        fprintf(stderr, "fore: %s: the image is damaged: %s has what could be read of it\n",
                argv[0], argv[1]);
    return losses ? 1 : 0;
}

/* --- check and repair --- */

static void print_fault(void *arg, const char *line)
{
    struct progress *progress = arg;
    progress_hide(progress);
    printf("%s: %s\n", progress->what, line);
    fflush(stdout);
}

static int image_check(char **argv)
{
    struct progress progress;
    const struct store_watch watch = {
        .report = print_fault, .progress = image_progress, .arg = &progress};
    progress_init(&progress, argv[0]);
    int faults = store_check(argv[0], &watch, message, sizeof(message));
    progress_hide(&progress);
    if (faults < 0)
        return complain(faults);
    if (faults == 0)
        printf("%s: clean\n", argv[0]);
    return faults ? 1 : 0;
}

static void print_lost(void *arg, const char *line)
{
    struct progress *progress = arg;
    progress_hide(progress);
    printf("%s: lost: %s\n", progress->what, line);
    fflush(stdout);
}

static void pass_over(void *arg, const char *line)
{
    (void)arg;
    (void)line;
}

/* What is clean is left alone. */
static int repair(char **argv)
{
    struct progress progress;
    struct store_watch watch = {.report = pass_over, .progress = image_progress, .arg = &progress};
    progress_init(&progress, argv[0]);
    int faults = store_check(argv[0], &watch, message, sizeof(message)), lost = 0;
    /* One that is not there may be in the middle of a repair. */
    watch.report = print_lost;
    if (faults != 0)
        lost = store_repair(argv[0], &watch, message, sizeof(message));
    progress_hide(&progress);
    if (lost < 0)
        return complain(lost);
    if (faults == 0)
        printf("%s: clean\n", argv[0]);
    else
        printf("%s: repaired, %s; the damaged image is kept as %s-damaged\n", argv[0],
               lost ? "all but what is named" : "nothing is lost", argv[0]);
    return lost ? 1 : 0;
}

int fore_image(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(char **argv);
        int operands;
    } commands[] = {
        {"create", image_create, 1}, {"import", import, 2}, {"export", export_image, 2},
        {"check", image_check, 1},   {"repair", repair, 1},
    };
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0 && argc == 2 + commands[i].operands)
            return commands[i].run(argv + 2);
    }
    if (argc > 1 && argv[1][0] == '-')
        fprintf(stderr, "fore: image: unknown option %s\n", argv[1]);
    fputs(usage, stderr);
    return 2;
}
