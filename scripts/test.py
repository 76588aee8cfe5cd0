#!/usr/bin/env python3
"""The gate: runs every stage, prints how long each took, and closes with one line `N passed, N failed`.

A stage is a target of the Makefile, so that each can be repeated alone. What a stage prints is shown as it comes and
kept in target/test-logs/. A stage fails when its command fails, when one of its tests fails, when it should run tests
and ran none, or when it takes longer than its limit. A failed build ends the run; every other stage still gets its turn.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "target/test-logs"

# name, Makefile target, does it count tests?, minutes it may take, does the rest depend on it?
STAGES = [
    ("client", "web", False, 10, True),
    ("models", "models", False, 15, False),
    ("samples", "samples", False, 10, False),
    ("check", "check", True, 30, False),
    ("compile", "test-build", False, 40, True),
    ("rust", "test-rust", True, 30, False),
    ("client tests", "test-web", True, 10, False),
    ("end to end", "test-e2e", True, 20, False),
    ("prove", "test-prove", True, 30, False),
]

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# The closing lines of cargo test, of Vitest, of node's test runner, of Playwright, and the plain one of our scripts.
CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored")
PLAIN = re.compile(r"^(?:[\w-]+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
VITEST = re.compile(r"^\s*Tests\s+(.*)\(\d+\)$")
NODE = re.compile(r"^(?:#|ℹ) (pass|fail|skipped|cancelled) (\d+)$")
PLAYWRIGHT = re.compile(r"^\s+(\d+) (passed|failed|skipped|flaky|did not run)(?: \(.*\))?$")


def count(lines):
    """(passed, failed, skipped) as the closing lines of the test runners say."""
    sums = [0, 0, 0]
    places = {"pass": 0, "passed": 0, "flaky": 1, "fail": 1, "failed": 1, "cancelled": 1, "did not run": 1, "skipped": 2, "todo": 2}
    for line in lines:
        line = COLOURS.sub("", line).rstrip()
        if match := CARGO.match(line) or PLAIN.match(line):
            for place, number in enumerate(match.groups()):
                sums[place] += int(number or 0)
        elif match := VITEST.match(line):
            for number, word in re.findall(r"(\d+) (passed|failed|skipped|todo)", match.group(1)):
                sums[places[word]] += int(number)
        elif match := NODE.match(line):
            sums[places[match.group(1)]] += int(match.group(2))
        elif match := PLAYWRIGHT.match(line):
            sums[places[match.group(2)]] += int(match.group(1))
    return sums


def run(name, target, limit):
    """Runs one stage; answers its exit status, its output and the seconds it took."""
    log = LOGS / f"{name.replace(' ', '-')}.log"
    began = time.monotonic()
    process = subprocess.Popen(
        ["make", "--no-print-directory", target], cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
    )
    late = threading.Event()

    def stop():
        late.set()
        os.killpg(process.pid, signal.SIGTERM)

    timer = threading.Timer(limit * 60, stop)
    timer.start()
    lines = []
    try:
        with open(log, "w", encoding="utf-8") as file:
            for line in process.stdout:
                sys.stdout.write(line)
                sys.stdout.flush()
                file.write(line)
                lines.append(line)
        status = process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        raise
    finally:
        timer.cancel()
    if late.is_set():
        lines.append(f"stopped: longer than {limit} minutes\n")
        print(lines[-1], end="")
        status = status or 1
    return status, lines, time.monotonic() - began


def main():
    LOGS.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    rows, sums, first = [], [0, 0, 0], None
    for name, target, counts, limit, needed in STAGES:
        print(f"\n=== {name} (make {target})", flush=True)
        status, lines, seconds = run(name, target, limit)
        passed, failed, skipped = count(lines) if counts else (0, 0, 0)
        word = "ok"
        if status or failed:
            word = "FAILED"
            failed = max(failed, 1)
        elif counts and not passed:
            word, failed = "RAN NO TEST", 1
        for place, number in enumerate((passed, failed, skipped)):
            sums[place] += number
        rows.append((name, word, passed, failed, seconds))
        if word != "ok":
            first = first or (name, target, lines)
            if needed:
                print(f"\nThe rest needs {name}, which failed; stopping here.")
                break
    if first:
        name, target, lines = first
        print(f"\n--- First failure: {name}. Repeat it with: make {target}. The end of what it said:")
        print("".join(lines[-40:]).rstrip())
    print("\n  stage          result        passed  failed   time")
    for name, word, passed, failed, seconds in rows:
        print(f"  {name:<14} {word:<12} {passed:>7} {failed:>7}   {int(seconds // 60):>2}:{int(seconds % 60):02}")
    total = time.monotonic() - began
    print(f"  {'all':<14} {'':<12} {sums[0]:>7} {sums[1]:>7}   {int(total // 60):>2}:{int(total % 60):02}\n")
    print(f"{sums[0]} passed, {sums[1]} failed" + (f", {sums[2]} skipped" if sums[2] else ""))
    return 1 if sums[1] or first else 0


if __name__ == "__main__":
    sys.exit(main())
