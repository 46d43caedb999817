# Sourced by the tests with a real Prometheus: a folder that is removed at the end, programs that are ended then, and how to wait and to fail.
# shellcheck shell=bash

folder=$(mktemp -d)
# The programs that run, by the names of their logs.
declare -A programs=()

clean_up() {
    local program
    for program in "${programs[@]}"; do
        kill "$program" 2>/dev/null || true
        wait "$program" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap clean_up EXIT

# Starts a program, whose log is to be $folder/$1.log.
start() {
    local name=$1
    shift
    "$@" >"$folder/$name.log" 2>&1 &
    programs[$name]=$!
}

is_running() { kill -0 "${programs[$1]}" 2>/dev/null; }

fail() {
    echo "$1" >&2
    local log
    for log in "$folder"/*.log; do
        if [[ -s $log ]]; then
            echo "--- the last lines of $(basename "$log" .log):" >&2
            tail -n 40 "$log" >&2
        fi
    done
    exit 1
}

# Repeats a command until it succeeds, at most $1 seconds long.
await() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        if ((SECONDS >= deadline)); then return 1; fi
        sleep 0.2
    done
}

# Starts Prometheus with $folder/prometheus.yml and sets $prometheus to its address.
start_prometheus() {
    promtool check config "$folder/prometheus.yml" >/dev/null || fail "Prometheus does not take its configuration"
    local port
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    prometheus=http://127.0.0.1:$port
    start prometheus prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" \
        --web.listen-address="127.0.0.1:$port" --log.level=warn
    await 30 curl --silent --fail --output /dev/null "$prometheus/-/ready" || fail "Prometheus does not start"
}
