/* For codememory.sh: two processes with two threads each run code in more places than there is
 * memory for translations, over and over, beside a third that only computes. */
#include "check.h"

#include <pthread.h>
#include <sys/mman.h>

#define STEP   65536u
#define PLACES 700u
#define ROUNDS 2u

static int file;

/* mov eax, edi; add eax, 42; ret */
static const unsigned char code[] = {0x89, 0xf8, 0x83, 0xc0, 42, 0xc3};

static void *run(void *arg)
{
    uint8_t *area =
        mmap(NULL, PLACES * (size_t)STEP, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < ROUNDS * PLACES; i++) {
        uint8_t *at = area + i % PLACES * (size_t)STEP;
        if (i < PLACES &&
            mmap(at, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file, 0) != at)
            wrong++;
        wrong += ((uint32_t(*)(uint32_t))(uintptr_t)at)(i) != i + 42;
    }
    munmap(area, PLACES * (size_t)STEP);
    *(uint32_t *)arg = wrong;
    return NULL;
}

static int child(void)
{
    pthread_t thread[2];
    uint32_t wrong[2];
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, run, &wrong[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    return wrong[0] || wrong[1];
}

static int compute(void)
{
    uint32_t x = 1;
    for (uint32_t i = 0; i < 100000000; i++)
        x = x * 69069 + (x >> 9) + i;
    return x != 1721215219u;
}

int main(void)
{
    char name[] = "/tmp/codeXXXXXX";
    uint8_t page[4096] = {0};
    memcpy(page, code, sizeof(code));
    file = mkstemp(name);
    CHECK_EQ(write(file, page, sizeof(page)), (ssize_t)sizeof(page));
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(i < 2 ? child() : compute());
        CHECK_OK(pid);
    }
    for (int i = 0; i < 3; i++) {
        int status = -1;
        CHECK_OK(wait(&status));
        CHECK_EQ(status, 0);
    }
    unlink(name);
    return check_done();
}
