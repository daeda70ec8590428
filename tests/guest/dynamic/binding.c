/* What the dynamic linker does at run time: lazily bound calls keep every argument register with
 * its upper half, dlopen and dlclose in turns, symbols by name, constructors, thread-local storage
 * of a library. */
#include "check.h"

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>

static volatile double two = 2;

static void *in_thread(void *argument)
{
    errno = 5;
    double value = pow(two, 10);
    return (void *)(intptr_t)((int)value + (errno == 5) + *(int *)argument);
}

/* The first call of sqrt goes through the linker, which must keep vector registers whole. */
__attribute__((target("avx2"))) static void vectors(void)
{
    uint64_t before[4] = {1, 2, 3, 4}, after[4] = {0};
    double (*volatile call)(double) = sqrt;
    __asm__ volatile("vmovdqu %0, %%ymm9" ::"m"(before) : "xmm9");
    double root = call(two);
    (void)root;
    __asm__ volatile("vmovdqu %%ymm9, %0" : "=m"(after)::"xmm9");
    double x = fmod(two, 1.5) + cbrt(8 * two / 2) + hypot(3, two * 2);
    check_(x > 7.49 && x < 7.51, __FILE__, __LINE__, "floating point through the linker");
}

int main(void)
{
    vectors();
    for (int i = 0; i < 20; i++) {
        void *library = dlopen("libm.so.6", RTLD_LAZY);
        CHECK(library != NULL);
        double (*function)(double) = (double (*)(double))(uintptr_t)dlsym(library, "floor");
        CHECK(function && function(2.5) == 2);
        CHECK(dlsym(library, "no_such_function") == NULL);
        CHECK_EQ(dlclose(library), 0);
    }
    CHECK(dlopen("no-such-library.so", RTLD_NOW) == NULL);
    CHECK(dlerror() != NULL);
    pthread_t threads[4];
    int one = 1;
    for (int i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, in_thread, &one), 0);
    for (int i = 0; i < 4; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        CHECK_EQ((intptr_t)result, 1026);
    }
    return check_done();
}
