#!/usr/bin/env bash
# A real Prometheus scrapes an agent by HTTPS with a name and a password, also while the certificate is renewed; with a wrong password, or
# without TLS, it gets nothing. Agents that serve plain HTTP are scraped by Tests/prometheus.sh.
#
#     Tests/secured.sh PATH-OF-LOCKKEEPER
set -euo pipefail

if (($# != 1)); then
    echo "usage: Tests/secured.sh PATH-OF-LOCKKEEPER" >&2
    exit 2
fi
lockkeeper=$(realpath "$1")

# shellcheck source=Tests/scraping.sh
source "$(dirname "${BASH_SOURCE[0]}")/scraping.sh"

make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout "$folder/$1-key.pem" -out "$folder/$1.pem" 2>/dev/null
}
make_certificate first
make_certificate second
cat "$folder/first.pem" "$folder/second.pem" >"$folder/trusted.pem"
cp "$folder/first.pem" "$folder/certificate.pem"
cp "$folder/first-key.pem" "$folder/key.pem"
chmod 600 "$folder/key.pem"

# The hash is that of `correct horse`. The database is not there: nothing but the agent's own HTTP is of interest.
cat >"$folder/lockkeeper.yml" <<'END'
listen: 127.0.0.1:0
state: state
web:
  tls: { cert_file: certificate.pem, key_file: key.pem }
  basic_auth_users:
    prometheus: $2b$10$fG7umpNVhs4x.93r5OEXRea.HufJ.sr7D7gLoOA.d9ZgZ6nTU/w5m
targets:
  - { name: app, dsn: host=/nonexistent dbname=app }
END
chmod 600 "$folder/lockkeeper.yml"
"$lockkeeper" check --config "$folder/lockkeeper.yml" || fail "The configuration is not taken"
start agent "$lockkeeper" serve --config "$folder/lockkeeper.yml"
find_agent() {
    is_running agent || fail "The agent has ended"
    address=$(grep --only-matching --max-count=1 -E 'https://127\.0\.0\.1:[0-9]+' "$folder/agent.log" | head -n 1)
    [[ -n $address ]]
}
address=''
await 30 find_agent || fail "The agent does not say where it listens"
address=${address#https://}

cat >"$folder/prometheus.yml" <<END
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: right
    scheme: https
    tls_config: { ca_file: $folder/trusted.pem }
    basic_auth: { username: prometheus, password: correct horse }
    static_configs: [{ targets: ["$address"] }]
  - job_name: wrong_password
    scheme: https
    tls_config: { ca_file: $folder/trusted.pem }
    basic_auth: { username: prometheus, password: wrong horse }
    scrape_interval: 5s
    static_configs: [{ targets: ["$address"] }]
  - job_name: plain
    basic_auth: { username: prometheus, password: correct horse }
    static_configs: [{ targets: ["$address"] }]
END
start_prometheus

# The number that a query answers with, or nothing.
number() {
    curl --silent --fail --get --data-urlencode "query=$1" "$prometheus/api/v1/query" |
        python3 -c 'import json, sys; print(*(r["value"][1] for r in json.load(sys.stdin)["data"]["result"]))'
}
has_scraped() { [[ $(number 'sum_over_time(up{job="right"}[5m]) >= bool '"$1") == 1 ]]; }

await 30 has_scraped 5 || fail "Prometheus does not get at the metrics"
cp "$folder/second-key.pem" "$folder/key.pem"
cp "$folder/second.pem" "$folder/certificate.pem"
is_renewed() {
    openssl s_client -connect "$address" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint >"$folder/shown"
    openssl x509 -in "$folder/second.pem" -noout -fingerprint | cmp --silent - "$folder/shown"
}
await 30 is_renewed || fail "The renewed certificate is not used"
before=$(number 'count_over_time(up{job="right"}[5m])')
await 30 has_scraped $((before + 5)) || fail "After the renewal Prometheus does not get at the metrics"

if [[ $(number 'min_over_time(up{job="right"}[5m])') != 1 ]]; then fail "A scrape has failed"; fi
for job in wrong_password plain; do
    if [[ $(number "max_over_time(up{job=\"$job\"}[5m])") != 0 ]]; then fail "The job $job got at the metrics"; fi
done
for version in tls1 tls1_1; do
    if openssl s_client -connect "$address" "-$version" -cipher ALL:@SECLEVEL=0 </dev/null >/dev/null 2>&1; then
        fail "The agent speaks $version"
    fi
done
echo "$(number 'count_over_time(up{job="right"}[5m])') scrapes by HTTPS with a password, none failed, with a renewal in between;" \
    "the agent used $(number 'max(rate(process_cpu_seconds_total{job="right"}[1m])) * 100 > 0 or vector(0)') % of a core"
