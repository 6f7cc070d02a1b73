#!/usr/bin/env bash
# Storms against the meter's budgets on a real Envoy (tests/storm), with as many open files as this machine allows.
#   tools/storm.sh [--quick] [--seed N] [--only NAME]      `--help` says what each does; needs `make build`
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"
cd "$root"

ulimit -Sn "$(ulimit -Hn)"
cargo build --quiet -p llm-sim
cargo build --quiet --release --target wasm32-wasip1 -p penstock-probe-filter
exec cargo run --quiet -p penstock-storm -- "$@"
