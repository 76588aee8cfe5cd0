#!/usr/bin/env python3
"""Writes the status column of docs/security/compliance.md from a run of the attack suite.

    scripts/compliance.py [PROVE.JSON]     what `mindvibe prove --format json` printed; target/prove.json by default

A row holds when all rules that it names passed, or had nothing here that they are about, and at least one passed. A name is
a rule or a finding; one that was not run leaves the row unknown.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/security/compliance.md"
NAME = re.compile(r"`((?:A1|A2|X|O)-[^`]+)`")


def status(names, rules):
    """The words for a row whose cell names these."""
    seen = {}
    for name in names:
        chosen = {rule["id"]: rule["status"] for rule in rules if name in (rule["id"], rule["finding"])}
        seen.update(chosen or {name: "not run"})
    bad = {word: [id for id, status in seen.items() if status == word] for word in ("fail", "unknown", "not run")}
    if bad["fail"]:
        return f"fails: {', '.join(bad['fail'])}"
    if bad["unknown"] or bad["not run"]:
        return f"unknown: {', '.join(bad['unknown'] + bad['not run'])}"
    passed = sum(status == "pass" for status in seen.values())
    return f"holds ({passed} of {len(seen)} tried)" if passed else "unknown: nothing here that it is about"


def filled(page, rules):
    lines = []
    for line in page.split("\n"):
        cells = line.split(" | ")
        head = line.startswith(("| ---", "| requirement", "| criterion", "| article", "| standard"))
        if line.startswith("| ") and len(cells) >= 4 and not head:
            names = NAME.findall(cells[-2])
            every = [rule["id"] for rule in rules] if cells[-2].startswith("every rule") else []
            cells[-1] = f"{status(names or every, rules)} |"
            line = " | ".join(cells)
        lines.append(line)
    return "\n".join(lines)


def main():
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target/prove.json"
    if not source.exists():
        sys.exit(f"compliance: {source} is not there; run scripts/prove.sh first")
    rules = json.loads(source.read_text(encoding="utf-8"))["rules"]
    page = filled(PAGE.read_text(encoding="utf-8"), rules)
    PAGE.write_text(page, encoding="utf-8")
    rows = re.findall(r"\| (holds|fails|unknown)[^|]*\|$", page, re.M)
    print(f"compliance: {rows.count('holds')} rows hold, {rows.count('fails')} fail, {rows.count('unknown')} are unknown")


if __name__ == "__main__":
    main()
