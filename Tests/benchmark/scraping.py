"""How long /metrics takes, also while the watched server hangs, and whether a scrape costs the server anything."""

import gzip
import http.client
import time

from agent import Agent, wait_until
from distribution import Distribution
from progress import say
from throwaway_postgres import ThrowawayPostgres

TITLE = "/metrics: scrapes over one connection that is kept, one target"
_FORMATS = {
    "text": "text/plain;version=0.0.4",
    "OpenMetrics": "application/openmetrics-text;version=1.0.0",
}


def measure(folder, options, figures):
    section = figures.section("scraping", TITLE)
    server = ThrowawayPostgres(folder)
    server.create_application("app")
    server.create_monitoring_role("app")
    server.log_statements("lockkeeper")
    configuration = {"targets": [{"name": "app", "dsn": server.dsn("app", "lockkeeper")}]}
    with Agent(options.binary, folder, configuration) as agent:
        def is_up():
            return agent.metrics().total("lockkeeper_up", target="app") == 1
        wait_until(is_up, 15, "the target is up")
        for encoding in ("identity", "gzip"):
            for name, accept in _FORMATS.items():
                times, size = _scrape(agent, accept, encoding, options.scrapes)
                section.add(f"{name}, {encoding} ({size} bytes)", times.milliseconds(50, 99), "ms", "p99 ≤ 5")
        _measure_cost(server, agent, options, section)

        say("hanging the server (SIGSTOP)")
        server.suspend()
        try:
            _, noticed = wait_until(lambda: not is_up(), 60, "the hung target is noticed")
            for encoding in ("identity", "gzip"):
                times, size = _scrape(agent, _FORMATS["text"], encoding, options.scrapes)
                section.add(f"text, {encoding}, while the target hangs", times.milliseconds(50, 99), "ms", "p99 ≤ 5")
            if is_up():
                raise RuntimeError("a server that hangs is said to be up")
        finally:
            server.resume()
        _, recovered = wait_until(is_up, 60, "the target is up again")
        section.add("SIGSTOP → lockkeeper_up 0", round(noticed, 2), "s")
        section.add("SIGCONT → lockkeeper_up 1", round(recovered, 2), "s")


def _scrape(agent, accept, encoding, count):
    """The times of so many scrapes, and a scrape's size on the wire."""
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=10)
    headers = {"Accept": accept, "Accept-Encoding": encoding}
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        connection.request("GET", "/metrics", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        times.append(time.perf_counter() - begin)
        if answer.status != 200:
            raise RuntimeError(f"/metrics answers {answer.status}")
    connection.close()
    if (answer.getheader("Content-Encoding") == "gzip") != (encoding == "gzip"):
        raise RuntimeError(f"asked for {encoding}, /metrics answered {answer.getheader('Content-Encoding')}")
    text = gzip.decompress(body) if encoding == "gzip" else body
    if b"lockkeeper_up{" not in text or (accept.startswith("application/openmetrics") != text.endswith(b"# EOF\n")):
        raise RuntimeError(f"asked for {accept}, /metrics answered {answer.getheader('Content-Type')}")
    say(f"{count} scrapes, {accept.split(';')[0]}, {encoding}")
    return Distribution(times), len(body)


def _measure_cost(server, agent, options, section):
    """Statements that the agent sends to the server, as that logs them, with scrapes and without."""
    def window(scrape):
        begin, first, count = time.monotonic(), server.logged_statements("lockkeeper"), 0
        while time.monotonic() - begin < options.window:
            if scrape:
                agent.get("/metrics")
                count += 1
            time.sleep(0.01)
        elapsed = time.monotonic() - begin
        return (server.logged_statements("lockkeeper") - first) / elapsed, count / elapsed

    say(f"counting the agent's statements, twice {options.window:g} s")
    without, _ = window(False)
    scraped, scrapes = window(True)
    if not without:
        raise RuntimeError("the server logs no statement of the agent")
    section.add("statements sent to the server without scrapes", round(without, 2), "/s")
    section.add(f"… with {scrapes:.0f} scrapes/s", round(scraped, 2), "/s")
    section.add("… so that one scrape costs", round((scraped - without) / scrapes, 3) + 0.0, "statements", "0")
    held = server.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lockkeeper'")[0][0]
    section.add("sessions held by the agent", held, "", "≤ 2")
