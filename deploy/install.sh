#!/usr/bin/env bash
# Installs Lockkeeper on this machine as a system service: the program, the unit, a user, the rules, and a configuration to edit
# if there is none. Run as root; run again to update (your configuration stays). It starts nothing for the first time.
#
#     deploy/install.sh                       builds, then installs
#     deploy/install.sh PATH-OF-LOCKKEEPER    installs that program
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [[ ${1-} == -* || $# -gt 1 ]]; then
    sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
fi
if ((EUID != 0)); then
    echo "Run it as root: it writes to /usr/local/bin, /etc and /etc/systemd/system." >&2
    exit 1
fi

program=${1-}
if [[ -z $program ]]; then
    "$repository/deploy/install-packages.sh" \
        ca-certificates git pkg-config libpq-dev libcurl4-openssl-dev zlib1g-dev libcrypt-dev libssl-dev libsqlite3-dev
    # With Swift's own libraries inside, the program runs where Swift is not installed. A build folder of its own leaves the
    # other build as it is.
    build=(swift build --package-path "$repository" --scratch-path "$repository/.build-install" -c release
        --product lockkeeper --static-swift-stdlib)
    echo "Building Lockkeeper; the first time takes several minutes."
    "${build[@]}"
    program=$("${build[@]}" --show-bin-path)/lockkeeper
fi

if ! getent passwd lockkeeper >/dev/null; then
    useradd --system --user-group --no-create-home --home-dir /var/lib/lockkeeper --shell /usr/sbin/nologin lockkeeper
fi

install -m 755 "$program" /usr/local/bin/lockkeeper
install -m 644 "$repository/deploy/lockkeeper.service" /etc/systemd/system/lockkeeper.service
# Secrets lie here: for root and the service alone.
install -d -o root -g lockkeeper -m 750 /etc/lockkeeper
install -d -m 755 /etc/lockkeeper/alerts
install -m 644 "$repository"/alerts/*.yml /etc/lockkeeper/alerts/
if [[ ! -e /etc/lockkeeper/lockkeeper.yml ]]; then
    install -o root -g lockkeeper -m 640 "$repository/deploy/lockkeeper.example.yml" /etc/lockkeeper/lockkeeper.yml
fi

# Only where systemd runs; elsewhere, as in an image that is being built, it finds the unit when it starts.
if [[ -d /run/systemd/system ]]; then
    systemctl daemon-reload
    systemctl try-restart lockkeeper
fi

cat <<'END'
Installed. Next:
  1. In each database to be watched: psql -d DATABASE -f deploy/monitoring-role.sql
  2. Edit /etc/lockkeeper/lockkeeper.yml; variables for ${…} go into /etc/lockkeeper/environment
  3. lockkeeper check --config /etc/lockkeeper/lockkeeper.yml
  4. systemctl enable --now lockkeeper
END
