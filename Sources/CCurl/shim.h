#ifndef LOCKKEEPER_CCURL_SHIM_H
#define LOCKKEEPER_CCURL_SHIM_H

#include <curl/curl.h>

#endif
