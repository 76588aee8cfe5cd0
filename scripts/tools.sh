#!/usr/bin/env bash
# Makes sure that the programs the build (or the tests) need are there.
#
#   scripts/tools.sh build    what `make run` and `make build` need
#   scripts/tools.sh test     that, and what `make test` and `make bench` need
#
# What is missing comes from Debian's packages when this runs as root; otherwise the exact line to type is printed and
# the script stops with status 1. Nothing is fetched, and nothing is slow, when nothing is missing.
set -euo pipefail

need=${1:-build}
packages=()
problems=()

want() { # want COMMAND PACKAGE
  command -v "$1" >/dev/null 2>&1 || packages+=("$2")
}

at_least() { # at_least HAVE WANT: is the version HAVE the version WANT or a later one?
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

want cmake cmake
want cc gcc
want g++ g++
want git git

if ! command -v cargo >/dev/null 2>&1; then
  problems+=("Rust is missing: install it with rustup, see https://rustup.rs")
fi

node_wanted=20.19
node_have=$(node --version 2>/dev/null || echo v0)
if ! at_least "${node_have#v}" "$node_wanted" || ! command -v npm >/dev/null 2>&1; then
  offered=$(apt-cache policy nodejs 2>/dev/null | sed -n 's/^ *Candidate: *//p' || true)
  if at_least "${offered:-0}" "$node_wanted"; then
    packages+=(nodejs)
    case $offered in *nodesource*) ;; *) packages+=(npm) ;; esac # elsewhere npm is a package of its own
  else
    problems+=("Node.js $node_wanted or later is needed and ${node_have#v} was found; see https://nodejs.org/en/download")
  fi
fi

if ! python3 -c 'import sys, importlib.util as u; sys.exit(sys.version_info < (3, 11) or u.find_spec("pip") is None)' 2>/dev/null; then
  packages+=(python3 python3-pip)
fi

if [ "$need" = test ]; then
  command -v initdb >/dev/null 2>&1 || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || packages+=(postgresql)
  want redis-server redis-server
  command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || packages+=(chromium)
  want ffmpeg ffmpeg
  want espeak-ng espeak-ng
  want wrk wrk
  want strace strace
fi

if [ ${#problems[@]} -gt 0 ]; then
  printf '%s\n' "${problems[@]}" >&2
fi
if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing from Debian's packages: ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
  else
    echo "Missing programs. Install them, then run the same command again:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages[*]}" >&2
    exit 1
  fi
fi
[ ${#problems[@]} -eq 0 ]
