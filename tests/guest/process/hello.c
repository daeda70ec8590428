/* The least a C program does: a line on standard output and an exit status. */
#include <stdio.h>

int main(int argc, char **argv)
{
    printf("hello from a static program, %d argument, name %s\n", argc, argv[0]);
    return argv[argc] == NULL && argc == 1 ? 0 : 1;
}
