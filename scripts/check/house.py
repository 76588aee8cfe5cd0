#!/usr/bin/env python3
"""The habits of the house that a compiler does not know. CONTRIBUTING.md says what they are for."""

import re
import tomllib

from common import ROOT, files, finish, text

SLICES = ("identity", "companion", "journal", "journeys", "rooms", "recordings", "account", "monitor")
UNFINISHED = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"))
MACHINE = re.compile(r"""(?:^|[\s`"'(=])/(?:work|farm|root|tmp/bash_jobs|home/[a-z][a-z0-9_-]*|Users/[A-Za-z]+)/""")

findings = []
names = files()
bodies = {name: body for name in names if (body := text(name)) is not None}
sources = [name for name in bodies if name.endswith((".rs", ".ts", ".svelte", ".js"))]


def grep(pattern, where, what):
    pattern = re.compile(pattern)
    for name in where:
        for number, line in enumerate(bodies[name].split("\n"), 1):
            if pattern.search(line):
                findings.append(f"{name}:{number}: {what}: {line.strip()[:100]}")


grep(MACHINE, [n for n in bodies if n not in ("scripts/check/house.py", "crates/prove/src/leak.rs")], "path of one person's machine")
written = [n for n in bodies if n.endswith((".rs", ".ts", ".svelte", ".js", ".py", ".sh", ".css", ".sql", ".md", ".toml"))]
grep(rf"\b(?:{UNFINISHED})\b", written, "unfinished")
grep(r"\b(?:todo|unimplemented)!\(", sources, "unfinished")
grep(r"#!?\[allow\(", [n for n in sources if n.endswith(".rs")], "use #[expect(..., reason = \"...\")]")
grep(r"#\[ignore|\b(?:it|test|describe)\.(?:skip|only)\(", sources, "a test that does not run, or hides the others")
client = [n for n in sources if n.startswith("web/src/") and ".test." not in n]
grep(r"localStorage|sessionStorage", client, "nothing is kept where any script can read it")
grep(r"\{@html", client, "HTML from a string")
grep(r"""\sstyle=["{]""", [n for n in client if n.endswith(".svelte")], "inline style, which the CSP refuses")

crates = sorted(n.split("/")[1] for n in names if re.fullmatch(r"crates/[^/]+/Cargo\.toml", n))
chart = bodies.get("docs/map.md", "")
for crate in crates:
    entry = next((f for f in (f"crates/{crate}/src/lib.rs", f"crates/{crate}/src/main.rs") if f in bodies), None)
    if entry is None or not bodies[entry].startswith("//!"):
        findings.append(f"crates/{crate}: no `//!` header that says what the crate is for")
    if not re.search(rf"^\| `{crate}` \|", chart, re.M):
        findings.append(f"docs/map.md: no line for the crate `{crate}`")
    manifest = tomllib.loads(bodies[f"crates/{crate}/Cargo.toml"])
    tables = [manifest.get(t, {}) for t in ("dependencies", "dev-dependencies", "build-dependencies")]
    wanted = {name for table in tables for name in table}
    if crate in SLICES:
        findings += [f"crates/{crate}: a slice names the slice `{o}`" for o in SLICES if o != crate and o in wanted]
    if crate != "store":
        if "sqlx" in wanted:
            findings.append(f"crates/{crate}: names sqlx, which belongs to `store`")
        own = [n for n in sources if n.startswith(f"crates/{crate}/") and n.endswith(".rs")]
        grep(r"^[^/]*\bsqlx::", own, "SQL is spoken in `store` only")
    if manifest.get("lints", {}).get("workspace") is not True:
        findings.append(f"crates/{crate}: does not take the workspace's lints")
for line in re.findall(r"^\| `([a-z_]+)` \|", chart, re.M):
    if line not in crates:
        findings.append(f"docs/map.md: `{line}` is no crate")

# utoipa keeps one of two schemas with the same name, and says nothing about the other.
schemas = {}
for name in (n for n in sources if n.startswith("crates/") and n.endswith(".rs")):
    for derived in re.finditer(r"#\[derive\([^)]*\bToSchema\b[^)]*\)\]((?:\s*(?:#\[.*\]|///.*))*)\s*(?:pub(?:\([^)]*\))? )?(?:struct|enum) (\w+)", bodies[name]):
        called = re.search(r"#\[schema\(as = (\w+)", derived[1])
        schemas.setdefault(called[1] if called else derived[2], []).append(name)
findings += [f"{', '.join(where)}: two schemas are called {schema}; name one by #[schema(as = ...)]" for schema, where in schemas.items() if len(where) > 1]

readme = bodies.get("README.md", "")
findings += [f"README.md: has no `{c}`" for c in ("make run", "make test") if c not in readme]
if "make test" not in bodies.get(".ci/run", ""):
    findings.append(".ci/run: does not call `make test`")

for name in (n for n in bodies if n.endswith(".md")):
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", bodies[name]):
        if not re.match(r"[a-z]+:", link) and not ((ROOT / name).parent / link).exists():
            findings.append(f"{name}: links to {link}, which does not exist")

grep(r"<!-- (?:cold|warm)-", [n for n in bodies if n.startswith("docs/")], "a figure that nobody filled in")

finish(findings, f"{len(crates)} crates, {len(bodies)} files")
