"""What it costs to watch a server that is as busy as the machine allows, and what the server loses by it."""

import os
import re
import signal
import statistics
import subprocess
import time

from agent import Agent, wait_until
from process_figures import CPUMeter, cpu_seconds, memory
from progress import say
from throwaway_postgres import ThrowawayPostgres, installation

TITLE = "Watching a server under pgbench with {clients} clients"


def measure(folder, options, figures):
    section = figures.section("busy", TITLE.format(clients=options.clients))
    server = ThrowawayPostgres(
        folder, max_connections=options.clients + 30, shared_preload_libraries="pg_stat_statements", shared_buffers="256MB",
        # What waits for the disk would hide what is taken from the processor.
        synchronous_commit="off", checkpoint_timeout="1h", max_wal_size="16GB")
    server.create_application("app")
    server.execute("CREATE EXTENSION pg_stat_statements", database="app")
    server.create_monitoring_role("app")
    observer = server.connect()
    say("filling pgbench's tables")
    _pgbench(server, "--initialize", "--scale=20", "--quiet")
    agent = Agent(options.binary, folder, {"targets": [{"name": "app", "dsn": server.dsn("app", "lockkeeper")}]})

    def backends():
        with observer.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'lockkeeper'")
            return [pid for pid, in cursor.fetchall()]

    # One run of pgbench throughout, and the agent suspended for every other window: the machine drifts by more in minutes than
    # an agent could cost.
    ratios, agent_seconds, session_seconds, watched_seconds, resident = [], 0.0, 0.0, 0.0, 0.0
    with agent, _Load(server, folder, options) as load:
        wait_until(lambda: agent.metrics().total("lockkeeper_up", target="app") == 1, 30, "the target is up")
        load.throughput(10)
        before = _looks(agent)
        for pair in range(options.pairs):
            throughput = {}
            # Each order as often as the other.
            for watched in ((True, False), (False, True))[pair % 2]:
                os.kill(agent.pid, signal.SIGCONT if watched else signal.SIGSTOP)
                meter = CPUMeter()
                meter.look(backends())
                begin, cpu = time.monotonic(), cpu_seconds(agent.pid)
                throughput[watched] = load.throughput(options.pair_seconds)
                if watched:
                    watched_seconds += time.monotonic() - begin
                    agent_seconds += cpu_seconds(agent.pid) - cpu
                    meter.look(backends())
                    session_seconds += meter.seconds
                    resident = max(resident, memory(agent.pid)[0])
            ratios.append(throughput[True] / throughput[False])
            say(f"pair {pair + 1} of {options.pairs}: {throughput[False]:.0f} without, {throughput[True]:.0f} with: {ratios[-1]:.3f}")
        os.kill(agent.pid, signal.SIGCONT)
        looks = {name: count - before[name] for name, count in _looks(agent).items()}
    observer.close()
    section.add("throughput with the agent ÷ without", {
        "mean": round(statistics.fmean(ratios), 4), "median": round(statistics.median(ratios), 4),
        "standard error": round(statistics.stdev(ratios) / len(ratios) ** 0.5, 4) if len(ratios) > 1 else 0.0,
    }, wanted="≥ 0.99")
    section.add("CPU of the agent", round(100 * agent_seconds / watched_seconds, 2), "% of a core", "≤ 3")
    section.add("CPU of its sessions in the server", round(100 * session_seconds / watched_seconds, 2), "% of a core")
    section.add("resident memory, the most", round(resident, 1), "MiB", "≤ 60")
    section.add("looks that failed", {"": int(looks["failed"]), "of": int(looks["all"])})


def _looks(agent):
    """How many looks there were, and how many of them failed."""
    metrics = agent.metrics()
    count = metrics.total("lockkeeper_samples_total")
    return {"all": count, "failed": count - metrics.total("lockkeeper_samples_total", outcome="ok")}


class _Load:
    """pgbench, until it is left."""

    def __init__(self, server, folder, options):
        self._folder = folder
        self._process = subprocess.Popen(
            [f"{installation()}/pgbench", f"--client={options.clients}", "--jobs=2", "--time=86400", "--progress=1", "--no-vacuum",
             "--protocol=prepared", server.dsn("app", "app")],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/", start_new_session=True)
        folder.guard(self._process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()
        self._folder.release(self._process.pid)

    def throughput(self, seconds):
        """Transactions per second of the next whole seconds."""
        # The one that is under way belongs to what was before.
        self._next()
        return statistics.fmean(self._next() for _ in range(max(1, round(seconds))))

    def _next(self):
        for line in self._process.stderr:
            match = re.match(r"progress: .*?, ([0-9.]+) tps", line)
            if match:
                return float(match.group(1))
        raise RuntimeError(f"pgbench has ended with status {self._process.wait()}")


def _pgbench(server, *arguments):
    done = subprocess.run(
        [f"{installation()}/pgbench", *arguments, server.dsn("app", "app")], capture_output=True, text=True, cwd="/")
    if done.returncode != 0:
        raise RuntimeError(f"pgbench failed:\n{done.stderr[-2000:]}")
    return done.stdout
