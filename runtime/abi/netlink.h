/* netlink(7), rtnetlink(7), sock_diag(7). */
#ifndef RUNTIME_ABI_NETLINK_H
#define RUNTIME_ABI_NETLINK_H

#include <stdint.h>

#define L_NETLINK_ROUTE          0
#define L_NETLINK_SOCK_DIAG      4
#define L_NETLINK_KOBJECT_UEVENT 15
#define L_NETLINK_PROTOCOLS      32

#define L_SOL_NETLINK              270
#define L_NETLINK_ADD_MEMBERSHIP   1
#define L_NETLINK_DROP_MEMBERSHIP  2
#define L_NETLINK_PKTINFO          3
#define L_NETLINK_BROADCAST_ERROR  4
#define L_NETLINK_NO_ENOBUFS       5
#define L_NETLINK_LISTEN_ALL_NSID  8
#define L_NETLINK_LIST_MEMBERSHIPS 9
#define L_NETLINK_CAP_ACK          10
#define L_NETLINK_EXT_ACK          11
#define L_NETLINK_GET_STRICT_CHK   12

struct l_sockaddr_nl {
    uint16_t nl_family;
    uint16_t nl_pad;
    uint32_t nl_pid;
    uint32_t nl_groups;
};
_Static_assert(sizeof(struct l_sockaddr_nl) == 12, "sockaddr_nl");

struct l_nlmsghdr {
    uint32_t nlmsg_len;
    uint16_t nlmsg_type, nlmsg_flags;
    uint32_t nlmsg_seq, nlmsg_pid;
};
_Static_assert(sizeof(struct l_nlmsghdr) == 16, "nlmsghdr");

struct l_nlattr {
    uint16_t nla_len, nla_type;
};

#define L_NLM_F_REQUEST 1
#define L_NLM_F_MULTI   2
#define L_NLM_F_ACK     4
#define L_NLM_F_CAPPED  0x100
#define L_NLM_F_DUMP    0x300
#define L_NLMSG_ERROR   2
#define L_NLMSG_DONE    3
#define L_NLMSG_MIN     16

/* rtnetlink(7) */
#define L_RTM_NEWLINK  16
#define L_RTM_GETLINK  18
#define L_RTM_NEWADDR  20
#define L_RTM_GETADDR  22
#define L_RTM_NEWROUTE 24
#define L_RTM_GETROUTE 26
#define L_RTM_GETNEIGH 30
#define L_RTM_MAX      123

#define L_RTNLGRP_LINK        1u
#define L_RTNLGRP_IPV4_IFADDR 5u
#define L_RTNLGRP_IPV4_ROUTE  7u
#define L_RTNLGRP_IPV6_IFADDR 9u
#define L_RTNLGRP_IPV6_ROUTE  11u

struct l_ifinfomsg {
    uint8_t ifi_family, pad;
    uint16_t ifi_type;
    int32_t ifi_index;
    uint32_t ifi_flags, ifi_change;
};

struct l_ifaddrmsg {
    uint8_t ifa_family, ifa_prefixlen, ifa_flags, ifa_scope;
    uint32_t ifa_index;
};

struct l_rtmsg {
    uint8_t rtm_family, rtm_dst_len, rtm_src_len, rtm_tos;
    uint8_t rtm_table, rtm_protocol, rtm_scope, rtm_type;
    uint32_t rtm_flags;
};

#define L_IFLA_ADDRESS       1
#define L_IFLA_BROADCAST     2
#define L_IFLA_IFNAME        3
#define L_IFLA_MTU           4
#define L_IFLA_QDISC         6
#define L_IFLA_STATS         7
#define L_IFLA_TXQLEN        13
#define L_IFLA_OPERSTATE     16
#define L_IFLA_LINKMODE      17
#define L_IFLA_STATS64       23
#define L_IFLA_GROUP         27
#define L_IFLA_NUM_TX_QUEUES 31
#define L_IFLA_NUM_RX_QUEUES 32
#define L_IFLA_CARRIER       33
#define L_IFLA_ALT_IFNAME    53
#define L_IFLA_STATS_WORDS   24 /* of struct rtnl_link_stats */

#define L_IFA_ADDRESS   1
#define L_IFA_LOCAL     2
#define L_IFA_LABEL     3
#define L_IFA_BROADCAST 4
#define L_IFA_CACHEINFO 6
#define L_IFA_FLAGS     8

#define L_RTA_DST       1
#define L_RTA_OIF       4
#define L_RTA_GATEWAY   5
#define L_RTA_PRIORITY  6
#define L_RTA_PREFSRC   7
#define L_RTA_CACHEINFO 12
#define L_RTA_TABLE     15
#define L_RTA_PREF      20
#define L_RTA_UID       25

#define L_RT_TABLE_MAIN  254
#define L_RT_TABLE_LOCAL 255
#define L_RTN_UNICAST    1
#define L_RTN_LOCAL      2
#define L_RTN_BROADCAST  3
#define L_RTPROT_KERNEL  2
#define L_RTPROT_BOOT    3
#define L_RTM_F_CLONED   0x200
#define L_RTCF_LOCAL     0x80000000u

/* sock_diag(7) */
#define L_TCPDIAG_GETSOCK     18
#define L_SOCK_DIAG_BY_FAMILY 20

struct l_inet_diag_sockid {
    uint16_t sport, dport; /* network order */
    uint8_t src[16], dst[16];
    uint32_t interface, cookie[2];
};

struct l_inet_diag_req {
    uint8_t family, protocol, extensions, pad;
    uint32_t states;
    struct l_inet_diag_sockid id;
};
_Static_assert(sizeof(struct l_inet_diag_req) == 56, "inet_diag_req_v2");

struct l_inet_diag_msg {
    uint8_t family, state, timer, retransmissions;
    struct l_inet_diag_sockid id;
    uint32_t expires, receive, send, uid, inode;
};
_Static_assert(sizeof(struct l_inet_diag_msg) == 72, "inet_diag_msg");

#define L_INET_DIAG_SKMEMINFO 7
#define L_INET_DIAG_SHUTDOWN  8
#define L_INET_DIAG_SKV6ONLY  11

struct l_unix_diag_req {
    uint8_t family, protocol;
    uint16_t pad;
    uint32_t states, ino, show, cookie[2];
};
_Static_assert(sizeof(struct l_unix_diag_req) == 24, "unix_diag_req");

struct l_unix_diag_msg {
    uint8_t family, type, state, pad;
    uint32_t ino, cookie[2];
};

#define L_UDIAG_SHOW_NAME    1
#define L_UDIAG_SHOW_VFS     2
#define L_UDIAG_SHOW_PEER    4
#define L_UDIAG_SHOW_RQLEN   0x10
#define L_UNIX_DIAG_NAME     0
#define L_UNIX_DIAG_VFS      1
#define L_UNIX_DIAG_PEER     2
#define L_UNIX_DIAG_RQLEN    4
#define L_UNIX_DIAG_SHUTDOWN 6

#endif
