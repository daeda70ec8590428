/* Terminals as Linux's system calls see them: asm-generic/termbits.h, ioctls.h; ioctl_tty(2). */
#ifndef RUNTIME_ABI_TERMIOS_H
#define RUNTIME_ABI_TERMIOS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define L_NCCS 19
#define L_NCC  8

/* The kernel's own structure (TCGETS), shorter than the C library's of the same name. */
struct l_termios {
    uint32_t c_iflag, c_oflag, c_cflag, c_lflag;
    uint8_t c_line;
    uint8_t c_cc[L_NCCS];
};
static_assert(sizeof(struct l_termios) == 36, "struct termios");

/* TCGETS2: the same with the speeds as numbers. */
struct l_termios2 {
    uint32_t c_iflag, c_oflag, c_cflag, c_lflag;
    uint8_t c_line;
    uint8_t c_cc[L_NCCS];
    uint32_t c_ispeed, c_ospeed;
};
static_assert(sizeof(struct l_termios2) == 44, "struct termios2");
static_assert(offsetof(struct l_termios2, c_ispeed) == 36, "struct termios2");

/* TCGETA: System V's. */
struct l_termio {
    uint16_t c_iflag, c_oflag, c_cflag, c_lflag;
    uint8_t c_line;
    uint8_t c_cc[L_NCC];
    uint8_t pad;
};
static_assert(sizeof(struct l_termio) == 18, "struct termio");

struct l_winsize {
    uint16_t ws_row, ws_col, ws_xpixel, ws_ypixel;
};
static_assert(sizeof(struct l_winsize) == 8, "struct winsize");

/* Indices into c_cc */
#define L_VINTR    0
#define L_VQUIT    1
#define L_VERASE   2
#define L_VKILL    3
#define L_VEOF     4
#define L_VTIME    5
#define L_VMIN     6
#define L_VSWTC    7
#define L_VSTART   8
#define L_VSTOP    9
#define L_VSUSP    10
#define L_VEOL     11
#define L_VREPRINT 12
#define L_VDISCARD 13
#define L_VWERASE  14
#define L_VLNEXT   15
#define L_VEOL2    16

/* c_iflag */
#define L_IGNBRK  0x001
#define L_BRKINT  0x002
#define L_IGNPAR  0x004
#define L_PARMRK  0x008
#define L_INPCK   0x010
#define L_ISTRIP  0x020
#define L_INLCR   0x040
#define L_IGNCR   0x080
#define L_ICRNL   0x100
#define L_IUCLC   0x0200
#define L_IXON    0x0400
#define L_IXANY   0x800
#define L_IXOFF   0x1000
#define L_IMAXBEL 0x2000
#define L_IUTF8   0x4000

/* c_oflag */
#define L_OPOST  0x01
#define L_OLCUC  0x00002
#define L_ONLCR  0x00004
#define L_OCRNL  0x08
#define L_ONOCR  0x10
#define L_ONLRET 0x20
#define L_OFILL  0x40
#define L_OFDEL  0x80
#define L_NLDLY  0x00100
#define L_CRDLY  0x00600
#define L_TABDLY 0x01800
#define L_TAB0   0x00000
#define L_TAB1   0x00800
#define L_TAB2   0x01000
#define L_TAB3   0x01800
#define L_XTABS  0x01800
#define L_BSDLY  0x02000
#define L_VTDLY  0x04000
#define L_FFDLY  0x08000

/* c_cflag */
#define L_CBAUD    0x0000100f
#define L_CBAUDEX  0x00001000
#define L_BOTHER   0x00001000
#define L_CSIZE    0x00000030
#define L_CS5      0x00000000
#define L_CS6      0x00000010
#define L_CS7      0x00000020
#define L_CS8      0x00000030
#define L_CSTOPB   0x00000040
#define L_CREAD    0x00000080
#define L_PARENB   0x00000100
#define L_PARODD   0x00000200
#define L_HUPCL    0x00000400
#define L_CLOCAL   0x00000800
#define L_CIBAUD   0x100f0000
#define L_CMSPAR   0x40000000
#define L_CRTSCTS  0x80000000
#define L_B57600   0x00001001
#define L_B115200  0x00001002
#define L_B230400  0x00001003
#define L_B460800  0x00001004
#define L_B500000  0x00001005
#define L_B576000  0x00001006
#define L_B921600  0x00001007
#define L_B1000000 0x00001008
#define L_B1152000 0x00001009
#define L_B1500000 0x0000100a
#define L_B2000000 0x0000100b
#define L_B2500000 0x0000100c
#define L_B3000000 0x0000100d
#define L_B3500000 0x0000100e
#define L_B4000000 0x0000100f
#define L_B0       0x00000000
#define L_B50      0x00000001
#define L_B75      0x00000002
#define L_B110     0x00000003
#define L_B134     0x00000004
#define L_B150     0x00000005
#define L_B200     0x00000006
#define L_B300     0x00000007
#define L_B600     0x00000008
#define L_B1200    0x00000009
#define L_B1800    0x0000000a
#define L_B2400    0x0000000b
#define L_B4800    0x0000000c
#define L_B9600    0x0000000d
#define L_B19200   0x0000000e
#define L_B38400   0x0000000f
#define L_IBSHIFT  16

/* c_lflag */
#define L_ISIG    0x00001
#define L_ICANON  0x00002
#define L_XCASE   0x00004
#define L_ECHO    0x00008
#define L_ECHOE   0x00010
#define L_ECHOK   0x00020
#define L_ECHONL  0x00040
#define L_NOFLSH  0x00080
#define L_TOSTOP  0x00100
#define L_ECHOCTL 0x00200
#define L_ECHOPRT 0x00400
#define L_ECHOKE  0x00800
#define L_FLUSHO  0x01000
#define L_PENDIN  0x04000
#define L_IEXTEN  0x08000
#define L_EXTPROC 0x10000

/* Arguments of TCXONC, TCFLSH */
#define L_TCOOFF    0
#define L_TCOON     1
#define L_TCIOFF    2
#define L_TCION     3
#define L_TCIFLUSH  0
#define L_TCOFLUSH  1
#define L_TCIOFLUSH 2

/* Requests */
#define L_TCGETS         0x5401
#define L_TCSETS         0x5402
#define L_TCSETSW        0x5403
#define L_TCSETSF        0x5404
#define L_TCGETA         0x5405
#define L_TCSETA         0x5406
#define L_TCSETAW        0x5407
#define L_TCSETAF        0x5408
#define L_TCSBRK         0x5409
#define L_TCXONC         0x540A
#define L_TCFLSH         0x540B
#define L_TIOCEXCL       0x540C
#define L_TIOCNXCL       0x540D
#define L_TIOCSCTTY      0x540E
#define L_TIOCGPGRP      0x540F
#define L_TIOCSPGRP      0x5410
#define L_TIOCOUTQ       0x5411
#define L_TIOCSTI        0x5412
#define L_TIOCGWINSZ     0x5413
#define L_TIOCSWINSZ     0x5414
#define L_TIOCMGET       0x5415
#define L_TIOCMBIS       0x5416
#define L_TIOCMBIC       0x5417
#define L_TIOCMSET       0x5418
#define L_TIOCGSOFTCAR   0x5419
#define L_TIOCSSOFTCAR   0x541A
#define L_FIONREAD       0x541B
#define L_TIOCINQ        L_FIONREAD
#define L_TIOCLINUX      0x541C
#define L_TIOCCONS       0x541D
#define L_TIOCGSERIAL    0x541E
#define L_TIOCSSERIAL    0x541F
#define L_TIOCPKT        0x5420
#define L_FIONBIO        0x5421
#define L_TIOCNOTTY      0x5422
#define L_TIOCSETD       0x5423
#define L_TIOCGETD       0x5424
#define L_TCSBRKP        0x5425
#define L_TIOCSBRK       0x5427
#define L_TIOCCBRK       0x5428
#define L_TIOCGSID       0x5429
#define L_TCGETX         0x5432
#define L_TCSETX         0x5433
#define L_TCSETXF        0x5434
#define L_TCSETXW        0x5435
#define L_TIOCVHANGUP    0x5437
#define L_FIONCLEX       0x5450
#define L_FIOCLEX        0x5451
#define L_FIOASYNC       0x5452
#define L_TIOCGLCKTRMIOS 0x5456
#define L_TIOCSLCKTRMIOS 0x5457
#define L_TIOCGICOUNT    0x545D
#define L_FIOQSIZE       0x5460
#define L_TCGETS2        0x802c542a
#define L_TCSETS2        0x402c542b
#define L_TCSETSW2       0x402c542c
#define L_TCSETSF2       0x402c542d
#define L_TIOCGPTN       0x80045430
#define L_TIOCSPTLCK     0x40045431
#define L_TIOCGDEV       0x80045432
#define L_TIOCSIG        0x40045436
#define L_TIOCGPKT       0x80045438
#define L_TIOCGPTLCK     0x80045439
#define L_TIOCGEXCL      0x80045440
#define L_TIOCGPTPEER    0x5441

/* Status byte of a master in packet mode */
#define L_TIOCPKT_DATA       0
#define L_TIOCPKT_FLUSHREAD  1
#define L_TIOCPKT_FLUSHWRITE 2
#define L_TIOCPKT_STOP       4
#define L_TIOCPKT_START      8
#define L_TIOCPKT_NOSTOP     16
#define L_TIOCPKT_DOSTOP     32
#define L_TIOCPKT_IOCTL      64

#endif
