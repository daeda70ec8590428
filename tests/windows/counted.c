/* Starts a program with our standard handles, and tells all the time how many handles it has.
 *
 *   counted FILE COUNT
 *
 * FILE has two lines in UTF-8: the value of LOCALAPPDATA, and the command line. COUNT is written
 * anew five times a second: the number of the reading, and the handles of the process, under Wine
 * those that its table has room for. The status is the program's. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <winternl.h>

#define PAUSE_MS  200
#define LINE_SIZE 8192

static bool read_line(FILE *file, wchar_t *wide)
{
    char line[LINE_SIZE];
    if (!fgets(line, sizeof(line), file))
        return false;
    line[strcspn(line, "\r\n")] = 0;
    return MultiByteToWideChar(CP_UTF8, 0, line, -1, wide, LINE_SIZE) > 0;
}

static bool start(const char *name, HANDLE *process)
{
    static wchar_t folder[LINE_SIZE], command[LINE_SIZE];
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION child;
    FILE *file = fopen(name, "rb");
    bool read = file && read_line(file, folder) && read_line(file, command);
    if (file)
        fclose(file);
    if (!read || !SetEnvironmentVariableW(L"LOCALAPPDATA", folder) ||
        !CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child))
        return false;
    CloseHandle(child.hThread);
    *process = child.hProcess;
    return true;
}

/* Wine 8 tells GetProcessHandleCount that there are none. In its list of processes it has the size
 * of each one's table, which doubles when it is full. The list of the handles themselves is not
 * asked for: when a process is there that has none left, as at its end, Wine's server reads beyond
 * the table and dies, and with it whatever any program of the prefix waits for. */
static unsigned long handles_room(DWORD id)
{
    static union {
        SYSTEM_PROCESS_INFORMATION first;
        char bytes[4 << 20]; /* of each process and each of its threads */
    } list;
    ULONG size, at = 0, next = 0;
    if (NtQuerySystemInformation(SystemProcessInformation, &list, sizeof(list), &size))
        return 0;
    do {
        const SYSTEM_PROCESS_INFORMATION *process = (const void *)(list.bytes + (at += next));
        if ((DWORD)(ULONG_PTR)process->UniqueProcessId == id)
            return process->HandleCount;
        next = process->NextEntryOffset;
    } while (next);
    return 0;
}

static unsigned long count_handles(HANDLE process)
{
    DWORD handles;
    if (GetProcessHandleCount(process, &handles) && handles)
        return handles;
    return handles_room(GetProcessId(process));
}

/* In one write: the reader sees the whole of one reading or of the next, as both have one length.
 */
static void tell(HANDLE file, unsigned long reading, unsigned long handles)
{
    char line[64];
    DWORD put;
    OVERLAPPED begin = {0};
    int length = snprintf(line, sizeof(line), "%10lu %10lu\n", reading, handles);
    WriteFile(file, line, (DWORD)length, &put, &begin);
}

int main(int argc, char **argv)
{
    HANDLE process;
    DWORD status = 125;
    if (argc != 3 || !start(argv[1], &process))
        return 125;
    HANDLE file = CreateFileA(argv[2], GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              CREATE_ALWAYS, 0, NULL);
    for (unsigned long reading = 1; WaitForSingleObject(process, PAUSE_MS) == WAIT_TIMEOUT;
         reading++)
        tell(file, reading, count_handles(process));
    GetExitCodeProcess(process, &status);
    return (int)status;
}
