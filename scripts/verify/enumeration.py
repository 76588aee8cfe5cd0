#!/usr/bin/env python3
"""Asks the program about addresses that are known to it and about others, and looks for any difference in the answers.

    scripts/verify/enumeration.py [ROUNDS] [--only GROUP,...]

Every group of questions is asked interleaved, ROUNDS times a class (2,000), in an order that is shuffled anew in each
round. Of the answers, everything is compared but what is made by chance for each: status, names and values of headers,
body, length. Of the times, for each two classes: the difference of the medians, and the AUC (how often the one is quicker
than the other; 0.5 tells nothing). A pair beyond the limits is measured once more, alone. A full run writes
docs/evidence/enumeration.md; with fewer than 500 rounds, times are printed but not judged: they say too little.
"""

import argparse
import datetime
import itertools
import json
import os
import platform
import random
import re
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import passkeys
from program import PASSWORD, ROOT, Program, import_accounts
from samples import AUC, MILLISECONDS, alike, auc, gap

FULL = 2000
JUDGED = 500
SEED = 20250101
WARM_UP = 10
# Tries that an address takes before the fifth locks it.
TRIES = 4
# A lock holds for a quarter of an hour, and a hundred rounds of hashes pass well within it.
LOCKED_FOR = 100
# Between questions that cost no hash, so that each meets a server whose work for the one before is done.
PAUSE = 0.01
# Accounts with a passkey; questions about them lock nobody.
KEYED = 60
OTHER = "another long sentence of nobody 7"
LIMITS = ("SIGN_IN_BY_ADDRESS", "SIGN_IN_BY_ACCOUNT", "SIGN_UP", "LETTERS", "ANONYMOUS")
CHANCE = re.compile(rb'"(correlation_id|ceremony_id|challenge)":"([^"]*)"')
EVIDENCE = ROOT / "docs/evidence/enumeration.md"


class Connection:
    """A warm keep-alive connection; the time runs from the first byte sent to the last byte read."""

    def __init__(self, port):
        self.port, self.socket = port, None

    def ask(self, path, body):
        """Milliseconds, head and body of the answer."""
        payload = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(payload)}\r\n\r\n"
        )
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter_ns()
        self.socket.sendall(head.encode() + payload)
        read = b""
        while b"\r\n\r\n" not in read:
            read += self._more()
        head, _, rest = read.partition(b"\r\n\r\n")
        length = int(re.search(rb"\r\ncontent-length: *(\d+)", head, re.I).group(1))
        while len(rest) < length:
            rest += self._more()
        return (time.perf_counter_ns() - began) / 1e6, head + b"\r\n\r\n", rest

    def _more(self):
        part = self.socket.recv(65536)
        if not part:
            raise SystemExit("enumeration: the server closed a connection in the middle of an answer")
        return part


def outline_of(head, body):
    """The answer without what chance makes of each: its id, the hour, what a passkey is asked; equal lengths stay equal."""
    lines = head.strip().split(b"\r\n")
    names = sorted(line.split(b":")[0] for line in lines[1:])
    varying = (b"date:", b"x-request-id:")
    if int(re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)[1]) != len(body):
        names.append(b"and more bytes than its length says")
    fixed = [line for line in lines if not line.lower().startswith(varying)]
    masked = CHANCE.sub(lambda found: b'"%s":%d letters' % (found[1], len(found[2])), body)
    return b"\n".join([*fixed, *names, masked]).decode("utf-8", "replace")


class Group:
    """One kind of question and its classes: a name, and what makes the next body of that class."""

    def __init__(self, name, path, classes, pause=0.0, before=None):
        self.name, self.path, self.classes, self.pause = name, path, classes, pause
        self.before = before or (lambda number: None)

    def ask(self, connection, rounds, names, outlines):
        """Times by class; notes what the answers look like."""
        times, chance = {name: [] for name in names}, random.Random(SEED)
        for number in range(-WARM_UP, rounds):
            self.before(number + WARM_UP)
            for name in chance.sample(names, len(names)):
                elapsed, head, body = connection.ask(self.path, self.classes[name]())
                if number >= 0:
                    times[name].append(elapsed)
                    outlines.setdefault(outline_of(head, body), {}).setdefault(name, number)
                time.sleep(self.pause)
        return times


def address(kind, number):
    """All kinds are equally long."""
    return f"{kind}-{number:05}@mind.example"


def fresh(kind, times=1):
    """Addresses of a kind without end, each `times` times."""
    return (address(kind, number // times) for number in itertools.count())


def again(kind, count):
    """The first addresses of a kind, over and over."""
    return itertools.cycle([address(kind, number) for number in range(count)])


class Locked:
    """Addresses whose account is locked, another one from time to time."""

    def __init__(self, kind, connection):
        self.addresses, self.connection, self.current = fresh(kind), connection, None

    def refresh(self):
        self.current = next(self.addresses)
        for _ in range(TRIES + 1):
            self.connection.ask("/api/auth/login", {"email": self.current, "password": OTHER})


def login(addresses, password):
    return lambda: {"email": next(addresses), "password": password}


def letter(addresses):
    return lambda: {"email": next(addresses)}


def make_accounts(data, program, rounds):
    """Enough for a run in which every pair is measured once more."""
    asked = rounds + WARM_UP
    needed = {
        # Four classes make three pairs of each.
        "logs": -(-4 * asked // TRIES), "lckr": 7 * (asked // LOCKED_FOR + 1), "lckw": 7 * (asked // LOCKED_FOR + 1),
        "takn": 2 * asked, "rset": asked, "pkey": KEYED, "bare": KEYED,
    }
    import_accounts(data, [address(kind, number) for kind, count in needed.items() for number in range(count)])
    passkeys.enrol(program, [address("pkey", number) for number in range(KEYED)], PASSWORD)


def groups_of(connection, rounds):
    """Every group of questions. Addresses that nobody has are asked about as often as those that somebody has."""
    right, wrong = Locked("lckr", connection), Locked("lckw", connection)

    def lock(number):
        if number % LOCKED_FOR == 0:
            right.refresh()
            wrong.refresh()

    asked = rounds + WARM_UP
    return [
        Group("login", "/api/auth/login", {
            "known, wrong password": login(fresh("logs", TRIES), OTHER),
            "unknown": login(fresh("none", TRIES), OTHER),
            "locked, right password": lambda: {"email": right.current, "password": PASSWORD},
            "locked, wrong password": lambda: {"email": wrong.current, "password": OTHER},
        }, before=lock),
        Group("signup", "/api/auth/signup", {"taken": login(fresh("takn"), PASSWORD), "free": login(fresh("free"), PASSWORD)}),
        Group("reset", "/api/auth/password-reset", {
            "known": letter(again("rset", asked)), "unknown": letter(again("noon", asked)),
        }, PAUSE),
        # Those who have signed up in the group before wait for their confirmation.
        Group("resend", "/api/auth/resend-verification", {
            "waits for it": letter(again("free", asked)), "confirmed": letter(again("takn", asked)),
            "unknown": letter(again("nevr", asked)),
        }, PAUSE),
        Group("passkey start", "/api/auth/passkeys/sign-in/start", {
            "with a passkey": letter(again("pkey", KEYED)), "without": letter(again("bare", KEYED)),
            "unknown": letter(again("void", KEYED)),
        }, PAUSE),
    ]


def judge(group, connection, rounds):
    """Rows of the table, and what is wrong."""
    outlines = {}
    names = list(group.classes)
    times = group.ask(connection, rounds, names, outlines)
    rows, wrong = [], []
    for first, second in itertools.combinations(names, 2):
        one, other, again = times[first], times[second], ""
        if rounds >= JUDGED and not alike(one, other):
            again = f"; first {gap(one, other):+.2f} ms, {auc(one, other):.3f}"
            print(f"  {group.name}: {first} / {second}{again}; once more", flush=True)
            repeated = group.ask(connection, rounds, [first, second], outlines)
            one, other = repeated[first], repeated[second]
        met = alike(one, other)
        verdict = ("alike" if met else "TOLD APART") if rounds >= JUDGED else "not judged"
        medians = f"{statistics.median(one):.2f} / {statistics.median(other):.2f} ms"
        figures = [f"{gap(one, other):+.2f} ms", f"{auc(one, other):.3f}"]
        rows.append([group.name, f"{first} / {second}", medians, *figures, verdict + again])
        if verdict == "TOLD APART":
            wrong.append(f"{group.name}: {first} and {second} differ in time")
    if len(outlines) != 1:
        wrong.append(f"{group.name}: {len(outlines)} different answers: " + json.dumps(outlines, indent=1))
    return rows, wrong


def write_evidence(rounds, rows, equal):
    today, machine = datetime.date.today().isoformat(), f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    lines = [
        "# Answers that tell nothing about an address", "",
        f"`scripts/verify/enumeration.py`, part of `make verify`; {today}, {machine}; {rounds:,} questions",
        "a class, interleaved in shuffled order on one warm connection. Passwords are hashed at the full price (64 MiB, three",
        "passes); limits of rate are raised, nothing else is changed. Compared are status, names and values of headers, length",
        "and body; set aside are the hour, and ids and challenges, which are made by chance for each answer.", "",
        *(f"* {line}" for line in equal), "",
        f"Limits of the times: difference of the medians below {MILLISECONDS:.0f} ms, AUC (how often an answer of the one class",
        f"is quicker than one of the other) within {AUC[0]}-{AUC[1]}. A pair beyond them is measured once more, alone, and both",
        "results are shown.", "",
        "| question | classes | medians | difference | AUC | |", "| --- | --- | --- | --- | --- | --- |",
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
    EVIDENCE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description="Looks for differences between answers about known and unknown addresses.")
    parser.add_argument("rounds", type=int, nargs="?", default=int(os.environ.get("ENUMERATION_ROUNDS", FULL)))
    parser.add_argument("--only", help="groups, separated by commas: login, signup, reset, resend (which needs signup), passkey start")
    options = parser.parse_args()
    # Stopped from outside, it still stops the program.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    data = Path(tempfile.mkdtemp(prefix="mindvibe-enumeration-"))
    rows, wrong, equal = [], [], []
    program = Program(data, LIMITS)
    try:
        make_accounts(data, program, options.rounds)
        connection = Connection(program.port)
        for group in groups_of(connection, options.rounds):
            if options.only and group.name not in options.only.split(","):
                continue
            began = time.monotonic()
            found, faults = judge(group, connection, options.rounds)
            rows += found
            wrong += faults
            for row in found:
                print("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, (14, 48, 22, 10, 7, 0))), flush=True)
            print(f"  {group.name}: {time.monotonic() - began:.0f} s", flush=True)
            if not faults:
                equal.append(f"{group.name}: all {options.rounds * len(group.classes):,} answers are equal")
    finally:
        program.stop()
        shutil.rmtree(data)
    for line in wrong:
        print(f"enumeration: {line}")
    if options.rounds >= FULL and not options.only:
        write_evidence(options.rounds, rows, equal + wrong)
    print(f"enumeration: {len(rows)} pairs, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
