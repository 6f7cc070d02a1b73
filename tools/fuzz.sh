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
  quietly "$tools/log/cargo-fuzz.log" env -u CARGO_TARGET_DIR cargo install --quiet --locked --root "$tools/cargo-fuzz" cargo-fuzz
fi
export PATH=$tools/cargo-fuzz/bin:$PATH CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}/fuzz

mkdir -p "$tools/log"
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
  log=$tools/log/fuzz-$target.log
  if cargo +nightly fuzz run --fuzz-dir tests/fuzz "$target" "$corpus" -- -max_total_time="${SECONDS_EACH:-60}" -rss_limit_mb=2048 -timeout=20 \
    -print_final_stats=1 >"$log" 2>&1; then
    passed=$((passed + 1))
    say "   $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, nothing found"
  else
    failed=$((failed + 1))
    grep -A4 -m 1 -E "panicked at|ERROR: |^error" "$log" >&2 || tail -n 5 "$log" >&2
    say "FAIL $target: what broke it is in tests/fuzz/artifacts/$target/, the whole story in $log"
  fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
