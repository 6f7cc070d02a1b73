#!/usr/bin/env bash
# Prints the path of cargo-cyclonedx, which lists the crates of a program as a CycloneDX document. Built from crates.io at the first call and
# kept in ${PENSTOCK_CACHE:-~/.cache/penstock}/cargo-cyclonedx-VERSION/.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

build() {
  [ -x "$binary" ] && return
  need cargo
  say "building cargo-cyclonedx $version (once, about two minutes)"
  quietly "$tools/log/cyclonedx.log" cargo install --locked --debug --root "$folder" "cargo-cyclonedx@$version"
}

version=0.5.9
folder=$cache/cargo-cyclonedx-$version
binary=$folder/bin/cargo-cyclonedx
[ -x "$binary" ] || locked cyclonedx build
echo "$binary"
