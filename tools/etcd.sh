#!/usr/bin/env bash
# Prints the path of an etcd binary: the one on PATH, else that of Debian's package unpacked into .tools/etcd/ (no root needed, no service started).
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

unpack() {
  [ -x "$binary" ] && return
  local new=$tools/etcd.new
  debian_lists etcd-server
  debian_unpack "$new" etcd-server
  "$new/usr/bin/etcd" --version >/dev/null 2>&1 || die "Debian's etcd does not run on this machine"
  rm -rf "$tools/etcd" && mv -T "$new" "$tools/etcd"
}

if command -v etcd; then exit; fi
binary=$tools/etcd/usr/bin/etcd
[ -x "$binary" ] || locked etcd unpack
echo "$binary"
