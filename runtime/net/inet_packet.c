/* Packets as they would be on a network: for filters, which look at their headers. */
#include "runtime/net/inet.h"
#include <string.h>

#define ETH_P_IP      0x0800
#define ETH_P_IPV6    0x86dd
#define V4_HEADER     20u
#define V6_HEADER     40u
#define UDP_HEADER    8u
#define TCP_HEADER    32u /* with a time stamp, as Linux sends it */
#define DONT_FRAGMENT 0x40
#define PUSH_ACK      0x18

static void put_u16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t sum_words(const uint8_t *bytes, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i += 2)
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    return sum;
}

/* What stands where the transport's checksum will: the sum of addresses, protocol and length, as
 * Linux leaves it for the device, which the loopback does not have. */
static uint16_t pseudo_sum(const struct inet_end *from, const struct inet_end *to, uint8_t protocol,
                           size_t n)
{
    size_t skip = inet_is_v4(to) ? 12 : 0;
    uint32_t sum = sum_words(from->ip + skip, 16 - skip) + sum_words(to->ip + skip, 16 - skip) +
                   protocol + (uint32_t)n;
    while (sum > UINT16_MAX)
        sum = (sum & UINT16_MAX) + (sum >> 16);
    return (uint16_t)sum;
}

/* Returns where the transport's header goes. */
static uint8_t *put_network(const struct inet_end *from, const struct inet_end *to,
                            uint8_t protocol, uint8_t ttl, uint8_t tos, struct socket_packet *out)
{
    uint8_t *at = out->headers;
    size_t n = out->transport + out->n;
    bool v4 = inet_is_v4(to);
    out->interface = INET_LOOPBACK_INDEX;
    out->protocol = v4 ? ETH_P_IP : ETH_P_IPV6;
    out->network = v4 ? V4_HEADER : V6_HEADER;
    memset(at, 0, sizeof(out->headers));
    if (v4) {
        at[0] = 0x45;
        at[1] = tos;
        put_u16(at + 2, n + V4_HEADER);
        at[6] = DONT_FRAGMENT;
        at[8] = ttl;
        at[9] = protocol;
        memcpy(at + 12, from->ip + 12, 4);
        memcpy(at + 16, to->ip + 12, 4);
    } else {
        at[0] = (uint8_t)(0x60 | tos >> 4);
        at[1] = (uint8_t)(tos << 4);
        put_u16(at + 4, n);
        at[6] = protocol;
        at[7] = ttl;
        memcpy(at + 8, from->ip, 16);
        memcpy(at + 24, to->ip, 16);
    }
    at += out->network;
    put_u16(at, from->port);
    put_u16(at + 2, to->port);
    return at;
}

void inet_packet_datagram(const struct inet_piece *piece, bool lite, struct socket_packet *out)
{
    out->data = piece->data;
    out->n = piece->size;
    out->transport = UDP_HEADER;
    uint8_t *at = put_network(&piece->from, &piece->to, lite ? L_IPPROTO_UDPLITE : L_IPPROTO_UDP,
                              piece->ttl, piece->tos, out);
    put_u16(at + 4, lite ? piece->coverage : UDP_HEADER + piece->size);
    if (!lite)
        put_u16(at + 6,
                pseudo_sum(&piece->from, &piece->to, L_IPPROTO_UDP, UDP_HEADER + piece->size));
}

void inet_packet_segment(const struct inet_end *from, const struct inet_end *to, uint64_t sequence,
                         const void *data, size_t n, struct socket_packet *out)
{
    out->data = data;
    out->n = n;
    out->transport = TCP_HEADER;
    uint8_t *at = put_network(from, to, L_IPPROTO_TCP, 64, 0, out);
    put_u16(at + 4, (uint32_t)sequence >> 16);
    put_u16(at + 6, (uint32_t)sequence & UINT16_MAX);
    at[12] = (uint8_t)(TCP_HEADER / 4 << 4);
    at[13] = PUSH_ACK;
    put_u16(at + 14, UINT16_MAX);
    put_u16(at + 16, pseudo_sum(from, to, L_IPPROTO_TCP, TCP_HEADER + n));
    at[20] = at[21] = 1; /* two that fill up, and the time stamp */
    at[22] = 8;
    at[23] = 10;
}
