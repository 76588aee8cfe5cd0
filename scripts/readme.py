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


def prove():
    source = ROOT / "target/prove.json"
    if not source.exists():
        return None
    rules = json.loads(source.read_text(encoding="utf-8"))["rules"]
    lines = ["| rule | what is tried | result |", "| --- | --- | --- |"]
    for rule in rules:
        lines.append(f"| {rule['id']} | {cell(rule.get('title', ''))} | {rule['status']} |")
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
