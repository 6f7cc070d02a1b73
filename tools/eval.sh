#!/usr/bin/env bash
# Scores what the redactor and the guard find in labelled texts: `make eval DATA=FOLDER`.
#   tools/eval.sh FOLDER
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

[ -n "${1:-}" ] || die "DATA is missing: make eval DATA=FOLDER, a folder with pii/, guard/ or leak/ (tests/eval/README.md says what is in them)"
[ -d "$1" ] || die "DATA=$1 is no folder"
data=$(cd "$1" && pwd)
cd "$root"
need python3
target=${CARGO_TARGET_DIR:-$root/target}
say "-- building the penstock command"
cargo build --quiet --profile tools -p penstock-cli
python3 tests/eval/evaluate.py "$target/tools/penstock" "$data" "$target/eval.json"
