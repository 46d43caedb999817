#ifndef LOCKKEEPER_CSPAWN_H
#define LOCKKEEPER_CSPAWN_H

/* Closes every descriptor from `first` on in the child (glibc 2.34, which Swift's module does not show). `actions` is a
   posix_spawn_file_actions_t; a header that included <spawn.h> would take it from Swift's module. Returns 0 or an errno. */
int lockkeeper_spawn_close_from(void *actions, int first);

/* Makes the child the leader of a session of its own: a flag of posix_spawnattr_setflags that Swift's module does not show either. */
extern const short lockkeeper_spawn_set_session;

#endif
