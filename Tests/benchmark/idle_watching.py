"""What it costs to watch a server where nothing happens."""

import time

from agent import Agent, wait_until
from process_figures import CPUMeter, children, cpu_seconds, memory, reaped_cpu_seconds
from progress import say
from throwaway_postgres import ThrowawayPostgres

TITLE = "Watching an idle server with {sessions} sessions for {minutes:g} min"


def measure(folder, options, figures):
    section = figures.section("idle", TITLE.format(sessions=options.sessions, minutes=options.minutes))
    server = ThrowawayPostgres(folder, max_connections=options.sessions + 30)
    server.create_application("app")
    server.create_monitoring_role("app")
    sessions = [server.connect("app", "app", application_name="web") for _ in range(options.sessions)]
    observer = server.connect()
    for session in sessions:
        session.cursor().execute("SELECT count(*) FROM orders")
    configuration = {"targets": [{"name": "app", "dsn": server.dsn("app", "lockkeeper")}]}

    def backends():
        with observer.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'lockkeeper'")
            return [pid for pid, in cursor.fetchall()]

    def whole_server():
        pids = [server.process.pid, *children(server.process.pid)]
        mine = observer.info.backend_pid
        return sum(cpu_seconds(pid) for pid in pids if pid != mine) + reaped_cpu_seconds(server.process.pid)

    try:
        base = _share(whole_server, min(30.0, 60 * options.minutes), "measuring the server without the agent")
        with Agent(options.binary, folder, configuration) as agent:
            wait_until(lambda: agent.metrics().total("lockkeeper_up", target="app") == 1, 15, "the target is up")
            time.sleep(5)
            say(f"watching for {options.minutes:g} min")
            meter = CPUMeter()
            meter.look(backends())
            begin, agent_begin, server_begin = time.monotonic(), cpu_seconds(agent.pid), whole_server()
            samples_begin = agent.metrics().total("lockkeeper_samples_total")
            resident, early = 0.0, None
            while (elapsed := time.monotonic() - begin) < 60 * options.minutes:
                time.sleep(min(5, 60 * options.minutes - elapsed))
                meter.look(backends())
                resident, peak, own = memory(agent.pid)
                if early is None and elapsed >= 55:
                    early = resident
                    say(f"after a minute: {resident:.1f} MiB, agent {_percent(cpu_seconds(agent.pid) - agent_begin, elapsed)} %")
            elapsed = time.monotonic() - begin
            metrics = agent.metrics()
            failed = metrics.total("lockkeeper_samples_total") - metrics.total("lockkeeper_samples_total", outcome="ok")
            section.add("CPU of the agent", _percent(cpu_seconds(agent.pid) - agent_begin, elapsed), "% of a core", "≤ 1")
            section.add("CPU of its sessions in the server", _percent(meter.seconds, elapsed), "% of a core", "≤ 0.5")
            section.add("CPU of the whole server, besides what it takes unwatched",
                        round(_percent(whole_server() - server_begin, elapsed) - base, 3), "% of a core")
            section.add("resident memory at the end", round(resident, 1), "MiB", "≤ 45")
            if early:
                section.add("… after one minute", round(early, 1), "MiB")
            section.add("… without code, which is mapped from files", round(own, 1), "MiB")
            section.add("… at its peak", round(peak, 1), "MiB")
            section.add("looks", round((metrics.total("lockkeeper_samples_total") - samples_begin) / elapsed, 2), "/s")
            section.add("looks that failed", int(failed))
    finally:
        for session in [*sessions, observer]:
            session.close()


def _share(seconds, window, what):
    """Percent of a core over a while."""
    say(f"{what}, {window:g} s")
    begin, first = time.monotonic(), seconds()
    time.sleep(window)
    return _percent(seconds() - first, time.monotonic() - begin)


def _percent(seconds, elapsed):
    return round(100 * seconds / elapsed, 3)
