#!/usr/bin/env bash
# Prints the path of a redis-server: the one on PATH, else Debian's package and the libraries that it names unpacked into .tools/redis/
# (no root needed, nothing is installed on the system).
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

unpack() {
  [ -x "$binary" ] && return
  local new=$tools/redis.new libraries
  debian_lists redis-server
  libraries=$(apt-cache depends redis-tools | sed -n 's/^ [ |]Depends: \(lib.*\)/\1/p' | grep -v '^libc6$')
  # One program is both redis-server and the tools: the name is in one package, the program in the other.
  debian_unpack "$new" redis-server redis-tools $libraries
  # A start of its own, which finds the libraries. `exec`: the process is the server's, so that a signal reaches it.
  cat >"$new/redis-server" <<'START'
#!/bin/sh
here=${0%/*}
for folder in "$here"/usr/lib "$here"/usr/lib/*-linux-gnu* "$here"/lib/*-linux-gnu*; do
  LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
done
export LD_LIBRARY_PATH
exec "$here/usr/bin/redis-server" "$@"
START
  chmod 755 "$new/redis-server"
  "$new/redis-server" --version >"$tools/log/redis.log" 2>&1 || die "Debian's redis-server does not run on this machine: $(tail -n 1 "$tools/log/redis.log")"
  rm -rf "$tools/redis" && mv -T "$new" "$tools/redis"
}

if command -v redis-server; then exit; fi
binary=$tools/redis/redis-server
[ -x "$binary" ] || locked redis unpack
echo "$binary"
