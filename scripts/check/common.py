"""What the checks of this folder share: the list of files, the exceptions, and how a finding is reported."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files():
    """Paths, relative to the root, of every file git knows or would add."""
    out = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout
    return sorted({name for name in out.split("\0") if name and (ROOT / name).is_file()})


def text(name):
    """The file's text, or None for one that is not UTF-8 (a picture, a recording)."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def exceptions(section):
    with open(ROOT / "scripts/check/exceptions.toml", "rb") as file:
        return tomllib.load(file).get(section, {})


def finish(findings, fine):
    """Prints the findings and leaves with status 1, or prints `fine` and leaves with 0."""
    for finding in findings:
        print(finding)
    if not findings:
        print(fine)
    sys.exit(1 if findings else 0)
