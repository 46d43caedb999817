"""What reading the catalogs of a database of many tables, and the health of its server, costs the server."""

import time

import psycopg2.errors

from agent import Agent, wait_until
from process_figures import cpu_seconds
from progress import say
from throwaway_postgres import ThrowawayPostgres

_TABLES, _BATCH = 5000, 100
# What tells the agent's queries apart in the server's statistics: of the database's catalogs, and of the whole server.
_CATALOGS = {
    "indexes in work": "SELECT w.index_relid FROM%", "invalid indexes": "%NOT i.indisvalid%",
    "constraints not validated": "%NOT c.convalidated%", "oldest tables": "%age(c.relfrozenxid)%",
}
_SERVER = {
    "databases' ages": "%mxid_age(d.datminmxid)%", "snapshot holders": "%age(s.catalog_xmin)%",
    "slots": "%s.safe_wal_size%", "replicas": "%pg_stat_replication%", "archiver": "%pg_stat_archiver%",
    "settings": "%FROM pg_catalog.pg_settings%", "settings of roles": "%pg_db_role_setting%",
    "folder of WAL": "%pg_ls_waldir()%",
}


def measure(folder, options, figures):
    server = ThrowawayPostgres(folder, shared_preload_libraries="pg_stat_statements")
    server.create_application("app")
    server.execute("CREATE EXTENSION pg_stat_statements", database="app")
    server.create_monitoring_role("app")
    say(f"making {_TABLES} tables with two indexes each")
    _fill(server)
    tables, indexes = server.execute(
        "SELECT count(*) FILTER (WHERE relkind = 'r'), count(*) FILTER (WHERE relkind = 'i') FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace", database="app")[0]
    section = figures.section("catalogs", f"A database of {tables} tables and {indexes} indexes, its catalogs read each second")
    configuration = {
        "targets": [{"name": "app", "dsn": server.dsn("app", "lockkeeper")}], "sampling": {"catalog": "1s"},
    }
    with Agent(options.binary, folder, configuration) as agent:
        def readings():
            return agent.metrics().total("lockkeeper_samples_total", tier="catalog", outcome="ok")

        wait_until(lambda: readings() >= 3, 60, "catalogs are read")
        found = agent.metrics().total("lockkeeper_invalid_indexes")
        if found != 1:
            raise RuntimeError(f"one index is invalid, and the agent shows {found}")
        server.execute("SELECT pg_stat_statements_reset()", database="app")
        begin, used = readings(), cpu_seconds(agent.pid)
        say(f"reading for {options.window:g} s")
        since = time.monotonic()
        time.sleep(options.window)
        elapsed, used, count = time.monotonic() - since, cpu_seconds(agent.pid) - used, readings() - begin
        for what, patterns in (("catalogs of the database", _CATALOGS), ("health of the server", _SERVER)):
            costs = {name: _cost(server, pattern) for name, pattern in patterns.items()}
            section.add(f"{what}, time in the server", {
                "mean": sum(mean for mean, _ in costs.values()), "least": sum(least for _, least in costs.values()),
            }, "ms a reading")
            for name, (mean, least) in costs.items():
                section.add(f"  {name}", {"mean": mean, "least": least}, "ms")
        section.add("readings", count)
        section.add("CPU of the agent, all its looks", 1000 * used / elapsed, "ms a second (catalogs every 60 s in earnest)")


def _fill(server):
    connection = server.connect("app", "app")
    with connection.cursor() as cursor:
        # In batches: a transaction holds a lock on each thing that it makes.
        for first in range(0, _TABLES, _BATCH):
            cursor.execute(
                "DO $$ BEGIN FOR n IN %s..%s LOOP EXECUTE format("
                "'CREATE TABLE public.t%%s (id int PRIMARY KEY, value int); CREATE INDEX ON public.t%%s (value)', n, n);"
                " END LOOP; END $$" % (first, first + _BATCH - 1))
        cursor.execute("INSERT INTO public.t0 VALUES (1, 1), (2, 1)")
        try:
            cursor.execute("CREATE UNIQUE INDEX CONCURRENTLY leftover ON public.t0 (value)")
        except psycopg2.errors.UniqueViolation:
            pass  # It is to stay behind, invalid.
    connection.close()


def _cost(server, pattern):
    """Mean and least time of a query of the agent, in milliseconds."""
    rows = server.execute(
        "SELECT sum(total_exec_time) / sum(calls), min(min_exec_time) FROM pg_stat_statements"
        " WHERE query LIKE %s AND userid = 'lockkeeper'::regrole HAVING sum(calls) > 0", pattern, database="app")
    if not rows:
        raise RuntimeError(f"the server knows no query of the agent like {pattern}")
    return rows[0]
