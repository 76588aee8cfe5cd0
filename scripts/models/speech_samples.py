"""`make samples`: real speech with known text for the tests, into a folder (default `target/samples`).

The recordings lie in a wheel of the Python package index; they are fetched for the test run and never committed.
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path

from wheels import Missing, Wheel, digest, fetch, say

WHEEL = Wheel(
    "moonshine-voice",
    "0.1.5",
    "1ed9e0ccf94be4845d69e7fa862dcf4c8b5801a758796966494c694f48184496",
    "moonshine_voice-0.1.5-py3-none-manylinux_2_34_x86_64.whl",
    20,
    # Only its sound files are wanted, and those serve on every machine.
    ("--platform", "manylinux_2_34_x86_64", "--python-version", "3.11", "--implementation", "py", "--abi", "none"),
)

SAMPLES = {
    "two_cities.wav": "f3348494d77cb74a02862f5e685ed09faf3e75832c5cc5c80703282c2cd8b52e",
    "beckett.wav": "e5a26b3d29e5b0bc8dbd72c11d16a3808a4ec0ac45b21f12a27d2a2fe5c5ae61",
}


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("target/samples")
    folder.mkdir(parents=True, exist_ok=True)
    if all((folder / name).exists() and digest(folder / name) == checksum for name, checksum in SAMPLES.items()):
        say(f"{', '.join(SAMPLES)}: already there, and right")
        return 0
    try:
        with tempfile.TemporaryDirectory() as downloads, zipfile.ZipFile(fetch(WHEEL, Path(downloads))) as archive:
            for name, checksum in SAMPLES.items():
                beside = folder / f".{name}.part"
                beside.write_bytes(archive.read(f"moonshine_voice/assets/{name}"))
                if digest(beside) != checksum:
                    beside.unlink()
                    raise Missing(f"{name}: the checksum is wrong")
                beside.replace(folder / name)
                say(f"{name}: ready")
    except (Missing, OSError, KeyError, zipfile.BadZipFile) as error:
        say(f"Test speech is missing. {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
