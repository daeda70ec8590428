/* What the program finds around it: environment, folders, processors, memory. */
#include "runtime/host/env.h"
#include "runtime/host/windows/wide.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
/* After windows.h. */
#include <shellapi.h>

void host_arguments(int *argc, char ***argv)
{
    int count;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    char **narrow = wide ? calloc((size_t)count + 1, sizeof(*narrow)) : NULL;
    if (!narrow)
        return;
    for (int i = 0; i < count; i++)
        if (!(narrow[i] = host_narrow(wide[i])))
            return;
    LocalFree(wide);
    *argc = count;
    *argv = narrow;
}

char *host_getenv(const char *name)
{
    wchar_t *wide_name = host_wide(name);
    if (!wide_name)
        return NULL;
    char *value = NULL;
    DWORD size = GetEnvironmentVariableW(wide_name, NULL, 0);
    wchar_t *wide = size ? malloc(size * sizeof(*wide)) : NULL;
    /* Another thread may have made it longer meanwhile. */
    if (wide && GetEnvironmentVariableW(wide_name, wide, size) < size)
        value = host_narrow(wide);
    free(wide);
    free(wide_name);
    return value;
}

char **host_environment(void)
{
    wchar_t *block = GetEnvironmentStringsW();
    size_t count = 0;
    if (!block)
        return NULL;
    for (wchar_t *at = block; *at; at += wcslen(at) + 1)
        count++;
    char **copy = calloc(count + 1, sizeof(*copy));
    size_t used = 0;
    for (wchar_t *at = block; copy && *at; at += wcslen(at) + 1)
        /* "=C:=C:\folder" and the like are no variables. */
        if (*at != L'=' && (copy[used] = host_narrow(at)))
            used++;
    FreeEnvironmentStringsW(block);
    return copy;
}

static char *without_slash(char *path)
{
    for (size_t length = path ? strlen(path) : 0;
         length > 3 && (path[length - 1] == '\\' || path[length - 1] == '/');)
        path[--length] = 0;
    return path;
}

char *host_home_dir(void)
{
    return without_slash(host_getenv("USERPROFILE"));
}

char *host_system_drive(void)
{
    wchar_t folder[MAX_PATH];
    char *path = malloc(4);
    UINT length = GetSystemWindowsDirectoryW(folder, MAX_PATH);
    if (!path || length < 2 || length >= MAX_PATH || folder[1] != L':') {
        free(path);
        return NULL;
    }
    snprintf(path, 4, "%c:/", (char)folder[0]);
    return path;
}

char *host_cache_dir(void)
{
    char *base = without_slash(host_getenv("LOCALAPPDATA"));
    size_t size = base ? strlen(base) + sizeof("\\Foreland") : 0;
    char *path = base ? malloc(size) : NULL;
    if (path)
        snprintf(path, size, "%s\\Foreland", base);
    free(base);
    wchar_t *wide = path ? host_wide(path) : NULL;
    if (wide && (CreateDirectoryW(wide, NULL) || GetLastError() == ERROR_ALREADY_EXISTS)) {
        free(wide);
        return path;
    }
    free(wide);
    free(path);
    return NULL;
}

char *host_program_path(void)
{
    static const DWORD size = 32768;
    wchar_t *wide = malloc(size * sizeof(*wide));
    DWORD length = wide ? GetModuleFileNameW(NULL, wide, size) : 0;
    char *path = length && length < size ? host_narrow(wide) : NULL;
    free(wide);
    return path;
}

char *host_current_dir(void)
{
    DWORD size = GetCurrentDirectoryW(0, NULL);
    wchar_t *wide = size ? malloc(size * sizeof(*wide)) : NULL;
    char *path = NULL;
    if (wide && GetCurrentDirectoryW(size, wide) < size)
        path = without_slash(host_narrow(wide));
    free(wide);
    return path;
}

unsigned host_cpu_count(void)
{
    DWORD count = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
    return count ? count : 1;
}

static MEMORYSTATUSEX memory_status(void)
{
    MEMORYSTATUSEX status = {.dwLength = sizeof(status)};
    GlobalMemoryStatusEx(&status);
    return status;
}

uint64_t host_memory_size(void)
{
    return memory_status().ullTotalPhys;
}

uint64_t host_memory_available(void)
{
    MEMORYSTATUSEX status = memory_status();
    return status.ullAvailPhys < status.ullAvailPageFile ? status.ullAvailPhys
                                                         : status.ullAvailPageFile;
}

static void cut(char *buffer, size_t size, const wchar_t *wide, const char *otherwise)
{
    char *narrow = wide ? host_narrow(wide) : NULL;
    snprintf(buffer, size, "%s", narrow && narrow[0] ? narrow : otherwise);
    free(narrow);
}

void host_machine_name(char *buffer, size_t size)
{
    wchar_t wide[256];
    DWORD length = 256;
    BOOL known = GetComputerNameExW(ComputerNameDnsHostname, wide, &length);
    cut(buffer, size, known ? wide : NULL, "localhost");
}

void host_user_name(char *buffer, size_t size)
{
    wchar_t wide[257];
    DWORD length = 257;
    BOOL known = GetUserNameW(wide, &length);
    cut(buffer, size, known ? wide : NULL, "user");
}

uint64_t host_process_id(void)
{
    return GetCurrentProcessId();
}

/* "<+0100>-1:00": a name that says hours east, then hours west, as POSIX counts. */
static int zone_name(char *to, size_t size, int bias)
{
    int hours = abs(bias) / 60, minutes = abs(bias) % 60;
    return snprintf(to, size, "<%c%02d%02d>%s%d:%02d", bias > 0 ? '-' : '+', hours, minutes,
                    bias < 0 ? "-" : "", hours, minutes);
}

static int zone_rule(char *to, size_t size, const SYSTEMTIME *change)
{
    return snprintf(to, size, ",M%u.%u.%u/%u:%02u", change->wMonth, change->wDay,
                    change->wDayOfWeek, change->wHour, change->wMinute);
}

void host_timezone(char *buffer, size_t size)
{
    char text[128];
    size_t used;
    DYNAMIC_TIME_ZONE_INFORMATION zone;
    char *set = host_getenv("TZ");
    if (set && set[0]) {
        snprintf(buffer, size, "%s", set);
        free(set);
        return;
    }
    free(set);
    if (GetDynamicTimeZoneInformation(&zone) == TIME_ZONE_ID_INVALID) {
        snprintf(buffer, size, "UTC0");
        return;
    }
    used = (size_t)zone_name(text, sizeof(text), (int)(zone.Bias + zone.StandardBias));
    /* wYear != 0 is a date of one year only, which a TZ string cannot say. */
    if (zone.DaylightDate.wMonth && !zone.DaylightDate.wYear && !zone.DynamicDaylightTimeDisabled) {
        used += (size_t)zone_name(text + used, sizeof(text) - used,
                                  (int)(zone.Bias + zone.DaylightBias));
        used += (size_t)zone_rule(text + used, sizeof(text) - used, &zone.DaylightDate);
        zone_rule(text + used, sizeof(text) - used, &zone.StandardDate);
    }
    snprintf(buffer, size, "%s", text);
}

void host_exit(int status)
{
    TerminateProcess(GetCurrentProcess(), (UINT)status);
    for (;;)
        Sleep(INFINITE);
}
