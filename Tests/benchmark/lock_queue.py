"""What a full look costs a server with a long lock queue, and how long the wait graph takes."""

import re
import threading
import time

import psycopg2

import swift_program
from agent import Agent, wait_until
from process_figures import CPUMeter, cpu_seconds
from progress import say
from throwaway_postgres import ThrowawayPostgres

TITLE = "A lock queue: {sessions} sessions, {waiters} of them waiting, {rows} locks"
_SESSIONS, _WAITERS, _ROWS, _TABLES = 258, 51, 4500, 60
# The queries of a full look, by what only they read.
_LOOK = re.compile(r"pg_locks AS s|pg_lock_status|pg_stat_activity AS a|pg_prepared_xacts|sessions_killed|pg_is_in_recovery")


def measure(folder, options, figures):
    server = ThrowawayPostgres(
        folder, max_connections=_SESSIONS + 30, shared_preload_libraries="pg_stat_statements",
        max_locks_per_transaction=128)
    server.create_application("app")
    server.execute("CREATE EXTENSION pg_stat_statements", database="app")
    server.create_monitoring_role("app")
    say("making the queue")
    sessions, observer = _queue(server)
    rows = _one(observer, "SELECT count(*) FROM pg_locks")
    section = figures.section("locks", TITLE.format(sessions=len(sessions), waiters=_WAITERS, rows=rows))

    def backends():
        with observer.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'lockkeeper'")
            return [pid for pid, in cursor.fetchall()]

    try:
        with Agent(options.binary, folder, {"targets": [{"name": "app", "dsn": server.dsn("app", "lockkeeper")}]}) as agent:
            wait_until(lambda: agent.metrics().total("lockkeeper_lock_waiters") == _WAITERS, 30, "the queue is seen whole")
            time.sleep(10)
            with observer.cursor() as cursor:
                cursor.execute("SELECT pg_stat_statements_reset()")
            meter = CPUMeter()
            meter.look(backends())
            begin, agent_begin = time.monotonic(), cpu_seconds(agent.pid)
            say(f"watching it for {options.window:g} s")
            time.sleep(options.window)
            elapsed = time.monotonic() - begin
            meter.look(backends())
            section.add("a full look, time in the server", round(_look_time(observer), 2), "ms", "≤ 5")
            section.add("CPU of the agent's sessions, all its looks", round(100 * meter.seconds / elapsed, 2), "% of a core")
            section.add("CPU of the agent", round(100 * (cpu_seconds(agent.pid) - agent_begin) / elapsed, 2), "% of a core", "≤ 1")
            roots = agent.metrics().total("lockkeeper_lock_root_blockers")
            section.add("root blockers", int(roots))
    finally:
        # Whoever holds something lets go first, so that nobody is left waiting.
        for session in sessions:
            session.close()
        observer.close()
    _graph(section)


def _queue(server):
    """Sessions that hold locks, and such that wait for one of them."""
    observer = server.connect("app")
    with observer.cursor() as cursor:
        for number in range(_TABLES):
            cursor.execute(f"CREATE TABLE t{number} (id int PRIMARY KEY, n int)")
    holders = []
    count = _SESSIONS - _WAITERS
    # A table, and its index.
    each = (_ROWS - 2 * _WAITERS) // count // 2
    for number in range(count):
        session = server.connect("app", application_name="web")
        holders.append(session)
        with session.cursor() as cursor:
            cursor.execute("BEGIN")
            for step in range(each):
                table = f"t{(number + step) % (_TABLES - 1) + 1}"
                cursor.execute(f"UPDATE {table} SET n = 1 WHERE id = -1" if number % 3 == 0 else f"SELECT FROM {table} WHERE id = 1")
    with holders[0].cursor() as cursor:
        cursor.execute("LOCK TABLE t0 IN ACCESS SHARE MODE")
    waiters = [server.connect("app", application_name="web") for _ in range(_WAITERS)]
    for number, waiter in enumerate(waiters):
        statement = f"ALTER TABLE t0 ADD COLUMN c{number} int" if number % 5 == 0 else "SELECT FROM t0"
        threading.Thread(target=_run, args=(waiter, statement), daemon=True).start()
        wait_until(lambda: _one(observer, "SELECT count(*) FROM pg_locks WHERE NOT granted") > number, 30, "another waits")
    return [*holders, *waiters], observer


def _run(session, statement):
    try:
        session.cursor().execute(statement)
    except psycopg2.Error:
        pass  # Its connection is closed in the end.


def _one(session, statement):
    with session.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def _look_time(observer):
    """Mean milliseconds of all the queries of a full look together."""
    with observer.cursor() as cursor:
        cursor.execute(
            "SELECT query, calls, total_exec_time FROM pg_stat_statements WHERE userid = 'lockkeeper'::regrole")
        rows = cursor.fetchall()
    looks = [(query, calls, total) for query, calls, total in rows if _LOOK.search(query) and "asking AS" not in query]
    for query, calls, total in sorted(looks, key=lambda row: -row[2]):
        say(f"{total / calls:.2f} ms × {calls}: {' '.join(query.split())[:70]}")
    if not looks:
        raise RuntimeError("the agent has taken no full look")
    return sum(total / calls for _, calls, total in looks)


def _graph(section):
    for name, number, unit in swift_program.figures("WaitGraphBenchmark"):
        waiters = "10,000 waiters, " if not name.startswith("40") else ""
        section.add(f"the wait graph: {waiters}{name}", round(number, 2), unit, "≤ 50")
