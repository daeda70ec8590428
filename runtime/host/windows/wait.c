/* Waiting for a word, by WaitOnAddress. */
#include "runtime/host/lock.h"
#include "runtime/host/time.h"
#include <windows.h>

bool host_wait_on(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
    DWORD milliseconds = INFINITE;
    if (deadline_ns != HOST_FOREVER) {
        uint64_t now = host_clock_monotonic_ns();
        if (now >= deadline_ns)
            return false;
        uint64_t left = (deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS;
        milliseconds = left < 3600000 ? (DWORD)left : 3600000;
    }
    if (WaitOnAddress((volatile VOID *)word, &expected, sizeof(expected), milliseconds))
        return true;
    return deadline_ns == HOST_FOREVER || host_clock_monotonic_ns() < deadline_ns;
}

void host_wake_one(_Atomic uint32_t *word)
{
    WakeByAddressSingle((void *)word);
}

void host_wake_all(_Atomic uint32_t *word)
{
    WakeByAddressAll((void *)word);
}

bool host_waits_coarsely(void)
{
    return true;
}
