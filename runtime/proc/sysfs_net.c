/* /sys/class/net: a directory for each interface. */
#include "runtime/abi/errno.h"
#include "runtime/abi/netdevice.h"
#include "runtime/host/heap.h"
#include "runtime/net/devices.h"
#include "runtime/proc/proc.h"
#include <stdio.h>
#include <string.h>

enum field {
    ADDRESS,
    ADDRESS_LENGTH,
    BROADCAST,
    CARRIER,
    DORMANT,
    FLAGS,
    INDEX,
    MTU,
    STATE,
    QUEUE,
    TYPE,
    UEVENT,
    RX_BYTES,
    RX_PACKETS,
    RX_ERRORS,
    RX_DROPPED,
    TX_BYTES,
    TX_PACKETS,
    TX_ERRORS,
    TX_DROPPED,
    MULTICAST,
};

static void add_hardware(struct proc_text *text, const struct host_interface *i, bool broadcast)
{
    bool ones = broadcast && !(i->flags & L_IFF_LOOPBACK);
    for (unsigned n = 0; n < i->address_length; n++)
        proc_add(text, n ? ":%02x" : "%02x", broadcast ? (ones ? 0xff : 0) : i->address[n]);
    proc_add(text, "\n");
}

static uint64_t number_of(const struct host_interface *i, enum field field)
{
    switch (field) {
    case ADDRESS_LENGTH:
        return i->address_length;
    case CARRIER:
        return (i->flags & L_IFF_LOWER_UP) != 0;
    case INDEX:
        return i->index;
    case MTU:
        return i->mtu;
    case QUEUE:
        return i->queue;
    case TYPE:
        return i->hardware;
    case RX_BYTES:
        return i->received.bytes;
    case RX_PACKETS:
        return i->received.packets;
    case RX_ERRORS:
        return i->received.errors;
    case RX_DROPPED:
        return i->received.dropped;
    case TX_BYTES:
        return i->sent.bytes;
    case TX_PACKETS:
        return i->sent.packets;
    case TX_ERRORS:
        return i->sent.errors;
    case TX_DROPPED:
        return i->sent.dropped;
    case MULTICAST:
        return i->multicast;
    default:
        return 0;
    }
}

static const char *state_of(const struct host_interface *i)
{
    if (i->flags & L_IFF_LOOPBACK)
        return "unknown";
    return i->flags & L_IFF_LOWER_UP ? "up" : "down";
}

static void add_field(struct proc_text *text, const struct host_interface *i, enum field field)
{
    switch (field) {
    case ADDRESS:
    case BROADCAST:
        add_hardware(text, i, field == BROADCAST);
        break;
    case FLAGS:
        /* Without those that are states (RUNNING, LOWER_UP). */
        proc_add(text, "0x%x\n", i->flags & 0xffff & ~(unsigned)L_IFF_RUNNING);
        break;
    case STATE:
        proc_add(text, "%s\n", state_of(i));
        break;
    case UEVENT:
        proc_add(text, "INTERFACE=%s\nIFINDEX=%u\n", i->name, i->index);
        break;
    default:
        proc_add(text, "%llu\n", (unsigned long long)number_of(i, field));
    }
}

static int show(struct proc_text *text, const struct proc_subject *s, enum field field)
{
    struct host_network network;
    int error = devices_read(&network);
    if (error)
        return error;
    const struct host_interface *i = devices_by_index(&network, (uint32_t)s->fd);
    if (!i)
        error = -L_ENODEV;
    else if (field == CARRIER && !(i->flags & L_IFF_UP))
        error = -L_EINVAL;
    else
        add_field(text, i, field);
    host_network_free(&network);
    return error;
}

#define FIELD(function, field)                                                                     \
    static int function(struct proc_text *text, const struct proc_subject *s)                      \
    {                                                                                              \
        return show(text, s, field);                                                               \
    }

FIELD(show_address, ADDRESS)
FIELD(show_address_length, ADDRESS_LENGTH)
FIELD(show_broadcast, BROADCAST)
FIELD(show_carrier, CARRIER)
FIELD(show_dormant, DORMANT)
FIELD(show_flags, FLAGS)
FIELD(show_index, INDEX)
FIELD(show_mtu, MTU)
FIELD(show_state, STATE)
FIELD(show_queue, QUEUE)
FIELD(show_type, TYPE)
FIELD(show_uevent, UEVENT)
FIELD(show_rx_bytes, RX_BYTES)
FIELD(show_rx_packets, RX_PACKETS)
FIELD(show_rx_errors, RX_ERRORS)
FIELD(show_rx_dropped, RX_DROPPED)
FIELD(show_tx_bytes, TX_BYTES)
FIELD(show_tx_packets, TX_PACKETS)
FIELD(show_tx_errors, TX_ERRORS)
FIELD(show_tx_dropped, TX_DROPPED)
FIELD(show_multicast, MULTICAST)

static const struct proc_entry statistics_entries[] = {
    PROC_TEXT("multicast", show_multicast),   PROC_TEXT("rx_bytes", show_rx_bytes),
    PROC_TEXT("rx_dropped", show_rx_dropped), PROC_TEXT("rx_errors", show_rx_errors),
    PROC_TEXT("rx_packets", show_rx_packets), PROC_TEXT("tx_bytes", show_tx_bytes),
    PROC_TEXT("tx_dropped", show_tx_dropped), PROC_TEXT("tx_errors", show_tx_errors),
    PROC_TEXT("tx_packets", show_tx_packets), PROC_END,
};

static const struct proc_entry interface_entries[] = {
    PROC_TEXT("addr_len", show_address_length),
    PROC_TEXT("address", show_address),
    PROC_TEXT("broadcast", show_broadcast),
    PROC_TEXT("carrier", show_carrier),
    PROC_TEXT("dormant", show_dormant),
    PROC_TEXT("flags", show_flags),
    PROC_TEXT("ifindex", show_index),
    PROC_TEXT("iflink", show_index),
    PROC_TEXT("mtu", show_mtu),
    PROC_TEXT("operstate", show_state),
    PROC_TEXT("tx_queue_len", show_queue),
    PROC_TEXT("type", show_type),
    PROC_TEXT("uevent", show_uevent),
    PROC_DIRECTORY("statistics", statistics_entries),
    PROC_END,
};
static const struct proc_entry one_interface = PROC_DIRECTORY("", interface_entries);

/* --- names --- */

static int64_t next_interface(const struct proc_subject *s, int64_t from)
{
    struct host_network network;
    int64_t found = -1;
    (void)s;
    if (devices_read(&network))
        return -1;
    for (unsigned n = 0; n < network.interface_count && found < 0; n++) {
        if (network.interfaces[n].index >= from)
            found = network.interfaces[n].index;
    }
    host_network_free(&network);
    return found;
}

static bool find_interface(const struct proc_subject *s, int64_t number, int32_t *pid, int32_t *tid,
                           int *fd)
{
    (void)pid;
    (void)tid;
    *fd = (int)number;
    return next_interface(s, number) == number;
}

static bool interface_number(const char *name, int64_t *number)
{
    struct host_network network;
    if (devices_read(&network))
        return false;
    const struct host_interface *i = devices_by_name(&network, name);
    if (i)
        *number = i->index;
    host_network_free(&network);
    return i != NULL;
}

static bool interface_name(int64_t number, char *name, size_t size)
{
    struct host_network network;
    if (devices_read(&network))
        return false;
    const struct host_interface *i = devices_by_index(&network, (uint32_t)number);
    if (i)
        snprintf(name, size, "%s", i->name);
    host_network_free(&network);
    return i != NULL;
}

const struct proc_dynamic sysfs_interfaces = {.entry = &one_interface,
                                              .next = next_interface,
                                              .find = find_interface,
                                              .number = interface_number,
                                              .name = interface_name};
