/* execve(2), from the path to the new program's first instruction. */
#define HEAP_TIER HEAP_RESERVE
#include "runtime/kernel/life/exec.h"

#include <stdio.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/mount.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/vfs/dentry.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/host/heap.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/kernel/life/exit.h"
#include "runtime/kernel/life/fork.h"
#include "runtime/kernel/life/itimer.h"
#include "runtime/memory/access.h"
#include "runtime/memory/space.h"
#include "runtime/task/process_tree.h"
#include "runtime/task/thread_group.h"
#include "runtime/translate/cpu.h"

#define SCRIPT_DEPTH_MAX 5
#define ARGUMENTS_MIN    ((uint64_t)131072)
#define ARGUMENTS_MAX    ((uint64_t)6 << 20)

static void exec_free(struct exec *ex)
{
    elf_close(&ex->program);
    elf_close(&ex->interpreter);
    exec_strings_free(&ex->argv);
    exec_strings_free(&ex->envp);
    free(ex->filename);
}

/* Room for strings and their pointers, as execve(2) says: a quarter of the stack. */
static int check_size(const struct exec *ex)
{
    uint64_t limit = ex->task->process->rlimits[L_RLIMIT_STACK].rlim_cur / 4;
    if (limit > ARGUMENTS_MAX)
        limit = ARGUMENTS_MAX;
    if (limit < ARGUMENTS_MIN)
        limit = ARGUMENTS_MIN;
    uint64_t used = ex->argv.used + ex->envp.used +
                    8 * ((uint64_t)ex->argv.count + ex->envp.count) + strlen(ex->filename) + 1;
    return used > limit ? -L_E2BIG : 0;
}

/* The script that *name leads to is told to its interpreter, which *name becomes. */
static int add_script(struct exec *ex, char *head, char **name, bool first)
{
    char *interpreter, *argument;
    int error = exec_parse_script(head, &interpreter, &argument);
    if (!error && ex->closes_name)
        error = -L_ENOENT; /* the interpreter could not open the script */
    if (error)
        return error;
    exec_strings_shift(&ex->argv);
    error = exec_strings_prepend(&ex->argv, first ? ex->filename : *name);
    if (!error && argument)
        error = exec_strings_prepend(&ex->argv, argument);
    if (!error)
        error = exec_strings_prepend(&ex->argv, interpreter);
    free(*name);
    *name = error ? NULL : strdup(interpreter);
    return error ? error : *name ? 0 : -L_ENOMEM;
}

/* Opens ex->filename below `at` (NULL: current directory), follows scripts, checks headers. flags
 * are those of execveat. 0 or the errno that execve gives. */
static int exec_open(struct exec *ex, const struct path *at, uint32_t flags)
{
    struct vfs_caller caller;
    vfs_caller_of(ex->task, &caller);
    char *name = strdup(ex->lookup ? ex->lookup : ex->filename);
    int error = name ? 0 : -L_ENOMEM;
    for (int depth = 0; !error; depth++) {
        char head[EXEC_HEAD_SIZE] = {0};
        uint64_t pos = 0;
        if (depth && !*name)
            error = -L_EACCES;
        else
            error = vfs_open_exec(&caller, depth ? NULL : at, name, depth ? 0 : flags,
                                  &ex->program.file);
        if (error)
            break;
        int64_t got = file_read(ex->program.file, head, EXEC_HEAD_SIZE, &pos);
        if (got < 0) {
            error = (int)got;
            break;
        }
        if (head[0] != '#' || head[1] != '!') {
            error = check_size(ex);
            if (!error)
                error = elf_open(ex, (const uint8_t *)head);
            break;
        }
        error = depth >= SCRIPT_DEPTH_MAX ? -L_ELOOP : add_script(ex, head, &name, !depth);
        elf_close(&ex->program);
    }
    free(name);
    return error;
}

/* What the program's file makes of the credentials. */
static int find_cred(struct exec *ex)
{
    struct process *p = ex->task->process;
    struct vfs_caller caller;
    struct inode *inode = ex->program.file->inode;
    struct cred_program program = {
        .mode = inode->mode,
        .uid = inode->uid,
        .gid = inode->gid,
        .no_new_privs = p->no_new_privs,
        .privileges = !(ex->program.file->path.mount->flags & L_MS_NOSUID),
    };
    uint8_t value[L_VFS_CAP_SIZE_3];
    int64_t size =
        inode->ops->getxattr ? inode->ops->getxattr(inode, L_XATTR_CAPS, value, sizeof(value)) : 0;
    if (size > 0)
        cred_parse_caps(value, size, &program);
    vfs_caller_of(ex->task, &caller);
    ex->unreadable = inode_permission(&caller.cred, inode, 4) != 0;
    ex->cred = p->cred;
    return cred_exec(&ex->cred, &program, &ex->secure);
}

/* set*uid let a user have more processes than RLIMIT_NPROC; the next exec tells. */
static int check_processes(struct process *p)
{
    host_mutex_lock(&kernel_lock);
    bool over = p->over_processes &&
                process_user_tasks_locked(p->cred.uid) > p->rlimits[L_RLIMIT_NPROC].rlim_cur;
    if (!over)
        p->over_processes = false;
    host_mutex_unlock(&kernel_lock);
    return over ? -L_EAGAIN : 0;
}

static int private_sighand(struct process *p)
{
    host_mutex_lock(&kernel_lock);
    struct sighand *shared = p->sighand;
    struct sighand *own = shared;
    if (shared->refs > 1) {
        own = malloc(sizeof(*own));
        if (own) {
            *own = *shared;
            own->refs = 1;
            shared->refs--;
            p->sighand = own;
        }
    }
    for (int i = 0; own && i < L_NSIG; i++) {
        uint64_t handler = own->action[i].handler;
        memset(&own->action[i], 0, sizeof(own->action[i]));
        if (handler == L_SIG_IGN)
            own->action[i].handler = L_SIG_IGN;
    }
    host_mutex_unlock(&kernel_lock);
    return own ? 0 : -L_ENOMEM;
}

static void set_comm(const struct exec *ex)
{
    struct task *t = ex->task;
    char found[NAME_LENGTH_MAX + 1];
    const char *name = ex->filename;
    if (ex->nameless) {
        dentry_name(ex->program.file->path.dentry, found);
        name = found;
    }
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    host_mutex_lock(&kernel_lock);
    memset(t->comm, 0, sizeof(t->comm));
    memcpy(t->comm, base, strnlen(base, sizeof(t->comm) - 1));
    host_mutex_unlock(&kernel_lock);
}

/* The new program takes the place of the old one; nothing here can fail. */
static void commit(struct exec *ex, struct cpu *cpu)
{
    struct task *t = ex->task;
    struct process *p = t->process;
    struct file *exe = file_get(ex->program.file);
    host_mutex_lock(&kernel_lock);
    struct space *old = p->space;
    struct file *old_exe = p->exe;
    p->space = ex->space;
    p->exe = exe;
    p->arg_start = ex->arg_start;
    p->arg_end = ex->arg_end;
    p->env_start = ex->env_start;
    p->env_end = ex->env_end;
    p->brk_start = ex->brk;
    p->stack_start = ex->stack_pointer;
    memcpy(p->auxv, ex->auxv, sizeof(p->auxv));
    p->auxv_size = ex->auxv_size;
    const struct cred *c = &ex->cred, before = p->cred;
    p->cred = *c;
    p->did_exec = true;
    p->exit_signal = L_SIGCHLD;
    p->dumpable = c->uid == c->euid && c->gid == c->egid && !ex->unreadable &&
                  c->euid == before.euid && c->egid == before.egid && c->fsuid == before.fsuid &&
                  c->fsgid == before.fsgid && !(c->permitted & ~before.permitted);
    if (ex->secure)
        t->pdeath_signal = 0;
    host_mutex_unlock(&kernel_lock);
    set_comm(ex);
    memset(&t->altstack, 0, sizeof(t->altstack));
    t->altstack.ss_flags = L_SS_DISABLE;
    t->robust_list = 0;
    cpu_reset(cpu);
    cpu->fs_base = cpu->gs_base = 0;
    cpu->gpr[CPU_RSP] = ex->stack_pointer;
    cpu->rip = ex->start;
    if (cpu == t->cpu) {
        space_thread_leave(old);
        space_thread_enter(p->space);
        cpu_set_view(cpu, space_codeview(p->space), space_base(p->space));
    }
    space_put(old);
    if (old_exe)
        file_put(old_exe);
}

/* The files of the process become its own, and those marked so are closed. */
static int private_files(struct task *t)
{
    if (t->files_shared) {
        struct files *own = files_copy(t->files);
        if (!own)
            return -L_ENOMEM;
        struct files *shared = t->files;
        host_mutex_lock(&kernel_lock);
        t->files = own;
        t->files_shared = false;
        host_mutex_unlock(&kernel_lock);
        files_put(shared);
    }
    files_close_on_exec(t->files);
    return 0;
}

static int replace_program(struct exec *ex, struct cpu *cpu)
{
    struct task *t = ex->task;
    ex->space = space_create();
    if (!ex->space || !space_codeview(ex->space)) {
        space_put(ex->space);
        return -L_ENOMEM;
    }
    int error = task_become_only(t);
    if (error) {
        space_put(ex->space);
        return error;
    }
    /* From here on the old program is lost: an error kills, as on Linux. */
    space_limits_set(ex->space, t->process->rlimits);
    error = elf_load(ex);
    if (!error)
        error = exec_stack(ex);
    if (!error)
        error = private_sighand(t->process);
    if (!error)
        error = private_files(t);
    if (error) {
        space_put(ex->space);
        host_mutex_lock(&kernel_lock);
        group_exit_locked(t->process, L_SIGSEGV);
        host_mutex_unlock(&kernel_lock);
        return error;
    }
    if (t->process->space)
        task_leave_space(t);
    timers_process_exec(t->process);
    commit(ex, cpu);
    return 0;
}

int exec_run(struct exec *ex, struct cpu *cpu, const struct path *at, uint32_t flags)
{
    int error = check_processes(ex->task->process);
    if (!error)
        error = exec_open(ex, at, flags);
    if (!error)
        error = find_cred(ex);
    if (!error)
        error = replace_program(ex, cpu);
    exec_free(ex);
    return error;
}

/* A NULL-terminated vector of guest strings. */
static int read_strings(struct space *space, uint64_t vector, struct exec_strings *out)
{
    static const size_t chunk = 131072 + 1;
    char *text = vector ? malloc(chunk) : NULL;
    int error = vector && !text ? -L_ENOMEM : 0;
    for (; vector && !error; vector += 8) {
        uint64_t address;
        error = get_guest_u64(space, vector, &address);
        if (error || !address)
            break;
        int64_t length = guest_string(space, address, text, chunk);
        if (length < 0)
            error = length == -L_ENAMETOOLONG ? -L_E2BIG : (int)length;
        else
            error = exec_strings_add(out, text, (size_t)length);
        if (!error && out->used + 8 * (uint64_t)out->count > ARGUMENTS_MAX)
            error = -L_E2BIG;
    }
    free(text);
    return error;
}

static int read_name(struct space *space, uint64_t address, char **out)
{
    char name[L_PATH_MAX];
    int64_t length = guest_string(space, address, name, sizeof(name));
    if (length < 0)
        return (int)length;
    *out = strdup(name);
    return *out ? 0 : -L_ENOMEM;
}

static int64_t exec_guest(struct exec *ex, const struct path *at, uint64_t argv, uint64_t envp,
                          uint32_t flags)
{
    struct task *t = ex->task;
    struct space *space = t->process->space;
    int error = read_strings(space, argv, &ex->argv);
    if (!error)
        error = read_strings(space, envp, &ex->envp);
    /* Programs expect an argv[0]; Linux gives them an empty one. */
    if (!error && !ex->argv.count)
        error = exec_strings_add(&ex->argv, "", 0);
    if (error) {
        exec_free(ex);
        return error;
    }
    error = exec_run(ex, t->cpu, at, flags);
    if (!error)
        t->syscall = -1;
    return error;
}

int64_t sys_execve(struct task *t, uint64_t path, uint64_t argv, uint64_t envp)
{
    struct exec ex = {.task = t};
    int error = read_name(t->process->space, path, &ex.filename);
    return error ? error : exec_guest(&ex, NULL, argv, envp, 0);
}

/* The name that leads to a file found below a descriptor. */
static char *descriptor_name(int fd, const char *below)
{
    size_t size = strlen(below) + 32;
    char *name = malloc(size);
    if (name)
        snprintf(name, size, *below ? "/dev/fd/%d/%s" : "/dev/fd/%d", fd, below);
    return name;
}

static int64_t exec_below(struct task *t, int fd, const char *name, uint64_t argv, uint64_t envp,
                          uint32_t flags)
{
    if (!*name && !(flags & L_AT_EMPTY_PATH))
        return -L_ENOENT;
    struct file *file = files_get(t->files, fd);
    if (!file)
        return -L_EBADF;
    struct exec ex = {.task = t,
                      .filename = descriptor_name(fd, name),
                      .lookup = name,
                      .nameless = !*name,
                      .closes_name = files_get_flags(t->files, fd) == L_FD_CLOEXEC};
    struct path at = path_get(file->path);
    file_put(file);
    int64_t result = ex.filename ? exec_guest(&ex, &at, argv, envp, flags) : -L_ENOMEM;
    path_put(at);
    return result;
}

int64_t sys_execveat(struct task *t, uint64_t dirfd, uint64_t path, uint64_t argv, uint64_t envp,
                     uint64_t flags)
{
    struct exec ex = {.task = t};
    if (flags & ~(uint64_t)(L_AT_EMPTY_PATH | L_AT_SYMLINK_NOFOLLOW))
        return -L_EINVAL;
    int error = read_name(t->process->space, path, &ex.filename);
    if (error)
        return error;
    if ((int32_t)dirfd == L_AT_FDCWD || ex.filename[0] == '/')
        return exec_guest(&ex, NULL, argv, envp, (uint32_t)flags);
    int64_t result = exec_below(t, (int)dirfd, ex.filename, argv, envp, (uint32_t)flags);
    free(ex.filename);
    return result;
}
