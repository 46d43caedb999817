"""Measures the real binary against a real server and prints figures. See Tests/benchmark.sh."""

import argparse
import os
import platform
import signal
import subprocess
import sys
import traceback

import busy_target
import catalog_reading
import deliveries
import detection
import idle_watching
import lock_queue
import many_processes
import many_targets
import rules
import scraping
import statement_reading
from figures import Figures
from guarded_folder import GuardedFolder
from progress import say
from throwaway_postgres import REPOSITORY, ThrowawayPostgres

MEASUREMENTS = {
    "detection": detection, "scraping": scraping, "idle": idle_watching, "targets": many_targets,
    "busy": busy_target, "locks": lock_queue, "statements": statement_reading,
    "catalogs": catalog_reading, "processes": many_processes, "rules": rules,
    "deliveries": deliveries,
}


def main():
    parser = argparse.ArgumentParser(prog="Tests/benchmark.sh", description=__doc__)
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, help="this measurement; may be given again")
    parser.add_argument("--binary", required=True, help="the lockkeeper to measure (default: a release build)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--migrations", type=int, default=50, help="of detection (%(default)s)")
    parser.add_argument("--hold", type=float, default=3, help="seconds that each of them lasts at least (%(default)s)")
    parser.add_argument("--scrapes", type=int, default=2000, help="of each kind (%(default)s)")
    parser.add_argument("--minutes", type=float, default=10, help="of watching an idle server (%(default)s)")
    parser.add_argument("--sessions", type=int, default=50, help="idle sessions of that server (%(default)s)")
    parser.add_argument("--targets", type=int, default=100, help="in one agent (%(default)s)")
    parser.add_argument("--clients", type=int, default=50, help="of pgbench (%(default)s)")
    parser.add_argument("--pairs", type=int, default=30, help="of windows with and without the agent, under pgbench (%(default)s)")
    parser.add_argument("--pair-seconds", type=float, default=4, help="that each of them lasts (%(default)s)")
    parser.add_argument("--processes", type=int, default=2000, help="besides the machine's own (%(default)s)")
    parser.add_argument("--window", type=float, default=60, help="seconds of other measurements (%(default)s)")
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    # So that everything is cleaned up when it is ended from outside.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # A shell that runs us in the background has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    figures = Figures()
    figures.facts = facts(options)
    failed = []
    try:
        for name in options.only or MEASUREMENTS:
            say(f"=== {name}")
            try:
                with GuardedFolder() as folder:
                    MEASUREMENTS[name].measure(folder, options, figures)
            except Exception:  # The other measurements are worth having.
                failed.append(name)
                traceback.print_exc()
    except KeyboardInterrupt:
        failed.append("interrupted")
    print(figures.json() if options.json else figures.text())
    if failed:
        say(f"Did not work: {', '.join(failed)}")
        return 1
    return 0


def facts(options):
    """What the figures depend on besides the code."""
    def output(*command):
        done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
        return done.stdout.strip()

    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    with GuardedFolder() as folder:
        postgres = ThrowawayPostgres(folder).version
    return {
        "binary": f"{output(options.binary, '--version')} ({os.path.getsize(options.binary) / 2**20:.0f} MiB)",
        "working tree": output("git", "describe", "--always", "--dirty"), "PostgreSQL": postgres,
        "machine": f"{os.cpu_count()} × {models[0] if models else platform.machine()}, Linux {platform.release()}",
    }


if __name__ == "__main__":
    sys.exit(main())
