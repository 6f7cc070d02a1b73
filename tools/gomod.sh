#!/usr/bin/env bash
# Prints the path of what comes as a Go module, pinned, fetched from the module proxy and kept in ${PENSTOCK_CACHE:-~/.cache/penstock}/NAME-VERSION/.
#   tools/gomod.sh func-e          func-e, a program that runs Envoy
#   tools/gomod.sh crane           crane, which pushes and pulls OCI images and is a registry for tests (`crane registry serve`)
#   tools/gomod.sh ratelimit       Envoy's own global rate limit service (takes some minutes); it tags no releases
#   tools/gomod.sh otel-collector  the OpenTelemetry Collector, as tests/otel puts it together from its modules (takes some minutes)
#   tools/gomod.sh compose-spec    the parser of Docker Compose as a program
#   tools/gomod.sh gateway-api     a folder with the CRDs of the Kubernetes Gateway API
#   tools/gomod.sh envoy-gateway   a folder with the CRDs of Envoy Gateway
#   tools/gomod.sh istio-crds      a folder with the CRDs of Istio 1.31
#   tools/gomod.sh prometheus-operator, keda    a folder with the CRDs of either
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

# go_build MODULE_PATH: the program that the package there is, under the name that was asked for.
go_build() {
  GOFLAGS=-buildvcs=false GOBIN=$made.new/bin CGO_ENABLED=0 quietly "$tools/log/$what.log" "$go" install -trimpath -ldflags "-s -w" "$1@v$version"
  mv "$made.new/bin"/* "$made.new/$what" && rmdir "$made.new/bin"
}

# go_main FOLDER: our own program there, whose go.mod and go.sum pin the modules that it is made of.
go_main() {
  cd "$root/$1"
  GOFLAGS='-buildvcs=false -mod=readonly' CGO_ENABLED=0 quietly "$tools/log/$what.log" "$go" build -trimpath -ldflags "-s -w" -o "$made.new/$what" .
}

# go_files MODULE FOLDER: the YAML files in a folder of the module's sources.
go_files() {
  local source
  quietly "$tools/log/$what.log" "$go" mod download "$1@v$version"
  source=$("$go" mod download -json "$1@v$version" | python3 -c 'import json, sys; print(json.load(sys.stdin)["Dir"])')
  install -m 644 "$source/$2"/*.yaml "$made.new/"
}

make_it() {
  [ -d "$made" ] && return
  need python3
  go=$("$root/tools/go.sh")
  say "fetching $what $version (once)"
  rm -rf "$made.new" && mkdir -p "$made.new"
  (cd / && "${how[@]}")
  mv -T "$made.new" "$made"
}

what=${1-} shown=
case $what in
  func-e) version=1.6.0 shown=/func-e how=(go_build github.com/tetratelabs/func-e/cmd/func-e) ;;
  crane) version=0.22.1 shown=/crane how=(go_build github.com/google/go-containerregistry/cmd/crane) ;;
  ratelimit) version=1.4.1-0.20260122083618-3fb702589d36 shown=/ratelimit how=(go_build github.com/envoyproxy/ratelimit/src/service_cmd) ;;
  otel-collector) version=$(cat "$root"/tests/otel/* | sha256sum | cut -c1-12) shown=/otel-collector how=(go_main tests/otel) ;;
  compose-spec) version=2.16.2 shown=/compose-spec how=(go_build github.com/compose-spec/compose-go/v2/cmd) ;;
  gateway-api) version=1.6.3 how=(go_files sigs.k8s.io/gateway-api config/crd/standard) ;;
  envoy-gateway) version=1.9.1 how=(go_files github.com/envoyproxy/gateway charts/gateway-helm/charts/crds/crds/generated) ;;
  istio-crds) version=0.0.0-20260827124520-eed52ebb66ad how=(go_files istio.io/istio manifests/charts/base/files) ;;
  prometheus-operator) version=0.85.0 how=(go_files github.com/prometheus-operator/prometheus-operator example/prometheus-operator-crd) ;;
  keda) version=2.21.0 how=(go_files github.com/kedacore/keda/v2 config/crd/bases) ;;
  *) die "usage: $0 func-e | crane | ratelimit | otel-collector | compose-spec | gateway-api | envoy-gateway | istio-crds | prometheus-operator | keda" ;;
esac
made=$cache/$what-$version
[ -d "$made" ] || locked "$what-$version" make_it
echo "$made$shown"
