#!/usr/bin/env bash
# Kills the real agent (SIGKILL) at random instants while migrations begin and end, its receivers fail, and somebody silences
# databases, acknowledges incidents and has the configuration reloaded; starts it again on the same state, and checks what arrived:
# who was told of a begin was told of the end; each message came once, or again only where the answer to it was none, was no, or was
# never seen; PagerDuty and Statuspage opened each incident once and left none open; nothing was kept back but by a silence.
# Exits with 1 when that does not hold. Last it prints how much was lost, doubled, or begun without an end.
#
#     Tests/kill.sh                       30 kills, about four minutes
#     Tests/kill.sh --kills 5 --seed 7    fewer, with the random choices of an earlier run
#     Tests/kill.sh --binary PATH         another binary than a release build
#     Tests/kill.sh --no-handling         without silences, acknowledgements and reloads
#     Tests/kill.sh --no-keyed            without PagerDuty and Statuspage: webhook, Slack and mail only
#
# --faults 0.3 (share of the answers that go wrong), --grace 1.0 (seconds from an answer to its being stored), --patience 300
# (seconds in which the outbox must go on to empty at the end), --keep FOLDER (keeps the agent's log and state, what arrived, and what
# was asked of it).
set -euo pipefail

if [[ ${1-} == --help || ${1-} == -h ]]; then
    sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
fi
exec "$(dirname "${BASH_SOURCE[0]}")/benchmark/with-binary.sh" Tests/benchmark/kill.py "$@"
