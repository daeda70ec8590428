/* The adapters of this machine. */
#ifndef RUNTIME_HOST_WINDOWS_ADAPTERS_H
#define RUNTIME_HOST_WINDOWS_ADAPTERS_H

#include <winsock2.h>
/* After winsock2.h. */
#include <ws2tcpip.h>
/* After ws2tcpip.h. */
#include <iphlpapi.h>
#include <netioapi.h>

/* GetAdaptersAddresses, unicast addresses and name servers; freed by the caller. NULL: none. */
IP_ADAPTER_ADDRESSES *host_adapters(void);

#endif
