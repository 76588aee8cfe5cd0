#!/usr/bin/env python3
"""Says which dependencies `make build` compiles again after `make test-build`, and why.

Cargo compiles a crate anew for each set of features that is asked of it, and then everything that uses the crate. A
feature that only a test asks for therefore costs minutes. This asks Cargo for its two plans, compares them, and names
the features at the root of each difference. It compiles nothing; status 1 when more than MOST crates are affected.
"""

import collections
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST = 40


def plan(*selection):
    """Cargo's plan for one command: for every foreign unit its features, and its identity with all it is built from."""
    run = subprocess.run(
        ["cargo", "build", "--release", "--locked", "-Z", "unstable-options", "--unit-graph", *selection],
        cwd=ROOT, capture_output=True, text=True,
        env=dict(os.environ, RUSTC_BOOTSTRAP="1"),  # the plan is printed by nightly Cargo only, unless told so
    )
    if run.returncode:
        sys.exit(run.stderr.strip())
    units = json.loads(run.stdout)["units"]
    sys.setrecursionlimit(10_000)

    @cache
    def identity(index):
        unit = units[index]
        return hash((
            unit["pkg_id"], unit["target"]["name"], unit["mode"], unit["platform"], tuple(unit["features"]),
            tuple(sorted(identity(d["index"]) for d in unit["dependencies"])),
        ))

    features, identities = collections.defaultdict(set), {}
    for index, unit in enumerate(units):
        if "registry+" in unit["pkg_id"]:
            key = (unit["pkg_id"].split("#")[-1], unit["target"]["kind"][0], unit["mode"])
            features[key].add(frozenset(unit["features"]))
            identities[identity(index)] = key
    return features, identities


tested, tested_ids = plan("--workspace", "--all-targets")
shipped, shipped_ids = plan("-p", "server", "--bin", "mindvibe")
again = sorted({key[0] for one, key in shipped_ids.items() if one not in tested_ids})
for key in sorted(shipped):
    for wanted in shipped[key] - tested[key]:
        if key[1] == "lib" and tested[key]:
            nearest = min(tested[key], key=lambda other: len(other ^ wanted))
            print(f"{key[0]}: tests add {', '.join(sorted(nearest - wanted)) or 'nothing'}"
                  + (f"; the program adds {', '.join(sorted(wanted - nearest))}" if wanted - nearest else ""))
print(f"{len(again)} of {len({k[0] for k in shipped})} crates are compiled a second time for the program")
sys.exit(1 if len(again) > MOST else 0)
