/* The names of uname(2). */
#include "runtime/task/system.h"

#include <string.h>

#include "runtime/host/env.h"
#include "runtime/host/lock.h"

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_UTS_NAME);
static char host_name[SYSTEM_NAME_SIZE], domain_name[SYSTEM_NAME_SIZE] = "(none)";

void system_name(struct l_utsname *out)
{
    memset(out, 0, sizeof(*out));
    strcpy(out->sysname, "Linux");
    strcpy(out->release, SYSTEM_RELEASE);
    strcpy(out->version, SYSTEM_VERSION);
    strcpy(out->machine, "x86_64");
    host_mutex_lock(&lock);
    if (!host_name[0])
        host_machine_name(host_name, sizeof(host_name));
    memcpy(out->nodename, host_name, sizeof(host_name));
    memcpy(out->domainname, domain_name, sizeof(domain_name));
    host_mutex_unlock(&lock);
}

static void set_name(char *name, const char *text)
{
    host_mutex_lock(&lock);
    memcpy(name, text, SYSTEM_NAME_SIZE);
    host_mutex_unlock(&lock);
}

void system_set_host(const char name[SYSTEM_NAME_SIZE])
{
    set_name(host_name, name);
}

void system_set_domain(const char name[SYSTEM_NAME_SIZE])
{
    set_name(domain_name, name);
}
