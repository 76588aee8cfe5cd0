#!/usr/bin/env bash
# Proves that `prove` notices: starts the weakened twin once for every rule, with the protection behind that rule
# switched off, and requires the rule to turn red.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/server.sh
trap stop_server EXIT

program=target/release/mindvibe
weakened=target/release/mindvibe-weakened
# One line a rule: its id, and the switch that breaks what it guards (its id, where the list names no other).
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

passed=0 failed=0
while read -r rule switch; do
  export MINDVIBE_WEAKEN=$switch
  start_server "$weakened"
  unset MINDVIBE_WEAKEN
  answer=$(DATA_DIR="$SERVER_DIR/data" "$program" prove --target "$SERVER_URL" --only "$rule" --format json || true)
  seen=$(python3 -c '
import json, sys
try:
    print(next(r["status"] for r in json.loads(sys.argv[1])["rules"] if r["id"] == sys.argv[2]))
except (ValueError, KeyError, StopIteration):
    print("no answer")
' "$answer" "$rule")
  if [ "$seen" = fail ]; then
    passed=$((passed + 1))
    echo "  red as it should be  $rule"
  else
    failed=$((failed + 1))
    echo "  NOT NOTICED ($seen)  $rule, with $switch switched off"
  fi
done <<<"$rules"
stop_server
echo "prove-weakened: $passed passed, $failed failed"
[ "$failed" = 0 ]
