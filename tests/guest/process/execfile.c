/* execve of files of all kinds: the line of a script in every form, files named by a descriptor,
 * and that a file is not written to while it is executed (ETXTBSY), nor executed while written. */
#include "check.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define EMPTY_PATH   0x1000
#define FLAG_NO_LINK 0x100

static char self[200], folder[300];
static char *const show[] = {"SHOW=1", NULL};

static const char *in_folder(const char *name)
{
    return check_path(folder, name);
}

static const char *put_bytes(const char *name, const void *bytes, size_t size)
{
    const char *path = in_folder(name);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT, 0755);
    CHECK_EQ(write(fd, bytes, size), (ssize_t)size);
    close(fd);
    return path;
}

static const char *copy_self(const char *name)
{
    const char *path = in_folder(name);
    check_copy(self, path);
    return path;
}

/* What the new program writes, or "errno N". */
static const char *output_of(int dirfd, const char *path, char *const *argv, int flags)
{
    static char text[2000];
    int ends[2];
    CHECK_OK(pipe(ends));
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        syscall(SYS_execveat, dirfd, path, argv, show, flags);
        dprintf(1, "errno %d", errno);
        _exit(1);
    }
    close(ends[1]);
    size_t used = 0;
    ssize_t n;
    while ((n = read(ends[0], text + used, sizeof(text) - 1 - used)) > 0)
        used += n;
    text[used] = 0;
    close(ends[0]);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    return text;
}

static void expect(const char *got, const char *want)
{
    check_(!strcmp(got, want), __FILE__, __LINE__, "got %.300s, not %.300s", got, want);
}

/* A script whose line is "#!" with these bytes; %s stands for this program. */
static void script(const char *format, size_t zeroes, char *const *argv, const char *want)
{
    char text[1000] = {0}, expected[1000];
    int n = snprintf(text, sizeof(text), format, self);
    const char *path = put_bytes("script", text, n + zeroes);
    snprintf(expected, sizeof(expected), want, self, path);
    expect(output_of(AT_FDCWD, path, argv, 0), expected);
}

static void lines(void)
{
    char *const plain[] = {"n", "x", "", NULL}, *const none[] = {NULL}, *const empty[] = {"", NULL};
    script("#!%s\n", 0, plain, "[%s][%s][x][]");
    script("#!%s\n", 0, none, "[%s][%s]");
    script("#!%s\n", 0, empty, "[%s][%s]");
    script("#! \t%s  a  b \t\nrest", 0, plain, "[%s][a  b][%s][x][]");
    script("#!%s \t \n", 0, plain, "[%s][%s][x][]");
    /* Without a newline the blanks at the end are not cut off: an empty argument. */
    script("#!%s   ", 0, plain, "[%s][][%s][x][]");
    script("#!%s", 0, plain, "[%s][%s][x][]");
    script("#!%s   ", 10, plain, "[%s][][%s][x][]");
    script("#!%s\r\n", 0, plain, "errno 2");
    script("#!\n", 0, plain, "errno 8");
    script("#!  \t\n", 0, plain, "errno 8");
    script("#!", 0, plain, "errno 13");
    script("#!  ", 0, plain, "errno 13");
    script("#!", 20, plain, "errno 13");
    script("#!/nowhere\n", 0, plain, "errno 2");

    /* The 256 bytes that are read. */
    char text[600], expected[800];
    memset(text, 'a', sizeof(text));
    int n = snprintf(text, sizeof(text), "#!%s ", self);
    text[n] = 'a';
    const char *path = put_bytes("long", text, 400);
    snprintf(expected, sizeof(expected), "[%s][%.*s][%s]", self, 255 - n, text + n, path);
    expect(output_of(AT_FDCWD, path, none, 0), expected);
    text[255] = '\n';
    expect(output_of(AT_FDCWD, put_bytes("long", text, 400), none, 0), expected);
    text[254] = '\n';
    snprintf(expected, sizeof(expected), "[%s][%.*s][%s]", self, 254 - n, text + n, path);
    expect(output_of(AT_FDCWD, put_bytes("long", text, 400), none, 0), expected);
    memset(text + 2, ' ', 300);
    expect(output_of(AT_FDCWD, put_bytes("long", text, 400), none, 0), "errno 8");
    memset(text + 2, 'a', 300);
    expect(output_of(AT_FDCWD, put_bytes("long", text, 400), none, 0), "errno 8");
    expect(output_of(AT_FDCWD, put_bytes("long", text, 255), none, 0), "errno 2");
    expect(output_of(AT_FDCWD, put_bytes("long", text, 256), none, 0), "errno 8");
    unlink(in_folder("long"));
    unlink(in_folder("script"));
}

static void by_descriptor(void)
{
    char *const argv[] = {"n", "x", NULL};
    char text[300], expected[500];
    snprintf(text, sizeof(text), "#!%s arg\n", self);
    const char *path = put_bytes("script", text, strlen(text));
    int fd = open(path, O_RDONLY);
    snprintf(expected, sizeof(expected), "[%s][arg][/dev/fd/%d][x]", self, fd);
    expect(output_of(fd, "", argv, EMPTY_PATH), expected);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    expect(output_of(fd, "", argv, EMPTY_PATH), "errno 2");
    close(fd);
    expect(output_of(500, "", argv, EMPTY_PATH), "errno 9");
    expect(output_of(500, "", argv, 0), "errno 2");

    fd = open(folder, O_PATH);
    snprintf(expected, sizeof(expected), "[%s][arg][/dev/fd/%d/script][x]", self, fd);
    expect(output_of(fd, "script", argv, 0), expected);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    expect(output_of(fd, "script", argv, 0), "errno 2");
    copy_self("program");
    expect(output_of(fd, "program", argv, 0), "[n][x]");
    CHECK_OK(symlink("program", in_folder("link")));
    expect(output_of(fd, "link", argv, 0), "[n][x]");
    expect(output_of(fd, "link", argv, FLAG_NO_LINK), "errno 40");
    close(fd);
    unlink(in_folder("link"));
    unlink(in_folder("script"));

    /* A program itself needs no name, also one that lies in no folder. */
    fd = open(in_folder("program"), O_RDONLY | O_CLOEXEC);
    unlink(in_folder("program"));
    expect(output_of(fd, "", argv, EMPTY_PATH), "[n][x]");
    int memory = syscall(SYS_memfd_create, "program", 1 /* MFD_CLOEXEC */);
    char buffer[65536];
    ssize_t n;
    while ((n = read(fd, buffer, sizeof(buffer))) > 0)
        CHECK_EQ(write(memory, buffer, n), n);
    expect(output_of(memory, "", argv, EMPTY_PATH), "[n][x]");
    close(memory);
    close(fd);
}

static void busy(void)
{
    char *const argv[] = {"n", NULL};
    char text[300];
    snprintf(text, sizeof(text), "#!%s\n", self);
    const char *path = put_bytes("script", text, strlen(text));
    int fd = open(path, O_WRONLY);
    expect(output_of(AT_FDCWD, path, argv, 0), "errno 26");
    close(fd);
    fd = open(path, O_RDWR | O_APPEND);
    int copy = dup(fd);
    close(fd);
    expect(output_of(AT_FDCWD, path, argv, 0), "errno 26");
    close(copy);
    CHECK(strncmp(output_of(AT_FDCWD, path, argv, 0), "errno", 5));
    unlink(path);

    path = copy_self("program");
    fd = open(path, O_RDWR);
    expect(output_of(AT_FDCWD, path, argv, 0), "errno 26");
    close(fd);
    int ends[2], status;
    char *const waits[] = {"n", NULL};
    CHECK_OK(pipe(ends));
    pid_t child = fork();
    if (child == 0) {
        char *const environment[] = {"WAIT=1", NULL};
        dup2(ends[1], 1);
        execve(path, waits, environment);
        _exit(1);
    }
    close(ends[1]);
    CHECK_EQ(read(ends[0], text, 1), 1); /* it runs */
    /* Linux 6.11 and 6.12 let running programs be written to. */
    bool lets = getenv("GUEST_REAL_KERNEL") && (fd = open(path, O_WRONLY)) != -1;
    if (lets)
        close(fd);
    CHECK(lets || (open(path, O_WRONLY) == -1 && errno == ETXTBSY));
    CHECK(lets || (open(path, O_RDWR | O_CREAT, 0700) == -1 && errno == ETXTBSY));
    CHECK(lets || (open(path, O_RDONLY | O_TRUNC) == -1 && errno == ETXTBSY));
    CHECK(lets || (truncate(path, 0) == -1 && errno == ETXTBSY));
    CHECK_OK(chmod(path, 0700));
    struct stat st;
    CHECK_OK(stat(path, &st));
    CHECK(st.st_size > 1000);
    fd = open(path, O_RDONLY);
    CHECK_OK(fd);
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) != MAP_FAILED);
    close(fd);
    /* A child that has not called exec runs the same file. */
    pid_t other = 0;
    CHECK_EQ(read(ends[0], &other, sizeof(other)), (ssize_t)sizeof(other));
    kill(child, SIGKILL);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(lets || (open(path, O_WRONLY) == -1 && errno == ETXTBSY));
    kill(other, SIGKILL);
    while (read(ends[0], text, 1) > 0)
        ;
    CHECK_EVENTUALLY((fd = open(path, O_WRONLY)) != -1);
    close(fd);
    close(ends[0]);
    unlink(path);
}

int main(int argc, char **argv)
{
    if (getenv("SHOW")) {
        for (int i = 0; i < argc; i++)
            printf("[%s]", argv[i]);
        return 0;
    }
    if (getenv("WAIT")) {
        pid_t child = fork();
        if (child == 0) {
            for (;;)
                pause();
        }
        if (write(1, "x", 1) == 1 && write(1, &child, sizeof(child)) == sizeof(child))
            pause();
        return 1;
    }
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n > 0 ? n : 0] = 0;
    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(self, '/') - self), self);
    lines();
    by_descriptor();
    busy();
    return check_done();
}
