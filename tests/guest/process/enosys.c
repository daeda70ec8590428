/* Numbers without a system call give ENOSYS, and nothing else happens. */
#include "check.h"

#include <sys/syscall.h>

int main(void)
{
    /* 337..423 were never given out on x86-64; some holes stand for calls that were removed. */
    static const int missing[] = {400, 423, 600, 1000, 9999, 0x7fffffff, 180,
                                  181, 183, 184, 185,  214,  215,        236};
    for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++)
        CHECK_ERRNO(syscall(missing[i], 1, 2, 3, 4, 5, 6), ENOSYS);
    CHECK_ERRNO(syscall(-1), ENOSYS);
    /* Bit 30 is the x32 ABI's. */
    CHECK_ERRNO(syscall(0x40000000 | SYS_getpid), ENOSYS);
    return check_done();
}
