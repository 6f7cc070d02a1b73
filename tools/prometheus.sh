#!/usr/bin/env bash
# Prints the path of a Prometheus binary: the one on PATH, else Debian's package unpacked into .tools/prometheus/ (no root needed,
# nothing is installed on the system). promtool lies beside it.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

# Package lists are often absent in containers; only root can fetch them.
ensure_lists() {
  apt-cache show prometheus >/dev/null 2>&1 && return
  [ "$(id -u)" = 0 ] || die "apt knows no package prometheus here; run: sudo apt-get update (or put a prometheus on PATH)"
  say "updating apt's package lists"
  quietly "$tools/log/apt.log" apt-get update
  apt-cache show prometheus >/dev/null 2>&1 || die "this system's apt has no package prometheus; put a prometheus on PATH"
}

unpack() {
  [ -x "$binary" ] && return
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || die "no apt-get here; put a prometheus on PATH"
  ensure_lists
  local new=$tools/prometheus.new
  rm -rf "$new" && mkdir -p "$new"
  say "fetching Debian's prometheus package"
  (cd "$new" && quietly "$tools/log/prometheus.log" apt-get download prometheus)
  dpkg -x "$new"/prometheus_*.deb "$new"
  rm -f "$new"/*.deb
  "$new/usr/bin/prometheus" --version >/dev/null 2>&1 || die "Debian's prometheus does not run on this machine"
  rm -rf "$tools/prometheus" && mv -T "$new" "$tools/prometheus"
}

if command -v prometheus; then exit; fi
binary=$tools/prometheus/usr/bin/prometheus
[ -x "$binary" ] || locked prometheus unpack
echo "$binary"
