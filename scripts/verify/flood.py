#!/usr/bin/env python3
"""What floods cost whoever uses the server meanwhile (R7): slow heads, header bombs, gzip bombs, deep JSON, endless uploads.

    scripts/verify/flood.py [ROUNDS] [--only ATTACK,...]

Each attack is met ROUNDS times (3) by the program with its defaults, but for the limit of calls of one user, who is asked
for without pause. Taken are the 99th percentile of a signed-in GET /api/auth/me before and during, the memory of the
process, and with which status the attack is answered. A full run writes docs/evidence/flood.md.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from program import NO_LIMIT, PASSWORD, ROOT, Program, cookies, create_account, resident_mib

FULL = 3
SECONDS = float(os.environ.get("FLOOD_SECONDS", "5"))
SLOWER = 3.0
# More than all that may be under way at once needs, and far less than any of the attacks would like to have.
MEBIBYTES = 96
MIB = 1024 * 1024
ATTACKERS = Path(__file__).with_name("attackers.py")
LATENCY = ROOT / "bench/latency.py"
EVIDENCE = ROOT / "docs/evidence/flood.md"
VICTIM, ATTACKER = "victim@mind.example", "attacker@mind.example"


def statuses(allowed):
    """Judges that an attack was answered with these and nothing else, each of them at least once."""
    def judge(outcome):
        seen = outcome["statuses"]
        text = ", ".join(f"{count:,} × {status}" for status, count in sorted(seen.items()))
        return text, set(seen) == {str(status) for status in allowed}
    return judge


def slow(outcome):
    """A thousand are held, each is closed ten seconds after it began, and no word is lost on it."""
    text = f"{outcome['held']:,} held, {outcome['closed']:,} closed after at most {outcome['longest']:.1f} s"
    return text, outcome["held"] == 1000 and outcome["closed"] >= 1000 and outcome["longest"] < 13 and not outcome["said"]


def endless(outcome):
    """No more is taken than may be sent, but for what is on its way already."""
    taken = {path: sent / MIB for path, sent in outcome["taken"].items()}
    text = "; ".join(f"{path}: cut off after {sent:.0f} MiB" for path, sent in taken.items())
    words, refused = statuses((413,))(outcome)
    return f"{words}; {text}", refused and taken["/api/recordings"] < 160 and taken["/api/moods"] < 16


# name, what it is, how it is judged
FLOODS = {
    "slow_loris": ("1,000 connections whose heads never end", slow),
    "header_bombs": ("10,000 heads that are too large, or of too many lines", statuses((400, 431))),
    "gzip_bombs": ("1,000 bodies of 100 MiB, packed into 100 KiB", statuses((413, 415))),
    "deep_json": ("500 bodies of 100,000 levels", statuses((400,))),
    "endless_upload": ("uploads of 10 GiB in chunks", endless),
}


def p99(port, cookie):
    command = [sys.executable, str(LATENCY), str(port), "/api/auth/me", str(SECONDS), cookie]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


class Memory:
    """The most that the process has resident while this is open."""

    def __init__(self, pid):
        self.pid, self.over, self.most = pid, threading.Event(), 0.0

    def __enter__(self):
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while not self.over.wait(0.05):
            self.most = max(self.most, resident_mib(self.pid))

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def meet(program, cookie, token, name):
    """Idle and flooded percentile, memory before and at most, and what the attack has to say."""
    idle, before = p99(program.port, cookie), resident_mib(program.pid)
    with Memory(program.pid) as memory:
        command = [sys.executable, str(ATTACKERS), name, str(program.port), str(SECONDS + 2), token]
        attack = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            time.sleep(1)
            flooded = p99(program.port, cookie)
            said, _ = attack.communicate(timeout=300)
        finally:
            attack.kill()
    if attack.returncode:
        raise SystemExit(f"flood: {name} ended with status {attack.returncode}")
    # What was open is closed before the next one.
    time.sleep(1)
    return idle, flooded, before, memory.most, json.loads(said)


def left_behind(data):
    """Files of uploads that are still there."""
    return [path.name for path in (data / "media").rglob("*") if path.is_file()]


def run(program, rounds, names):
    """Rows of the table, and what is wrong."""
    _, headers, _ = program.call("POST", "/api/auth/login", {"email": VICTIM, "password": PASSWORD})
    cookie = "Cookie: __Host-sid=" + cookies(headers)["__Host-sid"]
    token = json.loads(program.call("POST", "/auth/login", {"email": ATTACKER, "password": PASSWORD})[2])["access_token"]
    rows, wrong = [], []
    for name in names:
        what, judge = FLOODS[name]
        slower, memory, verdicts = [], [], []
        for _ in range(rounds):
            idle, flooded, before, most, outcome = meet(program, cookie, token, name)
            slower.append(flooded / idle)
            memory.append(most - before)
            verdicts.append(judge(outcome))
        times, grown = statistics.median(slower), max(memory)
        text = next((text for text, fine in verdicts if not fine), verdicts[-1][0])
        rows.append((what, f"{times:.1f} ×", f"+{max(grown, 0):.0f} MiB", text))
        if times > SLOWER:
            wrong.append(f"{name}: the 99th percentile is {times:.1f} times what it is without")
        if grown > MEBIBYTES:
            wrong.append(f"{name}: the process grew by {grown:.0f} MiB")
        if not all(fine for _, fine in verdicts):
            wrong.append(f"{name}: answered otherwise than it should be: {text}")
        print("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(rows[-1], (54, 8, 10, 0))), flush=True)
        if program.call("GET", "/health")[0] != 200:
            wrong.append(f"{name}: the server is not well afterwards")
    return rows, wrong


def write_evidence(rounds, rows, wrong):
    today, machine = datetime.date.today().isoformat(), f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    lines = [
        "# Floods, and whoever uses the server meanwhile", "",
        f"`scripts/verify/flood.py`, part of `make verify`; {today}, {machine}. Each attack {rounds} times, by the",
        "program with its defaults, but for the limit of calls of one user. Compared is the 99th percentile of a signed-in",
        f"`GET /api/auth/me` during the attack with the one just before (the median; at most {SLOWER:.0f} ×), and the memory of the",
        f"process with what it had before (the most; at most {MEBIBYTES} MiB). The attackers are on the same machine, at the lowest",
        "priority; in earnest they have their own.", "",
        "| attack | 99th percentile | memory | answered with |", "| --- | --- | --- | --- |",
        *("| " + " | ".join(row) + " |" for row in rows),
        *(["", *(f"* NOT MET: {line}" for line in wrong)] if wrong else []),
    ]
    EVIDENCE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description="Floods the program, and measures what that costs others.")
    parser.add_argument("rounds", type=int, nargs="?", default=FULL)
    parser.add_argument("--only", help=f"attacks, separated by commas: {', '.join(FLOODS)}")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(FLOODS)
    # Stopped from outside, it still stops the program.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    data = Path(tempfile.mkdtemp(prefix="mindvibe-flood-"))
    try:
        for email in (VICTIM, ATTACKER):
            create_account(data, email)
        program = Program(data, settings={"RATE_LIMIT_SIGNED_IN": NO_LIMIT, "RATE_LIMIT_TRANSCRIPTION": NO_LIMIT})
        try:
            rows, wrong = run(program, options.rounds, names)
        finally:
            program.stop()
        if left := left_behind(data):
            wrong.append(f"{len(left)} files of uploads that were refused are still there")
    finally:
        shutil.rmtree(data)
    for line in wrong:
        print(f"flood: {line}")
    if options.rounds >= FULL and not options.only:
        write_evidence(options.rounds, rows, wrong)
    print(f"flood: {len(rows)} attacks, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
