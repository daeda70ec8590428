/* What /proc/net/snmp and snmp6 count of connections and datagrams. Others on this machine count
 * too, so that each number is at least so much more. */
#include "inet.h"

#include <netinet/tcp.h>

/* The number of a name in the table of a protocol: "Udp", "NoPorts"; of snmp6 the name is whole. */
static uint64_t counted(const char *protocol, const char *name)
{
    char names[1024], numbers[1024], *name_at = NULL, *number_at = NULL;
    size_t n = strlen(protocol);
    uint64_t found = 0;
    FILE *file = fopen("/proc/net/snmp", "r");
    CHECK(file);
    while (file && fgets(names, sizeof(names), file) && fgets(numbers, sizeof(numbers), file)) {
        if (strncmp(names, protocol, n) != 0 || names[n] != ':')
            continue;
        char *a = strtok_r(names + n + 1, " \n", &name_at);
        char *b = strtok_r(numbers + n + 1, " \n", &number_at);
        for (; a && b; a = strtok_r(NULL, " \n", &name_at), b = strtok_r(NULL, " \n", &number_at)) {
            if (strcmp(a, name) == 0)
                found = strtoull(b, NULL, 10);
        }
    }
    fclose(file);
    return found;
}

static uint64_t counted6(const char *wanted)
{
    char name[64];
    unsigned long long number, found = 0;
    FILE *file = fopen("/proc/net/snmp6", "r");
    CHECK(file);
    while (file && fscanf(file, "%63s %llu", name, &number) == 2)
        found = strcmp(name, wanted) ? found : number;
    fclose(file);
    return found;
}

static void streams(void)
{
    static const char *const names[] = {"ActiveOpens", "PassiveOpens", "AttemptFails",
                                        "EstabResets", "InSegs",       "OutSegs",
                                        "OutRsts"};
    static const unsigned least[] = {2, 1, 1, 2, 1, 1, 2};
    uint64_t before[7];
    int ends[2];
    for (int i = 0; i < 7; i++)
        before[i] = counted("Tcp", names[i]);
    CHECK(inet_pair("127.0.0.1", ends));
    CHECK(counted("Tcp", "CurrEstab") >= 2);
    CHECK_EQ(send(ends[0], "x", 1, 0), 1);
    CHECK_EQ(inet_wait(ends[1], POLLIN), POLLIN);
    close(ends[1]); /* with what nobody read: a reset */
    CHECK_EQ(inet_wait(ends[0], POLLRDHUP) & POLLERR, POLLERR);
    close(ends[0]);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(inet_connect(fd, "127.0.0.1", inet_dead_port("127.0.0.1", SOCK_STREAM)),
                ECONNREFUSED);
    close(fd);
    for (int i = 0; i < 7; i++) {
        uint64_t more = counted("Tcp", names[i]) - before[i];
        /* A port where nobody is may be the host's, which answers. */
        unsigned wanted = i == 6 ? least[i] - 1 : least[i];
        if (!CHECK(more >= wanted))
            printf("%s: %u\n", names[i], (unsigned)more);
    }
}

static void datagrams(const char *address, uint64_t (*count)(const char *name))
{
    static const char *const names[] = {"InDatagrams", "NoPorts", "OutDatagrams", "RcvbufErrors",
                                        "InErrors"};
    static const unsigned least[] = {1, 0, 1001, 1, 1};
    uint64_t before[5];
    char data[2000] = {0};
    for (int i = 0; i < 5; i++)
        before[i] = count(names[i]);
    int family = strchr(address, ':') ? AF_INET6 : AF_INET;
    int from = socket(family, SOCK_DGRAM, 0), to = socket(family, SOCK_DGRAM, 0);
    CHECK_OK(inet_set(to, SOL_SOCKET, SO_RCVBUF, 10000));
    CHECK_OK(inet_bind(to, address, 0));
    CHECK_OK(inet_connect(from, address, inet_port(to)));
    bool sent = true;
    for (int i = 0; i < 1001; i++)
        sent = send(from, data, sizeof(data), 0) == sizeof(data) && sent;
    CHECK(sent);
    CHECK_EQ(recv(to, data, sizeof(data), 0), sizeof(data));
    close(from);
    close(to);
    for (int i = 0; i < 5; i++) {
        if (!CHECK(count(names[i]) - before[i] >= least[i]))
            printf("%s: %u\n", names[i], (unsigned)(count(names[i]) - before[i]));
    }
}

static uint64_t of_udp(const char *name)
{
    return counted("Udp", name);
}

static uint64_t of_udp6(const char *name)
{
    char whole[64];
    snprintf(whole, sizeof(whole), "Udp6%s", name);
    return counted6(whole);
}

int main(void)
{
    streams();
    datagrams("127.0.0.1", of_udp);
    datagrams("::1", of_udp6);
    return check_done();
}
