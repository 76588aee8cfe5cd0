"""P3: what signing in costs besides its hash, and what it costs those who are signed in already."""

import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from program import EXAMPLES, PASSWORD, ROOT, call, import_accounts

BARE_HASH = EXAMPLES / "bare_hash"
LATENCY = ROOT / "bench/latency.py"
# As many as the program hashes at a time: one a core, within 512 MiB.
SLOTS = min(len(os.sched_getaffinity(0)), 8)
# Sign-ins under way together: every slot is taken, and the next one waits.
TOGETHER = 2 * SLOTS
QUEUED = 16
SIGN_INS = 24 * SLOTS
PATIENCE = 2.0
ACCOUNTS = [f"signs-in-{number:02}@mind.example" for number in range(max(QUEUED, TOGETHER))]


def prepare(data):
    import_accounts(data, ACCOUNTS)


def sign_in(connection, email):
    body = json.dumps({"email": email, "password": PASSWORD})
    connection.request("POST", "/api/auth/login", body, {"content-type": "application/json"})
    response = connection.getresponse()
    response.read()
    return response.status


def sign_ins_per_second(port):
    """SIGN_INS of them, TOGETHER at a time; every one must succeed."""
    left, refused = list(range(SIGN_INS)), []

    def work(email):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while left:
            try:
                left.pop()
            except IndexError:
                break
            status = sign_in(connection, email)
            if status != 200:
                refused.append(status)

    began = time.monotonic()
    with ThreadPoolExecutor(TOGETHER) as pool:
        for done in [pool.submit(work, email) for email in ACCOUNTS[:TOGETHER]]:
            done.result()
    if refused:
        raise SystemExit(f"bench: sign-ins were refused: {refused}")
    return SIGN_INS / (time.monotonic() - began)


def hashes_per_second():
    said = subprocess.run([str(BARE_HASH), str(SLOTS), str(SIGN_INS)], capture_output=True, text=True, check=True).stdout
    return float(said)


def p99(port, path, header, seconds):
    command = [sys.executable, str(LATENCY), str(port), path, str(seconds), header]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


class Queue:
    """QUEUED sign-ins under way for as long as this is open; one that is refused for the length of the queue tries again."""

    def __init__(self, port):
        self.port, self.over = port, threading.Event()

    def __enter__(self):
        self.threads = [threading.Thread(target=self.work, args=(email,)) for email in ACCOUNTS[:QUEUED]]
        for thread in self.threads:
            thread.start()
        time.sleep(0.5)

    def work(self, email):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.over.is_set():
            if (status := sign_in(connection, email)) not in (200, 503):
                raise RuntimeError(f"a sign-in was answered with {status}")

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def too_many(port, rate):
    """Twice what can be hashed within the patience, at once: how many were told to come back, how long the last of them
    waited for that, and whether each was told when."""
    count = int(2 * PATIENCE * rate) + 2 * QUEUED

    def one(number):
        began = time.monotonic()
        # Nobody's address costs the same hash, and no account's count of tries stands in the way.
        body = {"email": f"one-too-many-{number}@mind.example", "password": PASSWORD}
        status, headers, _ = call(port, "POST", "/api/auth/login", body)
        return status, int(headers.get("retry-after", "0")), time.monotonic() - began

    with ThreadPoolExecutor(count) as pool:
        answers = list(pool.map(one, range(count)))
    refused = [answer for answer in answers if answer[0] == 503]
    in_order = all(status in (401, 503) for status, _, _ in answers) and all(after > 0 for _, after, _ in refused)
    return len(refused), count, max((waited for _, _, waited in refused), default=0.0), in_order


def measure(port, cookie, rounds, seconds):
    """Text and verdict of the row."""
    shares, slower = [], []
    for _ in range(rounds):
        # Turn by turn, so that a change of the machine's pace meets both.
        bare = hashes_per_second()
        rate = sign_ins_per_second(port)
        shares.append(rate / bare)
        idle = p99(port, "/api/auth/me", cookie, seconds)
        with Queue(port):
            slower.append(p99(port, "/api/auth/me", cookie, seconds) / idle)
    refused, asked, waited, in_order = too_many(port, rate)
    share, times = statistics.median(shares), statistics.median(slower)
    met = share >= 0.95 and times <= 3 and refused > 0 and in_order and waited < PATIENCE + 1
    order = "" if in_order else ", NOT all with Retry-After"
    return f"{share:.2f}; {times:.1f} × p99; {refused} of {asked} at once got 503 within {waited:.1f} s{order}", met
