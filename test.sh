#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all tests. Works from any folder, again and again, with nothing running before.
# The last line says "N passed, N failed, N skipped"; the exit code is 0 only if something ran and nothing failed.
#
#   ./test.sh                  everything
#   ./test.sh FILTER           tests whose full name contains FILTER
#   NIGHTLY=1 ./test.sh        random sequences in their thousands instead of their hundreds
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")"

# A tool that is missing fails its tests instead of skipping them.
export TEST_SERVICES=required
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# Nothing that this script started is left behind for the next run.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false

results="$PWD/TestResults"
projects=(tests/Dex.Tus.Tests tests/Dex.UploadServer.Tests tests/Dex.Services.Tests)
packages=(curl python3-tuspy)

say() { printf '\n== %s\n' "$*"; }

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
install_clients() {
  local installed=tests/clients/node_modules/.installed-lock.json
  cmp -s tests/clients/package-lock.json "$installed" && return
  say 'Installing the Node clients'
  (cd tests/clients && npm ci --no-audit --no-fund --loglevel=error)
  cp tests/clients/package-lock.json "$installed"
}

# They live as long as the pipe that this script and its children hold: they end even if it is killed.
start_services() {
  say 'Starting services'
  tests/services/services.sh install
  local line
  coproc services { exec tests/services/services.sh run s3 azure sns-sqs; }
  trap stop_services EXIT
  while IFS= read -r line <&"${services[0]}"; do
    [[ "$line" == ready ]] && return
    export "${line?}"
  done
  echo 'The services did not start.'
  return 1
}

stop_services() {
  local process=${services_PID-}
  [[ -n "$process" ]] || return 0
  kill "$process" 2>/dev/null || true
  wait "$process" 2>/dev/null || true
}

build() {
  say 'Building'
  dotnet restore Dex.slnx --locked-mode -v quiet
  dotnet build Dex.slnx -c Release --no-restore -v quiet --nologo
}

# One project after the other: the tests of one measure times and memory that the next would disturb.
run_project() {
  local project=$1 filter=()
  [[ -z "$2" ]] || filter=(--filter "FullyQualifiedName~$2")
  say "$project"
  dotnet test "$project" -c Release --no-build --nologo --results-directory "$results" \
    --logger "trx;LogFileName=${project##*/}.trx" --logger 'console;verbosity=minimal' "${filter[@]}"
}

# Adds up one attribute of the <Counters …> lines of all result files.
count() {
  cat "$results"/*.trx 2>/dev/null | grep -o '<Counters [^>]*' | grep -o " $1=\"[0-9]*\"" | grep -o '[0-9]*' | awk '{ n += $1 } END { print n + 0 }' || true
}

summarise() {
  local total executed passed failed
  total=$(count total) executed=$(count executed) passed=$(count passed)
  failed=$((executed - passed))
  # A project that crashed leaves no counts; it must not look as if all was well.
  ((failed > 0 || failures == 0)) || failed=$failures
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$((total - executed))"
  ((failed == 0 && failures == 0 && passed > 0))
}

install_packages
install_clients
build
start_services
rm -rf "$results"
failures=0
for project in "${projects[@]}"; do
  run_project "$project" "${1-}" || failures=$((failures + 1))
done
summarise
