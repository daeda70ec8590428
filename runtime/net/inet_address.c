/* Addresses of IPv4 and IPv6. */
#include "runtime/abi/errno.h"
#include "runtime/net/inet.h"
#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const uint8_t v6_loopback[16] = {[15] = 1};
static const uint8_t zeros[16];

bool inet_is_v4(const struct inet_end *end)
{
    return memcmp(end->ip, mapped, sizeof(mapped)) == 0;
}

bool inet_is_any(const struct inet_end *end)
{
    return inet_is_v4(end) ? memcmp(end->ip + 12, zeros, 4) == 0 : memcmp(end->ip, zeros, 16) == 0;
}

bool inet_is_loopback(const struct inet_end *end)
{
    return inet_is_v4(end) ? end->ip[12] == 127 : memcmp(end->ip, v6_loopback, 16) == 0;
}

bool inet_is_multicast(const struct inet_end *end)
{
    return inet_is_v4(end) ? (end->ip[12] & 0xf0) == 0xe0 : end->ip[0] == 0xff;
}

bool inet_is_broadcast(const struct inet_end *end)
{
    static const uint8_t ones[4] = {0xff, 0xff, 0xff, 0xff};
    static const uint8_t loopback[4] = {127, 0xff, 0xff, 0xff};
    return inet_is_v4(end) &&
           (memcmp(end->ip + 12, ones, 4) == 0 || memcmp(end->ip + 12, loopback, 4) == 0);
}

bool inet_same_ip(const struct inet_end *a, const struct inet_end *b)
{
    return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

void inet_set_any(struct inet_end *end, bool v4)
{
    memset(end->ip, 0, sizeof(end->ip));
    if (v4)
        memcpy(end->ip, mapped, sizeof(mapped));
}

void inet_set_source(struct inet_end *end, const struct inet_end *to)
{
    if (to->foreign || inet_is_loopback(to) || inet_is_broadcast(to) || inet_is_multicast(to))
        inet_set_loopback(end, inet_is_v4(to));
    else
        memcpy(end->ip, to->ip, sizeof(end->ip));
}

void inet_set_loopback(struct inet_end *end, bool v4)
{
    inet_set_any(end, v4);
    if (v4)
        end->ip[12] = 127;
    end->ip[15] = 1;
}

static uint16_t swapped(uint16_t port)
{
    return __builtin_bswap16(port);
}

static int parse_v4(const struct net_address *address, struct inet_end *out)
{
    if (address->length < sizeof(address->in))
        return -L_EINVAL;
    memcpy(out->ip, mapped, sizeof(mapped));
    memcpy(out->ip + 12, address->in.sin_addr, 4);
    out->port = swapped(address->in.sin_port);
    return 0;
}

int inet_parse(bool v6, bool v6_only, const struct net_address *address, struct inet_end *out)
{
    memset(out, 0, sizeof(*out));
    if (!v6) {
        int error = parse_v4(address, out);
        return error ? error : address->family == L_AF_INET ? 0 : -L_EAFNOSUPPORT;
    }
    if (address->length < L_SIN6_LEAST)
        return -L_EINVAL;
    if (address->family != L_AF_INET6)
        return -L_EAFNOSUPPORT;
    memcpy(out->ip, address->in6.sin6_addr, sizeof(out->ip));
    out->port = swapped(address->in6.sin6_port);
    if (address->length >= sizeof(address->in6))
        out->scope = address->in6.sin6_scope_id;
    return inet_is_v4(out) && v6_only ? -L_ENETUNREACH : 0;
}

void inet_show(const struct inet_socket *s, const struct inet_end *end, struct net_address *out)
{
    memset(out, 0, sizeof(*out));
    if (s->v6) {
        out->length = sizeof(out->in6);
        out->in6.sin6_family = L_AF_INET6;
        out->in6.sin6_port = swapped(end->port);
        out->in6.sin6_scope_id = end->scope;
        memcpy(out->in6.sin6_addr, end->ip, sizeof(end->ip));
    } else {
        out->length = sizeof(out->in);
        out->in.sin_family = L_AF_INET;
        out->in.sin_port = swapped(end->port);
        memcpy(out->in.sin_addr, end->ip + 12, 4);
    }
}
