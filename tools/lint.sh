#!/usr/bin/env bash
# The rules that a program can check. Ends with `N passed, N failed`.
set -uo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"
cd "$root"

passed=0 failed=0

rule() {
  local name=$1
  shift
  say "-- $name"
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); say "FAIL $name"; fi
}

# Design rule: everything above wasm-host runs natively too, so nothing else may know the host's ABI.
only_wasm_host_names_proxy_wasm() {
  local users
  users=$(cargo tree --workspace --target wasm32-wasip1 -i proxy-wasm --depth 1 --prefix none | sed 1d | awk '{ print $1 }' | sort -u)
  [ "$users" = penstock-wasm-host ] || { say "proxy-wasm is named by: ${users//$'\n'/ }"; return 1; }
}

scripts_parse() {
  local script
  for script in .ci/run tools/*.sh tests/*/*.sh; do bash -n "$script" || return 1; done
}

rule "cargo fmt" cargo fmt --all --check
rule "cargo clippy" cargo clippy --quiet --workspace --all-targets -- -D warnings
rule "cargo clippy for wasm32-wasip1" cargo clippy --quiet --target wasm32-wasip1 -p penstock-wasm-host -p penstock-token-meter -p penstock-suite -- -D warnings
rule "only wasm-host names proxy-wasm" only_wasm_host_names_proxy_wasm
rule "shell scripts parse" scripts_parse
echo "$passed passed, $failed failed"
[ $failed = 0 ]
