#!/usr/bin/env bash
# A real browser opens the page of the demo: while the migration is stuck it names the blocker and the statements to run, and the link of a
# message leads to the incident's whole story. Nothing may be refused by the page's own security policy.
#
#     Tests/page.sh PATH-OF-LOCKKEEPER
set -euo pipefail

if (($# != 1)); then
    echo "usage: Tests/page.sh PATH-OF-LOCKKEEPER" >&2
    exit 2
fi
lockkeeper=$(realpath "$1")
browser=$(command -v chromium-headless-shell || command -v chromium)

folder=$(mktemp -d)
demo=''
clean_up() {
    if [[ -n $demo ]]; then
        kill "$demo" 2>/dev/null || true
        wait "$demo" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap clean_up EXIT

# The page at $1 as the browser shows it, without its style and script, into $folder/shown.html.
open_page() {
    timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$folder/profile" \
        --enable-logging=stderr --virtual-time-budget=3000 --dump-dom "$1" >"$folder/page.html" 2>"$folder/browser.log" || return 1
    python3 - "$folder/page.html" >"$folder/shown.html" <<'END'
import re, sys
print(re.sub(r"(?s)<(script|style)\b.*?</\1>", "", open(sys.argv[1], encoding="utf-8").read()))
END
    if grep -E 'CONSOLE.*(Uncaught|Refused|Failed|rror)' "$folder/browser.log"; then
        echo "The page complains, see above" >&2
        exit 1
    fi
}

# Opens the page at $1 until it shows all that follows, at most a minute.
await_page() {
    local page=$1 deadline=$((SECONDS + 60)) missing text
    shift
    while :; do
        missing=''
        open_page "$page" || missing="the page itself"
        for text in "$@"; do
            grep --quiet --fixed-strings -- "$text" "$folder/shown.html" || missing=${missing:-$text}
        done
        if [[ -z $missing ]]; then return 0; fi
        if ((SECONDS >= deadline)); then
            echo "$page does not show: $missing" >&2
            sed 's/></>\n</g' "$folder/shown.html" | tail -n 60 >&2
            exit 1
        fi
    done
}

"$lockkeeper" demo --for 120 >"$folder/demo.log" 2>&1 &
demo=$!
agent=''
deadline=$((SECONDS + 60))
until [[ -n $agent ]]; do
    agent=$(grep --only-matching --max-count=1 -E 'http://127\.0\.0\.1:[0-9]+' "$folder/demo.log" | head -n 1 || true)
    if ! kill -0 "$demo" 2>/dev/null || ((SECONDS >= deadline)); then
        cat "$folder/demo.log" >&2
        exit 1
    fi
    sleep 0.2
done

await_page "$agent/" '0002_order_note' 'Blocked by' 'idle in transaction' 'SELECT pg_terminate_backend(' \
    'running statement 1 of' 'Who waits: ' 'queued behind others' 'ACCESS SHARE on public.'
incident=$(curl --silent --fail "$agent/api/v1/incidents" |
    python3 -c 'import json, sys; print(next(i["id"] for i in json.load(sys.stdin)["incidents"] if i["kind"] == "migration"))')
await_page "$agent/?incident=$incident" 'What happened' 'Who was told' 'committed after' '(delivered)'
echo "The page shows the stuck migration and incident $incident"
