#!/usr/bin/env python3
"""Writes the committed lists of what `seal` and `guard` show to others (audit finding A1-L2), after somebody has looked.

    scripts/public_items.py            writes crates/{seal,guard}/public-items.txt
    scripts/public_items.py --check    fails where a list is not what the sources say

The test `public_items` of each crate reads the sources in the same way; this is for whoever accepts a change.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CRATES = ("seal", "guard")


def items(text):
    """Every public item of a source but those of its tests, up to where its type begins."""
    for line in text.split("#[cfg(test)]")[0].splitlines():
        if not line.lstrip().startswith("pub "):
            continue
        item = line.lstrip()[4:]
        end = item.find(";") if item.startswith("use ") else next(iter(m.start() for m in [re.search(r"[(:{<;=]", item)] if m), -1)
        yield (item if end < 0 else item[:end]).rstrip()


def listed(crate):
    home = ROOT / "crates" / crate / "src"
    files = sorted(path for path in home.rglob("*") if path.is_file() and path.name != "tests.rs")
    return "".join(f"{path.relative_to(home)}: {item}\n" for path in files for item in items(path.read_text(encoding="utf-8")))


def main():
    stale = []
    for crate in CRATES:
        place, text = ROOT / "crates" / crate / "public-items.txt", listed(crate)
        if sys.argv[1:] == ["--check"]:
            if not place.exists() or place.read_text(encoding="utf-8") != text:
                stale.append(crate)
        else:
            place.write_text(text, encoding="utf-8")
    if stale:
        sys.exit(f"public items changed: {', '.join(stale)}; look at them, then run scripts/public_items.py")
    return 0


if __name__ == "__main__":
    sys.exit(main())
