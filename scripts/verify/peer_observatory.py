#!/usr/bin/env python3
"""Has Mozilla's HTTP Observatory grade the program: A+, or this fails.

    scripts/verify/observatory.sh

It runs here, without asking anybody. It needs TLS, which the program ends by itself; the certificate is one of an hour, whose
authority the Observatory is told of. Writes docs/evidence/observatory.md.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from peers import ROOT, Encrypted, node_tool, python_tool, stamp

PACKAGE, VERSION = "@mdn/mdn-http-observatory", "1.4.8"
# Only for its library of certificates, which it has for its own use.
CERTIFICATES = ("sslyze", "6.3.1")
GRADE = "A+"
EVIDENCE = ROOT / "docs/evidence/observatory.md"


def main():
    place, tools = node_tool(PACKAGE, VERSION), python_tool(*CERTIFICATES)
    folder = Path(tempfile.mkdtemp(prefix="mindvibe-observatory-"))
    try:
        program = Encrypted(folder, tools)
        # Which names browsers know to be encrypted it fetches while it is installed, and this one is not among them.
        (place / "conf/hsts-preload.json").write_text("{}", encoding="utf-8")
        try:
            # Its own wrapper would name another list of authorities.
            environment = {**os.environ, "NODE_EXTRA_CA_CERTS": str(program.authority)}
            asked = ["node", str(place / "src/scan.js"), f"localhost:{program.port}"]
            ended = subprocess.run(asked, capture_output=True, text=True, env=environment)
        finally:
            program.stop()
    finally:
        shutil.rmtree(folder)
    answer = json.loads(ended.stdout or "{}")
    if "scan" not in answer:
        sys.exit(f"observatory: {answer.get('error') or ended.stderr[-2000:]}")
    scan, tests = answer["scan"], answer["tests"]
    for name, test in sorted(tests.items()):
        print(f"  {'ok ' if test['pass'] else 'NOT'} {name}: {test['result']} ({test['scoreModifier']:+})")
    print(f"  grade {scan['grade']}, {scan['score']} points")
    missed = sum(not test["pass"] for test in tests.values()) + (scan["grade"] != GRADE)
    if not missed:
        lines = ["# Headers, as Mozilla's HTTP Observatory grades them", "", stamp("scripts/verify/observatory.sh", f"`{PACKAGE}` {VERSION}")]
        lines += [f"Grade **{scan['grade']}**, {scan['score']} points (algorithm {scan['algorithmVersion']}).", "", "| test | result | points |", "| --- | --- | --- |"]
        lines += [f"| {name} | {test['result']} | {test['scoreModifier']:+} |" for name, test in sorted(tests.items())]
        EVIDENCE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"observatory: {len(tests) + 1 - missed} passed, {missed} failed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
