/* What the host says about this process and this machine. Strings are UTF-8 on every host. */
#ifndef RUNTIME_HOST_ENV_H
#define RUNTIME_HOST_ENV_H

#include <stddef.h>
#include <stdint.h>

/* Replaces main's argc and argv by the arguments as UTF-8 (Windows: from the command line; Linux:
 * unchanged). The array lives as long as the process. Comes first in main: on Linux it also makes
 * freed memory go back to the system. */
void host_arguments(int *argc, char ***argv);
/* Value of an environment variable in memory that the caller frees, or NULL. */
char *host_getenv(const char *name);
/* The environment as "NAME=value" strings with a NULL at the end; free each and the array. */
char **host_environment(void);

/* Folders without a slash at the end; freed by the caller; NULL when there is none. */
char *host_home_dir(void);
char *host_cache_dir(void); /* of Foreland; made when missing */
/* The root of the drive that the system is on, "C:/"; NULL where there are no drives. */
char *host_system_drive(void);
char *host_program_path(void);
/* The path of that name in the program's folder, whether it is there or not. */
char *host_beside_program(const char *name);
char *host_current_dir(void);

unsigned host_cpu_count(void);
uint64_t host_memory_size(void);
uint64_t host_memory_available(void);
/* Buffer gets the machine's name, cut to fit. */
void host_machine_name(char *buffer, size_t size);
/* The user's login name, or "user". */
void host_user_name(char *buffer, size_t size);
uint64_t host_process_id(void);
/* Seconds east of UTC now, and the zone's name: an IANA one where the host knows it ("Europe/Rome"
 * on Linux), else a POSIX TZ string. */
void host_timezone(char *buffer, size_t size);

/* Ends the process at once, without running anything that was registered. */
_Noreturn void host_exit(int status);

#endif
