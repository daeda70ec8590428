/*
 * Adapters as Windows shows them: which name servers become those of guests, in which order; names
 * of interfaces; routes; the proxies of the user's settings.
 *
 * wrap calls: GetAdaptersAddresses GetIfEntry2 GetIpForwardTable2 FreeMibTable
 *
 * wrap calls: NotifyIpInterfaceChange NotifyUnicastIpAddressChange NotifyRouteChange2
 *
 * wrap calls: WinHttpGetIEProxyConfigForCurrentUser
 */
#include "runtime/host/windows/adapters.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
/* After windows.h. */
#include <winhttp.h>

#include "runtime/abi/netdevice.h"
#include "runtime/host/network.h"
#include "tests/unit/run.h"
#include "tests/windows/host/shim.h"

#define ADAPTERS 6

ULONG WINAPI LED(GetAdaptersAddresses)(ULONG, ULONG, PVOID, IP_ADAPTER_ADDRESSES *, ULONG *);
NETIO_STATUS WINAPI LED(GetIfEntry2)(MIB_IF_ROW2 *);
NETIO_STATUS WINAPI LED(GetIpForwardTable2)(ADDRESS_FAMILY, MIB_IPFORWARD_TABLE2 **);
void WINAPI LED(FreeMibTable)(PVOID);
NETIO_STATUS WINAPI LED(NotifyIpInterfaceChange)(ADDRESS_FAMILY, PIPINTERFACE_CHANGE_CALLBACK,
                                                 PVOID, BOOLEAN, HANDLE *);
NETIO_STATUS WINAPI LED(NotifyUnicastIpAddressChange)(ADDRESS_FAMILY,
                                                      PUNICAST_IPADDRESS_CHANGE_CALLBACK, PVOID,
                                                      BOOLEAN, HANDLE *);
NETIO_STATUS WINAPI LED(NotifyRouteChange2)(ADDRESS_FAMILY, PIPFORWARD_CHANGE_CALLBACK, PVOID,
                                            BOOLEAN, HANDLE *);
WINBOOL WINAPI LED(WinHttpGetIEProxyConfigForCurrentUser)(WINHTTP_CURRENT_USER_IE_PROXY_CONFIG *);

static IP_ADAPTER_ADDRESSES adapters[ADAPTERS];
static IP_ADAPTER_DNS_SERVER_ADDRESS servers[16];
static IP_ADAPTER_UNICAST_ADDRESS addresses[16];
static struct sockaddr_storage names[32];
static unsigned adapter_count, server_count, address_count, name_count;
static bool grows;
static int asked;

ULONG WINAPI LED(GetAdaptersAddresses)(ULONG family, ULONG flags, PVOID reserved,
                                       IP_ADAPTER_ADDRESSES *out, ULONG *size)
{
    (void)flags;
    ck_assert_uint_eq(family, AF_UNSPEC);
    ck_assert_ptr_null(reserved);
    if (grows && asked++ < 2) { /* more came since the last question */
        *size += 100000;
        return ERROR_BUFFER_OVERFLOW;
    }
    if (!adapter_count)
        return ERROR_NO_DATA;
    ck_assert_uint_ge(*size, sizeof(adapters));
    memcpy(out, adapters, sizeof(adapters));
    for (unsigned i = 0; i + 1 < adapter_count; i++)
        out[i].Next = &out[i + 1];
    return ERROR_SUCCESS;
}

NETIO_STATUS WINAPI LED(GetIfEntry2)(MIB_IF_ROW2 *row)
{
    ck_assert_uint_ne(row->InterfaceIndex, 0);
    row->InOctets = (ULONG64)row->InterfaceIndex << 40;
    row->OutUcastPkts = 3;
    row->OutNUcastPkts = 4;
    return NO_ERROR;
}

static MIB_IPFORWARD_TABLE2 *table;

NETIO_STATUS WINAPI LED(GetIpForwardTable2)(ADDRESS_FAMILY family, MIB_IPFORWARD_TABLE2 **out)
{
    ck_assert_int_eq(family, AF_UNSPEC);
    *out = table;
    return table ? NO_ERROR : ERROR_NOT_FOUND;
}

void WINAPI LED(FreeMibTable)(PVOID memory)
{
    ck_assert_ptr_eq(memory, table);
}

static PIPINTERFACE_CHANGE_CALLBACK notified;
static PVOID notified_context;

NETIO_STATUS WINAPI LED(NotifyIpInterfaceChange)(ADDRESS_FAMILY family,
                                                 PIPINTERFACE_CHANGE_CALLBACK callback,
                                                 PVOID context, BOOLEAN initial, HANDLE *handle)
{
    ck_assert_int_eq(family, AF_UNSPEC);
    ck_assert_int_eq(initial, FALSE);
    ck_assert_ptr_nonnull(handle);
    notified = callback;
    notified_context = context;
    return NO_ERROR;
}

static PUNICAST_IPADDRESS_CHANGE_CALLBACK address_notified;
static PIPFORWARD_CHANGE_CALLBACK route_notified;
static bool refuses; /* to watch addresses and routes */

/* What is asked of a watch of either kind. */
static NETIO_STATUS watch_asked(ADDRESS_FAMILY family, PVOID context, BOOLEAN initial,
                                HANDLE *handle)
{
    ck_assert_int_eq(family, AF_UNSPEC);
    ck_assert_ptr_null(context);
    ck_assert_int_eq(initial, FALSE);
    ck_assert_ptr_nonnull(handle);
    return refuses ? ERROR_NOT_ENOUGH_MEMORY : NO_ERROR;
}

NETIO_STATUS WINAPI LED(NotifyUnicastIpAddressChange)(ADDRESS_FAMILY family,
                                                      PUNICAST_IPADDRESS_CHANGE_CALLBACK callback,
                                                      PVOID context, BOOLEAN initial,
                                                      HANDLE *handle)
{
    address_notified = callback;
    return watch_asked(family, context, initial, handle);
}

NETIO_STATUS WINAPI LED(NotifyRouteChange2)(ADDRESS_FAMILY family,
                                            PIPFORWARD_CHANGE_CALLBACK callback, PVOID context,
                                            BOOLEAN initial, HANDLE *handle)
{
    route_notified = callback;
    return watch_asked(family, context, initial, handle);
}

static const wchar_t *proxy, *bypass;

static LPWSTR copy(const wchar_t *text)
{
    LPWSTR out = text ? GlobalAlloc(0, (wcslen(text) + 1) * sizeof(*text)) : NULL;
    return out ? wcscpy(out, text) : NULL;
}

WINBOOL WINAPI LED(WinHttpGetIEProxyConfigForCurrentUser)(WINHTTP_CURRENT_USER_IE_PROXY_CONFIG *out)
{
    out->lpszProxy = copy(proxy);
    out->lpszProxyBypass = copy(bypass);
    out->lpszAutoConfigUrl = copy(L"http://wpad.test/wpad.dat");
    return TRUE;
}

/* --- what there is --- */

static struct sockaddr *name_of(const char *text)
{
    struct sockaddr_storage *name = &names[name_count++];
    memset(name, 0, sizeof(*name));
    name->ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
    void *to = name->ss_family == AF_INET6 ? (void *)&((struct sockaddr_in6 *)name)->sin6_addr
                                           : (void *)&((struct sockaddr_in *)name)->sin_addr;
    ck_assert_int_eq(inet_pton(name->ss_family, text, to), 1);
    return (struct sockaddr *)name;
}

static void forget_adapters(void)
{
    memset(adapters, 0, sizeof(adapters));
    adapter_count = server_count = address_count = name_count = 0;
    table = NULL;
}

static IP_ADAPTER_ADDRESSES *add_adapter(IFTYPE type, ULONG index, ULONG metric, bool up)
{
    IP_ADAPTER_ADDRESSES *a = &adapters[adapter_count++];
    a->IfType = type;
    a->IfIndex = a->Ipv6IfIndex = index;
    a->Ipv4Enabled = 1;
    a->Ipv4Metric = a->Ipv6Metric = metric;
    a->OperStatus = up ? IfOperStatusUp : IfOperStatusDown;
    a->Mtu = type == IF_TYPE_SOFTWARE_LOOPBACK ? 0xffffffff : 1500;
    a->PhysicalAddressLength = type == IF_TYPE_SOFTWARE_LOOPBACK ? 0 : 6;
    memset(a->PhysicalAddress, (int)index, 6);
    return a;
}

static void add_server(IP_ADAPTER_ADDRESSES *a, const char *text)
{
    IP_ADAPTER_DNS_SERVER_ADDRESS *server = &servers[server_count++];
    memset(server, 0, sizeof(*server));
    server->Address.lpSockaddr = name_of(text);
    IP_ADAPTER_DNS_SERVER_ADDRESS **link = &a->FirstDnsServerAddress;
    while (*link)
        link = &(*link)->Next;
    *link = server;
}

static void add_address(IP_ADAPTER_ADDRESSES *a, const char *text, UINT8 prefix)
{
    IP_ADAPTER_UNICAST_ADDRESS *address = &addresses[address_count++];
    memset(address, 0, sizeof(*address));
    address->Address.lpSockaddr = name_of(text);
    address->DadState = IpDadStatePreferred;
    address->OnLinkPrefixLength = prefix;
    address->Next = a->FirstUnicastAddress;
    a->FirstUnicastAddress = address;
}

static void expect_resolver(const char *wanted)
{
    char *text = host_resolver_text();
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, wanted);
    free(text);
}

/* --- tests --- */

START_TEST(servers_by_metric)
{
    static wchar_t home[] = L"home.test", office[] = L"office.test", empty[] = L"";
    forget_adapters();
    IP_ADAPTER_ADDRESSES *slow = add_adapter(IF_TYPE_IEEE80211, 7, 50, true);
    IP_ADAPTER_ADDRESSES *down = add_adapter(IF_TYPE_ETHERNET_CSMACD, 3, 1, false);
    IP_ADAPTER_ADDRESSES *fast = add_adapter(IF_TYPE_ETHERNET_CSMACD, 9, 25, true);
    IP_ADAPTER_ADDRESSES *same = add_adapter(IF_TYPE_ETHERNET_CSMACD, 11, 25, true);
    slow->DnsSuffix = home;
    down->DnsSuffix = empty;
    fast->DnsSuffix = office;
    add_server(slow, "192.0.2.1");
    add_server(down, "192.0.2.99");
    add_server(fast, "fec0:0:0:ffff::1"); /* what Windows shows where there is none */
    add_server(fast, "198.51.100.1");
    add_server(same, "198.51.100.1");
    add_server(same, "2001:db8::53");
    expect_resolver("nameserver 198.51.100.1\nnameserver 2001:db8::53\nnameserver 192.0.2.1\n"
                    "search office.test home.test\n");
    /* Three are all that a resolver asks. */
    add_server(fast, "198.51.100.2");
    expect_resolver("nameserver 198.51.100.1\nnameserver 198.51.100.2\nnameserver 2001:db8::53\n"
                    "search office.test home.test\n");
    grows = true;
    asked = 0;
    add_server(fast, "198.51.100.3");
    expect_resolver("nameserver 198.51.100.1\nnameserver 198.51.100.2\nnameserver 198.51.100.3\n"
                    "search office.test home.test\n");
    grows = false;
    forget_adapters();
    add_adapter(IF_TYPE_SOFTWARE_LOOPBACK, 1, 75, true);
    expect_resolver("");
    forget_adapters();
    ck_assert_ptr_null(host_resolver_text());
}
END_TEST

START_TEST(scope_of_link_local_server)
{
    forget_adapters();
    add_server(add_adapter(IF_TYPE_ETHERNET_CSMACD, 4, 1, true), "fe80::1");
    ((struct sockaddr_in6 *)servers[0].Address.lpSockaddr)->sin6_scope_id = 4;
    expect_resolver("nameserver fe80::1%4\n");
}
END_TEST

static int changes;

static void count_change(void)
{
    changes++;
}

START_TEST(changes_are_told)
{
    ck_assert(host_resolver_watch(count_change));
    ck_assert_ptr_nonnull(notified);
    notified(notified_context, NULL, MibParameterNotification);
    notified(notified_context, NULL, MibDeleteInstance);
    ck_assert_int_eq(changes, 2);
}
END_TEST

/* Interfaces, addresses and routes, all to the same. */
START_TEST(changes_of_the_network)
{
    changes = 0;
    ck_assert(host_network_watch(count_change));
    notified(notified_context, NULL, MibParameterNotification);
    address_notified(NULL, NULL, MibAddInstance);
    route_notified(NULL, NULL, MibDeleteInstance);
    ck_assert_int_eq(changes, 3);
    refuses = true;
    ck_assert(host_network_watch(count_change)); /* of interfaces still */
    refuses = false;
}
END_TEST

START_TEST(interfaces)
{
    struct host_network network;
    forget_adapters();
    add_address(add_adapter(IF_TYPE_IEEE80211, 12, 50, true), "192.0.2.5", 24);
    add_adapter(IF_TYPE_ETHERNET_CSMACD, 8, 1, false);
    IP_ADAPTER_ADDRESSES *lo = add_adapter(IF_TYPE_SOFTWARE_LOOPBACK, 1, 75, true);
    add_address(lo, "127.0.0.1", 8);
    add_address(lo, "::1", 128);
    IP_ADAPTER_ADDRESSES *second = add_adapter(IF_TYPE_ETHERNET_CSMACD, 10, 25, true);
    add_address(second, "fe80::2", 64);
    add_address(second, "169.254.1.1", 16);
    addresses[address_count - 1].DadState = IpDadStateTentative;
    ck_assert_int_eq(host_network_read(&network), 0);
    ck_assert_uint_eq(network.interface_count, 4);
    static const char *const expected[] = {"lo", "eth0", "eth1", "wlan0"};
    for (unsigned i = 0; i < 4; i++)
        ck_assert_str_eq(network.interfaces[i].name, expected[i]);
    const struct host_interface *i = network.interfaces;
    ck_assert_uint_eq(i[0].flags, L_IFF_UP | L_IFF_LOOPBACK | L_IFF_RUNNING | L_IFF_LOWER_UP);
    ck_assert_uint_eq(i[0].mtu, 65536);
    ck_assert_uint_eq(i[0].hardware, L_ARPHRD_LOOPBACK);
    ck_assert_uint_eq(i[1].flags, L_IFF_UP | L_IFF_BROADCAST | L_IFF_MULTICAST);
    ck_assert_uint_eq(i[2].flags & L_IFF_RUNNING, L_IFF_RUNNING);
    ck_assert_uint_eq(i[2].address[5], 10);
    ck_assert_uint_eq(i[3].received.bytes, (uint64_t)12 << 40);
    ck_assert_uint_eq(i[3].sent.packets, 7);
    ck_assert_uint_eq(network.address_count, 4);
    for (unsigned n = 0; n < 4; n++) {
        const struct host_interface_address *a = &network.addresses[n];
        if (a->index == 12) {
            ck_assert_uint_eq(a->prefix, 24);
            ck_assert(a->has_broadcast);
            ck_assert_uint_eq(a->broadcast[15], 255);
            ck_assert_uint_eq(a->broadcast[14], 2);
        } else if (a->index == 10) {
            ck_assert_uint_eq(a->scope, L_RT_SCOPE_LINK);
        } else {
            ck_assert_uint_eq(a->scope, L_RT_SCOPE_HOST);
            ck_assert(!a->has_broadcast);
        }
    }
    host_network_free(&network);
}
END_TEST

static void set_route(unsigned at, const char *to, UINT8 prefix, const char *gateway, ULONG metric)
{
    MIB_IPFORWARD_ROW2 *row = &table->Table[at];
    memset(row, 0, sizeof(*row));
    row->InterfaceIndex = 8;
    row->Metric = metric;
    memcpy(&row->DestinationPrefix.Prefix, name_of(to), sizeof(SOCKADDR_INET));
    memcpy(&row->NextHop, name_of(gateway), sizeof(SOCKADDR_INET));
    row->DestinationPrefix.PrefixLength = prefix;
    table->NumEntries = at + 1;
}

START_TEST(routes)
{
    struct host_network network;
    forget_adapters();
    add_adapter(IF_TYPE_ETHERNET_CSMACD, 8, 25, true);
    table = calloc(1, sizeof(*table) + 8 * sizeof(MIB_IPFORWARD_ROW2));
    set_route(0, "0.0.0.0", 0, "192.0.2.1", 10);
    set_route(1, "192.0.2.0", 24, "0.0.0.0", 256);
    set_route(2, "192.0.2.5", 32, "0.0.0.0", 256); /* what Linux has in other tables */
    set_route(3, "224.0.0.0", 4, "0.0.0.0", 256);
    set_route(4, "127.0.0.0", 8, "0.0.0.0", 256);
    set_route(5, "ff00::", 8, "::", 256);
    set_route(6, "::", 0, "fe80::1", 16);
    ck_assert_int_eq(host_network_read(&network), 0);
    ck_assert_uint_eq(network.route_count, 3);
    ck_assert_uint_eq(network.routes[0].metric, 35);
    ck_assert(network.routes[0].has_gateway);
    ck_assert_uint_eq(network.routes[0].gateway[15], 1);
    ck_assert_uint_eq(network.routes[1].prefix, 24);
    ck_assert(!network.routes[1].has_gateway);
    ck_assert_uint_eq(network.routes[2].metric, 41);
    host_network_free(&network);
    free(table);
    table = NULL;
}
END_TEST

static void expect_proxies(const wchar_t *setting, const wchar_t *exceptions, const char *http,
                           const char *https, const char *except)
{
    struct host_proxies got;
    proxy = setting;
    bypass = exceptions;
    memset(&got, 0, sizeof(got));
    host_proxies_read(&got);
    const char *pairs[][2] = {{got.http, http}, {got.https, https}, {got.except, except}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        ck_assert_int_eq(pairs[i][0] == NULL, pairs[i][1] == NULL);
        if (pairs[i][0])
            ck_assert_str_eq(pairs[i][0], pairs[i][1]);
    }
    ck_assert_ptr_null(got.all);
    host_proxies_free(&got);
}

START_TEST(proxies)
{
    static const char *const variables[] = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"};
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        SetEnvironmentVariableA(variables[i], NULL);
    expect_proxies(NULL, NULL, NULL, NULL, NULL);
    expect_proxies(L"", L"", NULL, NULL, NULL);
    expect_proxies(L"proxy.test:8080", NULL, "http://proxy.test:8080", "http://proxy.test:8080",
                   "localhost,127.0.0.1,::1");
    expect_proxies(L"http=a.test:1;https=http://b.test:2;socks=c.test:3",
                   L"*.corp.test;<local>;10.*; host.test", "http://a.test:1", "http://b.test:2",
                   "localhost,127.0.0.1,::1,.corp.test,host.test");
    expect_proxies(L"ftp=f.test:4", L"<local>", NULL, NULL, "localhost,127.0.0.1,::1");
    /* What the environment says comes first. */
    SetEnvironmentVariableA("HTTPS_PROXY", "http://e.test:5");
    expect_proxies(L"proxy.test:8080", NULL, NULL, "http://e.test:5", NULL);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("network");
    tcase_add_test(tcase, servers_by_metric);
    tcase_add_test(tcase, scope_of_link_local_server);
    tcase_add_test(tcase, changes_are_told);
    tcase_add_test(tcase, changes_of_the_network);
    tcase_add_test(tcase, interfaces);
    tcase_add_test(tcase, routes);
    tcase_add_test(tcase, proxies);
    return unit_run("windows network", tcase);
}
