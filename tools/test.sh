#!/usr/bin/env bash
# Every test, part by part; the last line is `N passed, N failed`.
#   tools/test.sh [--lint] [--all]      --lint begins with tools/lint.sh; --all adds the oldest supported Envoy and Ollama
# ENVOY_VERSION names another Envoy for the whole run.
set -uo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"
cd "$root"

newest=${ENVOY_VERSION:-1.40.0}
oldest=1.36.2
passed=0 failed=0 skipped=()
broken=()  # pairs of a part and the lines that say what failed in it
mkdir -p "$tools/log"

# part NAME LIMIT COMMAND...: runs one part and adds up the figures that it prints. The limit, in seconds, is for what hangs, far above what a
# slow machine takes. A part that fails without naming a failure, or that passes without having tested anything, counts as one failure.
part() {
  local name=$1 limit=$2 log=$tools/log/test-part.log begin=$SECONDS status figures p f
  shift 2
  say "" && say "== $name"
  timeout --kill-after 10 "$limit" "$@" </dev/null 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  figures=$(python3 tools/tally.py "$log")
  p=${figures% *} f=${figures#* }
  if [ "$status" = 124 ]; then say "$name: not done within $limit s"; fi
  if [ "$f" = 0 ] && { [ "$status" != 0 ] || [ "$p" = 0 ]; }; then f=1; fi
  if [ "$f" != 0 ]; then broken+=("$name" "$(grep -E '^ *FAIL|\.\.\. FAILED$' "$log" | cut -c 1-400 | head -20)"); fi
  passed=$((passed + p)) failed=$((failed + f))
  say "-- $name: $p passed, $f failed, $((SECONDS - begin)) s"
}

skip() { say "" && say "== $1: skipped, $2"; skipped+=("$1 ($2)"); }

on_envoy() {
  local version=$1
  part "scenarios on Envoy $version" 900 env ENVOY_VERSION="$version" cargo run --quiet -p penstock-e2e -- --envoy
  part "official SDKs through Envoy $version" 300 env ENVOY_VERSION="$version" "$python" tests/demo/through.py --config envoy-configs/suite.yaml -- \
    "$python" -m pytest -q -p no:cacheprovider tests/sdk
  part "official SDKs through the redactor alone, Envoy $version" 300 env ENVOY_VERSION="$version" "$python" tests/demo/through.py \
    --config envoy-configs/pii-redactor.yaml -- "$python" -m pytest -q -p no:cacheprovider tests/sdk/test_redactor.py
  part "official SDKs through the guard alone, Envoy $version" 300 env ENVOY_VERSION="$version" "$python" tests/demo/through.py \
    --config envoy-configs/prompt-guard.yaml -- "$python" -m pytest -q -p no:cacheprovider tests/sdk/test_guard.py tests/sdk/test_sdk.py
  part "official SDKs and spent budgets, Envoy $version" 300 env ENVOY_VERSION="$version" "$python" tests/demo/through.py \
    --config envoy-configs/budgets.yaml -- "$python" -m pytest -q -p no:cacheprovider tests/sdk/test_budgets.py
}

real_server() {
  local name=$1
  if tests/real-servers/build.sh "$name" --cached >/dev/null 2>&1; then
    part "$name through Envoy" 300 python3 tests/demo/real_server.py "$name" --config envoy-configs/suite.yaml
  else
    skip "$name" "not built here; tests/real-servers/build.sh $name takes some minutes, once"
  fi
}

python=$(tools/python.sh) || exit 1
tools/envoy.sh "$newest" >/dev/null || exit 1
export ENVOY_VERSION=$newest

case " $* " in *" --lint "*) part lint 900 tools/lint.sh ;; esac
part "cargo test" 1500 cargo test --workspace --no-fail-fast
cargo build --quiet -p llm-sim || exit 1
cargo build --quiet --release --target wasm32-wasip1 -p penstock-probe-filter || exit 1
part "envoy-configs are valid" 300 python3 tests/demo/validate.py
if tools/gomod.sh crane >/dev/null && tools/cyclonedx.sh >/dev/null; then
  part "OCI images and a registry" 300 python3 tests/oci/check.py
else
  skip "OCI images" "what makes or pushes them could not be built here"
fi
part "files that other programs read" 180 bash -c '"$(tools/python.sh tests/schemas/requirements.txt)" tests/schemas/check.py'
part "the filter as Envoy Gateway loads it" 120 bash -c '"$(tools/python.sh tests/schemas/requirements.txt)" tests/schemas/gateway.py'
part "what penstock istio renders" 120 bash -c '"$(tools/python.sh tests/schemas/requirements.txt)" tests/schemas/rendered.py'
part "func-e" 180 python3 tests/demo/func_e.py
part "demo" 300 bash -c "$python tests/demo/demo.py && echo 1 passed, 0 failed"
part "OpenTelemetry spans" 300 python3 tests/demo/tracing.py
part "clients with certificates" 300 python3 tests/demo/mtls.py
part "changes of a fleet drop nothing" 300 python3 tests/demo/changes.py
on_envoy "$newest"
part "storms against budgets" 600 tools/storm.sh --quick
if prometheus=$(tools/prometheus.sh); then
  part "Prometheus" 300 env PROMETHEUS="$prometheus" "$python" tests/prometheus/check.py
  cargo build --quiet -p penstock-cli || exit 1
  part "budgets as operators see them" 300 "$python" tests/prometheus/budgets.py
  part "alert rules" 120 "$python" tests/prometheus/alerts.py
  part "every query of the dashboards" 600 "$python" tests/dashboards/check.py
else
  skip "Prometheus and the dashboards" "no binary to be had here"
fi
if tools/redis.sh >/dev/null && tools/gomod.sh ratelimit >/dev/null; then
  part "budgets across proxies" 600 "$python" tests/global/check.py
else
  skip "budgets across proxies" "no Redis or no rate limit service to be had here"
fi
real_server llama
if tests/mesh/build.sh --cached >/dev/null 2>&1; then
  cargo build --quiet -p penstock-cli || exit 1
  part "Istio" 1500 python3 tests/mesh/run.py
else
  skip "Istio" "its control plane is not built here; tests/mesh/build.sh takes some fifteen minutes, once"
fi
case " $* " in *" --all "*)
  tools/envoy.sh "$oldest" >/dev/null && on_envoy "$oldest"
  tests/real-servers/build.sh ollama >/dev/null
  real_server ollama
  ;;
esac

say ""
for name in "${skipped[@]}"; do say "skipped: $name"; done
for ((i = 0; i < ${#broken[@]}; i += 2)); do
  say "failed: ${broken[i]}"
  [ -z "${broken[i + 1]}" ] || say "${broken[i + 1]}"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
