#!/usr/bin/env bash
# From a clean clone to a running Lockkeeper: installs what is missing (Debian, as root or with sudo), builds, and runs
#
#     deploy/quickstart.sh                        the demo: a migration gets stuck on a throwaway PostgreSQL
#     DATABASE_URL=… deploy/quickstart.sh         the agent, watching that server
#
# Arguments are passed on: `deploy/quickstart.sh --for 60` ends the demo after a minute. Needs Swift 6.2 or newer.
# May be run again; the second time it only starts. Outside this folder it leaves nothing but the packages.
set -euo pipefail

if [[ ${1-} == --help || ${1-} == -h ]]; then
    sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
fi

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

packages=(ca-certificates git pkg-config libpq-dev libcurl4-openssl-dev zlib1g-dev libcrypt-dev libssl-dev libsqlite3-dev)
if [[ -z ${DATABASE_URL-} && -z ${LOCKKEEPER_POSTGRES_BIN-} ]]; then
    packages+=(postgresql) # the demo starts a server of its own
fi
"$repository/deploy/install-packages.sh" "${packages[@]}"

if ! command -v swift >/dev/null; then
    echo "Swift is not on the PATH. Install 6.2 or newer: https://www.swift.org/install/linux/" >&2
    exit 1
fi

build=(swift build --package-path "$repository" -c release --product lockkeeper)
folder=$("${build[@]}" --show-bin-path)
if [[ ! -x $folder/lockkeeper ]]; then
    echo "Building Lockkeeper. The first time takes some minutes (nine or ten on two cores); later ones take seconds."
fi
"${build[@]}"
echo "Built in $((SECONDS / 60)) min $((SECONDS % 60)) s: $folder/lockkeeper"

if [[ -n ${DATABASE_URL-} ]]; then
    exec "$folder/lockkeeper" serve "$@"
fi
exec "$folder/lockkeeper" demo "$@"
