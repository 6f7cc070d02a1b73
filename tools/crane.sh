#!/usr/bin/env bash
# Prints the path of crane, which pushes and pulls OCI images and is a registry for tests (`crane registry serve`). Built from the Go module
# proxy at the first call and kept in ${PENSTOCK_CACHE:-~/.cache/penstock}/go-containerregistry-VERSION/.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

build() {
  [ -x "$folder/crane" ] && return
  local go
  go=$("$root/tools/go.sh")
  say "building crane $version (once)"
  rm -rf "$folder.new"
  GOBIN=$folder.new CGO_ENABLED=0 GOFLAGS=-buildvcs=false quietly "$tools/log/crane.log" \
    "$go" install -trimpath "github.com/google/go-containerregistry/cmd/crane@v$version"
  mkdir -p "$folder" && mv "$folder.new/crane" "$folder/" && rm -rf "$folder.new"
}

version=0.22.1
folder=$cache/go-containerregistry-$version
[ -x "$folder/crane" ] || locked crane build
echo "$folder/crane"
