#define _GNU_SOURCE
#include "CSpawn.h"

#include <spawn.h>

int lockkeeper_spawn_close_from(void *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

const short lockkeeper_spawn_set_session = POSIX_SPAWN_SETSID;
