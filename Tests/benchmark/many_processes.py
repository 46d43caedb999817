"""What it costs to look for migration tools among many processes, and for the process of a run's session."""

import subprocess
import time

from agent import Agent, wait_until
from process_figures import cpu_seconds
from progress import say
from throwaway_postgres import ThrowawayPostgres

TITLE = "Looking through {processes} processes"


def measure(folder, options, figures):
    section = figures.section("processes", TITLE.format(processes=options.processes))
    server = ThrowawayPostgres(folder)
    server.create_application("app")
    server.create_monitoring_role("app")
    configuration = {"targets": [{"name": "app", "dsn": server.dsn("app", "lockkeeper")}]}
    crowd, sessions = [], []
    with Agent(options.binary, folder, configuration) as agent:
        wait_until(lambda: agent.metrics().total("lockkeeper_up", target="app") == 1, 15, "the target is up")
        try:
            few = _watch(agent, options.window, "as many processes as there are")
            say(f"starting {options.processes} processes")
            for _ in range(options.processes):
                crowd.append(subprocess.Popen(["sleep", "infinity"], stdin=subprocess.DEVNULL))
                folder.guard(crowd[-1].pid)
            many = _watch(agent, options.window, "no run is open")

            blocker = server.connect("app", "app")
            sessions.append(blocker)
            blocker.cursor().execute("BEGIN; SELECT count(*) FROM orders")
            tool = subprocess.Popen(
                ["psql", "--no-psqlrc", "--quiet", "--dbname", server.dsn("app", "app"), "--command",
                 "ALTER TABLE orders ADD COLUMN note text"], stdin=subprocess.DEVNULL)
            folder.guard(tool.pid)
            crowd.append(tool)
            wait_until(
                lambda: agent.metrics().total("lockkeeper_migration_process_running", target="app") == 1, 30,
                "the run's process is seen")
            run = _watch(agent, options.window, "a run is open")
        finally:
            for process in crowd:
                process.kill()
            for process in crowd:
                process.wait()
                folder.release(process.pid)
            for session in sessions:
                session.close()
    for what, seen in (("without them", few), ("no run is open", many), ("a run is open", run)):
        section.add(f"CPU of the agent, {what}", round(100 * seen["cpu"], 3), "% of a core")
        section.add(f"a look at processes, {what}", round(1000 * seen["look"], 3), "ms on average")
        section.add(f"such looks, {what}", round(seen["rate"], 2), "/s")


def _watch(agent, seconds, what):
    """The agent's share of a core, and how long a look at processes takes, over a while."""
    say(f"{what}: watching for {seconds:g} s")
    name = "lockkeeper_sample_duration_seconds"
    # What a look of a new kind finds for the first time is dearer: it has settled by then.
    time.sleep(12)
    before, cpu, begin = agent.metrics(), cpu_seconds(agent.pid), time.monotonic()
    time.sleep(seconds)
    after, elapsed = agent.metrics(), time.monotonic() - begin
    looks = after.total(f"{name}_count", tier="processes") - before.total(f"{name}_count", tier="processes")
    spent = after.total(f"{name}_sum", tier="processes") - before.total(f"{name}_sum", tier="processes")
    return {
        "cpu": (cpu_seconds(agent.pid) - cpu) / elapsed, "look": spent / looks if looks else float("nan"),
        "rate": looks / elapsed,
    }
