"""What it costs to watch a server that is as busy as the machine allows, and what the server loses by it."""

import re
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
        folder, max_connections=options.clients + 30, shared_preload_libraries="pg_stat_statements", shared_buffers="128MB")
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

    ratios, agent_seconds, session_seconds, watched_seconds, resident, failed, looks = [], 0.0, 0.0, 0.0, 0.0, 0, 0
    try:
        _throughput(server, options, 5)
        for pair in range(options.pairs):
            # Each order as often as the other, so that a drift of the machine favours neither.
            watched_first = pair % 2 == 1
            throughput = {}
            for watched in (watched_first, not watched_first):
                if not watched:
                    throughput[False] = _throughput(server, options, options.pair_seconds)
                    continue
                agent.start()
                wait_until(lambda: agent.metrics().total("lockkeeper_up", target="app") == 1, 30, "the target is up")
                meter = CPUMeter()
                meter.look(backends())
                begin, cpu = time.monotonic(), cpu_seconds(agent.pid)
                throughput[True] = _throughput(server, options, options.pair_seconds)
                watched_seconds += time.monotonic() - begin
                agent_seconds += cpu_seconds(agent.pid) - cpu
                meter.look(backends())
                session_seconds += meter.seconds
                resident = max(resident, memory(agent.pid)[0])
                metrics = agent.metrics()
                looks += metrics.total("lockkeeper_samples_total")
                failed += metrics.total("lockkeeper_samples_total") - metrics.total("lockkeeper_samples_total", outcome="ok")
                agent.stop()
            ratios.append(throughput[True] / throughput[False])
            say(f"pair {pair + 1} of {options.pairs}: {throughput[False]:.0f} without, {throughput[True]:.0f} with: {ratios[-1]:.3f}")
    finally:
        agent.stop()
        observer.close()
    ratios.sort()
    section.add("throughput with the agent ÷ without", {
        "median": round(statistics.median(ratios), 4), "least": round(ratios[0], 4), "most": round(ratios[-1], 4),
        "standard error": round(statistics.stdev(ratios) / len(ratios) ** 0.5, 4) if len(ratios) > 1 else 0.0,
    }, wanted="≥ 0.99")
    section.add("CPU of the agent", round(100 * agent_seconds / watched_seconds, 2), "% of a core", "≤ 3")
    section.add("CPU of its sessions in the server", round(100 * session_seconds / watched_seconds, 2), "% of a core")
    section.add("resident memory, the most", round(resident, 1), "MiB", "≤ 60")
    section.add("looks that failed", {"": int(failed), "of": int(looks)})


def _throughput(server, options, seconds):
    """Transactions per second, without the time of connecting."""
    said = _pgbench(server, f"--client={options.clients}", "--jobs=2", f"--time={seconds:g}", "--no-vacuum", "--protocol=prepared")
    return float(re.search(r"tps = ([0-9.]+)", said).group(1))


def _pgbench(server, *arguments):
    done = subprocess.run(
        [f"{installation()}/pgbench", *arguments, server.dsn("app", "app")], capture_output=True, text=True, cwd="/")
    if done.returncode != 0:
        raise RuntimeError(f"pgbench failed:\n{done.stderr[-2000:]}")
    return done.stdout
