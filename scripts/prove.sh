#!/usr/bin/env bash
# Sets the program up as for production, on an empty data folder, and lets `mindvibe prove` attack it; every rule must hold.
# The result stays in target/prove.json, from which scripts/readme.py fills the README's table.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/server.sh
trap stop_server EXIT

program=target/release/mindvibe
start_production "$program"
status=0
on_server "$program" prove --target "$SERVER_URL" --authority "$SERVER_DIR/data/tls/ca.crt" --strict --format json \
  >target/prove.json || status=$?
if [ "$status" -ge 2 ]; then
  echo "prove could not run (status $status); the server said:" >&2
  tail -n 30 "$SERVER_DIR/server.log" >&2
  exit "$status"
fi
python3 - <<'PY'
import json

with open("target/prove.json", encoding="utf-8") as file:
    rules = json.load(file)["rules"]
counted = {"pass": 0, "fail": 0, "not_applicable": 0, "unknown": 0}
for rule in rules:
    counted[rule["status"]] += 1
    print(f"  {rule['status']:<14} {rule['duration_ms'] / 1000:6.1f} s  {rule['id']}")
    if rule["status"] in ("fail", "unknown"):
        print("    " + json.dumps(rule, ensure_ascii=False))
print(f"prove: {counted['pass']} passed, {counted['fail'] + counted['unknown']} failed, {counted['not_applicable']} skipped")
PY
exit "$status"
