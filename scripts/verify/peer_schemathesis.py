#!/usr/bin/env python3
"""Has schemathesis ask everything that the document describes, and much that it does not: as nobody, as a member, as an
administrator. No answer may be a failure of ours, none undocumented, and no route may be served without who it asks for.

    scripts/verify/schemathesis.sh [EXAMPLES]     how many a route and identity, 100 by default

The document is taken as it is; schemathesis.toml says what no document can. Signed in, the routes that end the very session
are left out; what they do is tried by other tests. Any finding fails, with what repeats it. A full run writes
docs/evidence/schemathesis.md.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from peers import CLASSES, ROOT, python_tool, stamp

from program import BIN, PASSWORD, Program, settings_of

VERSION = "4.32.5"
FULL = 100
SEED = 20250101
EVIDENCE = ROOT / "docs/evidence/schemathesis.md"
MODELS = Path(os.environ.get("MODELS_DIR") or Path.home() / ".cache/mindvibe/models")
SETTINGS = Path(__file__).with_name("schemathesis.toml").resolve()
HOOKS = Path(__file__).with_name("schemathesis_hooks.py").resolve()
# They end what the run is signed in with, or change how one signs in.
ENDS = re.compile(r"logout|revoke|/password|/2fa/|/step-up|/sessions|/devices|not-me|/refresh")
REQUIRED = {"admin": "administrator"}


def described(document, without=None):
    """The document less the routes that this identity must not touch."""
    paths = {path: item for path, item in document["paths"].items() if not (without and without.search(path))}
    return {**document, "paths": paths}


def totp(secret, at):
    """RFC 6238, as an app on a telephone."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7fffffff) % 1000000:06}"


def asked(answer, *wanted):
    status, _, body = answer
    if status not in wanted:
        raise SystemExit(f"schemathesis: signing in answered {status}: {body.decode()}")
    return json.loads(body)


def token(program, data, role):
    """An access token of somebody of that role; an administrator shows a second factor, as they must."""
    email = f"{role}@mind.example"
    command = [str(BIN), "user", "create", "--email", email, "--role", role, "--password-stdin"]
    subprocess.run(command, input=PASSWORD, text=True, env=settings_of(data), check=True, stdout=subprocess.DEVNULL)
    login = {"email": email, "password": PASSWORD}
    first = asked(program.call("POST", "/auth/login", login), 200)
    if role == "member":
        return first["access_token"]
    bearer = {"authorization": f"Bearer {first['access_token']}"}
    secret = asked(program.call("POST", "/api/auth/2fa/setup", {}, bearer), 200)["secret"]
    enabled = asked(program.call("POST", "/api/auth/2fa/enable", {"code": totp(secret, time.time())}, bearer), 200)
    waiting = asked(program.call("POST", "/auth/login", login), 200, 403)
    answer = {"challenge_id": waiting["challenge_id"], "backup_code": enabled["backup_codes"][0]}
    return asked(program.call("POST", "/auth/login/second-factor", answer), 200)["access_token"]


def run(tools, data, program, who, document, secret, examples):
    """Whether nothing was found; how many cases were tried."""
    file, report = data / f"{who}.json", data / f"{who}.ndjson"
    file.write_text(json.dumps(document), encoding="utf-8")
    command = [
        tools / "schemathesis", "--config-file", SETTINGS, "--no-color", "run", file, "--url", f"http://127.0.0.1:{program.port}",
        "--checks", "all", "--workers", 2, "--max-examples", examples, "--seed", SEED, "--generation-database", "none", "--continue-on-failure",
        "--request-timeout", 20, "--report-ndjson-path", report,
    ]
    if secret:
        command += ["--header", f"Authorization: Bearer {secret}"]
    # What it keeps beside the reports goes with the folder.
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS)}
    ended = subprocess.run([str(part) for part in command], cwd=data, env=environment, capture_output=True, text=True)
    tried = re.search(r"(\d+) (?:generated|test cases?|cases)", ended.stdout)
    if ended.returncode:
        print(ended.stdout[-12000:] + ended.stderr[-2000:])
    return ended.returncode == 0, int(tried.group(1)) if tried else 0


def main():
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else FULL
    tools, data = python_tool("schemathesis", VERSION), Path(tempfile.mkdtemp(prefix="mindvibe-schemathesis-"))
    document = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
    rows, failed, program = [], 0, None
    try:
        # An hour is the longest that a token may last. Without a model one route could answer nothing but 503.
        program = Program(data, CLASSES, settings={"ACCESS_TOKEN_TTL": "60", "MODELS_DIR": str(MODELS)})
        for who in ("nobody", "member", "admin"):
            secret = None if who == "nobody" else token(program, data, who)
            began = time.monotonic()
            fine, tried = run(tools, data, program, who, described(document, ENDS if secret else None), secret, examples)
            minutes = (time.monotonic() - began) / 60
            failed += not fine
            rows.append((REQUIRED.get(who, who), tried, minutes))
            print(f"  {'ok ' if fine else 'NOT'} as {REQUIRED.get(who, who)}: {tried} cases, {minutes:.1f} min", flush=True)
    finally:
        if program:
            program.stop()
        shutil.rmtree(data)
    if examples >= FULL and not failed:
        lines = ["# The document and the program, compared by schemathesis", "", stamp("scripts/verify/schemathesis.sh", f"schemathesis {VERSION}")]
        lines += [f"All checks and phases, {examples} examples a route and identity, seed {SEED}: 0 failures of the server, 0 undocumented", "answers, 0 routes served without who they ask for.", ""]
        lines += ["| as | cases | minutes |", "| --- | --- | --- |", *(f"| {who} | {tried} | {minutes:.1f} |" for who, tried, minutes in rows)]
        EVIDENCE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"schemathesis: {len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
