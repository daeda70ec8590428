/* A thread whose whole stack is one page, without space below, makes every system call; the stack
 * stays as it was. r12 is restored by nobody: small_stack_start changes it and main does not rely
 * on it. */
#include "check.h"

#include <sys/mman.h>
#include <sys/syscall.h>

int small_stack_start(void *stack_top, _Atomic int *tid, uint64_t *list);

/* Not called, and why. */
static const struct {
    uint16_t number;
    const char *name, *reason;
} left_out[] = {
#define N(x) SYS_##x, #x
    {N(rt_sigreturn), "takes its state from the stack"},
    {N(pause), "blocks for ever"},
    {N(clone), "the child would run on the same stack"},
    {N(fork), "the child would run on"},
    {N(vfork), "the child would run on the same stack"},
    {N(clone3), "the child would run on the same stack"},
    {N(exit), "ends the thread; it is called last"},
    {N(exit_group), "ends the process"},
    {N(set_tid_address), "the end of the thread is told through it"},
    {N(ptrace), "stops the process"},
    {N(seccomp), "would forbid the others"},
    {N(vhangup), "would change the machine"},
    {N(reboot), "would change the machine"},
    {N(sethostname), "would change the machine"},
    {N(setdomainname), "would change the machine"},
    {N(settimeofday), "would change the machine"},
    {N(acct), "would change the machine"},
    {N(syslog), "would change the machine"},
    {N(iopl), "would change the machine"},
    {N(kexec_load), "would change the machine"},
    {N(kexec_file_load), "would change the machine"},
    {N(setsid), "leaves the terminal of whoever runs the test"},
    {N(setgroups), "changes what the later ones may do"},
    {N(io_uring_setup), "leaves something behind on the real kernel"},
    {N(msgget), "leaves something behind on the real kernel"},
    {N(semget), "leaves something behind on the real kernel"},
    {N(shmget), "leaves something behind on the real kernel"},
    {N(msgrcv), "blocks for ever on the real kernel"},
    {335, "335", "a hole that the real kernel uses for its own purposes"},
    {336, "336", "a hole that the real kernel uses for its own purposes"},
};

/* Called with these arguments instead of zeros, which would block or mean standard input. */
static struct timespec nothing;
static const struct {
    uint16_t number;
    uint64_t arguments[6];
} special[] = {
    {SYS_select, {0, 0, 0, 0, (uintptr_t)&nothing}},
    {SYS_pselect6, {0, 0, 0, 0, (uintptr_t)&nothing}},
    {SYS_ppoll, {0, 0, (uintptr_t)&nothing}},
    {SYS_close, {-1}},
    {436 /* close_range */, {0xfffffff0, 0xffffffff}},
    {SYS_fchmod, {-1}},
    {SYS_fchown, {-1, -1, -1}},
    {SYS_ftruncate, {-1}},
    {SYS_fallocate, {-1}},
    {SYS_utimensat, {-1}},
    {SYS_futimesat, {-1}},
    {SYS_setpgid, {0, -1}},
    {SYS_personality, {0xffffffff}},
};
#define LAST 450

static uint64_t list[LAST + 2][7];

int main(void)
{
    unsigned count = 0;
    for (unsigned number = 0; number <= LAST; number++) {
        bool skip = false;
        for (size_t i = 0; i < sizeof(left_out) / sizeof(*left_out); i++)
            skip |= left_out[i].number == number;
        if (skip)
            continue;
        for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++)
            if (special[i].number == number)
                memcpy(&list[count][1], special[i].arguments, sizeof(special[i].arguments));
        list[count++][0] = number;
    }
    for (size_t i = 0; i < sizeof(left_out) / sizeof(*left_out); i++)
        printf("not called: %s: %s\n", left_out[i].name, left_out[i].reason);
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
