#!/usr/bin/env bash
# Sees to the Rust toolchain of rust-toolchain.toml and its wasm target; rustup fetches what is missing.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

cd "$root"
channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
# A toolchain that was given to us may be there without its wasm target.
if [ ! -d "$(rustc "+$channel" --print sysroot 2>/dev/null)/lib/rustlib/wasm32-wasip1" ]; then
  say "fetching Rust $channel with the wasm32-wasip1 target"
  quietly "$tools/log/rustup.log" rustup toolchain install "$channel" --profile minimal --component clippy,rustfmt --target wasm32-wasip1
fi
