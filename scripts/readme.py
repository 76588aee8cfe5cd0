#!/usr/bin/env python3
"""Fills the README's tables between their markers, from the newest benchmark and from the last run of the attack suite.

bench/results/<date>.json: `{"date", "machine", "rows": [{"id", "work", "against", "target", "measured", "met"}]}`.
target/prove.json: what `mindvibe prove --format json` printed. A table whose source is missing stays as it is.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"


def cell(value):
    return str(value).replace("|", "\\|").replace("\n", " ")


def bench():
    results = sorted((ROOT / "bench/results").glob("*.json"))
    if not results:
        return None
    result = json.loads(results[-1].read_text(encoding="utf-8"))
    lines = ["| | work | against | target | measured |", "| --- | --- | --- | --- | --- |"]
    for row in result["rows"]:
        columns = [row["id"], row["work"], row["against"], row["target"], row["measured"]]
        lines.append("| " + " | ".join(map(cell, columns)) + " |")
    lines += ["", f"Measured on {result['date']}, {result.get('machine', 'two cores')}."]
    return "\n".join(lines)


# What the ids of rules begin with, and where the findings behind them stand.
SOURCES = [
    ("A1-", "[the first audit](docs/security/audit-1.md)"),
    ("A2-CHECKLIST", "[the second audit's checklist](docs/security/audit-2.md)"),
    ("A2-", "[the second audit](docs/security/audit-2.md)"),
    ("X-", "[break-ins of others](docs/security/peers.md)"),
    ("O-", "[defects that no audit saw](docs/security/peers.md)"),
]


def prove():
    source = ROOT / "target/prove.json"
    if not source.exists():
        return None
    rules = json.loads(source.read_text(encoding="utf-8"))["rules"]
    lines = ["| rules about | findings | rules | passed | failed | unknown | not applicable |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for prefix, name in SOURCES:
        own = [rule for rule in rules if next(p for p, _ in SOURCES if rule["id"].startswith(p)) == prefix]
        count = lambda status: sum(rule["status"] == status for rule in own)
        columns = [name, len({rule["finding"] for rule in own}), len(own), *map(count, ("pass", "fail", "unknown", "not_applicable"))]
        lines.append("| " + " | ".join(map(cell, columns)) + " |")
    lines += ["", "Each rule with its weakness: [docs/security/weaknesses.md](docs/security/weaknesses.md)."]
    return "\n".join(lines)


page = README.read_text(encoding="utf-8")
for name, table in (("bench", bench()), ("prove", prove())):
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if start not in page or end not in page:
        sys.exit(f"README.md has no {start} ... {end}")
    if table is not None:
        page = re.sub(f"{start}.*?{end}", lambda _: f"{start}\n\n{table}\n\n{end}", page, flags=re.S)
        print(f"README.md: {name} table filled")
README.write_text(page, encoding="utf-8")
