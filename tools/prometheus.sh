#!/usr/bin/env bash
# Prints the path of a Prometheus binary: the one on PATH, else Debian's package unpacked into .tools/prometheus/ (no root needed,
# nothing is installed on the system). promtool lies beside it.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

unpack() {
  [ -x "$binary" ] && return
  local new=$tools/prometheus.new
  debian_lists prometheus
  debian_unpack "$new" prometheus
  "$new/usr/bin/prometheus" --version >/dev/null 2>&1 || die "Debian's prometheus does not run on this machine"
  rm -rf "$tools/prometheus" && mv -T "$new" "$tools/prometheus"
}

if command -v prometheus; then exit; fi
binary=$tools/prometheus/usr/bin/prometheus
[ -x "$binary" ] || locked prometheus unpack
echo "$binary"
