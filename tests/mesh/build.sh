#!/usr/bin/env bash
# Builds a Kubernetes API server and Istio's control plane from the Go module proxy, and prints the folder that has them.
#   tests/mesh/build.sh             builds what is missing (cold: some fifteen minutes of two cores), prints the folder
#   tests/mesh/build.sh --cached    only looks: exit code 3 where something is not built yet
# Versions and checksums are pinned by gomod/*/go.mod and go.sum. Either is kept in ${PENSTOCK_CACHE:-~/.cache/penstock}/, in a folder named
# after its version, and never half made; an interrupted build goes on where it stopped, because Go caches what it has compiled.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"

modules=$root/tests/mesh/gomod
log=$tools/log
jobs=${JOBS:-$(nproc)}
declare -A module=([kube]=k8s.io/kubernetes [istio]=istio.io/istio)

version() { awk -v m="${module[$1]}" '{ sub(/^require /, ""); sub(/^\t/, "") } $1 == m && $2 ~ /^v/ { print substr($2, 2); exit }' "$modules/$1/go.mod"; }

folder() { echo "$cache/${module[$1]##*/}-$(version "$1")"; }

# The name of the release goes into the binaries, as the projects' own builds do it.
stamp() {
  case $1 in
    kube) local v; v=$(version kube); echo "-X k8s.io/component-base/version.gitVersion=v$v -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$(cut -d. -f2 <<<"$v")" ;;
    istio) echo "-X istio.io/istio/pkg/version.buildVersion=$(version istio)" ;;
  esac
}

# One line per 200 compiled packages, all of them to the log.
progress() {
  local what=$1 line n=0
  while IFS= read -r line; do
    printf '%s\n' "$line"
    n=$((n + 1))
    [ $((n % 200)) != 0 ] || say "  $what: $n packages"
  done
}

compile() {
  local part=$1 made=$2 tool
  for tool in $(cd "$modules/$part" && "$go" list tool 2>>"$log/mesh-$part.log"); do
    say "  ${tool##*/}"
    (cd "$modules/$part" && GOFLAGS=-mod=readonly CGO_ENABLED=0 nice -n 10 "$go" build -p "$jobs" -v -buildvcs=false -trimpath -ldflags "-s -w $(stamp "$part")" -o "$made/" "$tool" 2>&1) |
      progress "${tool##*/}" >>"$log/mesh-$part.log" || { tail -n 15 "$log/mesh-$part.log" >&2; die "${tool##*/} did not build (log: $log/mesh-$part.log)"; }
  done
}

# Two files of Istio's sources are wanted at run time.
charts() {
  local source
  source=$(cd "$modules/istio" && "$go" list -m -f '{{.Dir}}' istio.io/istio)
  install -m 644 "$source/manifests/charts/base/files/crd-all.gen.yaml" "$source/tools/packaging/common/envoy_bootstrap.json" "$1/"
}

make_part() {
  local part=$1 final begin=$SECONDS
  final=$(folder "$part")
  [ -d "$final" ] && return
  say "building ${final##*/} (once)"
  : >"$log/mesh-$part.log"
  rm -rf "$final.new" && mkdir -p "$final.new"
  (cd "$modules/$part" && quietly "$log/mesh-$part-download.log" "$go" mod download)
  compile "$part" "$final.new"
  [ "$part" != istio ] || charts "$final.new"
  mv -T "$final.new" "$final"
  say "built ${final##*/} in $((SECONDS - begin)) s"
}

# A folder of links, so that callers see one.
all=$cache/mesh-$(cat "$modules"/*/go.mod | sha256sum | cut -c1-12)
for part in kube istio; do
  if [ ! -d "$(folder "$part")" ]; then
    [ "${1-}" != --cached ] || exit 3
    mkdir -p "$log"
    need openssl
    go=${go:-$("$root/tools/go.sh")}
    locked "mesh-$part" make_part "$part"
  fi
done
mkdir -p "$all"
for part in istio kube; do ln -sfn "$(folder "$part")"/* "$all/"; done
echo "$all"
