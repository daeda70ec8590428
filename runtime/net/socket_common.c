/* Options that every socket keeps. */
#include "runtime/net/socket_common.h"

#include "runtime/abi/capability.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/time.h"
#include "runtime/net/socket.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <string.h>

static const uint32_t flag_names[SOCKET_COMMON_FLAGS] = {
    L_SO_DEBUG,       L_SO_REUSEADDR, L_SO_DONTROUTE,        L_SO_BROADCAST,
    L_SO_KEEPALIVE,   L_SO_OOBINLINE, L_SO_NO_CHECK,         L_SO_RXQ_OVFL,
    L_SO_WIFI_STATUS, L_SO_NOFCS,     L_SO_SELECT_ERR_QUEUE, L_SO_PASSSEC,
};

/* The place of a flag; SOCKET_COMMON_FLAGS: it is none. */
static unsigned flag_at(uint32_t name)
{
    unsigned i = 0;
    while (i < SOCKET_COMMON_FLAGS && flag_names[i] != name)
        i++;
    return i;
}

static bool is_admin(struct task *t)
{
    return cred_capable(&t->process->cred, L_CAP_NET_ADMIN);
}

void socket_stamp_set(bool *timestamp, bool *timestamp_ns, bool ns, bool on)
{
    *timestamp = on && !ns;
    *timestamp_ns = on && ns;
}

static void add_note(struct socket_received *out, uint32_t type, const void *data, uint32_t size)
{
    if (out->note_count == SOCKET_NOTES_MAX)
        return;
    struct socket_note *note = &out->notes[out->note_count++];
    *note = (struct socket_note){.level = L_SOL_SOCKET, .type = (int32_t)type, .size = size};
    memcpy(note->data, data, size);
}

void socket_stamp_note(bool timestamp, bool timestamp_ns, uint64_t time_ns,
                       struct socket_received *out)
{
    int64_t seconds = (int64_t)(time_ns / 1000000000), rest = (int64_t)(time_ns % 1000000000);
    struct l_timespec ts = {seconds, rest};
    struct l_timeval tv = {seconds, rest / 1000};
    if (timestamp_ns)
        add_note(out, L_SO_TIMESTAMPNS, &ts, sizeof(ts));
    else if (timestamp)
        add_note(out, L_SO_TIMESTAMP, &tv, sizeof(tv));
}

int socket_common_set(struct socket_common *common, struct task *t, uint32_t name,
                      const void *value, uint32_t length)
{
    int32_t pair[2];
    uint32_t number;
    if (length < sizeof(number))
        return -L_EINVAL;
    memcpy(&number, value, sizeof(number));
    if (flag_at(name) < SOCKET_COMMON_FLAGS) {
        if (name == L_SO_DEBUG && number && !is_admin(t))
            return -L_EACCES;
        common->flags[flag_at(name)] = number != 0;
        return 0;
    }
    switch (name) {
    case L_SO_TIMESTAMP:
    case L_SO_TIMESTAMPNS:
        socket_stamp_set(&common->timestamp, &common->timestamp_ns, name == L_SO_TIMESTAMPNS,
                         number != 0);
        return 0;
    case L_SO_LINGER: /* nothing is on the way when a socket is closed */
        if (length < sizeof(pair))
            return -L_EINVAL;
        memcpy(pair, value, sizeof(pair));
        common->linger = pair[0] != 0;
        common->linger_s = (uint32_t)pair[1];
        return 0;
    case L_SO_REUSEPORT:
        return number ? -L_EOPNOTSUPP : 0;
    case L_SO_PRIORITY:
        if (number > 6 && !is_admin(t))
            return -L_EPERM;
        common->priority = number;
        return 0;
    case L_SO_MARK:
        if (!is_admin(t))
            return -L_EPERM;
        common->mark = number;
        return 0;
    case L_SO_BUSY_POLL:
        if (number > common->busy_poll && !is_admin(t))
            return -L_EPERM;
        if ((int32_t)number < 0)
            return -L_EINVAL;
        common->busy_poll = number;
        return 0;
    case L_SO_INCOMING_CPU:
        common->incoming_cpu = ~number;
        return 0;
    case L_SO_RCVLOWAT:
        common->receive_low = (int32_t)number < 0 ? INT32_MAX : number;
        return 0;
    case L_SO_MAX_PACING_RATE:
        common->pacing_rate = number == UINT32_MAX ? 0 : ~(uint64_t)number;
        if (length >= sizeof(common->pacing_rate)) {
            memcpy(&common->pacing_rate, value, sizeof(common->pacing_rate));
            common->pacing_rate = ~common->pacing_rate;
        }
        return 0;
    case L_SO_BSDCOMPAT: /* of no effect since Linux 2.2 */
        return 0;
    case L_SO_ATTACH_REUSEPORT_CBPF:
    case L_SO_ATTACH_REUSEPORT_EBPF:
    case L_SO_DETACH_REUSEPORT_BPF: /* nobody shares a port */
        return -L_EINVAL;
    default:
        return 1;
    }
}

int socket_common_get(const struct socket_common *common, uint32_t name, void *value)
{
    int32_t number = 0, pair[2] = {common->linger, (int32_t)common->linger_s};
    uint64_t rate = ~common->pacing_rate;
    switch (name) {
    case L_SO_TIMESTAMP:
        number = common->timestamp;
        break;
    case L_SO_TIMESTAMPNS:
        number = common->timestamp_ns;
        break;
    case L_SO_LINGER:
        memcpy(value, pair, sizeof(pair));
        return sizeof(pair);
    case L_SO_PRIORITY:
        number = (int32_t)common->priority;
        break;
    case L_SO_MARK:
        number = (int32_t)common->mark;
        break;
    case L_SO_BUSY_POLL:
        number = (int32_t)common->busy_poll;
        break;
    case L_SO_INCOMING_CPU:
        number = (int32_t)~common->incoming_cpu;
        break;
    case L_SO_RCVLOWAT:
        number = common->receive_low ? (int32_t)common->receive_low : 1;
        break;
    case L_SO_SNDLOWAT:
        number = 1;
        break;
    case L_SO_MAX_PACING_RATE:
        memcpy(value, &rate, sizeof(rate));
        return sizeof(rate);
    case L_SO_REUSEPORT:
    case L_SO_BSDCOMPAT:
    case L_SO_INCOMING_NAPI_ID:
        break;
    default:
        if (flag_at(name) == SOCKET_COMMON_FLAGS)
            return -L_ENOPROTOOPT;
        number = common->flags[flag_at(name)];
        break;
    }
    memcpy(value, &number, sizeof(number));
    return sizeof(number);
}
