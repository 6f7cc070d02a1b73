#!/usr/bin/env bash
# Fuzzes each target of tests/fuzz, or those that are named, for SECONDS_EACH (60) each. What was learned is kept in target/fuzz-corpus/.
#   tools/fuzz.sh [TARGET...]
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"
cd "$root"

# libFuzzer needs a nightly compiler; nothing else here does.
need rustup cc c++
rustup run nightly rustc --version >/dev/null 2>&1 ||
  { say "fetching a nightly Rust"; quietly "$tools/log/nightly.log" rustup toolchain install nightly --profile minimal; }
if [ ! -x "$tools/cargo-fuzz/bin/cargo-fuzz" ]; then
  say "building cargo-fuzz (once, about a minute)"
  quietly "$tools/log/cargo-fuzz.log" env CARGO_TARGET_DIR= cargo install --quiet --locked --root "$tools/cargo-fuzz" cargo-fuzz
fi
export PATH=$tools/cargo-fuzz/bin:$PATH CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}/fuzz

targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <(cargo +nightly fuzz list --fuzz-dir tests/fuzz)
[ ${#targets[@]} -gt 0 ] || die "tests/fuzz lists no targets"
passed=0 failed=0
for target in "${targets[@]}"; do
  say "-- $target, ${SECONDS_EACH:-60} s"
  corpus=$root/target/fuzz-corpus/$target
  mkdir -p "$corpus"
  seeds=$root/tests/fuzz/seeds/$target
  [ ! -d "$seeds" ] || cp -n "$seeds"/* "$corpus"/
  if cargo +nightly fuzz run --fuzz-dir tests/fuzz "$target" "$corpus" -- -max_total_time="${SECONDS_EACH:-60}" -rss_limit_mb=2048 -timeout=20 \
    -verbosity=0 -print_final_stats=1; then passed=$((passed + 1)); else failed=$((failed + 1)); say "FAIL $target: what broke it is in tests/fuzz/artifacts/$target/"; fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
