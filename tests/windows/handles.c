/* Starts fore as parents do that give it no standard handles, or numbers that are none.
 *
 *   handles FORE ROOT.tar
 *
 * Such a handle is as the null device: what reads it is at the end, what writes to it goes on. */
#include <stdio.h>
#include <windows.h>

static int failed;

static void expect(const char *what, const char *command, HANDLE handle, DWORD flags)
{
    char line[8192];
    PROCESS_INFORMATION child;
    DWORD status = 0;
    STARTUPINFOA startup = {.cb = sizeof(startup),
                            .dwFlags = STARTF_USESTDHANDLES,
                            .hStdInput = handle,
                            .hStdOutput = handle,
                            .hStdError = handle};
    snprintf(line, sizeof(line), "%s", command);
    if (!CreateProcessA(NULL, line, NULL, NULL, FALSE, flags, NULL, NULL, &startup, &child)) {
        printf("FAIL handles: %s: cannot be started\n", what);
        failed = 1;
        return;
    }
    if (WaitForSingleObject(child.hProcess, 60000) != WAIT_OBJECT_0 ||
        !GetExitCodeProcess(child.hProcess, &status) || status != 7) {
        printf("FAIL handles: %s: status %lu, not 7\n", what, (unsigned long)status);
        TerminateProcess(child.hProcess, 99);
        failed = 1;
    }
}

int main(int argc, char **argv)
{
    static const char script[] = "cat && echo lost && echo lost >&2 && exit 7";
    char command[8192];
    if (argc != 3)
        return 2;
    snprintf(command, sizeof(command), "\"%s\" --root \"%s\" sh -c \"%s\"", argv[1], argv[2],
             script);
    expect("none", command, NULL, 0);
    expect("invalid", command, INVALID_HANDLE_VALUE, 0);
    expect("no such number", command, (HANDLE)(ULONG_PTR)0x7ff0, 0);
    expect("detached", command, NULL, DETACHED_PROCESS);
    if (!failed)
        printf("ok\n");
    return failed;
}
