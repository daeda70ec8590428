/* A thread whose whole stack is one page, without space below, makes every system call; the stack
 * stays as it was. r12 is restored by nobody: small_stack_start changes it and main does not rely
 * on it. */
#include "check.h"

#include <sys/mman.h>
#include <sys/syscall.h>

int small_stack_start(void *stack_top, _Atomic int *tid, uint64_t *list);

/* Not called: what ends, stops or replaces the thread, blocks for ever with zero arguments, leaves
 * something behind, or would change the machine of a privileged user. */
static const uint16_t left_out[] = {
    SYS_rt_sigreturn,
    SYS_select,
    SYS_pause,
    SYS_clone,
    SYS_fork,
    SYS_vfork,
    SYS_exit,
    SYS_ptrace,
    SYS_vhangup,
    SYS_sync,
    SYS_reboot,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_exit_group,
    SYS_kexec_load,
    SYS_pselect6,
    SYS_ppoll,
    SYS_seccomp,
    335,
    336,
    SYS_clone3,
    SYS_setsid,
    SYS_setpgid,
    SYS_munlockall,
    SYS_personality,
    SYS_acct,
    SYS_iopl,
    SYS_setgroups,
    SYS_settimeofday,
    SYS_close,
    SYS_syslog,
    SYS_io_uring_setup,
    436 /* close_range */,
    SYS_kexec_file_load,
    SYS_set_tid_address,
    SYS_restart_syscall,
    SYS_msgget,
    SYS_semget,
    SYS_shmget,
    SYS_msgrcv,
    SYS_fchmod,
    SYS_fchown,
    SYS_ftruncate,
    SYS_utimensat,
    SYS_futimesat,
    SYS_fallocate,
    452,
};
#define LAST 450

static uint64_t list[LAST + 2][7];

int main(void)
{
    unsigned count = 0;
    for (unsigned number = 0; number <= LAST; number++) {
        bool skip = false;
        for (size_t i = 0; i < sizeof(left_out) / sizeof(*left_out); i++)
            skip |= left_out[i] == number;
        if (!skip)
            list[count++][0] = number;
    }
    list[count][0] = UINT64_MAX;

    uint8_t *area = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED);
    CHECK_OK(mprotect(area + 4096, 4096, PROT_READ | PROT_WRITE));
    memset(area + 4096, 0x5a, 4096);
    static _Atomic int tid = 1;
    int made = 0;
    uint8_t *top = area + 8192 - 64;
    __asm__ volatile("call small_stack_start"
                     : "=a"(made)
                     : "D"(top), "S"(&tid), "d"(list)
                     : "rcx", "r8", "r9", "r10", "r11", "r12", "memory", "cc");
    CHECK(made > 0);
    CHECK_EVENTUALLY(tid == 0);
    CHECK_EQ((int64_t)list[count][0], -2);
    for (unsigned i = 0; i < 4096; i++)
        if (area[4096 + i] != 0x5a) {
            check_(false, __FILE__, __LINE__, "byte %u of the stack changed", i);
            break;
        }
    int refused = 0;
    for (unsigned i = 0; i < count; i++)
        refused += (int64_t)list[i][0] < 0;
    CHECK(refused > 50);
    return check_done();
}
