#define _GNU_SOURCE
#include "CLoader.h"

#include <link.h>
#include <stdbool.h>

struct visitor {
    void (*visit)(const void *address, size_t size, void *context);
    void *context;
};

/* Whether the loader has had to write addresses into the code itself. No usual compiler makes such a file. */
static bool has_text_relocations(const struct dl_phdr_info *object) {
    for (size_t index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
        if (segment->p_type != PT_DYNAMIC) continue;
        const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(object->dlpi_addr + segment->p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++) {
            if (entry->d_tag == DT_TEXTREL) return true;
            if (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL) != 0) return true;
        }
    }
    return false;
}

static int visit_object(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size;
    const struct visitor *visitor = context;
    if (has_text_relocations(object)) return 0;
    for (size_t index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
        /* What the loader writes and then protects (PT_GNU_RELRO) lies in segments that ask for the right to write. */
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0) continue;
        visitor->visit((const void *)(object->dlpi_addr + segment->p_vaddr), segment->p_filesz, visitor->context);
    }
    return 0;
}

void lockkeeper_visit_read_only_segments(
    void (*visit)(const void *address, size_t size, void *context), void *context) {
    struct visitor visitor = {visit, context};
    dl_iterate_phdr(visit_object, &visitor);
}
