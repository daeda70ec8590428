/* socket(2), unix(7), msghdr and control messages. */
#ifndef RUNTIME_ABI_SOCKET_H
#define RUNTIME_ABI_SOCKET_H

#include <stdint.h>

#define L_AF_UNSPEC                0
#define L_AF_UNIX                  1
#define L_AF_INET                  2
#define L_AF_INET6                 10
#define L_AF_NETLINK               16
#define L_AF_MAX                   46
#define L_SOCK_STREAM              1
#define L_SOCK_DGRAM               2
#define L_SOCK_RAW                 3
#define L_SOCK_RDM                 4
#define L_SOCK_SEQPACKET           5
#define L_SOCK_PACKET              10
#define L_SOCK_TYPE_MASK           0xf
#define L_SOCK_NONBLOCK            0x800
#define L_SOCK_CLOEXEC             0x80000
#define L_SOL_SOCKET               1
#define L_SO_DEBUG                 1
#define L_SO_REUSEADDR             2
#define L_SO_TYPE                  3
#define L_SO_ERROR                 4
#define L_SO_DONTROUTE             5
#define L_SO_BROADCAST             6
#define L_SO_SNDBUF                7
#define L_SO_RCVBUF                8
#define L_SO_KEEPALIVE             9
#define L_SO_LINGER                13
#define L_SO_REUSEPORT             15
#define L_SO_OOBINLINE             10
#define L_SO_NO_CHECK              11
#define L_SO_BSDCOMPAT             14
#define L_SO_ATTACH_FILTER         26 /* of getsockopt: SO_GET_FILTER */
#define L_SO_DETACH_FILTER         27
#define L_SO_ATTACH_BPF            50
#define L_SO_ATTACH_REUSEPORT_CBPF 51
#define L_SO_ATTACH_REUSEPORT_EBPF 52
#define L_SO_DETACH_REUSEPORT_BPF  68
#define L_SO_PEERNAME              28
#define L_SO_PASSSEC               34
#define L_SO_RXQ_OVFL              40
#define L_SO_WIFI_STATUS           41
#define L_SO_PEEK_OFF              42
#define L_SO_NOFCS                 43
#define L_SO_LOCK_FILTER           44
#define L_SO_SELECT_ERR_QUEUE      45
#define L_SO_MAX_PACING_RATE       47
#define L_SO_INCOMING_NAPI_ID      56
#define L_SO_BINDTOIFINDEX         62
#define L_SO_PRIORITY              12
#define L_SO_PASSCRED              16
#define L_SO_PEERCRED              17
#define L_SO_RCVLOWAT              18
#define L_SO_SNDLOWAT              19
#define L_SO_RCVTIMEO              20
#define L_SO_SNDTIMEO              21
#define L_SO_BINDTODEVICE          25
#define L_SO_TIMESTAMP             29
#define L_SO_ACCEPTCONN            30
#define L_SO_SNDBUFFORCE           32
#define L_SO_RCVBUFFORCE           33
#define L_SO_TIMESTAMPNS           35
#define L_SO_MARK                  36
#define L_SO_TIMESTAMPING          37
#define L_SO_PROTOCOL              38
#define L_SO_DOMAIN                39
#define L_SO_BUSY_POLL             46
#define L_SO_INCOMING_CPU          49
#define L_SO_COOKIE                57
#define L_SO_ZEROCOPY              60
#define L_SK_MEM_MAX               212992u /* SO_SNDBUF and SO_RCVBUF; the most that may be asked for */
#define L_SCM_RIGHTS               1
#define L_SCM_CREDENTIALS          2
#define L_SCM_MAX_FD               253
#define L_MSG_PEEK                 2
#define L_MSG_CTRUNC               8
#define L_MSG_TRUNC                0x20
#define L_MSG_DONTWAIT             0x40
#define L_MSG_EOR                  0x80
#define L_MSG_WAITALL              0x100
#define L_MSG_OOB                  1
#define L_MSG_ERRQUEUE             0x2000
#define L_MSG_NOSIGNAL             0x4000
#define L_MSG_MORE                 0x8000
#define L_MSG_WAITFORONE           0x10000
#define L_MSG_CMSG_CLOEXEC         0x40000000
#define L_MSG_ZEROCOPY             0x4000000
#define L_MSG_FASTOPEN             0x20000000
#define L_SHUT_RD                  0
#define L_SHUT_WR                  1
#define L_SHUT_RDWR                2
#define L_SOMAXCONN                4096

struct l_sockaddr_un {
    uint16_t sun_family;
    char sun_path[108];
};
_Static_assert(sizeof(struct l_sockaddr_un) == 110, "sockaddr_un");

struct l_msghdr {
    uint64_t msg_name;
    uint32_t msg_namelen;
    uint32_t pad1;
    uint64_t msg_iov;
    uint64_t msg_iovlen;
    uint64_t msg_control;
    uint64_t msg_controllen;
    uint32_t msg_flags;
    uint32_t pad2;
};
_Static_assert(sizeof(struct l_msghdr) == 56, "msghdr");

struct l_mmsghdr {
    struct l_msghdr msg_hdr;
    uint32_t msg_len;
    uint32_t pad;
};
_Static_assert(sizeof(struct l_mmsghdr) == 64, "mmsghdr");

struct l_cmsghdr {
    uint64_t cmsg_len; /* with this header, without padding */
    int32_t cmsg_level;
    int32_t cmsg_type;
};
_Static_assert(sizeof(struct l_cmsghdr) == 16, "cmsghdr");

struct l_ucred {
    int32_t pid;
    uint32_t uid, gid;
};

#endif
