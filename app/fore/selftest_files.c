/* Files of the host, in a folder of its own in the cache folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/fore/selftest.h"
#include "runtime/host/env.h"
#include "runtime/host/file.h"

#define FLAGS (HOST_FILE_READ | HOST_FILE_WRITE | HOST_FILE_CREATE)

static char folder[4000], first[4096], second[4096];

static bool files_prepare(void)
{
    char *cache = host_cache_dir();
    if (!cache)
        return false;
    snprintf(folder, sizeof(folder), "%s/selftest-%llu", cache,
             (unsigned long long)host_process_id());
    snprintf(first, sizeof(first), "%s/first", folder);
    snprintf(second, sizeof(second), "%s/second \xc3\xa4\xe2\x82\xac", folder);
    free(cache);
    return host_path_mkdir(folder, 0700) == 0;
}

static void check_contents(struct host_file *file)
{
    char text[16] = "";
    struct host_stat stat = {0};
    int64_t put = host_file_write(file, "text", 4, 1 << 20);
    int64_t got = host_file_read(file, text, 4, 1 << 20);
    int error = host_file_fstat(file, &stat);
    selftest_line("a file is written and read", put == 4 && got == 4 && !strcmp(text, "text"),
                  "%lld and %lld bytes", (long long)put, (long long)got);
    selftest_line("a file has a size and a number", error == 0 && stat.size == (1 << 20) + 4,
                  "%llu bytes, number %s", (unsigned long long)stat.size,
                  stat.inode ? "yes" : "none");
    error = host_file_sync(file, false);
    selftest_line("a file is brought to the disk", error == 0, "error %d", -error);
}

/* What editors and git do to files that somebody reads. */
static void check_names(struct host_file *file)
{
    struct host_file *other = NULL;
    struct host_stat stat;
    char byte = 0;
    int error = host_file_open(second, FLAGS, 0600, &other);
    selftest_line("a name with letters of other scripts", error == 0, "error %d", -error);
    if (other)
        host_file_close(other);
    /* Not everywhere: then they wait until it is closed. */
    error = host_path_rename(second, first);
    selftest_line("a name is taken from a file that is open", true, error ? "no, error %d" : "yes",
                  -error);
    error = host_path_unlink(first);
    selftest_line("a file is deleted", error == 0, "error %d", -error);
    selftest_line("its name is free while it is open", true,
                  host_path_stat(first, &stat) < 0 ? "yes" : "no");
    int64_t got = host_file_read(file, &byte, 1, 1 << 20);
    selftest_line("what is open is still read", got == 1 && byte == 't', "%lld bytes",
                  (long long)got);
}

void selftest_files(void)
{
    struct host_file *file = NULL;
    if (!files_prepare()) {
        selftest_line("a folder can be made", false, "%s", folder);
        return;
    }
    int error = host_file_open(first, FLAGS | HOST_FILE_EXCLUSIVE, 0600, &file);
    selftest_line("a file can be made", error == 0, "error %d", -error);
    if (!error) {
        check_contents(file);
        check_names(file);
        host_file_close(file);
    }
    host_path_unlink(first);
    host_path_unlink(second);
    error = host_path_rmdir(folder);
    selftest_line("the folder can be removed", error == 0, "error %d", -error);
}
