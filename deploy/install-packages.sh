#!/usr/bin/env bash
# Installs those of the named Debian packages that are missing, as root or with sudo. Asks apt nothing when all are
# there. Services that come with a package are neither started nor left to start at boot.
#
#     deploy/install-packages.sh PACKAGE…
set -euo pipefail

if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian: make sure that the like of these is installed: $*" >&2
    exit 0
fi

missing=()
for package in "$@"; do
    if [[ $(dpkg-query --show --showformat='${db:Status-Abbrev}' "$package" 2>/dev/null || true) != ii* ]]; then
        missing+=("$package")
    fi
done
if ((${#missing[@]} == 0)); then
    exit 0
fi

if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
        echo "Missing: ${missing[*]}. Without sudo they cannot be installed from here; as root:" >&2
        echo "    apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    exec sudo -- bash "${BASH_SOURCE[0]}" "${missing[@]}"
fi

echo "Installing from Debian: ${missing[*]}"

# The units that are not there before are the ones that this installation brings.
brought=()
for unit in postgresql pgbouncer prometheus prometheus-alertmanager; do
    if [[ ! -e /lib/systemd/system/$unit.service ]]; then
        brought+=("$unit.service")
    fi
done

# https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt: 101 forbids to start anything.
log=$(mktemp)
policy=/usr/sbin/policy-rc.d
if [[ -e $policy ]]; then
    trap 'rm -f "$log"' EXIT
else
    trap 'rm -f "$log" "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
apt_get() {
    if ! apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null >"$log" 2>&1; then
        cat "$log" >&2
        echo "apt-get $1 failed; see above" >&2
        exit 1
    fi
}
apt_get update
apt_get install --yes --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}"

if command -v systemctl >/dev/null; then
    for unit in ${brought[@]+"${brought[@]}"}; do
        if [[ -e /lib/systemd/system/$unit ]]; then
            systemctl --quiet disable "$unit" 2>/dev/null || echo "Could not disable $unit: it may start at boot" >&2
        fi
    done
fi
