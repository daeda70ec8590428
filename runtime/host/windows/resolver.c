/* Name servers of the adapters as resolv.conf(5), and the proxies of the user. */
#include "runtime/host/network.h"
#include "runtime/host/windows/adapters.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>
/* After windows.h. */
#include <winhttp.h>

#include "runtime/host/env.h"
#include "runtime/host/heap.h"
#include "runtime/host/windows/wide.h"

#define SERVERS  3 /* MAXNS of resolv.conf(5) */
#define SEARCHES 6
#define TEXT_MAX 4096

static ULONG metric_of(const IP_ADAPTER_ADDRESSES *a)
{
    return a->Ipv4Enabled ? a->Ipv4Metric : a->Ipv6Metric;
}

/* The adapter that comes after `last` by metric, those of one metric in their order. */
static const IP_ADAPTER_ADDRESSES *next_by_metric(const IP_ADAPTER_ADDRESSES *list,
                                                  const IP_ADAPTER_ADDRESSES *last)
{
    const IP_ADAPTER_ADDRESSES *best = NULL;
    bool passed = false;
    for (const IP_ADAPTER_ADDRESSES *a = list; a; a = a->Next) {
        passed = passed || a == last;
        bool after = !last || metric_of(a) > metric_of(last) ||
                     (metric_of(a) == metric_of(last) && passed && a != last);
        if (after && (!best || metric_of(a) < metric_of(best)))
            best = a;
    }
    return best;
}

struct text {
    char *data;
    size_t length;
    unsigned servers, searches;
};

static void add(struct text *text, const char *word, const char *value)
{
    int n = snprintf(text->data + text->length, TEXT_MAX - text->length, "%s%s", word, value);
    if (n > 0 && text->length + (size_t)n < TEXT_MAX)
        text->length += (size_t)n;
    text->data[text->length] = 0;
}

/* False for what Windows shows where nobody has said a server: fec0:0:0:ffff::1 and the like. */
static bool server_name(const struct sockaddr *name, char *out, size_t size)
{
    if (name->sa_family == AF_INET) {
        const uint8_t *ip = (const uint8_t *)&((const struct sockaddr_in *)name)->sin_addr;
        snprintf(out, size, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
        return ip[0] != 0;
    }
    const struct sockaddr_in6 *in6 = (const void *)name;
    const uint8_t *ip = in6->sin6_addr.s6_addr;
    if (name->sa_family != AF_INET6 || (ip[0] == 0xfe && (ip[1] & 0xc0) == 0xc0))
        return false;
    if (!inet_ntop(AF_INET6, &in6->sin6_addr, out, size))
        return false;
    size_t n = strlen(out);
    if (in6->sin6_scope_id && n < size)
        snprintf(out + n, size - n, "%%%lu", (unsigned long)in6->sin6_scope_id);
    return true;
}

static void add_servers(struct text *text, const IP_ADAPTER_ADDRESSES *a)
{
    const IP_ADAPTER_DNS_SERVER_ADDRESS *server = a->FirstDnsServerAddress;
    for (; server && text->servers < SERVERS; server = server->Next) {
        char name[96], line[112];
        if (!server_name(server->Address.lpSockaddr, name, sizeof(name)))
            continue;
        snprintf(line, sizeof(line), "nameserver %s\n", name);
        if (strstr(text->data, line))
            continue; /* of another adapter too */
        add(text, line, "");
        text->servers++;
    }
}

static void add_search(struct text *text, const IP_ADAPTER_ADDRESSES *a)
{
    char *suffix = a->DnsSuffix && a->DnsSuffix[0] ? host_narrow(a->DnsSuffix) : NULL;
    if (suffix && text->searches < SEARCHES && strlen(suffix) < 256) {
        add(text, text->searches ? " " : "search ", suffix);
        text->searches++;
    }
    free(suffix);
}

char *host_resolver_text(void)
{
    IP_ADAPTER_ADDRESSES *list = host_adapters();
    struct text text = {.data = list ? calloc(1, TEXT_MAX) : NULL};
    const IP_ADAPTER_ADDRESSES *a = NULL;
    while (text.data && (a = next_by_metric(list, a))) {
        if (a->OperStatus == IfOperStatusUp)
            add_servers(&text, a);
    }
    while (text.data && (a = next_by_metric(list, a))) {
        if (a->OperStatus == IfOperStatusUp && a->FirstDnsServerAddress)
            add_search(&text, a);
    }
    if (text.searches)
        add(&text, "\n", "");
    free(list);
    return text.data;
}

static void WINAPI interface_changed(PVOID changed, PMIB_IPINTERFACE_ROW row,
                                     MIB_NOTIFICATION_TYPE type)
{
    (void)row;
    (void)type;
    ((void (*)(void))changed)();
}

bool host_resolver_watch(void (*changed)(void))
{
    static HANDLE handle; /* for the rest of the process */
    return NotifyIpInterfaceChange(AF_UNSPEC, interface_changed, (PVOID)changed, FALSE, &handle) ==
           NO_ERROR;
}

/* --- proxies --- */

static char *variable(const char *name)
{
    char *value = host_getenv(name); /* upper case and lower case are one */
    if (value && value[0])
        return value;
    free(value);
    return NULL;
}

/* The user's settings: "host:port", or "http=host:port;https=...", parted by ; or blanks. */
static char *proxy_for(const char *setting, const char *scheme)
{
    size_t length = strlen(scheme);
    for (const char *at = setting; *at;) {
        size_t n = strcspn(at, "; ");
        const char *equals = memchr(at, '=', n);
        bool named = equals && (size_t)(equals - at) == length && !_strnicmp(at, scheme, length);
        if (n && (named || !equals)) {
            const char *host = named ? equals + 1 : at;
            int size = (int)(at + n - host);
            bool whole = strstr(host, "://") && strstr(host, "://") < at + n;
            char *value = malloc((size_t)size + 16);
            if (value)
                snprintf(value, (size_t)size + 16, "%s%.*s", whole ? "" : "http://", size, host);
            return value;
        }
        at += n + (at[n] != 0);
    }
    return NULL;
}

/* "*.name" becomes ".name", and "<local>", names without a dot, what of these is sure. Other
 * patterns have no counterpart. */
static char *exceptions_of(const char *setting)
{
    static const char always[] = "localhost,127.0.0.1,::1";
    size_t size = sizeof(always) + strlen(setting) + 1, n = sizeof(always) - 1;
    char *out = malloc(size);
    if (!out)
        return NULL;
    memcpy(out, always, sizeof(always));
    for (const char *at = setting; *at;) {
        size_t length = strcspn(at, "; ");
        const char *name = at + (length > 2 && at[0] == '*' && at[1] == '.');
        size_t rest = length - (size_t)(name - at);
        if (rest && name[0] != '<' && !memchr(name, '*', rest)) {
            out[n++] = ',';
            memcpy(out + n, name, rest);
            n += rest;
            out[n] = 0;
        }
        at += length + (at[length] != 0);
    }
    return out;
}

static void read_settings(struct host_proxies *out)
{
    WINHTTP_CURRENT_USER_IE_PROXY_CONFIG config;
    memset(&config, 0, sizeof(config));
    if (!WinHttpGetIEProxyConfigForCurrentUser(&config))
        return;
    char *setting = config.lpszProxy ? host_narrow(config.lpszProxy) : NULL;
    char *except = config.lpszProxyBypass ? host_narrow(config.lpszProxyBypass) : NULL;
    if (setting && setting[0]) {
        out->http = proxy_for(setting, "http");
        out->https = proxy_for(setting, "https");
        out->except = exceptions_of(except ? except : "");
    }
    free(setting);
    free(except);
    if (config.lpszProxy)
        GlobalFree(config.lpszProxy);
    if (config.lpszProxyBypass)
        GlobalFree(config.lpszProxyBypass);
    if (config.lpszAutoConfigUrl)
        GlobalFree(config.lpszAutoConfigUrl);
}

void host_proxies_read(struct host_proxies *out)
{
    out->http = variable("http_proxy");
    out->https = variable("https_proxy");
    out->all = variable("all_proxy");
    out->except = variable("no_proxy");
    if (!out->http && !out->https && !out->all)
        read_settings(out);
}
