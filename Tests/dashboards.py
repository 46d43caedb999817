#!/usr/bin/env python3
"""Check the Grafana dashboards.

Without --prometheus: each file is valid JSON, its panels have ids of their own and do not overlap, every
variable that an expression uses is declared, and every expression is PromQL (promtool reads it).
With --prometheus URL: every expression is also evaluated there over the last --since seconds, and must
return at least one series with at least one number, unless it is of a --rare metric, one that is there only when
something particular happens. Exit status 1 when something does not hold.

    Tests/dashboards.py dashboards/*.json
    Tests/dashboards.py --prometheus http://127.0.0.1:9090 --since 600 dashboards/*.json
"""

import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

# https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#global-variables
BUILT_IN = {"__interval", "__rate_interval", "__range", "__range_s", "__interval_ms"}
VARIABLE = re.compile(r"\$\{?(\w+)(?::\w+)?\}?")


def expressions(dashboard):
    """Yields (where, expression) of every query of a dashboard: panels, annotations, variables."""
    for panel in all_panels(dashboard):
        for target in panel.get("targets", []):
            yield f'panel {panel["id"]} "{panel["title"]}", query {target["refId"]}', target["expr"]
    for annotation in dashboard.get("annotations", {}).get("list", []):
        if "expr" in annotation:
            yield f'annotation "{annotation["name"]}"', annotation["expr"]
    for variable in dashboard.get("templating", {}).get("list", []):
        if variable["type"] == "query":
            parts = re.fullmatch(r"label_values\((.+),\s*(\w+)\)", variable["query"]["query"])
            if not parts:
                raise ValueError(f'variable "{variable["name"]}": expected label_values(METRIC, LABEL)')
            yield f'variable "{variable["name"]}"', f"count by ({parts[2]}) ({parts[1]})"


def all_panels(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def structure_problems(dashboard):
    """Yields what is wrong with the dashboard itself."""
    seen = set()
    taken = {}
    for panel in all_panels(dashboard):
        name = f'panel {panel["id"]} "{panel["title"]}"'
        if panel["id"] in seen:
            yield f"{name}: the id is used twice"
        seen.add(panel["id"])
        if panel["type"] != "row" and not panel.get("targets"):
            yield f"{name}: has no query"
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"{name}: reaches beyond the 24 columns"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if (x, y) in taken:
                    yield f"{name}: overlaps {taken[x, y]}"
                    return
                taken[x, y] = name
    declared = {variable["name"] for variable in dashboard.get("templating", {}).get("list", [])} | BUILT_IN
    for where, expression in expressions(dashboard):
        for variable in VARIABLE.findall(expression):
            if variable not in declared:
                yield f"{where}: ${variable} is not declared"


def substituted(expression, values):
    return VARIABLE.sub(lambda match: values.get(match[1], ".*"), expression)


def syntax_problems(named_expressions):
    """Yields what promtool says of the expressions, written as recording rules one to a file."""
    with tempfile.TemporaryDirectory() as folder:
        for number, (where, expression) in enumerate(named_expressions):
            path = os.path.join(folder, f"{number}.yml")
            with open(path, "w", encoding="utf-8") as file:
                # JSON is YAML.
                json.dump({"groups": [{"name": "g", "rules": [{"record": "r", "expr": expression}]}]}, file)
            answer = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, check=False)
            if answer.returncode != 0:
                yield f"{where}: {expression}\n{answer.stderr.strip()}"


def values_found(prometheus, expression, since):
    """How many series with at least one number the expression returns over the last `since` seconds."""
    end = time.time()
    query = urllib.parse.urlencode(
        {"query": expression, "start": end - since, "end": end, "step": max(1, since // 3600)}
    )
    try:
        with urllib.request.urlopen(f"{prometheus}/api/v1/query_range?{query}", timeout=60) as answer:
            result = json.load(answer)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"HTTP {error.code}: {error.read(500).decode(errors='replace')}") from error
    return sum(
        any(not math.isnan(float(value)) for _, value in series["values"]) for series in result["data"]["result"]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--prometheus", metavar="URL", help="evaluate every expression there")
    parser.add_argument("--since", type=int, default=3600, metavar="SECONDS", help="how far to look back (3600)")
    parser.add_argument("--rate-interval", default="1m", metavar="DURATION", help="for $__rate_interval (1m)")
    parser.add_argument(
        "--rare", action="append", default=[], metavar="METRIC", help="a metric that need not be there; repeatable"
    )
    options = parser.parse_args()
    values = {
        "__interval": "15s", "__interval_ms": "15000", "__rate_interval": options.rate_interval,
        "__range": f"{options.since}s", "__range_s": str(options.since),
    }

    problems = []
    count = 0
    for path in options.files:
        try:
            with open(path, encoding="utf-8") as file:
                dashboard = json.load(file)
            found = list(structure_problems(dashboard))
            queries = [(where, substituted(text, values)) for where, text in expressions(dashboard)]
        except (OSError, ValueError, KeyError, TypeError) as error:
            problems.append(f"{path}: {type(error).__name__}: {error}")
            continue
        found += syntax_problems(queries)
        if options.prometheus:
            for where, expression in queries:
                is_rare = any(re.search(rf"\b{metric}\b", expression) for metric in options.rare)
                try:
                    if values_found(options.prometheus.rstrip("/"), expression, options.since) == 0 and not is_rare:
                        found.append(f"{where}: no series for {expression}")
                except (OSError, RuntimeError) as error:
                    found.append(f"{where}: {expression}: {error}")
        count += len(queries)
        problems += [f"{path}: {problem}" for problem in found]

    for problem in problems:
        print(problem, file=sys.stderr)
    how = "evaluated" if options.prometheus else "read"
    print(f"{len(options.files)} dashboard(s), {count} expressions {how}, {len(problems)} problem(s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
