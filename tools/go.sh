#!/usr/bin/env bash
# Prints the path of a Go of 1.21 or later, which fetches by itself whatever later one a module wants. That is the one on PATH; where that is
# older (Debian 12 has 1.19), it fetches a later one as the module that Go keeps for this, into ${PENSTOCK_CACHE:-~/.cache/penstock}/go-VERSION/.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

is_recent() { "$1" version | grep -qE 'go(1\.(2[1-9]|[3-9][0-9])|[2-9])'; }

fetch() {
  [ -x "$folder/bin/go" ] && return
  say "fetching Go $version (once): $(go version | cut -d' ' -f3) is too old"
  local module=golang.org/toolchain@v0.0.1-go$version.$(go env GOOS)-$(go env GOARCH) source
  quietly "$tools/log/go.log" go mod download "$module"
  source=$(go env GOMODCACHE)/$module
  rm -rf "$folder.new" && cp -r "$source" "$folder.new"
  # Files of a module are neither writable nor executable.
  chmod -R u+w "$folder.new" && chmod +x "$folder.new"/bin/* "$folder.new"/pkg/tool/*/*
  "$folder.new/bin/go" version >/dev/null || die "the Go that was fetched does not run on this machine"
  mv -T "$folder.new" "$folder"
}

need go
if is_recent go; then command -v go && exit; fi
version=1.26.8
folder=$cache/go-$version
[ -x "$folder/bin/go" ] || locked go fetch
echo "$folder/bin/go"
