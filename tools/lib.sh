# Shared by the scripts in tools/ and tests/real-servers/build.sh: `. tools/lib.sh`. Bash, no side effects but variables.
# Progress goes to stderr, so that a script's stdout is only what it was asked for.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${PENSTOCK_CACHE:-$HOME/.cache/penstock}
tools=$root/.tools

say() { printf '%s\n' "$*" >&2; }

die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# The Debian package that brings a command, where the two names differ.
package_of() {
  case $1 in
    cc) echo gcc ;;
    c++) echo g++ ;;
    go) echo golang-go ;;
    ar | ld | strip) echo binutils ;;
    flock) echo util-linux ;;
    *) echo "$1" ;;
  esac
}

# need COMMAND...: ends with one line that names everything missing and how to get it. "python3-venv" stands for the module.
need() {
  local missing=() packages=() rustup=0 name sudo="sudo "
  [ "$(id -u)" = 0 ] && sudo=
  for name in "$@"; do
    case $name in
      python3-venv) python3 -c 'import venv, ensurepip' 2>/dev/null && continue ;;
      *) command -v "$name" >/dev/null && continue ;;
    esac
    missing+=("$name")
    if [ "$name" = rustup ]; then rustup=1; else packages+=("$(package_of "$name")"); fi
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "missing: ${missing[*]}"
  [ ${#packages[@]} -gt 0 ] && say "  install with: ${sudo}apt-get install -y ${packages[*]}"
  [ $rustup = 1 ] && say "  rustup: apt-get install -y rustup where Debian has it (13 and later), else its own installer, see its site"
  exit 1
}

# locked NAME COMMAND...: runs COMMAND while no other process runs one under the same NAME.
locked() {
  local name=$1
  shift
  mkdir -p "$cache/locks"
  (
    flock -n 9 || { say "$name: waiting for another process that is making it"; flock 9; }
    "$@"
  ) 9>"$cache/locks/$name"
}

# quietly LOG COMMAND...: output goes to LOG; on failure its last lines are shown. A failed download says so in plain words.
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  "$@" </dev/null >"$log" 2>&1 && return
  tail -n 15 "$log" >&2
  if grep -qiE 'NewConnectionError|Temporary failure in name resolution|Network is unreachable|Connection (refused|timed out)|ConnectTimeout|no such host|dial tcp|i/o timeout|from versions: none' "$log"; then
    say "no network? the package registry could not be reached"
  fi
  die "failed: $* (log: $log)"
}

# pip_run LOG ARGUMENTS...: pip of a virtual environment of our own, so that no pip and no write access outside is needed.
pip_run() {
  local log=$1 venv=$tools/pip
  shift
  need python3 python3-venv
  "$venv/bin/python" -c 'import pip' 2>/dev/null || quietly "$tools/log/venv.log" python3 -m venv --clear "$venv"
  quietly "$log" "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"
}

# debian_lists PACKAGE: sees to it that apt knows the package. Package lists are often absent in containers; only root can fetch them.
debian_lists() {
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || die "no apt-get here; put $1 on PATH"
  apt-cache show "$1" >/dev/null 2>&1 && return
  [ "$(id -u)" = 0 ] || die "apt knows no package $1 here; run: sudo apt-get update (or put $1 on PATH)"
  say "updating apt's package lists"
  quietly "$tools/log/apt.log" apt-get update
  apt-cache show "$1" >/dev/null 2>&1 || die "this system's apt has no package $1; put $1 on PATH"
}

# debian_unpack FOLDER PACKAGE...: Debian's packages, unpacked into a new folder; nothing is installed on the system.
debian_unpack() {
  local folder=$1 package
  shift
  rm -rf "$folder" && mkdir -p "$folder"
  say "fetching Debian's packages: $*"
  (cd "$folder" && quietly "$tools/log/apt.log" apt-get download "$@")
  for package in "$folder"/*.deb; do dpkg -x "$package" "$folder"; done
  rm -f "$folder"/*.deb
}
