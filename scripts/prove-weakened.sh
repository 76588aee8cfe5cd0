#!/usr/bin/env bash
# Proves that `prove` notices: starts the weakened twin once for every rule, with the protection behind that rule
# switched off, and requires the rule to turn red. Two at a time, each with a server and a data folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

program=target/release/mindvibe
weakened=target/release/mindvibe-weakened

# One rule: its id, and the switch that breaks what it guards.
if [ $# = 2 ]; then
  . scripts/server.sh
  trap stop_server EXIT
  rule=$1 switch=$2
  MINDVIBE_WEAKEN=$switch start_server "$weakened"
  answer=$(DATA_DIR="$SERVER_DIR/data" "$program" prove --target "$SERVER_URL" --only "$rule" --format json || true)
  seen=$(python3 -c '
import json, sys
try:
    print(next(r["status"] for r in json.loads(sys.argv[1])["rules"] if r["id"] == sys.argv[2]))
except (ValueError, KeyError, StopIteration):
    print("no answer")
' "$answer" "$rule")
  if [ "$seen" = fail ]; then
    echo "  red as it should be  $rule"
  else
    echo "  NOT NOTICED ($seen)  $rule, with $switch switched off"
  fi
  exit 0
fi

# One line a rule: its id, and the switch (its id, where the list names no other).
rules=$("$program" prove --list --format json | python3 -c '
import json, sys
listed = json.load(sys.stdin)
for rule in listed["rules"] if isinstance(listed, dict) else listed:
    rule = {"id": rule} if isinstance(rule, str) else rule
    switch = rule.get("weakened_by", rule["id"])
    if switch:
        print(rule["id"], switch)
')
if [ -z "$rules" ]; then echo "prove lists no rule" >&2; exit 2; fi

said=$(mktemp)
trap 'rm -f "$said"' EXIT
xargs -P 2 -L 1 scripts/prove-weakened.sh <<<"$rules" | tee "$said"
passed=$(grep -c '^  red' "$said" || true)
# A rule that said nothing at all is not noticed either.
failed=$(($(wc -l <<<"$rules") - passed))
echo "prove-weakened: $passed passed, $failed failed"
[ "$failed" = 0 ]
