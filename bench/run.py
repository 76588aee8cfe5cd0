#!/usr/bin/env python3
"""Measures this build against its baselines and writes bench/results/<date>.json.

Absolute figures are noise on a shared machine; what counts is the ratio between two things measured in turn in one run.
"Per server-CPU-second" is requests divided by the user and system time the server's process used for them.
"""

import datetime
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import sign_in
from program import EXAMPLES, PASSWORD, ROOT, Program
from program import call, cookies, cpu_seconds, create_account, free_port, resident_mib, wait_for

BARE = EXAMPLES / "bare"
OVERHEAD = EXAMPLES / "overhead"
SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CONNECTIONS = 32
ME = "/api/auth/me"
LIMITS = ("SIGNED_IN", "ANONYMOUS", "SIGN_IN_BY_ADDRESS", "SIGN_IN_BY_ACCOUNT", "SIGN_UP")
ACCOUNT = {"email": "bench@mind.example", "password": PASSWORD}


def wrk(port, path, script=None, headers=(), environment=None):
    """Requests done without an error in SECONDS."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s"]
    for header in headers:
        command += ["-H", header]
    if script:
        command += ["-s", str(script)]
    command.append(f"http://127.0.0.1:{port}{path}")
    output = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **(environment or {})}).stdout
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    if wrong:
        sys.exit(f"bench: {wrong.group(1)} answers of {path} were refusals")
    return int(re.search(r"(\d+) requests in", output).group(1))


def per_cpu_second(pid, work):
    before = cpu_seconds(pid)
    done = work()
    return done / (cpu_seconds(pid) - before)


def browser(port):
    """The cookie header of a signed-in browser: the session's and the anti-forgery one."""
    _, headers, _ = call(port, "POST", "/api/auth/login", ACCOUNT)
    return "Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies(headers).items())


def answered(port, cookie):
    """What ME is answered with, apart from what hyper adds to every answer."""
    status, headers, body = call(port, "GET", ME, headers=dict([cookie.split(": ", 1)]))
    lines = [[name, value] for name, value in headers.items() if name.lower() not in ("date", "content-length")]
    return {"path": ME, "status": status, "headers": lines, "body": body.decode()}


class Bare:
    """A bare route that gives one answer of the program's, every byte of it, to the same request."""

    def __init__(self, answer, cookie):
        self.port = free_port()
        self.process = subprocess.Popen([str(BARE), f"127.0.0.1:{self.port}"], stdin=subprocess.PIPE, text=True)
        self.process.stdin.write(json.dumps(answer))
        self.process.stdin.close()
        wait_for(self.port, ME, self.process)
        same = answered(self.port, cookie)
        if sorted(same.pop("headers")) != sorted(answer["headers"]) or not same.items() <= answer.items():
            sys.exit("bench: the bare route does not answer as the program does")
        self.pid = self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait()


def token(port):
    return json.loads(call(port, "POST", "/auth/login", ACCOUNT)[2])["access_token"]


def commits_per_second(data):
    """Raw durable commits of one row: what one fsync for each write would allow on this disk."""
    import sqlite3
    db = sqlite3.connect(data / "raw.db", isolation_level=None)
    db.execute("pragma journal_mode=wal")
    db.execute("pragma synchronous=full")
    db.execute("create table t (id integer primary key, body blob)")
    began, count = time.monotonic(), 0
    while time.monotonic() - began < 2:
        db.execute("insert into t (body) values (zeroblob(200))")
        count += 1
    return count / (time.monotonic() - began)


def measure(data):
    create_account(data, ACCOUNT["email"])
    sign_in.prepare(data)
    server = Program(data, LIMITS)
    cookie = browser(server.port)
    bare = Bare(answered(server.port, cookie), cookie)
    secret = {"BENCH_TOKEN": token(server.port)}
    reads, bases, writes, rates = [], [], [], []
    for _ in range(ROUNDS):
        bases.append(per_cpu_second(bare.pid, lambda: wrk(bare.port, ME, headers=[cookie])))
        reads.append(per_cpu_second(server.pid, lambda: wrk(server.port, ME, headers=[cookie])))
        began = time.monotonic()
        written = 0

        def write():
            nonlocal written
            written = wrk(server.port, "/api/moods", ROOT / "bench/mood.lua", environment=secret)
            return written

        writes.append(per_cpu_second(server.pid, write))
        rates.append(written / (time.monotonic() - began))
    bare.stop()
    signing_in = sign_in.measure(server.port, cookie, ROUNDS, SECONDS)
    server.stop()

    trace = data / "fsyncs.txt"
    server = Program(data, LIMITS, trace)
    secret = {"BENCH_TOKEN": token(server.port)}
    before = sum(1 for _ in open(trace))
    written = wrk(server.port, "/api/moods", ROOT / "bench/mood.lua", environment=secret)
    fsyncs = sum(1 for _ in open(trace)) - before
    server.stop()

    starts, resident = [], []
    for _ in range(5):
        server = Program(data, LIMITS)
        starts.append(server.started_ms)
        time.sleep(0.5)
        resident.append(resident_mib(server.pid))
        server.stop()

    median = statistics.median
    p1, p2 = median(r / b for r, b in zip(reads, bases)), median(w / r for w, r in zip(writes, reads))
    raw = commits_per_second(data)
    said = subprocess.run([str(OVERHEAD)], capture_output=True, text=True, check=True).stdout
    # Two lines: nonces from the system, and for free; what a person pays is the first.
    cost = float(re.search(r"^P9 ([\d.]+)", said, re.MULTILINE).group(1))
    slow_disk = f"; {median(rates) / raw:.1f} × raw single-row commits/s" if raw < 1000 else ""
    return [
        row("P1", "GET /api/auth/me, every layer on", "a bare axum route, same bytes", "≥ 0.60", f"{p1:.2f}", p1 >= 0.60),
        row("P2", "POST /api/moods, durable, 32 connections", "fsyncs counted; P1", "≤ 1 fsync per 8 writes; ≥ 0.35 × P1",
            f"1 fsync per {written / fsyncs:.0f} writes; {p2:.2f} × P1{slow_disk}",
            written / fsyncs >= 8 and p2 >= 0.35 and (raw >= 1000 or median(rates) >= 3 * raw)),
        row("P3", "POST /api/auth/login; 16 of them queued; too many", "the bare hash on the same cores; P1's p99, idle",
            "≥ 0.95; ≤ 3 × p99; 503 after 2 s, with Retry-After", *signing_in),
        row("P7", "start to first 200 of /health; resident, idle", "—", "≤ 200 ms; ≤ 40 MiB",
            f"{median(starts):.0f} ms; {median(resident):.0f} MiB", median(starts) <= 200 and median(resident) <= 40),
        row("P9", "seal and open a 2 KiB reflection", "the bare AEAD", "≤ 1.5 ×", f"{cost:.2f} ×", cost <= 1.5),
    ]


def row(name, work, against, target, measured, met):
    return {"id": name, "work": work, "against": against, "target": target, "measured": measured, "met": met}


def main():
    data = Path(tempfile.mkdtemp(prefix="mindvibe-bench-"))
    try:
        rows = measure(data)
    finally:
        shutil.rmtree(data)
    date = datetime.date.today().isoformat()
    report = {"date": date, "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}", "rows": rows}
    (ROOT / "bench/results").mkdir(exist_ok=True)
    (ROOT / f"bench/results/{date}.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    for entry in rows:
        print(f"{entry['id']}  {entry['measured']:<40} target {entry['target']}{'' if entry['met'] else '   NOT MET'}")


if __name__ == "__main__":
    main()
