/* For input.sh: reads what the standard input has, waiting with poll, and says what poll says at
 * the end. Exits with 0 when that is what Linux says of a pipe without writers. */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    for (;;) {
        struct pollfd input = {0, POLLIN, 0};
        char bytes[64];
        if (poll(&input, 1, 20000) != 1) {
            puts("poll does not return");
            return 1;
        }
        if (input.revents & POLLIN) {
            ssize_t n = read(0, bytes, sizeof(bytes));
            printf("read \"%.*s\"\n", n > 0 ? (int)n : 0, bytes);
            if (n <= 0)
                return 1;
        } else {
            printf("end: %s\n", input.revents == POLLHUP ? "POLLHUP" : "something else");
            return input.revents != POLLHUP;
        }
    }
}
