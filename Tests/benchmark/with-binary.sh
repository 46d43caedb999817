#!/usr/bin/env bash
# Runs a Python program of this folder on the real binary, having installed and built what that takes:
#
#     Tests/benchmark/with-binary.sh PROGRAM [--binary PATH] [ARGUMENT…]
#
# PROGRAM: its path from the repository's root. --binary: which lockkeeper; without it a release build is made.
set -euo pipefail

program=$1 binary='' arguments=()
shift
while (($# > 0)); do
    case $1 in
        --binary)
            binary=$(realpath "${2?--binary needs a path}")
            shift
            ;;
        *) arguments+=("$1") ;;
    esac
    shift
done

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

packages=(ca-certificates git pkg-config libpq-dev libcurl4-openssl-dev zlib1g-dev libcrypt-dev libssl-dev libsqlite3-dev)
if [[ -z ${LOCKKEEPER_POSTGRES_BIN-} ]]; then packages+=(postgresql); fi
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then packages+=(python3 python3-venv); fi
deploy/install-packages.sh "${packages[@]}" >&2

# The same virtual environment that Tests/run.sh makes.
venv=$PWD/.build-venv
if ! cmp --silent Tests/requirements.txt "$venv/installed.txt"; then
    echo "Installing from PyPI into .build-venv" >&2
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input --requirement Tests/requirements.txt >&2
    cp Tests/requirements.txt "$venv/installed.txt"
fi

if [[ -z $binary ]]; then
    swift build -c release --product lockkeeper >&2
    binary=$(swift build -c release --product lockkeeper --show-bin-path)/lockkeeper
fi
if [[ ! -x $binary ]]; then
    echo "No executable $binary" >&2
    exit 2
fi

export PYTHONDONTWRITEBYTECODE=1
exec "$venv/bin/python" "$program" --binary "$binary" ${arguments[@]+"${arguments[@]}"}
