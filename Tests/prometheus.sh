#!/usr/bin/env bash
# A real Prometheus scrapes the demo: /metrics passes promtool's lint, no scrape fails, the alert rules load and evaluate,
# and every expression of the dashboards returns series.
#
#     Tests/prometheus.sh PATH-OF-LOCKKEEPER [SECONDS]
#
# SECONDS: how long the demo runs (60).
set -euo pipefail

if (($# < 1)); then
    echo "usage: Tests/prometheus.sh PATH-OF-LOCKKEEPER [SECONDS]" >&2
    exit 2
fi
lockkeeper=$(realpath "$1")
seconds=${2-60}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=Tests/scraping.sh
source Tests/scraping.sh

# The demo prints what to open: the first of those addresses that has metrics is the agent's.
find_agent() {
    is_running demo || fail "The demo has ended before it could be scraped"
    local address addresses
    mapfile -t addresses < <(grep -oE 'https?://(127\.0\.0\.1|localhost):[0-9]+' "$folder/demo.log" | sort -u)
    for address in "${addresses[@]}"; do
        if curl --silent --fail --max-time 5 "$address/metrics" --output "$folder/metrics.txt" &&
            grep --quiet '^lockkeeper_build_info' "$folder/metrics.txt"; then
            agent=${address#*://}
            return 0
        fi
    done
    return 1
}

start demo "$lockkeeper" demo --for "$seconds"
agent=''
await 60 find_agent || fail "The demo has printed no address that serves /metrics within a minute"

cat >"$folder/prometheus.yml" <<END
global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: ["$PWD/alerts/*.yml"]
scrape_configs:
  - job_name: lockkeeper
    static_configs: [{ targets: ["$agent"] }]
END
start_prometheus

# Lint while the migration runs: then most families have series.
linted=0
while is_running demo; do
    if curl --silent --fail --max-time 5 "http://$agent/metrics" --output "$folder/metrics.txt"; then
        promtool check metrics <"$folder/metrics.txt" || fail "/metrics does not pass promtool's lint"
        linted=$((linted + 1))
    fi
    sleep 1
done
wait "${programs[demo]}" || fail "The demo failed with status $?"
unset 'programs[demo]'
if ((linted == 0)); then fail "/metrics was never seen"; fi

python3 - "$prometheus" "$seconds" <<'END' || fail "Prometheus is not content with what it scraped"
import json, sys, urllib.parse, urllib.request

def get(path, **parameters):
    with urllib.request.urlopen(f"{sys.argv[1]}{path}?{urllib.parse.urlencode(parameters)}", timeout=30) as answer:
        return json.load(answer)["data"]

problems = []
scrapes = get("/api/v1/query", query=f"sum(count_over_time(up[{sys.argv[2]}s]))")["result"]
# The last scrape may have found the demo gone; a scrape that failed before it is wrong.
back = get("/api/v1/query", query=f"sum(resets(up[{sys.argv[2]}s])) > 1")["result"]
if not scrapes or float(scrapes[0]["value"][1]) < 5:
    problems.append("fewer than five scrapes")
if back:
    problems.append("a scrape failed while the demo ran")
rules = [rule for group in get("/api/v1/rules")["groups"] for rule in group["rules"]]
if not rules:
    problems.append("no rules were loaded")
problems += [f'rule {rule["name"]}: {rule.get("lastError", rule["health"])}' for rule in rules if rule["health"] != "ok"]
fired = {
    series["metric"]["alertname"]
    for series in get("/api/v1/query", query=f'max_over_time(ALERTS{{alertstate="firing"}}[{sys.argv[2]}s])')["result"]
}
print(f"{len(rules)} rules evaluated; fired during the demo: {', '.join(sorted(fired)) or 'none'}")
for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(1 if problems else 0)
END

# What the demo does not show: a command with counters, an installed pg_stat_statements, a replica, archiving, a tool's process, a heartbeat;
# nor the first increase of a counter that begins with it.
rare=()
for metric in migration_progress_ratio migration_remaining_seconds migration_steps_done statement_slowdown_ratio \
    statement_mean_seconds statement_seconds_total statement_calls_total replication_lag_bytes replication_slot_retained_bytes \
    archiver_failures_total lock_wait_seconds_bucket migration_process_cpu_seconds_total migration_process_resident_memory_bytes \
    migration_process_running heartbeats_total heartbeat_last_success_timestamp_seconds; do
    rare+=(--rare "lockkeeper_$metric")
done
python3 Tests/dashboards.py "${rare[@]}" --prometheus "$prometheus" --since $((seconds + 60)) --rate-interval 15s \
    dashboards/*.json || fail "A dashboard shows nothing where it should"
