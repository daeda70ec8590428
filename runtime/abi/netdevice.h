/* netdevice(7): interfaces, and the requests of ioctl(2) about them. */
#ifndef RUNTIME_ABI_NETDEVICE_H
#define RUNTIME_ABI_NETDEVICE_H

#include <stdint.h>

#define L_IFNAMSIZ 16

#define L_IFF_UP          0x1
#define L_IFF_BROADCAST   0x2
#define L_IFF_LOOPBACK    0x8
#define L_IFF_POINTOPOINT 0x10
#define L_IFF_RUNNING     0x40
#define L_IFF_NOARP       0x80
#define L_IFF_MULTICAST   0x1000
#define L_IFF_LOWER_UP    0x10000

/* sa_family of hardware addresses, and ifi_type. */
#define L_ARPHRD_ETHER    1
#define L_ARPHRD_PPP      512
#define L_ARPHRD_LOOPBACK 772
#define L_ARPHRD_NONE     0xfffe

/* ifa_flags */
#define L_IFA_F_PERMANENT 0x80

/* Scopes of addresses and routes. */
#define L_RT_SCOPE_UNIVERSE 0
#define L_RT_SCOPE_SITE     200
#define L_RT_SCOPE_LINK     253
#define L_RT_SCOPE_HOST     254

#define L_SIOCADDRT      0x890b
#define L_SIOCDELRT      0x890c
#define L_SIOCGIFNAME    0x8910
#define L_SIOCSIFLINK    0x8911
#define L_SIOCGIFCONF    0x8912
#define L_SIOCGIFFLAGS   0x8913
#define L_SIOCSIFFLAGS   0x8914
#define L_SIOCGIFADDR    0x8915
#define L_SIOCSIFADDR    0x8916
#define L_SIOCGIFDSTADDR 0x8917
#define L_SIOCSIFDSTADDR 0x8918
#define L_SIOCGIFBRDADDR 0x8919
#define L_SIOCSIFBRDADDR 0x891a
#define L_SIOCGIFNETMASK 0x891b
#define L_SIOCSIFNETMASK 0x891c
#define L_SIOCGIFMETRIC  0x891d
#define L_SIOCSIFMETRIC  0x891e
#define L_SIOCGIFMTU     0x8921
#define L_SIOCSIFMTU     0x8922
#define L_SIOCSIFNAME    0x8923
#define L_SIOCSIFHWADDR  0x8924
#define L_SIOCGIFHWADDR  0x8927
#define L_SIOCGIFSLAVE   0x8929
#define L_SIOCADDMULTI   0x8931
#define L_SIOCDELMULTI   0x8932
#define L_SIOCGIFINDEX   0x8933
#define L_SIOCGIFPFLAGS  0x8935
#define L_SIOCDIFADDR    0x8936
#define L_SIOCGIFCOUNT   0x8938
#define L_SIOCGIFTXQLEN  0x8942
#define L_SIOCSIFTXQLEN  0x8943
#define L_SIOCETHTOOL    0x8946
#define L_SIOCGMIIPHY    0x8947
#define L_SIOCGARP       0x8954
#define L_SIOCSARP       0x8955
#define L_SIOCDARP       0x8953
#define L_SIOCGIFMAP     0x8970
#define L_SIOCSIFMAP     0x8971
#define L_SIOCGIWNAME    0x8b01

struct l_ifmap {
    uint64_t mem_start, mem_end;
    uint16_t base_addr;
    uint8_t irq, dma, port, pad[3];
};

struct l_ifreq {
    char name[L_IFNAMSIZ];
    union {
        uint8_t address[16]; /* a sockaddr */
        int16_t flags;
        int32_t number;
        struct l_ifmap map;
        uint8_t bytes[24];
    };
};
_Static_assert(sizeof(struct l_ifreq) == 40, "ifreq");

struct l_ifconf {
    int32_t length;
    uint32_t pad;
    uint64_t requests;
};

#endif
