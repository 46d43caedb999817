#ifndef LOCKKEEPER_CPOSTGRES_SHIM_H
#define LOCKKEEPER_CPOSTGRES_SHIM_H

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>

// Enumerators whose imported type differs between module maps; as plain ints they read the same everywhere.
static inline int lockkeeper_eventfd(int nonblocking) {
    return eventfd(0, EFD_CLOEXEC | (nonblocking ? EFD_NONBLOCK : EFD_SEMAPHORE));
}

#endif
