#ifndef LOCKKEEPER_CZLIB_SHIM_H
#define LOCKKEEPER_CZLIB_SHIM_H

#include <zlib.h>

/// `deflateInit2` is a macro, which Swift does not see. 15 is the largest window; 16 more asks for the gzip format (RFC 1952).
static inline int lockkeeper_deflate_init_gzip(z_streamp stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

#endif
