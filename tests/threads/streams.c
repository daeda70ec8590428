/* Sockets of the network that threads of a guest share: one that listens, stops and is disconnected
 * by several while others connect to it and accept. */
#include "together.h"

#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/socket.h"
#include "runtime/fs/vfs/file.h"
#include "runtime/net/inet.h"
#include "runtime/net/inet_host.h"
#include "runtime/task/timer.h"

#define ROUNDS 3000

static struct inet_socket *shared;
static uint16_t port = 4000;

static struct inet_end local(void)
{
    struct inet_end end = {.port = port};
    inet_set_loopback(&end, true);
    return end;
}

static void listen_and_stop(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        inet_listen(shared, 3);
        if (i % 7 == 0)
            inet_shutdown(shared, L_SHUT_RDWR);
    }
}

static void disconnect(void)
{
    for (int i = 0; i < ROUNDS; i++)
        ck_assert_int_eq(inet_disconnect(shared), 0);
}

static void connect_shared(void)
{
    struct inet_end to = local();
    for (int i = 0; i < ROUNDS; i++)
        inet_connect_stream(shared, &to, true);
}

static void connect_and_send(void)
{
    struct inet_end to = local();
    for (int i = 0; i < ROUNDS; i++) {
        struct inet_socket *s = inet_new(false, true);
        ck_assert(s != NULL);
        inet_connect_stream(s, &to, true);
        inet_stream_send(s, "bytes", 5, L_MSG_DONTWAIT | L_MSG_NOSIGNAL);
        inet_close(s);
    }
}

static void accept_all(void)
{
    struct net_address peer;
    struct socket_received received;
    uint8_t data[16];
    for (int i = 0; i < ROUNDS; i++) {
        struct file *file = NULL;
        if (inet_accept(shared, true, 0, &file, &peer))
            continue;
        inet_stream_receive(file->priv, data, sizeof(data), L_MSG_DONTWAIT, &received);
        file_put(file);
    }
}

START_TEST(stream_shared)
{
    /* The second time with connections that wait for data, or for a timer. */
    port += (uint16_t)_i;
    struct inet_end end = local();
    inet_host_forbid();
    if (_i)
        ck_assert_int_eq(timers_init(), 0);
    shared = inet_new(false, true);
    ck_assert(shared != NULL);
    host_mutex_lock(&inet_lock);
    ck_assert_int_eq(inet_name_locked(shared, &end), 0);
    shared->own_port = shared->own_ip = true;
    shared->options.defer_accept = (uint32_t)_i;
    host_mutex_unlock(&inet_lock);
    TOGETHER(listen_and_stop, disconnect, connect_shared, connect_and_send, accept_all);
    ck_assert_int_eq(inet_disconnect(shared), 0);
    ck_assert_int_eq(inet_listen(shared, 3), 0);
    struct inet_socket *s = inet_new(false, true);
    ck_assert_int_eq(inet_connect_stream(s, &end, true), -L_EINPROGRESS);
    host_mutex_lock(&inet_lock);
    ck_assert_int_eq(s->state, INET_CONNECTED);
    host_mutex_unlock(&inet_lock);
    inet_close(s);
    inet_close(shared);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("streams");
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, stream_shared, 0, 2);
    return unit_run("streams", tc);
}
