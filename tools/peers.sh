#!/usr/bin/env bash
# Compares the cores of the redactor and of the guard with their peers of PyPI (tests/bench/peers.txt), which are installed at the first call:
# some 400 MB.
#   tools/peers.sh
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"
cd "$root"

install() {
  [ -f "$venv/complete" ] && return
  say "installing Presidio, detect-secrets and LLM Guard (once, a minute or two)"
  quietly "$tools/log/peers.log" python3 -m venv --clear "$venv"
  quietly "$tools/log/peers.log" "$venv/bin/python" -m pip --disable-pip-version-check --no-input install \
    --no-deps --only-binary :all: --cache-dir "$cache/pip" -r "$requirements"
  touch "$venv/complete"
}

need python3 python3-venv
requirements=$root/tests/bench/peers.txt
python3 -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' || die "python3 is $(python3 -V 2>&1); the peers need 3.10 to 3.13"
hash=$({ cat "$requirements"; python3 -V; } | sha256sum)
venv=$tools/peers-${hash:0:12}
[ -f "$venv/complete" ] || locked "peers-${hash:0:12}" install
cargo build --quiet --profile tools -p penstock-text-scan --example timing -p penstock-prompt-guard --example judge_timing
target=${CARGO_TARGET_DIR:-$root/target}
"$venv/bin/python" tests/bench/peers.py "$target"/tools/examples/{timing,judge_timing} "$target/peers.json"
