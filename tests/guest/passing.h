/* A descriptor that is sent over a local socket, with one byte of data. */
#ifndef GUEST_PASSING_H
#define GUEST_PASSING_H

#include <string.h>
#include <sys/socket.h>

/* 0, or -1 and errno. Does not wait. */
static inline int send_fd(int over, int fd)
{
    char data = 'f', control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
    struct iovec part = {&data, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    return sendmsg(over, &message, MSG_DONTWAIT) == 1 ? 0 : -1;
}

/* The descriptor that came with a message, or -1. Does not wait; more flags are recvmsg's. */
static inline int receive_fd(int over, int flags)
{
    char data, control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
    struct iovec part = {&data, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    int fd = -1;
    if (recvmsg(over, &message, MSG_DONTWAIT | flags) != 1)
        return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    return fd;
}

#endif
