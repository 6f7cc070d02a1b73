#!/usr/bin/env bash
# Builds a real model server from registry sources into the cache and prints the path of its binary.
#   tests/real-servers/build.sh llama | ollama            builds if it must
#   tests/real-servers/build.sh llama | ollama --cached   only looks: exit code 3 where it is not built yet
# The first build takes minutes (about 390 CPU seconds for llama, 310 for ollama); later calls only print the path.
# The cache is ${PENSTOCK_CACHE:-~/.cache/penstock}/<name>-<version>/; an interrupted build goes on where it stopped.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"

LCP=0.3.36 # llama-cpp-python: its source package carries all of llama.cpp, tools/server included
LCP_SHA256=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e
OLLAMA=v0.17.4
log=$tools/log
jobs=${JOBS:-$(nproc)}
work=$cache/build/${1-} # intermediate files, removed after a build

# One line per tenth of a CMake build, the rest to the log.
tenths() {
  awk -v what="$1" '{ print > log_file; fflush(log_file) }
    match($0, /^\[ *[0-9]+%\]/) { p = substr($0, 2, 4) + 0; if (p >= seen + 10) { seen = p - p % 10; print "  " what " " seen " %" > "/dev/stderr" } }' log_file="$2"
}

# Fetches the source package (77 MB) once and unpacks FOLDER of it.
source_package() {
  local folder=$1 archive=$cache/downloads/llama_cpp_python-$LCP.tar.gz
  locked "llama-cpp-sources-$LCP" fetch_sources "$archive"
  echo "$LCP_SHA256  $archive" | sha256sum --check --quiet - >&2 || die "$archive is not the package that was pinned; remove it and try again"
  [ -f "$work/unpacked" ] && return
  mkdir -p "$work"
  tar xzf "$archive" -C "$work" "llama_cpp_python-$LCP/$folder"
  touch "$work/unpacked"
}

fetch_sources() {
  local archive=$1 new=$cache/downloads/llama-cpp.new
  [ -f "$archive" ] && return
  say "  fetching the llama.cpp sources (77 MB)"
  rm -rf "$new"
  pip_run "$tools/log/llama-sources.log" download --no-deps --no-binary llama-cpp-python --dest "$new" "llama-cpp-python==$LCP"
  mv "$new/${archive##*/}" "$archive"
  rm -rf "$new"
}

# Rename is the last step: a folder with the final name is always whole.
publish() {
  local made=$1
  strip "$made"
  mkdir -p "$cache/$name.new"
  mv "$made" "$cache/$name.new/"
  mv -T "$cache/$name.new" "$cache/$name"
  rm -rf "$work"
}

# Speed of the code hardly matters here (500 tokens/s at -O0), speed of the compiler does.
build_llama() {
  local build=$work/out
  [ -x "$binary" ] && return
  say "building llama-server (once, some minutes)"
  need cmake g++ gcc make strip
  source_package vendor/llama.cpp
  quietly "$log/llama-configure.log" cmake -S "$work/llama_cpp_python-$LCP/vendor/llama.cpp" -B "$build" \
    -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS=-O1 -DCMAKE_CXX_FLAGS=-O0 -DBUILD_SHARED_LIBS=OFF \
    -DGGML_NATIVE=OFF -DGGML_OPENMP=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_USE_PREBUILT_UI=OFF \
    -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_ALL_WARNINGS=OFF
  nice -n 10 cmake --build "$build" --target llama-server -j"$jobs" 2>&1 | tenths llama-server "$log/llama-build.log" ||
    { tail -n 20 "$log/llama-build.log" >&2; die "llama-server did not build (log: $log/llama-build.log)"; }
  publish "$build/bin/llama-server"
}

# Module archives leave out folders named vendor, where Ollama keeps three C++ headers; the source package has the same ones.
# They are passed by CPATH, which is no part of Go's build cache keys. At -O0 long prompts crawl, so -O1.
build_ollama() {
  local vendor=$work/llama_cpp_python-$LCP/vendor/llama.cpp/vendor
  [ -x "$binary" ] && return
  say "building ollama (once, some minutes)"
  need go gcc g++ strip
  go version | grep -qE 'go(1\.(2[1-9]|[3-9][0-9])|[2-9])' || die "$(go version) is too old; Ollama needs Go 1.21 or later, which fetches the exact one itself"
  source_package vendor/llama.cpp/vendor
  export GOBIN=$work/gobin GOFLAGS=-mod=mod CGO_ENABLED=1 CGO_CFLAGS=-O1 CGO_CXXFLAGS=-O1 CPATH=$vendor:$vendor/stb
  quietly "$log/ollama-build.log" nice -n 10 go install -v -p "$jobs" -ldflags='-s -w' "github.com/ollama/ollama@$OLLAMA"
  publish "$GOBIN/ollama"
}

case ${1-} in
  llama) name=llama-server-$LCP binary=$cache/llama-server-$LCP/llama-server ;;
  ollama) name=ollama-${OLLAMA#v} binary=$cache/ollama-${OLLAMA#v}/ollama ;;
  *) die "usage: $0 llama|ollama [--cached]" ;;
esac
if [ ! -x "$binary" ]; then
  [ "${2-}" != --cached ] || exit 3
  need flock python3
  mkdir -p "$cache/downloads" "$log"
  locked "$name" "build_$1"
fi
echo "$binary"
