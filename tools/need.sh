#!/usr/bin/env bash
# Checks that commands are there and names the apt line for those that are not.
#   tools/need.sh git make gcc rustup python3-venv
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need "$@"
