#!/usr/bin/env bash
# Prints what Lockkeeper costs and how fast it is: the real binary against a PostgreSQL of its own, which is gone afterwards.
#
#     Tests/benchmark.sh                        everything: about half an hour
#     Tests/benchmark.sh --only detection       one of detection, scraping, idle, targets, busy, locks,
#                                             statements, catalogs, processes, rules, deliveries
#     Tests/benchmark.sh --binary PATH --json   another binary than a release build; figures as JSON
#
# detection: --migrations 50, --hold 3 (seconds that each lasts at least). scraping: --scrapes 2000 of each kind, --window 60
# (seconds of counting the server's transactions). idle: --minutes 10, --sessions 50. targets: --targets 100, --window 60.
# busy: --clients 50, --pairs 30 (of windows with and without the agent, under pgbench), --pair-seconds 4. locks, statements,
# catalogs: --window 60.
# processes: --processes 2000, --window 60.
#
# PostgreSQL: LOCKKEEPER_POSTGRES_BIN (a bin folder), else the newest of Debian's. No figure makes it fail; it exits with 1
# when something did not work at all.
set -euo pipefail

if [[ ${1-} == --help || ${1-} == -h ]]; then
    sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
fi
exec "$(dirname "${BASH_SOURCE[0]}")/benchmark/with-binary.sh" Tests/benchmark "$@"
