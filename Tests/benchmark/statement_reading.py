"""What reading a full table of statistics of statements costs the server and the agent."""

import time

from agent import Agent, wait_until
from process_figures import CPUMeter, cpu_seconds, memory
from progress import say
from throwaway_postgres import ThrowawayPostgres

TITLE = "pg_stat_statements: {entries} entries with {megabytes:.0f} MB of texts, read each second"
_ENTRIES, _TEXT = 5000, 5000
# The agent's own queries, as the server keeps them: constants are parameters there.
_NUMBERS, _TEXTS = "%s.dbid, s.userid, s.queryid%", "%DISTINCT ON (s.dbid, s.queryid)%"


def measure(folder, options, figures):
    server = ThrowawayPostgres(
        folder, shared_preload_libraries="pg_stat_statements", **{"pg_stat_statements.max": _ENTRIES + 1000})
    server.create_application("app")
    server.execute("CREATE EXTENSION pg_stat_statements", database="app")
    server.create_monitoring_role("app")
    say(f"making {_ENTRIES} entries")
    _fill(server)
    entries, size = server.execute(
        "SELECT count(*), sum(length(query)) FROM pg_stat_statements WHERE calls >= 10", database="app")[0]
    section = figures.section("statements", TITLE.format(entries=entries, megabytes=size / 1e6))
    configuration = {
        "targets": [{"name": "app", "dsn": server.dsn("app", "lockkeeper")}], "sampling": {"statements": "1s"},
    }
    with Agent(options.binary, folder, configuration) as agent:
        def reads(pattern):
            rows = server.execute(
                "SELECT coalesce(sum(calls), 0)::int, coalesce(sum(total_exec_time), 0), min(min_exec_time) FROM pg_stat_statements"
                " WHERE query LIKE %s AND userid = 'lockkeeper'::regrole", pattern, database="app")
            return rows[0]

        wait_until(lambda: reads(_NUMBERS)[0] >= 3, 60, "statements are read")
        meter = CPUMeter()
        backends = [pid for pid, in server.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'lockkeeper'")]
        meter.look(backends)
        before, begin, used = reads(_NUMBERS), time.monotonic(), cpu_seconds(agent.pid)
        say(f"reading for {options.window:g} s")
        time.sleep(options.window)
        elapsed, after = time.monotonic() - begin, reads(_NUMBERS)
        used = cpu_seconds(agent.pid) - used
        meter.look(backends)
        count = after[0] - before[0]
        section.add("numbers of all statements, time in the server", {"mean": (after[1] - before[1]) / count, "least": after[2]}, "ms", "≤ 10")
        section.add("CPU of the agent's sessions, all its looks, a second of these", 1000 * meter.seconds / elapsed, "ms")
        section.add("CPU of the agent", 1000 * used / elapsed, "ms a second (every 30 s in earnest)")
        section.add("readings", count)
        section.add("readings of texts, while no new query is told of", reads(_TEXTS)[0], "", "0")
        now, peak, anonymous = memory(agent.pid)
        section.add("memory of the agent", {"now": now, "peak": peak, "without code": anonymous}, "MiB", "≤ 60")


def _fill(server):
    """Queries that differ in what they compare, each called often enough to be read."""
    connection = server.connect("app", "app")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE wide (id int, value int)")
        for number in range(_ENTRIES):
            shape = " AND ".join(f"{'id' if number >> bit & 1 else 'value'} >= 0" for bit in range(13))
            query = f"SELECT 1 /* {'x' * _TEXT} */ FROM wide WHERE {shape}"
            for _ in range(10):
                cursor.execute(query)
    connection.close()
