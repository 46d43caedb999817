#ifndef LOCKKEEPER_CPOSTGRES_SHIM_H
#define LOCKKEEPER_CPOSTGRES_SHIM_H

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>

#endif
