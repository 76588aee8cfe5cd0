#!/usr/bin/env bash
# Every check that needs no running server. All of them run, also after one has failed; the quick ones first, the client's
# beside the compiler's, which leave a core free now and then.
set -uo pipefail
cd "$(dirname "$0")/../.."

passed=0 failed=0 names=()
later=$(mktemp -d)
trap 'rm -rf "$later"' EXIT
begin() { # begin NAME COMMAND...: in the background, to be judged by `check NAME finish NAME`
  local name=$1
  shift
  (status=0; "$@" >"$later/$name" 2>&1 || status=$?; echo "$status" >"$later/$name.status") &
}
finish() { # asked in a subshell, which cannot `wait` for what is not its own
  while [ ! -s "$later/$1.status" ]; do sleep 0.2; done
  cat "$later/$1"
  return "$(cat "$later/$1.status")"
}
check() { # check NAME COMMAND...
  local name=$1 began=$SECONDS output
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    printf 'ok      %-12s %3ss  %s\n' "$name" $((SECONDS - began)) "$(tail -n 1 <<<"$output" | cut -c 1-100)"
    grep '^advisories:' <<<"$output" | sed 's/^/                           /' || true
  else
    failed=$((failed + 1))
    names+=("$name")
    printf 'FAILED  %-12s %3ss\n%s\n' "$name" $((SECONDS - began)) "$output"
  fi
}

begin clippy cargo clippy --release --locked --workspace --all-targets --quiet -- -D warnings
check format cargo fmt --all --check
check house python3 scripts/check/house.py
check errors python3 scripts/check/error_codes.py
check length python3 scripts/check/file_length.py
check scripts python3 -m unittest discover -q -s scripts/verify
check secrets python3 scripts/check/secrets.py
check deny python3 scripts/check/deny.py
check third-party python3 scripts/third_party.py --check
check api-types scripts/check/api_types.sh
check client npm --prefix web run check
check budget npm --prefix web run budget
check clippy finish clippy
check docs env RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --workspace --no-deps --quiet

[ "$failed" = 0 ] || echo "checks that failed: ${names[*]}"
echo "checks: $passed passed, $failed failed"
[ "$failed" = 0 ]
