/* ip(7), ipv6(7), tcp(7), udp(7): addresses, options, requests. */
#ifndef RUNTIME_ABI_INET_H
#define RUNTIME_ABI_INET_H

#include <stdint.h>

#define L_IPPROTO_IP      0
#define L_IPPROTO_ICMP    1
#define L_IPPROTO_TCP     6
#define L_IPPROTO_UDP     17
#define L_IPPROTO_IPV6    41
#define L_IPPROTO_ICMPV6  58
#define L_IPPROTO_UDPLITE 136
#define L_IPPROTO_MAX     263

/* Addresses and ports are in network order. */
struct l_sockaddr_in {
    uint16_t sin_family;
    uint16_t sin_port;
    uint8_t sin_addr[4];
    uint8_t sin_zero[8];
};
_Static_assert(sizeof(struct l_sockaddr_in) == 16, "sockaddr_in");

struct l_sockaddr_in6 {
    uint16_t sin6_family;
    uint16_t sin6_port;
    uint32_t sin6_flowinfo;
    uint8_t sin6_addr[16];
    uint32_t sin6_scope_id;
};
_Static_assert(sizeof(struct l_sockaddr_in6) == 28, "sockaddr_in6");
#define L_SIN6_LEAST 24u /* without sin6_scope_id (RFC 2133) */

/* level IPPROTO_IP */
#define L_IP_TOS                  1
#define L_IP_TTL                  2
#define L_IP_HDRINCL              3
#define L_IP_OPTIONS              4
#define L_IP_RECVOPTS             6
#define L_IP_RETOPTS              7
#define L_IP_PKTINFO              8
#define L_IP_MTU_DISCOVER         10
#define L_IP_RECVERR              11
#define L_IP_RECVTTL              12
#define L_IP_RECVTOS              13
#define L_IP_MTU                  14
#define L_IP_FREEBIND             15
#define L_IP_TRANSPARENT          19
#define L_IP_RECVORIGDSTADDR      20
#define L_IP_PASSSEC              18
#define L_IP_MINTTL               21
#define L_IP_NODEFRAG             22
#define L_IP_CHECKSUM             23
#define L_IP_RECVFRAGSIZE         25
#define L_IP_BIND_ADDRESS_NO_PORT 24
#define L_IP_MULTICAST_IF         32
#define L_IP_MULTICAST_TTL        33
#define L_IP_MULTICAST_LOOP       34
#define L_IP_ADD_MEMBERSHIP       35
#define L_IP_DROP_MEMBERSHIP      36
#define L_IP_MULTICAST_ALL        49
#define L_IP_PMTUDISC_WANT        1
#define L_IP_ROUTER_ALERT         5
#define L_IP_PKTOPTIONS           9
#define L_IP_RECVERR_RFC4884      26
#define L_IP_LOCAL_PORT_RANGE     51
#define L_IPOPT_END               0
#define L_IPOPT_NOOP              1

/* level IPPROTO_IPV6 */
#define L_IPV6_ADDRFORM        1
#define L_IPV6_ROUTER_ALERT    22
#define L_IPV6_HOPOPTS         54
#define L_IPV6_RTHDRDSTOPTS    55
#define L_IPV6_RTHDR           57
#define L_IPV6_DSTOPTS         59
#define L_IPV6_LEAST_MTU       1280
#define L_IPV6_UNICAST_HOPS    16
#define L_IPV6_MULTICAST_IF    17
#define L_IPV6_MULTICAST_HOPS  18
#define L_IPV6_MULTICAST_LOOP  19
#define L_IPV6_ADD_MEMBERSHIP  20
#define L_IPV6_DROP_MEMBERSHIP 21
#define L_IPV6_MTU_DISCOVER    23
#define L_IPV6_MTU             24
#define L_IPV6_RECVERR         25
#define L_IPV6_V6ONLY          26
#define L_IPV6_RECVPKTINFO     49
#define L_IPV6_PKTINFO         50
#define L_IPV6_RECVHOPLIMIT    51
#define L_IPV6_HOPLIMIT        52
#define L_IPV6_RECVTCLASS      66
#define L_IPV6_TCLASS          67
#define L_IPV6_RECVORIGDSTADDR 74
#define L_IPV6_DONTFRAG        62
#define L_IPV6_2292PKTINFO     2
#define L_IPV6_2292HOPOPTS     3
#define L_IPV6_2292DSTOPTS     4
#define L_IPV6_2292RTHDR       5
#define L_IPV6_2292HOPLIMIT    8
#define L_IPV6_FLOWINFO        11
#define L_IPV6_MULTICAST_ALL   29
#define L_IPV6_FLOWINFO_SEND   33
#define L_IPV6_RECVHOPOPTS     53
#define L_IPV6_RECVRTHDR       56
#define L_IPV6_RECVDSTOPTS     58
#define L_IPV6_RECVPATHMTU     60
#define L_IPV6_AUTOFLOWLABEL   70
#define L_IPV6_MINHOPCOUNT     73
#define L_IPV6_RECVFRAGSIZE    77
#define L_IPV6_FREEBIND        78

/* level IPPROTO_TCP */
#define L_TCP_NODELAY              1
#define L_TCP_MAXSEG               2
#define L_TCP_CORK                 3
#define L_TCP_KEEPIDLE             4
#define L_TCP_KEEPINTVL            5
#define L_TCP_KEEPCNT              6
#define L_TCP_SYNCNT               7
#define L_TCP_LINGER2              8
#define L_TCP_DEFER_ACCEPT         9
#define L_TCP_WINDOW_CLAMP         10
#define L_TCP_INFO                 11
#define L_TCP_QUICKACK             12
#define L_TCP_CONGESTION           13
#define L_TCP_USER_TIMEOUT         18
#define L_TCP_FASTOPEN             23
#define L_TCP_NOTSENT_LOWAT        25
#define L_TCP_THIN_LINEAR_TIMEOUTS 16
#define L_TCP_TIMESTAMP            24
#define L_TCP_SAVE_SYN             27
#define L_TCP_SAVED_SYN            28
#define L_TCP_FASTOPEN_CONNECT     30
#define L_TCP_ULP                  31
#define L_TCP_FASTOPEN_NO_COOKIE   34
#define L_TCP_TX_DELAY             37

/* TCP_INFO, as Linux 6.1 has it. */
struct l_tcp_info {
    uint8_t state, ca_state, retransmits, probes, backoff, options, wscale, limited;
    uint32_t rto, ato, snd_mss, rcv_mss, unacked, sacked, lost, retrans, fackets;
    uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv; /* ms ago */
    uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering, rcv_rtt,
        rcv_space, total_retrans;
    uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
    uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
    uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
    uint32_t delivered, delivered_ce;
    uint64_t bytes_sent, bytes_retrans;
    uint32_t dsack_dups, reord_seen, rcv_ooopack, snd_wnd, rcv_wnd, rehash;
};
_Static_assert(sizeof(struct l_tcp_info) == 240, "tcp_info");
#define L_TCPI_OPT_TIMESTAMPS 1
#define L_TCPI_OPT_SACK       2
#define L_TCPI_OPT_WSCALE     4

#define L_SOF_TIMESTAMPING_RX_SOFTWARE 0x8
#define L_SOF_TIMESTAMPING_SOFTWARE    0x10

/* level IPPROTO_UDP */
#define L_UDP_CORK         1
#define L_UDP_ENCAP        100
#define L_UDP_NO_CHECK6_TX 101
#define L_UDP_NO_CHECK6_RX 102
#define L_UDP_SEGMENT      103
#define L_UDP_GRO          104

/* level IPPROTO_UDPLITE */
#define L_UDPLITE_SEND_CSCOV 10
#define L_UDPLITE_RECV_CSCOV 11
#define L_UDPLITE_LEAST      8u /* its header */

/* tcpi_state */
#define L_TCP_ESTABLISHED 1
#define L_TCP_SYN_SENT    2
#define L_TCP_SYN_RECV    3
#define L_TCP_FIN_WAIT1   4
#define L_TCP_FIN_WAIT2   5
#define L_TCP_TIME_WAIT   6
#define L_TCP_CLOSE       7
#define L_TCP_CLOSE_WAIT  8
#define L_TCP_LAST_ACK    9
#define L_TCP_LISTEN      10
#define L_TCP_CLOSING     11

struct l_ip_mreq {
    uint8_t imr_multiaddr[4], imr_interface[4];
};
struct l_ip_mreqn {
    uint8_t imr_multiaddr[4], imr_address[4];
    int32_t imr_ifindex;
};
struct l_ipv6_mreq {
    uint8_t ipv6mr_multiaddr[16];
    uint32_t ipv6mr_ifindex;
};
/* Of both levels; the value is a struct group_req: a number, and at its end a sockaddr_storage. */
#define L_MCAST_JOIN_GROUP  42
#define L_MCAST_LEAVE_GROUP 45
/* From whom: with sources in struct ip_mreq_source, or in struct group_source_req. */
#define L_IP_UNBLOCK_SOURCE         37
#define L_IP_BLOCK_SOURCE           38
#define L_IP_ADD_SOURCE_MEMBERSHIP  39
#define L_IP_DROP_SOURCE_MEMBERSHIP 40
#define L_IP_MSFILTER               41
#define L_MCAST_BLOCK_SOURCE        43
#define L_MCAST_UNBLOCK_SOURCE      44
#define L_MCAST_JOIN_SOURCE_GROUP   46
#define L_MCAST_LEAVE_SOURCE_GROUP  47
#define L_MCAST_MSFILTER            48
#define L_MCAST_EXCLUDE             0u
#define L_MCAST_INCLUDE             1u
#define L_STORAGE_SIZE              128u /* struct sockaddr_storage */
#define L_GROUP_SOURCE_REQ_SIZE     264u
struct l_ip_mreq_source {
    uint8_t imr_multiaddr[4], imr_interface[4], imr_sourceaddr[4];
};
struct l_ip_msfilter { /* addresses follow */
    uint8_t imsf_multiaddr[4], imsf_interface[4];
    uint32_t imsf_fmode, imsf_numsrc;
};
struct l_group_filter { /* as many struct sockaddr_storage follow */
    uint32_t gf_interface, pad;
    uint8_t gf_group[L_STORAGE_SIZE];
    uint32_t gf_fmode, gf_numsrc;
};
_Static_assert(sizeof(struct l_group_filter) == 144, "group_filter");
#define L_GROUP_REQ_SIZE 136u

struct l_in_pktinfo {
    int32_t ipi_ifindex;
    uint8_t ipi_spec_dst[4];
    uint8_t ipi_addr[4];
};

struct l_in6_pktinfo {
    uint8_t ipi6_addr[16];
    uint32_t ipi6_ifindex;
};

struct l_sock_extended_err {
    uint32_t ee_errno;
    uint8_t ee_origin, ee_type, ee_code, ee_pad;
    uint32_t ee_info, ee_data;
};
#define L_SO_EE_ORIGIN_LOCAL 1
#define L_SO_EE_ORIGIN_ICMP  2
#define L_SO_EE_ORIGIN_ICMP6 3
/* A port where nobody is: type and code of ICMP and of ICMPv6. */
#define L_ICMP_DEST_UNREACH   3
#define L_ICMP_PORT_UNREACH   3
#define L_ICMPV6_DEST_UNREACH 1
#define L_ICMPV6_PORT_UNREACH 4
/* Its time to live was over. */
#define L_ICMP_TIME_EXCEEDED   11
#define L_ICMPV6_TIME_EXCEEDED 3

/* Requests of ioctl(2): sockets' own, and of devices (netdevice(7)). */
#define L_SIOCOUTQ     0x5411
#define L_FIOSETOWN    0x8901
#define L_SIOCSPGRP    0x8902
#define L_FIOGETOWN    0x8903
#define L_SIOCGPGRP    0x8904
#define L_SIOCATMARK   0x8905
#define L_SIOCGSTAMP   0x8906
#define L_SIOCGSTAMPNS 0x8907
#define L_SIOCOUTQNSD  0x894b

#endif
