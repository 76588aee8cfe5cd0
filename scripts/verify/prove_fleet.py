#!/usr/bin/env python3
"""The whole attack suite against a fleet: two programs on one PostgreSQL and one Redis, the second given to it as well.

    scripts/with-servers.sh --redis scripts/verify/prove_fleet.py

Every rule must hold, and none may be left out for want of a second instance. Writes docs/evidence/prove-fleet.md, and what
the suite said to target/prove-fleet.json.
"""

import collections
import datetime
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from program import BIN, ROOT, Program, free_port, settings_of

EVIDENCE = ROOT / "docs/evidence/prove-fleet.md"
MODELS = Path(os.environ.get("MODELS_DIR") or Path.home() / ".cache/mindvibe/models")
REPORT = ROOT / "target/prove-fleet.json"
# What the suite says of a rule that only two instances can be asked about, and had one.
ALONE = "second instance"


def settings(url, redis, public):
    """What both instances have in common, as behind a balancer at that address."""
    return {
        "DATABASE_URL": url, "REDIS_URL": redis, "PUBLIC_URL": public,
        "SECRET_KEY": "made up for a measurement, and for nothing else at all",
        # A provider that does not answer: enough to ask for a sign-in by it, and for the way back from there.
        "OIDC_PROVIDERS": "nowhere", "OIDC_NOWHERE_ISSUER": "http://127.0.0.1:9", "OIDC_NOWHERE_CLIENT_ID": "mindvibe",
        # Without a model one route could answer nothing but 503.
        "MODELS_DIR": str(MODELS),
    }


def prove(one, two, environment):
    """What the suite says of every rule."""
    command = [
        str(BIN), "prove", "--target", f"http://localhost:{one.port}", "--second-target", f"http://localhost:{two.port}",
        "--strict", "--format", "json",
    ]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    if ended.returncode >= 2:
        sys.exit(f"prove fleet: it could not run (status {ended.returncode}): {ended.stderr.strip()}")
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(ended.stdout, encoding="utf-8")
    return json.loads(ended.stdout)["rules"]


def is_wrong(rule):
    """Whether a rule fails, is unknown, or was not tried because there was no second instance."""
    alone = rule["status"] == "not_applicable" and ALONE in rule["seen"]
    return rule["status"] in ("fail", "unknown") or alone


def commit():
    asked = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return asked.stdout.strip() or "no commit"


def write_evidence(rules):
    today, machine = datetime.date.today().isoformat(), f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    counted = collections.Counter(rule["status"] for rule in rules)
    lines = [
        "# The attack suite against two instances", "",
        f"`scripts/verify/prove_fleet.py`, part of `make verify`; {today}, {machine}, commit {commit()}. Two programs on one",
        "PostgreSQL and one Redis; `mindvibe prove` attacks the one and asks the other what it still takes (`--second-target`).", "",
        "| status | rules |", "| --- | --- |",
        *(f"| {status} | {counted[status]} |" for status in ("pass", "fail", "unknown", "not_applicable")), "",
        "What only two instances can be asked about:", "", "| rule | status | seen |", "| --- | --- | --- |",
        *(f"| `{rule['id']}` | {rule['status']} | {rule['seen']} |" for rule in rules if rule["id"].endswith(".second-instance")),
    ]
    EVIDENCE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    url, redis = (os.environ.get(name) for name in ("TEST_POSTGRES_URL", "TEST_REDIS_URL"))
    if not url or not redis:
        sys.exit("prove fleet: run it by scripts/with-servers.sh --redis")
    # Stopped from outside, it still stops the programs.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folders, programs = [Path(tempfile.mkdtemp(prefix="mindvibe-fleet-")) for _ in range(2)], []
    try:
        port = free_port()
        # Pages of another address than the public one are sent on to it, so it is the one that is attacked.
        shared = settings(url, redis, f"http://localhost:{port}")
        for folder, chosen in zip(folders, (port, None)):
            programs.append(Program(folder, settings=shared, port=chosen))
        rules = prove(*programs, {**settings_of(folders[0]), **shared})
    finally:
        for program in programs:
            program.stop()
        for folder in folders:
            shutil.rmtree(folder)
    wrong = [rule for rule in rules if is_wrong(rule)]
    for rule in wrong:
        print(f"  NOT {rule['id']} ({rule['status']}): {rule['seen']}")
    counted = collections.Counter(rule["status"] for rule in rules)
    if not wrong:
        write_evidence(rules)
    print(f"prove fleet: {counted['pass']} passed, {len(wrong)} failed, {len(rules) - counted['pass'] - len(wrong)} skipped")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
