#!/usr/bin/env bash
# Prints the path of a Python with the pinned model SDKs (tests/sdk/requirements.txt), installed at the first call.
#   tools/python.sh
# The environment lives in .tools/sdk-<hash of the requirements and the Python version>/.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"

install() {
  [ -f "$venv/complete" ] && return
  say "installing the model SDKs (once, about half a minute)"
  quietly "$tools/log/sdk.log" python3 -m venv --clear "$venv"
  quietly "$tools/log/sdk.log" "$venv/bin/python" -m pip --disable-pip-version-check --no-input install \
    --no-deps --only-binary :all: --cache-dir "$cache/pip" -r "$requirements"
  touch "$venv/complete"
}

need python3 python3-venv
requirements=$root/tests/sdk/requirements.txt
python=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2] if sys.version_info >= (3, 10) else "old")')
[ "$python" != old ] || die "python3 is $(python3 -V 2>&1); the model SDKs need 3.10 or later"
hash=$({ cat "$requirements"; echo "$python"; } | sha256sum)
venv=$tools/sdk-${hash:0:12}
[ -f "$venv/complete" ] || locked "sdk-${hash:0:12}" install
echo "$venv/bin/python"
