#!/usr/bin/env bash
# Proves that `prove` notices: starts the weakened twin once for every rule, with the protection behind that rule
# switched off, and requires the rule to turn red. Four at a time, since most of their time is waiting for limits; each with
# a server and a data folder of its own. A rule that starts the program by itself is run by the weakened twin, which hands
# the switch on; that needs no server.
set -euo pipefail
cd "$(dirname "$0")/.."

program=target/release/mindvibe
weakened=target/release/mindvibe-weakened

# One rule: its id, the switch that breaks what it guards, and its kind.
if [ $# = 3 ]; then
  rule=$1 switch=$2 kind=$3
  if [ "$kind" = start ]; then
    answer=$(MINDVIBE_WEAKEN=$switch "$weakened" prove --only "$rule" --format json || true)
  else
    . scripts/server.sh
    trap stop_server EXIT
    MINDVIBE_WEAKEN=$switch start_server "$weakened"
    answer=$(on_server "$program" prove --target "$SERVER_URL" --only "$rule" --format json || true)
  fi
  seen=$(python3 -c '
import json, sys
try:
    print(next(r["status"] for r in json.loads(sys.argv[1])["rules"] if r["id"] == sys.argv[2]))
except (ValueError, KeyError, StopIteration):
    print("no answer")
' "$answer" "$rule")
  if [ "$seen" = fail ]; then
    echo "  red as it should be  ${SECONDS}s  $rule"
  else
    echo "  NOT NOTICED ($seen)  $rule, with $switch switched off"
  fi
  exit 0
fi

# One line a rule: its id, the switch (its id, where the list names no other), and its kind.
rules=$("$program" prove --list --format json | python3 -c '
import json, sys
listed = json.load(sys.stdin)
for rule in listed["rules"] if isinstance(listed, dict) else listed:
    rule = {"id": rule} if isinstance(rule, str) else rule
    switch = rule.get("weakened_by", rule["id"])
    if switch:
        print(rule["id"], switch, rule.get("kind", "attack"))
')
if [ -z "$rules" ]; then echo "prove lists no rule" >&2; exit 2; fi

said=$(mktemp)
trap 'rm -f "$said"' EXIT
xargs -P 4 -L 1 scripts/prove-weakened.sh <<<"$rules" | tee "$said"
passed=$(grep -c '^  red' "$said" || true)
# A rule that said nothing at all is not noticed either.
failed=$(($(wc -l <<<"$rules") - passed))
echo "prove-weakened: $passed passed, $failed failed"
[ "$failed" = 0 ]
