/*
 * The system calls of the rooms in runtime/kernel, by file; runtime/fs/calls/fs_calls.h has those
 * of files. Arguments as in the manual pages (section 2); addresses are the guest's. The result is
 * what the call returns, or a negative errno.
 */
#ifndef RUNTIME_KERNEL_KERNEL_CALLS_H
#define RUNTIME_KERNEL_KERNEL_CALLS_H

#include <stdbool.h>
#include <stdint.h>

struct file_ops;
struct task;

/* A descriptor for an object without a name, for the calls that make one. priv is freed on failure.
 * The descriptor or a negative errno. */
int64_t install_anonymous(struct task *t, const char *name, uint64_t flags,
                          const struct file_ops *ops, void *priv, bool cloexec);

/* epoll.c */
int64_t sys_epoll_create1(struct task *t, uint64_t flags);
int64_t sys_epoll_create(struct task *t, uint64_t size);
int64_t sys_epoll_ctl(struct task *t, uint64_t epfd, uint64_t op, uint64_t fd, uint64_t uevent);
int64_t sys_epoll_wait(struct task *t, uint64_t epfd, uint64_t uevents, uint64_t max,
                       uint64_t timeout);
int64_t sys_epoll_pwait(struct task *t, uint64_t epfd, uint64_t uevents, uint64_t max,
                        uint64_t timeout, uint64_t umask, uint64_t size);
int64_t sys_epoll_pwait2(struct task *t, uint64_t epfd, uint64_t uevents, uint64_t max,
                         uint64_t uts, uint64_t umask);

/* eventfd.c */
int64_t sys_eventfd2(struct task *t, uint64_t initial, uint64_t flags);
int64_t sys_eventfd(struct task *t, uint64_t initial);

/* exec.c */
int64_t sys_execve(struct task *t, uint64_t path, uint64_t argv, uint64_t envp);
int64_t sys_execveat(struct task *t, uint64_t dirfd, uint64_t path, uint64_t argv, uint64_t envp,
                     uint64_t flags);

/* exit.c */
int64_t sys_exit(struct task *t, uint64_t code);
int64_t sys_exit_group(struct task *t, uint64_t code);

/* fork.c */
int64_t sys_clone(struct task *t, uint64_t flags, uint64_t stack, uint64_t parent_tid,
                  uint64_t child_tid, uint64_t tls);
int64_t sys_fork(struct task *t);
int64_t sys_vfork(struct task *t);
int64_t sys_clone3(struct task *t, uint64_t uargs, uint64_t size);

/* futex.c */
int64_t sys_set_robust_list(struct task *t, uint64_t head, uint64_t size);
int64_t sys_get_robust_list(struct task *t, uint64_t tid, uint64_t uhead, uint64_t usize);
int64_t sys_futex(struct task *t, uint64_t address, uint64_t uop, uint64_t value, uint64_t timeout,
                  uint64_t address2, uint64_t value3);

/* itimer.c */
int64_t sys_setitimer(struct task *t, uint64_t which, uint64_t unew, uint64_t uold);
int64_t sys_getitimer(struct task *t, uint64_t which, uint64_t ucur);
int64_t sys_alarm(struct task *t, uint64_t seconds);
int64_t sys_timer_create(struct task *t, uint64_t clock, uint64_t uevent, uint64_t uid);
int64_t sys_timer_delete(struct task *t, uint64_t id);
int64_t sys_timer_settime(struct task *t, uint64_t id, uint64_t flags, uint64_t unew,
                          uint64_t uold);
int64_t sys_timer_gettime(struct task *t, uint64_t id, uint64_t ucur);
int64_t sys_timer_getoverrun(struct task *t, uint64_t id);

/* pidfd.c */
int64_t sys_pidfd_open(struct task *t, uint64_t pid, uint64_t flags);
int64_t sys_pidfd_send_signal(struct task *t, uint64_t fd, uint64_t sig, uint64_t uinfo,
                              uint64_t flags);
int64_t sys_pidfd_getfd(struct task *t, uint64_t pidfd, uint64_t fd, uint64_t flags);

/* poll.c */
int64_t sys_poll(struct task *t, uint64_t ufds, uint64_t nfds, uint64_t timeout);
int64_t sys_ppoll(struct task *t, uint64_t ufds, uint64_t nfds, uint64_t uts, uint64_t umask,
                  uint64_t size);
int64_t sys_select(struct task *t, uint64_t n, uint64_t in, uint64_t out, uint64_t ex,
                   uint64_t utv);
int64_t sys_pselect6(struct task *t, uint64_t n, uint64_t in, uint64_t out, uint64_t ex,
                     uint64_t uts, uint64_t usig);

/* signalfd.c */
int64_t sys_signalfd4(struct task *t, uint64_t fd, uint64_t umask, uint64_t size, uint64_t flags);
int64_t sys_signalfd(struct task *t, uint64_t fd, uint64_t umask, uint64_t size);

/* sys_cred.c */
int64_t sys_getuid(struct task *t);
int64_t sys_geteuid(struct task *t);
int64_t sys_getgid(struct task *t);
int64_t sys_getegid(struct task *t);
int64_t sys_setuid(struct task *t, uint64_t uid);
int64_t sys_setgid(struct task *t, uint64_t gid);
int64_t sys_setresuid(struct task *t, uint64_t r, uint64_t e, uint64_t s);
int64_t sys_setresgid(struct task *t, uint64_t r, uint64_t e, uint64_t s);
int64_t sys_setreuid(struct task *t, uint64_t r, uint64_t e);
int64_t sys_setregid(struct task *t, uint64_t r, uint64_t e);
int64_t sys_getresuid(struct task *t, uint64_t r, uint64_t e, uint64_t s);
int64_t sys_getresgid(struct task *t, uint64_t r, uint64_t e, uint64_t s);
int64_t sys_setfsuid(struct task *t, uint64_t uid);
int64_t sys_setfsgid(struct task *t, uint64_t gid);
int64_t sys_getgroups(struct task *t, uint64_t size, uint64_t list);
int64_t sys_setgroups(struct task *t, uint64_t size, uint64_t list);
int64_t sys_capget(struct task *t, uint64_t uheader, uint64_t udata);
int64_t sys_capset(struct task *t, uint64_t uheader, uint64_t udata);

/* sys_info.c */
int64_t sys_uname(struct task *t, uint64_t uname);
int64_t sys_sethostname(struct task *t, uint64_t name, uint64_t length);
int64_t sys_setdomainname(struct task *t, uint64_t name, uint64_t length);
int64_t sys_sysinfo(struct task *t, uint64_t uinfo);
int64_t sys_getrandom(struct task *t, uint64_t buffer, uint64_t length, uint64_t flags);
int64_t sys_getrusage(struct task *t, uint64_t who, uint64_t uusage);
int64_t sys_times(struct task *t, uint64_t utms);
int64_t sys_getpid(struct task *t);
int64_t sys_gettid(struct task *t);
int64_t sys_getppid(struct task *t);
int64_t sys_set_tid_address(struct task *t, uint64_t address);
int64_t sys_personality(struct task *t, uint64_t persona);
int64_t sys_getrlimit(struct task *t, uint64_t which, uint64_t uold);
int64_t sys_setrlimit(struct task *t, uint64_t which, uint64_t unew);
int64_t sys_prlimit64(struct task *t, uint64_t pid, uint64_t which, uint64_t unew, uint64_t uold);
int64_t sys_syslog(struct task *t, uint64_t type, uint64_t buffer, uint64_t length);
int64_t sys_reboot(struct task *t, uint64_t magic);
int64_t sys_getcpu(struct task *t, uint64_t ucpu, uint64_t unode);

/* sys_mm.c */
int64_t sys_mmap(struct task *t, uint64_t address, uint64_t length, uint64_t prot, uint64_t flags,
                 uint64_t fd, uint64_t offset);
int64_t sys_munmap(struct task *t, uint64_t address, uint64_t length);
int64_t sys_mprotect(struct task *t, uint64_t address, uint64_t length, uint64_t prot);
int64_t sys_mremap(struct task *t, uint64_t address, uint64_t old_length, uint64_t new_length,
                   uint64_t flags, uint64_t new_address);
int64_t sys_madvise(struct task *t, uint64_t address, uint64_t length, uint64_t advice);
int64_t sys_msync(struct task *t, uint64_t address, uint64_t length, uint64_t flags);
int64_t sys_mincore(struct task *t, uint64_t address, uint64_t length, uint64_t vector);
int64_t sys_brk(struct task *t, uint64_t address);
int64_t sys_mlock(struct task *t, uint64_t address, uint64_t length);
int64_t sys_mlock2(struct task *t, uint64_t address, uint64_t length, uint64_t flags);
int64_t sys_munlock(struct task *t, uint64_t address, uint64_t length);
int64_t sys_mlockall(struct task *t, uint64_t flags);
int64_t sys_munlockall(struct task *t);
int64_t sys_pkey_mprotect(struct task *t, uint64_t address, uint64_t length, uint64_t prot,
                          uint64_t key);
int64_t sys_pkey_alloc(struct task *t, uint64_t flags, uint64_t rights);
int64_t sys_pkey_free(struct task *t, uint64_t key);

/* sys_prctl.c */
int64_t sys_arch_prctl(struct task *t, uint64_t code, uint64_t address);
int64_t sys_prctl(struct task *t, uint64_t option, uint64_t a2, uint64_t a3, uint64_t a4,
                  uint64_t a5);

/* sys_sched.c */
int64_t sys_sched_yield(struct task *t);
int64_t sys_sched_getaffinity(struct task *t, uint64_t pid, uint64_t length, uint64_t umask);
int64_t sys_sched_setaffinity(struct task *t, uint64_t pid, uint64_t length, uint64_t umask);
int64_t sys_sched_setscheduler(struct task *t, uint64_t pid, uint64_t policy, uint64_t uparam);
int64_t sys_sched_getscheduler(struct task *t, uint64_t pid);
int64_t sys_sched_setparam(struct task *t, uint64_t pid, uint64_t uparam);
int64_t sys_sched_getparam(struct task *t, uint64_t pid, uint64_t uparam);
int64_t sys_sched_get_priority_max(struct task *t, uint64_t policy);
int64_t sys_sched_get_priority_min(struct task *t, uint64_t policy);
int64_t sys_sched_rr_get_interval(struct task *t, uint64_t pid, uint64_t uts);
int64_t sys_sched_getattr(struct task *t, uint64_t pid, uint64_t uattr, uint64_t size);
int64_t sys_getpriority(struct task *t, uint64_t which, uint64_t who);
int64_t sys_setpriority(struct task *t, uint64_t which, uint64_t who, uint64_t value);
int64_t sys_membarrier(struct task *t, uint64_t command, uint64_t flags);
int64_t sys_rseq(struct task *t);

/* sys_shm.c */
int64_t sys_shmget(struct task *t, uint64_t key, uint64_t size, uint64_t flags);
int64_t sys_shmat(struct task *t, uint64_t id, uint64_t address, uint64_t flags);
int64_t sys_shmdt(struct task *t, uint64_t address);
int64_t sys_shmctl(struct task *t, uint64_t id, uint64_t command, uint64_t buffer);

/* sys_signal.c */
int64_t sys_rt_sigaction(struct task *t, uint64_t signum, uint64_t act, uint64_t oldact,
                         uint64_t size);
int64_t sys_rt_sigprocmask(struct task *t, uint64_t how, uint64_t set, uint64_t oldset,
                           uint64_t size);
int64_t sys_rt_sigpending(struct task *t, uint64_t set, uint64_t size);
int64_t sys_rt_sigsuspend(struct task *t, uint64_t set, uint64_t size);
int64_t sys_pause(struct task *t);
int64_t sys_rt_sigreturn(struct task *t);
int64_t sys_sigaltstack(struct task *t, uint64_t new_stack, uint64_t old_stack);
int64_t sys_kill(struct task *t, uint64_t pid_arg, uint64_t sig_arg);
int64_t sys_tgkill(struct task *t, uint64_t tgid, uint64_t tid, uint64_t sig);
int64_t sys_tkill(struct task *t, uint64_t tid, uint64_t sig);
int64_t sys_rt_sigqueueinfo(struct task *t, uint64_t pid, uint64_t sig, uint64_t uinfo);
int64_t sys_rt_tgsigqueueinfo(struct task *t, uint64_t tgid, uint64_t tid, uint64_t sig,
                              uint64_t uinfo);
int64_t sys_rt_sigtimedwait(struct task *t, uint64_t uset, uint64_t uinfo, uint64_t utimeout,
                            uint64_t size);

/* sys_unshare.c */
int64_t sys_unshare(struct task *t, uint64_t flags);

/* sys_vm.c */
int64_t sys_process_vm_readv(struct task *t, uint64_t pid, uint64_t lvec, uint64_t lcount,
                             uint64_t rvec, uint64_t rcount, uint64_t flags);
int64_t sys_process_vm_writev(struct task *t, uint64_t pid, uint64_t lvec, uint64_t lcount,
                              uint64_t rvec, uint64_t rcount, uint64_t flags);

/* clock.c */
int64_t sys_clock_gettime(struct task *t, uint64_t clock, uint64_t uts);
int64_t sys_clock_getres(struct task *t, uint64_t clock, uint64_t uts);
int64_t sys_clock_settime(struct task *t, uint64_t clock, uint64_t uts);
int64_t sys_settimeofday(struct task *t, uint64_t utv, uint64_t utz);
int64_t sys_gettimeofday(struct task *t, uint64_t utv, uint64_t utz);
int64_t sys_time(struct task *t, uint64_t ut);
int64_t sys_nanosleep(struct task *t, uint64_t ureq, uint64_t urem);
int64_t sys_clock_nanosleep(struct task *t, uint64_t clock, uint64_t flags, uint64_t ureq,
                            uint64_t urem);
int64_t sys_restart_syscall(struct task *t);

/* timerfd.c */
int64_t sys_timerfd_create(struct task *t, uint64_t clock, uint64_t flags);
int64_t sys_timerfd_settime(struct task *t, uint64_t fd, uint64_t flags, uint64_t unew,
                            uint64_t uold);
int64_t sys_timerfd_gettime(struct task *t, uint64_t fd, uint64_t ucur);

/* wait.c */
int64_t sys_wait4(struct task *t, uint64_t upid, uint64_t ustatus, uint64_t options,
                  uint64_t urusage);
int64_t sys_waitid(struct task *t, uint64_t type, uint64_t id, uint64_t uinfo, uint64_t options,
                   uint64_t urusage);

/* sys_session.c */
int64_t sys_setsid(struct task *t);
int64_t sys_getsid(struct task *t, uint64_t pid);
int64_t sys_setpgid(struct task *t, uint64_t pid, uint64_t pgid);
int64_t sys_getpgid(struct task *t, uint64_t pid);
int64_t sys_getpgrp(struct task *t);

#endif
