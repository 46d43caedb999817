"""Whether one agent looks at many targets as often as at one."""

import statistics
import time

from agent import Agent, wait_until
from process_figures import CPUMeter, children, cpu_seconds, memory
from progress import say
from throwaway_postgres import ThrowawayPostgres

TITLE = "{targets} targets in one agent ({databases} databases of one server), for {window:g} s"
_DATABASES = 10
#: Seconds between the glances, by default: the pace that is expected of each target.
_GLANCE = 0.2


def measure(folder, options, figures):
    title = TITLE.format(targets=options.targets, databases=_DATABASES, window=options.window)
    section = figures.section("targets", title)
    # Two sessions for each, and as many again for the moment in which they all reconnect.
    server = ThrowawayPostgres(folder, max_connections=4 * options.targets + 50)
    databases = [f"app{number}" for number in range(_DATABASES)]
    for database in databases:
        server.create_application(database)
        server.create_monitoring_role(database)
    server.execute("ALTER ROLE lockkeeper CONNECTION LIMIT -1")
    names = [f"target{number:03}" for number in range(options.targets)]
    configuration = {"targets": [
        {"name": name, "dsn": server.dsn(databases[number % _DATABASES], "lockkeeper")}
        for number, name in enumerate(names)
    ]}
    with Agent(options.binary, folder, configuration) as agent:
        _, up = wait_until(
            lambda: agent.metrics().total("lockkeeper_up") == options.targets, 60, "all targets are up", step=0.1)
        say(f"all up after {up:.1f} s")
        time.sleep(5)
        first, begin, cpu = agent.metrics(), time.monotonic(), cpu_seconds(agent.pid)
        meter = CPUMeter()
        meter.look(children(server.process.pid))
        oldest = 0.0
        while time.monotonic() - begin < options.window:
            time.sleep(1)
            scrape = agent.metrics()
            seen = min(value for _, value in scrape.values("lockkeeper_last_sample_timestamp_seconds"))
            oldest = max(oldest, time.time() - seen)
            meter.look(children(server.process.pid))
        last, elapsed = agent.metrics(), time.monotonic() - begin
        cpu = cpu_seconds(agent.pid) - cpu
        resident, peak, own = memory(agent.pid)

    def looks(metrics, **labels):
        return metrics.total("lockkeeper_samples_total", **labels)

    def paced_looks(metrics, target):
        """Those that keep the glance's pace; histories are read besides."""
        return looks(metrics, target=target) - looks(metrics, target=target, tier="history")

    counts = [paced_looks(last, name) - paced_looks(first, name) for name in names]
    failed = sum(
        value for labels, value in last.values("lockkeeper_samples_total") if labels["outcome"] != "ok"
    ) - sum(value for labels, value in first.values("lockkeeper_samples_total") if labels["outcome"] != "ok")
    expected = elapsed / _GLANCE
    section.add("looks per target, least / median / most, of those expected at 5/s", {
        "least": round(100 * min(counts) / expected, 1), "median": round(100 * statistics.median(counts) / expected, 1),
        "most": round(100 * max(counts) / expected, 1),
    }, "%", "≥ 95")
    for tier in sorted({labels["tier"] for labels, _ in last.values("lockkeeper_samples_total")}):
        count = looks(last, tier=tier) - looks(first, tier=tier)
        section.add(f"… of tier {tier}", round(count / elapsed / options.targets, 3), "/s per target")
    section.add("looks that failed", int(failed))
    section.add("longest time without a look, any target", round(oldest, 2), "s")
    section.add("from the start until all are up", round(up, 1), "s")
    section.add("CPU of the agent", round(100 * cpu / elapsed, 1), "% of a core")
    section.add("CPU of the server", round(100 * meter.seconds / elapsed, 1), "% of a core")
    section.add("resident memory at the end", round(resident, 1), "MiB")
    section.add("… without code, which is mapped from files", round(own, 1), "MiB")
    section.add("… at its peak", round(peak, 1), "MiB")
