#!/usr/bin/env bash
# Measures the filters beside a bare Envoy: a table here, figures in target/bench.json. QUICK=1 ends within a minute.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"
cd "$root"

say "building the load and the filters to compare with"
cargo build --quiet --profile tools -p penstock-bench
cargo build --quiet --release --target wasm32-wasip1 --manifest-path tests/empty-filter/Cargo.toml --target-dir target/empty-filter
tools/envoy.sh "${ENVOY_VERSION:-1.40.0}" >/dev/null
exec "${CARGO_TARGET_DIR:-target}/tools/penstock-bench"
