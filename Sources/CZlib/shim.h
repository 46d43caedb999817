#ifndef LOCKKEEPER_CZLIB_SHIM_H
#define LOCKKEEPER_CZLIB_SHIM_H

#include <zlib.h>

#endif
