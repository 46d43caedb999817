#ifndef LOCKKEEPER_CCRYPT_SHIM_H
#define LOCKKEEPER_CCRYPT_SHIM_H

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

/* Hashes `phrase` by the method, cost and salt at the beginning of `setting`, and writes the result into `output`. Returns 0, or -1 if
   that is not possible. `struct crypt_data` is of 32 KiB, too large for a thread's stack, and holds traces of the phrase, which are wiped. */
static inline int lockkeeper_crypt(const char *phrase, const char *setting, char output[CRYPT_OUTPUT_SIZE]) {
    struct crypt_data *data = calloc(1, sizeof *data);
    if (data == NULL) return -1;
    const char *hash = crypt_r(phrase, setting, data);
    /* What starts with an asterisk is libxcrypt's way to say no: it is no hash of any method. */
    int code = hash != NULL && hash[0] != '*' ? 0 : -1;
    if (code == 0) memcpy(output, hash, strlen(hash) + 1);
    explicit_bzero(data, sizeof *data);
    free(data);
    return code;
}

#endif
