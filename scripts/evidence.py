#!/usr/bin/env python3
"""Runs the tests that rules of the kind `evidence` name, and writes how they ended beside the program.

`mindvibe prove` reads target/release/mindvibe-evidence.json and believes it for the very file whose SHA-256 is in it. A test
is `crate/target/path::of::it` (the target is `lib` or a file of `tests/`), or `check/name` for a script of scripts/check/.
The tests must have been built (`make test-build`) and need the databases of scripts/with-servers.sh.
"""

import datetime
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(os.environ.get("MINDVIBE_BIN", ROOT / "target/release/mindvibe"))
BUILD = ["cargo", "test", "--release", "--locked", "--workspace", "--no-run", "--message-format", "json"]


def wanted():
    """Every test that a rule names."""
    listed = subprocess.run([BIN, "prove", "--list", "--format", "json"], check=True, capture_output=True, text=True).stdout
    return sorted({test for rule in json.loads(listed)["rules"] for test in rule.get("tests", [])})


def binaries():
    """Where the test programs are, by crate and target."""
    out = subprocess.run(BUILD, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    found = {}
    for line in out.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message.get("executable") and message["profile"]["test"]:
            target = message["target"]
            crate = Path(message["manifest_path"]).parent.name
            kind = "lib" if "lib" in target["kind"] else target["name"]
            found[crate, kind] = message["executable"]
    return found


def run(test, programs):
    """`passed`, `failed`, or why it did not run."""
    crate, target, *rest = test.split("/", 2)
    if crate == "check":
        return "passed" if subprocess.run([sys.executable, ROOT / f"scripts/check/{target}.py"], cwd=ROOT, capture_output=True).returncode == 0 else "failed"
    program = programs.get((crate, target))
    if program is None:
        return "there is no such test program"
    ended = subprocess.run([program, "--exact", rest[0]], cwd=ROOT / "crates" / crate, capture_output=True, text=True)
    if "running 1 test" not in ended.stdout:
        return "there is no such test"
    if ended.returncode:
        print(ended.stdout[-3000:], file=sys.stderr)
    return "failed" if ended.returncode else "passed"


def main():
    programs, results = binaries(), []
    for test in wanted():
        result = run(test, programs)
        at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        results.append({"test": test, "result": result, "at": at})
        if result != "passed":
            print(f"  {test}: {result}")
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    changed = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    stamp = {
        "program_sha256": hashlib.sha256(BIN.read_bytes()).hexdigest(),
        "commit": (commit or "no commit") + (" and changes" if changed else ""), "results": results,
    }
    BIN.with_name("mindvibe-evidence.json").write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
    passed = sum(result["result"] == "passed" for result in results)
    print(f"evidence: {passed} passed, {len(results) - passed} failed")
    return 0 if passed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
