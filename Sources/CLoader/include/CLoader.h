#ifndef LOCKKEEPER_CLOADER_H
#define LOCKKEEPER_CLOADER_H

#include <stddef.h>

/* Calls `visit` with the address and the size in bytes of each segment of the program and of its loaded libraries that
   its file asks to be mapped without the right to write, and that the loader has not written to either: code and constants.

   None of them is unloaded while `visit` runs, which therefore must not load a library, nor wait for anybody who does.

   Source: dl_iterate_phdr(3), elf(5). This is C because <link.h> declares that function only under _GNU_SOURCE, with which
   a Clang module would define other types than Swift's own module of the C library. */
void lockkeeper_visit_read_only_segments(
    void (*visit)(const void *address, size_t size, void *context), void *context);

#endif
