#!/usr/bin/env bash
# Prints the path of a Python with pinned packages, by default the model SDKs, installed at the first call.
#   tools/python.sh [tests/NAME/requirements.txt]
# The environment lives in .tools/NAME-<hash of the requirements and the Python version>/.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

install() {
  [ -f "$venv/complete" ] && return
  say "installing what ${requirements#"$root/"} names (once, at most half a minute)"
  quietly "$tools/log/$environment.log" python3 -m venv --clear "$venv"
  quietly "$tools/log/$environment.log" "$venv/bin/python" -m pip --disable-pip-version-check --no-input install \
    --no-deps --only-binary :all: --cache-dir "$cache/pip" -r "$requirements"
  touch "$venv/complete"
}

need python3 python3-venv
requirements=$root/${1:-tests/sdk/requirements.txt}
environment=$(basename "$(dirname "$requirements")")
python=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2] if sys.version_info >= (3, 10) else "old")')
[ "$python" != old ] || die "python3 is $(python3 -V 2>&1); what the tests need wants 3.10 or later"
hash=$({ cat "$requirements"; echo "$python"; } | sha256sum)
venv=$tools/$environment-${hash:0:12}
[ -f "$venv/complete" ] || locked "$environment-${hash:0:12}" install
echo "$venv/bin/python"
