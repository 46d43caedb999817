"""A temporary folder that cannot outlive this process, nor can the processes that were started for it."""

import os
import shutil
import subprocess
import tempfile

# Reads the process ids to end, all of them on each line, until the pipe closes, which the kernel does however we end
# (also by kill -9). SIGQUIT is PostgreSQL's immediate shutdown; SIGCONT lets a suspended server take it.
_JANITOR = """
trap '' HUP INT TERM QUIT
pids=
while read -r line; do pids=$line; done
alive() { read -r _ _ state _ <"/proc/$1/stat" && [ "$state" != Z ]; } 2>/dev/null
family() {
    echo "$1"
    for stat in /proc/[0-9]*/stat; do
        { read -r child _ _ parent _ <"$stat" && [ "$parent" = "$1" ] && echo "$child"; } 2>/dev/null
    done
}
for pid in $pids; do
    if alive "$pid"; then kill -QUIT "$pid"; kill -CONT $(family "$pid"); fi
done 2>/dev/null
for pid in $pids; do
    n=0
    while alive "$pid" && [ $n -lt 60 ]; do sleep 0.05; n=$((n + 1)); done
    if alive "$pid"; then kill -KILL $(family "$pid"); fi
done 2>/dev/null
rm -rf -- "$1"
"""


class GuardedFolder:
    """Under /tmp whatever TMPDIR says: a Unix socket's path must fit in 107 bytes (unix(7))."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="lockkeeper-bench-", dir="/tmp")
        # The server's user has to pass through; what is secret lies in folders of its own.
        os.chmod(self.path, 0o711)
        self._pids = set()
        self._janitor = subprocess.Popen(
            ["/bin/sh", "-c", _JANITOR, "janitor", self.path], stdin=subprocess.PIPE, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._janitor.stdin.close()
        self._janitor.wait(timeout=60)
        shutil.rmtree(self.path, ignore_errors=True)

    def guard(self, pid):
        """Has a process ended with this one."""
        self._pids.add(pid)
        self._tell()

    def release(self, pid):
        """Says that a process has ended: its id may become another's."""
        self._pids.discard(pid)
        self._tell()

    def subfolder(self, name):
        """The path of a folder in it that only we may enter, made if it is not there."""
        path = os.path.join(self.path, name)
        os.makedirs(path, mode=0o700, exist_ok=True)
        return path

    def _tell(self):
        self._janitor.stdin.write((" ".join(map(str, sorted(self._pids))) + "\n").encode())
        self._janitor.stdin.flush()
