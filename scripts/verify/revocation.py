#!/usr/bin/env python3
"""How long a credential that was revoked at one instance is still taken by another: two programs on one PostgreSQL.

    scripts/with-servers.sh scripts/verify/revocation.py [TIMES]

Each kind is revoked TIMES times (20), at different ages of what the other instance remembers; the time runs from sending the
revocation to the first refusal. A full run writes docs/evidence/revocation.md.
"""

import datetime
import json
import os
import platform
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from program import BIN, PASSWORD, ROOT, Program, cookies, create_account, settings_of

FULL = 20
SECONDS = 2.0
SEED = 20250101
# Longer than anything is remembered, so that every age occurs.
REMEMBERED = 2.0
LIMITS = ("SIGNED_IN", "ANONYMOUS", "SIGN_IN_BY_ADDRESS", "SIGN_IN_BY_ACCOUNT")
EMAIL = "two-places@mind.example"
EVIDENCE = ROOT / "docs/evidence/revocation.md"


def answered(wanted, answer):
    status, headers, body = answer
    if status != wanted:
        raise SystemExit(f"revocation: answered {status} instead of {wanted}: {body.decode()}")
    return headers, json.loads(body) if body else None


def session(one):
    """A browser's session: what it sends, how it is revoked, and where it can be seen to work."""
    headers, _ = answered(200, one.call("POST", "/api/auth/login", {"email": EMAIL, "password": PASSWORD}))
    jar = cookies(headers)
    sent = {"cookie": "; ".join(f"{name}={value}" for name, value in jar.items()), "x-csrf-token": jar["__Host-csrf"]}
    return sent, lambda: one.call("POST", "/api/auth/logout", {}, sent), "/api/auth/me"


def bearer(one):
    _, body = answered(200, one.call("POST", "/auth/login", {"email": EMAIL, "password": PASSWORD}))
    return {"authorization": f"Bearer {body['access_token']}"}


def access_token(one):
    sent = bearer(one)
    return sent, lambda: one.call("POST", "/auth/logout", {}, sent), "/auth/profile"


def api_key(one):
    owner = bearer(one)
    _, made = answered(201, one.call("POST", "/auth/api-keys", {"name": "A program", "scopes": ["identity:read"]}, owner))
    return {"x-api-key": made["key"]}, lambda: one.call("DELETE", f"/auth/api-keys/{made['id']}", headers=owner), "/auth/profile"


def everything(one):
    """All that is signed in, by the session that says so."""
    sent, _, path = session(one)
    other, _, _ = session(one)
    return other, lambda: one.call("POST", "/api/auth/sessions/revoke-all", {}, sent), path


KINDS = {
    "session, signed out": session, "access token, signed out": access_token, "API key, deleted": api_key,
    "session, by \"sign out everywhere\" of another": everything,
}


def seconds_until_refused(one, two, make, age):
    sent, revoke, path = make(one)
    answered(200, two.call("GET", path, headers=sent))
    # The other instance remembers it, and goes on being asked.
    until = time.monotonic() + age
    while time.monotonic() < until:
        answered(200, two.call("GET", path, headers=sent))
        time.sleep(0.01)
    began = time.monotonic()
    answered(204, revoke())
    if one.call("GET", path, headers=sent)[0] != 401:
        raise SystemExit("revocation: taken where it was revoked")
    while (status := two.call("GET", path, headers=sent)[0]) == 200:
        if time.monotonic() - began > 10 * SECONDS:
            break
        time.sleep(0.005)
    if status not in (200, 401):
        raise SystemExit(f"revocation: answered {status} instead of 401")
    return time.monotonic() - began


def prove(one, two, data, settings):
    """The rule of the attack suite about the same, which needs two instances; 1 when it does not pass."""
    command = [
        str(BIN), "prove", "--target", f"http://127.0.0.1:{one.port}", "--second-target", f"http://127.0.0.1:{two.port}",
        "--only", "A2-1.second-instance", "--format", "json",
    ]
    ended = subprocess.run(command, env={**settings_of(data), **settings}, capture_output=True, text=True)
    rules = json.loads(ended.stdout or "{}").get("rules", [])
    passed = [rule["status"] for rule in rules] == ["pass"]
    print(f"  {'ok ' if passed else 'NOT'} prove --second-target: {rules[0]['seen'] if rules else ended.stderr.strip()}")
    return 0 if passed else 1


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else FULL
    url = os.environ.get("TEST_POSTGRES_URL") or sys.exit("revocation: run it by scripts/with-servers.sh")
    # Stopped from outside, it still stops the programs.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folders = [Path(tempfile.mkdtemp(prefix="mindvibe-revocation-")) for _ in range(2)]
    # Both stand for one address, as behind a balancer.
    settings = {
        "DATABASE_URL": url, "PUBLIC_URL": "http://localhost:8080",
        "SECRET_KEY": "made up for a measurement, and for nothing else at all",
    }
    chance, rows, late, programs = random.Random(SEED), [], 0, []
    try:
        for folder in folders:
            programs.append(Program(folder, LIMITS, settings=settings))
        create_account(folders[0], EMAIL, settings)
        for name, make in KINDS.items():
            taken = [seconds_until_refused(*programs, make, chance.uniform(0, REMEMBERED)) for _ in range(times)]
            late += sum(seconds >= SECONDS for seconds in taken)
            rows.append((name, statistics.median(taken), max(taken)))
            print(f"  {name:<48} median {rows[-1][1]:.2f} s, longest {rows[-1][2]:.2f} s", flush=True)
        late += prove(*programs, folders[0], settings)
    finally:
        for program in programs:
            program.stop()
        for folder in folders:
            shutil.rmtree(folder)
    if times >= FULL:
        write_evidence(times, rows)
    print(f"revocation: {len(KINDS) * times + 1 - late} in time, {late} late (limit {SECONDS:.0f} s)")
    return 1 if late else 0


def write_evidence(times, rows):
    today, machine = datetime.date.today().isoformat(), f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    lines = [
        "# What is revoked at one instance ends at the others", "",
        f"`scripts/verify/revocation.py`, part of `make verify`; {today}, {machine}. Two programs on",
        f"one PostgreSQL; {times} of each kind, from sending the revocation to the one until the first refusal of the other, which",
        f"was asked all the while. Limit: {SECONDS:.0f} s.", "",
        "| revoked | median | longest |", "| --- | --- | --- |",
        *(f"| {name} | {median:.2f} s | {longest:.2f} s |" for name, median, longest in rows),
    ]
    EVIDENCE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
