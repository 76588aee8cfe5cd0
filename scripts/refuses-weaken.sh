#!/usr/bin/env bash
# The shipped program does not compile with the feature `weaken`. Arguments are handed on to cargo: with those of the
# weakened twin, everything but the program's own file has been compiled before, so this takes a moment.
set -euo pipefail
cd "$(dirname "$0")/.."

if said=$(cargo build --release --locked -p server --features weaken --bin mindvibe "$@" 2>&1); then
  echo "  mindvibe was built with the feature weaken"
elif grep -q "the shipped program has no switches" <<<"$said"; then
  echo "refuses-weaken: 1 passed, 0 failed"
  exit 0
else
  tail -n 5 <<<"$said"
fi
echo "refuses-weaken: 0 passed, 1 failed"
exit 1
