"""What processes use, as the kernel counts it: proc(5)."""

import glob
import os

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """The fields of /proc/PID/stat from the third on: the second, the name, may hold spaces and parentheses."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()


def cpu_seconds(pid):
    """User and system time of all of its threads."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def reaped_cpu_seconds(pid):
    """The same of its children that have ended."""
    fields = _stat(pid)
    return (int(fields[13]) + int(fields[14])) / _TICKS_PER_SECOND


def children(pid):
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        child = int(path.split("/")[2])
        try:
            if int(_stat(child)[1]) == pid:
                found.append(child)
        except OSError:
            continue  # It has ended meanwhile.
    return found


def memory(pid):
    """Resident memory now, at its peak, and the part now that is no file's (the rest is code), in MiB."""
    figures = {}
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name in ("VmRSS", "VmHWM", "RssAnon"):
                figures[name] = int(value.split()[0]) / 1024
    return figures["VmRSS"], figures["VmHWM"], figures["RssAnon"]


class CPUMeter:
    """The CPU time that a changing set of processes uses between two looks at it."""

    def __init__(self):
        self.seconds = 0.0
        self._last = {}

    def look(self, pids):
        now = {}
        for pid in pids:
            try:
                # A process id alone may come back as another process: the start time tells them apart.
                now[pid, _stat(pid)[19]] = cpu_seconds(pid)
            except OSError:
                continue
        for process, seconds in now.items():
            # One that is new has used all of its time since the last look.
            self.seconds += seconds - self._last.get(process, 0.0 if self._last else seconds)
        # What a process that has ended used since the last look is lost: look often.
        self._last = {**self._last, **now}
