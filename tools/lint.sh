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

# Design rule: everything above wasm-host runs natively too, so nothing else may know the host's ABI, nor be unsafe.
only_wasm_host_knows_the_host() {
  local others
  others=$(grep -rlE 'wasm_import_module|no_mangle|proxy_wasm::|allow\(unsafe_code\)' --include='*.rs' shared filters cli | grep -v '^shared/wasm-host/' || true)
  [ -z "$others" ] || { say "the host is known to: ${others//$'\n'/ }"; return 1; }
}

scripts_parse() {
  local script
  for script in .ci/run tools/*.sh tests/*/*.sh; do bash -n "$script" || return 1; done
}

rule "cargo fmt" cargo fmt --all --check
rule "cargo clippy" cargo clippy --quiet --workspace --all-targets -- -D warnings
rule "cargo clippy for wasm32-wasip1" cargo clippy --quiet --target wasm32-wasip1 -p penstock-wasm-host -p penstock-cluster-picker -p penstock-pii-redactor -p penstock-prompt-guard -p penstock-token-meter -p penstock-suite -- -D warnings
rule "only wasm-host knows the host" only_wasm_host_knows_the_host
rule "shell scripts parse" scripts_parse
rule "the corpus is what its generator writes" python3 tests/eval/make_corpus.py --check
echo "$passed passed, $failed failed"
[ $failed = 0 ]
