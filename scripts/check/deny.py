#!/usr/bin/env python3
"""deny.toml without a network: licences, banned crates, sources, pre-releases.

Whether a version was yanked or has an advisory cannot be known from the lock file; that part is `cargo deny` (or
`cargo audit`) and runs where the tool is installed and its database can be had. Otherwise one line says that it did not.
"""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict

from common import ROOT, exceptions, finish

with open(ROOT / "deny.toml", "rb") as file:
    rules = tomllib.load(file)
ask = ["cargo", "metadata", "--locked", "--format-version", "1", "--all-features"]
for target in rules["graph"]["targets"]:
    ask += ["--filter-platform", target]
answer = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True)
if answer.returncode:
    print(answer.stderr.strip())
    sys.exit(1)
metadata = json.loads(answer.stdout)
# `packages` holds what the lock file holds; what is built on our targets is what the resolved graph reaches.
reached = {node["id"] for node in metadata["resolve"]["nodes"]}
packages = {p["id"]: p for p in metadata["packages"] if p["id"] in reached}
foreign = [p for p in packages.values() if p["source"]]
findings = []


def accepted(expression, allowed):
    """Does an SPDX licence expression hold when exactly the licences in `allowed` are accepted?"""
    words = re.findall(r"[()]|[A-Za-z0-9.+-]+", expression.replace("/", " OR "))

    def either():
        value = both()
        while words and words[0] == "OR":
            words.pop(0)
            value = both() or value
        return value

    def both():
        value = one()
        while words and words[0] == "AND":
            words.pop(0)
            value = one() and value
        return value

    def one():
        word = words.pop(0)
        if word == "(":
            value = either()
            words.pop(0)
            return value
        if words and words[0] == "WITH":
            words.pop(0)
            word = f"{word} WITH {words.pop(0)}"
        return word in allowed

    return either()


extra = defaultdict(set)
for entry in rules["licenses"]["exceptions"]:
    extra[entry["crate"]] |= set(entry["allow"])
allowed = set(rules["licenses"]["allow"])
for p in foreign:
    if not p["license"]:
        findings.append(f"{p['name']} {p['version']}: declares no licence")
    elif not accepted(p["license"], allowed | extra[p["name"]]):
        findings.append(f"{p['name']} {p['version']}: licence {p['license']} is not in deny.toml")
present = {p["name"] for p in foreign}
findings += [f"deny.toml: licence exception for {name}, which is not in the tree" for name in extra if name not in present]

users = defaultdict(set)
for node in metadata["resolve"]["nodes"]:
    for dependency in node["deps"]:
        users[dependency["pkg"]].add(packages[node["id"]]["name"])
for ban in rules["bans"]["deny"]:
    for p in foreign:
        if p["name"] == ban["crate"]:
            wrong = sorted(users[p["id"]] - set(ban.get("wrappers", ()))) if "wrappers" in ban else sorted(users[p["id"]])
            # The crates of one family name each other: sqlx-sqlite is no use of sqlx from outside.
            wrong = [w for w in wrong if not w.startswith(p["name"] + "-")]
            if wrong:
                findings.append(f"{p['name']} {p['version']}: {ban['reason']} (used by {', '.join(wrong)})")

for p in foreign:
    kind, _, address = p["source"].partition("+")
    if kind == "registry" and address not in rules["sources"]["allow-registry"]:
        findings.append(f"{p['name']} {p['version']}: comes from an unknown registry, {address}")
    if kind == "git" and address.split("?")[0].split("#")[0] not in rules["sources"]["allow-git"]:
        findings.append(f"{p['name']} {p['version']}: comes from a git repository, {address}")

reasons = exceptions("prerelease")
early = [p for p in foreign if "-" in p["version"].split("+")[0]]
findings += [
    f"{p['name']} {p['version']}: a pre-release, and exceptions.toml gives no reason for it"
    for p in early if p["name"] not in reasons
]
findings += [f"exceptions.toml: [prerelease] {n} is none any more" for n in reasons if n not in {p["name"] for p in early}]

with open(ROOT / "Cargo.toml", "rb") as file:
    declared = tomllib.load(file)["workspace"]["dependencies"]
for name, value in declared.items():
    version = value if isinstance(value, str) else value.get("version")
    if version is not None and not version.startswith("="):
        findings.append(f"Cargo.toml: {name} is not pinned (`=x.y.z`)")

tool = next((t for t in ("cargo-deny", "cargo-audit") if shutil.which(t)), None)
if tool is None:
    print("advisories: not checked, neither cargo-deny nor cargo-audit is installed")
else:
    command = ["cargo", "deny", "check"] if tool == "cargo-deny" else ["cargo", "audit", "--deny", "yanked"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    said = (run.stdout + run.stderr).strip()
    if run.returncode == 0:
        print(f"advisories: {' '.join(command)} found nothing")
    elif re.search(r"failed to (?:fetch|clone|load)|couldn't fetch|unable to .*(?:fetch|update)|network|resolve host", said, re.I):
        print(f"advisories: not checked, {tool} could not get its database")
    else:
        findings.append(said)

twice = sum(1 for n in Counter(p["name"] for p in foreign).values() if n > 1)
finish(findings, f"{len(foreign)} crates, {twice} of them in more than one version")
