"""How long it takes from a migration's first statement until a receiver hears of it, and from its end likewise."""

import random
import time

from agent import Agent, wait_until
from arrivals import Arrivals
from distribution import Distribution
from drizzle_migration import DrizzleMigration
from http_receiver import HTTPReceiver
from progress import say
from throwaway_postgres import ThrowawayPostgres

TITLE = "Detection: a migration's statement sent → message received by a local webhook"
#: Between the glances, by default.
_GLANCE = 0.2


def measure(folder, options, figures):
    section = figures.section("detection", TITLE)
    with HTTPReceiver("hook", arrivals := Arrivals()) as hook:
        server = ThrowawayPostgres(folder)
        server.create_application("app")
        _prepare_history(server)
        server.create_monitoring_role("app")
        configuration = {
            "targets": [{"name": "app", "dsn": server.dsn("app", "lockkeeper")}],
            "receivers": [{"name": "hook", "webhook": {"url": hook.url, "allow_http": True}}],
            "routes": [{"receiver": "hook", "severity": "info"}],
        }
        with Agent(options.binary, folder, configuration) as agent:
            wait_until(lambda: agent.metrics().total("lockkeeper_up", target="app") == 1, 15, "the target is up")
            time.sleep(2)
            runs = [_run(server, arrivals, number, options, agent) for number in range(options.migrations)]
    for what, chosen in [
        ("DDL in the transaction → told", runs),
        ("… that goes on working or sits idle", [run for run in runs if not run["blocked"]]),
        ("… that waits for a lock", [run for run in runs if run["blocked"]]),
    ]:
        if chosen:
            wanted = "p50 ≤ 250, p95 ≤ 400" if chosen is runs else ""
            section.add(what, Distribution([run["told"] for run in chosen]).milliseconds(50, 95), "ms", wanted)
    section.add("the migrator's very first statement → told",
                Distribution([run["told_since_preparation"] for run in runs]).milliseconds(50, 95), "ms")
    section.add("COMMIT sent → told that it is over", Distribution([run["end"] for run in runs]).milliseconds(50, 95), "ms")


def _prepare_history(server):
    """The table has to be there for the monitoring role to be let at it."""
    connection = server.connect("app", "app")
    DrizzleMigration(connection, []).prepare()
    connection.close()


def _run(server, arrivals, number, options, agent):
    """One migration from its begin to the message that it is over; times in seconds."""
    # Whatever the agent's looks are locked to, this is not.
    time.sleep(random.uniform(0, 5 * _GLANCE))
    is_blocked = number % 2 == 1
    known = {arrival.message.incident for arrival in arrivals.all}
    connection = server.connect("app", "app")
    blocker = server.connect("app", "app", application_name="web") if is_blocked else None
    try:
        migration = DrizzleMigration(connection, [f"ALTER TABLE orders ADD COLUMN column_{number} integer"])
        if blocker:
            blocker.cursor().execute("BEGIN; SELECT count(*) FROM orders")
        migration.prepare()
        waiting = migration.change_in_background() if blocker else migration.change()
        begin = arrivals.wait(
            lambda arrival: arrival.message.incident not in known and arrival.message.is_of_migration, timeout=10)
        if begin is None:
            raise RuntimeError(_explain(f"migration {number} was not told of within 10 s", arrivals, agent))
        if begin.message.is_end:
            raise RuntimeError(_explain(f"migration {number} was told of as over while it ran", arrivals, agent))
        time.sleep(max(0.0, migration.changed_at + options.hold - time.monotonic()))
        if blocker:
            blocker.close()
            waiting.join(timeout=10)
            if waiting.is_alive() or migration.failure:
                raise RuntimeError(f"migration {number} does not go on: {migration.failure}")
        migration.commit()
    finally:
        for session in (connection, blocker):
            if session:
                session.close()
    end = arrivals.wait(
        lambda arrival: arrival.message.incident == begin.message.incident and arrival.message.is_end, timeout=30)
    if end is None:
        raise RuntimeError(_explain(f"the end of migration {number} was not told within 30 s", arrivals, agent))
    told = begin.at - migration.changed_at
    say(f"migration {number + 1}/{options.migrations}: told after {told * 1000:.0f} ms, "
        f"its end after {(end.at - migration.committed_at) * 1000:.0f} ms")
    return {
        "blocked": is_blocked, "told": told, "told_since_preparation": begin.at - migration.began_at,
        "end": end.at - migration.committed_at,
    }


def _explain(what, arrivals, agent):
    told = "\n".join(f"  {arrival.message}" for arrival in arrivals.all[-5:])
    refused = "\n".join(f"  not understood: {reason}: {body!r}" for _, reason, body in arrivals.refused)
    return f"{what}. The last messages:\n{told}\n{refused}\nThe agent's log:\n{agent.log_end()}"
