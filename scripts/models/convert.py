"""Turns Whisper weights as CTranslate2 keeps them (fp16) into the ggml file that whisper.cpp reads.

Standard library only. Big matrices are copied as they are, half precision to half precision; whisper.cpp wants
one-dimensional tensors and position tables in single precision, so those are widened. The mel filter bank is computed
here, because the CTranslate2 folder does not hold one.

Usage: convert.py FOLDER_WITH_MODEL_BIN_AND_TOKENIZER_JSON OUTPUT
"""

from __future__ import annotations

import json
import math
import struct
import sys
from array import array
from pathlib import Path
from typing import BinaryIO

MAGIC = 0x67676D6C
HEAD_SIZE = 64
SAMPLE_RATE = 16_000
FFT_SIZE = 400
FLOAT16 = 4
WIDTHS = {0: 4, 1: 1, 2: 2, 3: 4, FLOAT16: 2}


class Tensor:
    """Half-precision numbers with a shape; `data` is little-endian."""

    def __init__(self, shape: tuple[int, ...], data: memoryview) -> None:
        self.shape = shape
        self.data = data

    def rows(self, start: int, end: int) -> Tensor:
        """Some of the rows: the parts of a fused projection."""
        width = len(self.data) // self.shape[0]
        return Tensor((end - start, *self.shape[1:]), self.data[start * width : end * width])


class Reader:
    """The container CTranslate2 writes: names, shapes, types and bytes, one after the other."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0

    def number(self, code: str) -> int:
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def take(self, size: int) -> memoryview:
        if self.at + size > len(self.data):
            raise ValueError("the file ends too early")
        piece = self.data[self.at : self.at + size]
        self.at += size
        return piece

    def text(self) -> str:
        return bytes(self.take(self.number("H"))).rstrip(b"\0").decode()


def read_ctranslate2(data: memoryview) -> dict[str, Tensor]:
    """All tensors by name, aliases resolved."""
    reader = Reader(data)
    reader.number("I")  # version of the container
    kind = reader.text()
    if kind != "WhisperSpec":
        raise ValueError(f"these are weights of a {kind}, not of Whisper")
    reader.number("I")  # revision of the kind
    tensors: dict[str, Tensor] = {}
    for _ in range(reader.number("I")):
        name = reader.text()
        shape = tuple(reader.number("I") for _ in range(reader.number("B")))
        numbers = reader.number("B")
        piece = reader.take(reader.number("I"))
        if len(piece) != math.prod(shape) * WIDTHS[numbers]:
            raise ValueError(f"{name} does not hold as many numbers as its shape says")
        if numbers == FLOAT16:
            tensors[name] = Tensor(shape, piece)
    for _ in range(reader.number("I")):
        alias, name = reader.text(), reader.text()
        if name in tensors:
            tensors[alias] = tensors[name]
    return tensors


def hertz_to_mel(hertz: float) -> float:
    """Slaney's scale: linear below 1 kHz, logarithmic above."""
    return hertz * 3 / 200 if hertz < 1000 else 15 + math.log(hertz / 1000) / (math.log(6.4) / 27)


def mel_to_hertz(mel: float) -> float:
    """The inverse of `hertz_to_mel`."""
    return mel * 200 / 3 if mel < 15 else 1000 * math.exp((mel - 15) * (math.log(6.4) / 27))


def mel_filters(bands: int) -> list[array]:
    """Triangles over the bins of the spectrum, one row a band, each of equal area."""
    bins = [index * SAMPLE_RATE / FFT_SIZE for index in range(FFT_SIZE // 2 + 1)]
    low, high = hertz_to_mel(0), hertz_to_mel(SAMPLE_RATE / 2)
    edges = [mel_to_hertz(low + (high - low) * index / (bands + 1)) for index in range(bands + 2)]
    rows = []
    for left, middle, right in zip(edges, edges[1:], edges[2:]):
        height = 2 / (right - left)
        rising = ((hertz - left) / (middle - left) for hertz in bins)
        falling = ((right - hertz) / (right - middle) for hertz in bins)
        rows.append(array("f", (height * max(0.0, min(up, down)) for up, down in zip(rising, falling))))
    return rows


def byte_tokens(tokenizer: dict) -> list[bytes]:
    """The text tokens in order of their numbers, as bytes; the special ones behind them whisper.cpp knows by itself."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    to_byte = {chr(value): value for value in printable}
    for position, value in enumerate(value for value in range(256) if value not in to_byte.values()):
        to_byte[chr(256 + position)] = value
    tokens: list[bytes] = []
    for text, number in sorted(tokenizer["model"]["vocab"].items(), key=lambda item: item[1]):
        if number != len(tokens) or (text.startswith("<|") and text.endswith("|>")):
            break
        tokens.append(bytes(to_byte[character] for character in text))
    return tokens


def whisper_names(source: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under the names of the original model, fused projections taken apart."""
    named: dict[str, Tensor] = {}
    width = source["encoder/conv1/bias"].shape[0]

    def norm(target: str, origin: str) -> None:
        named[target + ".weight"], named[target + ".bias"] = source[origin + "/gamma"], source[origin + "/beta"]

    def linear(target: str, origin: str) -> None:
        named[target + ".weight"], named[target + ".bias"] = source[origin + "/weight"], source[origin + "/bias"]

    def fused(target: str, origin: str, parts: tuple[str, ...]) -> None:
        weight, bias = source[origin + "/weight"], source[origin + "/bias"]
        for index, part in enumerate(parts):
            named[f"{target}.{part}.weight"] = weight.rows(index * width, (index + 1) * width)
            # Whisper's keys have no bias; CTranslate2 keeps zeros for them.
            if part != "key":
                named[f"{target}.{part}.bias"] = bias.rows(index * width, (index + 1) * width)

    for side in ("encoder", "decoder"):
        named[f"{side}.positional_embedding"] = source[f"{side}/position_encodings/encodings"]
    linear("encoder.conv1", "encoder/conv1")
    linear("encoder.conv2", "encoder/conv2")
    norm("encoder.ln_post", "encoder/layer_norm")
    norm("decoder.ln", "decoder/layer_norm")
    named["decoder.token_embedding.weight"] = source["decoder/embeddings/weight"]
    for side in ("encoder", "decoder"):
        for index in range(layers(source, side)):
            origin, target = f"{side}/layer_{index}", f"{side}.blocks.{index}"
            norm(f"{target}.attn_ln", f"{origin}/self_attention/layer_norm")
            fused(f"{target}.attn", f"{origin}/self_attention/linear_0", ("query", "key", "value"))
            linear(f"{target}.attn.out", f"{origin}/self_attention/linear_1")
            if side == "decoder":
                norm(f"{target}.cross_attn_ln", f"{origin}/attention/layer_norm")
                linear(f"{target}.cross_attn.query", f"{origin}/attention/linear_0")
                fused(f"{target}.cross_attn", f"{origin}/attention/linear_1", ("key", "value"))
                linear(f"{target}.cross_attn.out", f"{origin}/attention/linear_2")
            norm(f"{target}.mlp_ln", f"{origin}/ffn/layer_norm")
            linear(f"{target}.mlp.0", f"{origin}/ffn/linear_0")
            linear(f"{target}.mlp.2", f"{origin}/ffn/linear_1")
    return named


def layers(source: dict[str, Tensor], side: str) -> int:
    """How many layers that side has."""
    count = 0
    while f"{side}/layer_{count}/self_attention/layer_norm/gamma" in source:
        count += 1
    return count


def little_endian(numbers: array) -> bytes:
    """The bytes of an array as every machine must write them."""
    if sys.byteorder == "big":
        numbers = array(numbers.typecode, numbers)
        numbers.byteswap()
    return numbers.tobytes()


def write_tensor(output: BinaryIO, name: str, tensor: Tensor) -> None:
    """One tensor: rank, length of the name, type, sizes (last first), name, numbers."""
    shape = (*tensor.shape, 1) if name in ("encoder.conv1.bias", "encoder.conv2.bias") else tensor.shape
    single = len(tensor.shape) < 2 or name.endswith("positional_embedding")
    encoded = name.encode()
    output.write(struct.pack("<3i", len(shape), len(encoded), 0 if single else 1))
    output.write(struct.pack(f"<{len(shape)}i", *reversed(shape)))
    output.write(encoded)
    if single:
        output.write(little_endian(array("f", struct.unpack(f"<{len(tensor.data) // 2}e", tensor.data))))
    else:
        output.write(tensor.data)


def convert(model: memoryview, tokenizer: dict, output: BinaryIO) -> None:
    """Writes the ggml file for these weights and this tokenizer."""
    source = read_ctranslate2(model)
    named = whisper_names(source)
    vocabulary = named["decoder.token_embedding.weight"].shape[0]
    width = named["encoder.conv1.bias"].shape[0]
    bands = named["encoder.conv1.weight"].shape[1]
    heads = width // HEAD_SIZE
    audio, text = (named[f"{side}.positional_embedding"].shape[0] for side in ("encoder", "decoder"))
    output.write(struct.pack("<i", MAGIC))
    half_precision = 1
    output.write(
        struct.pack(
            "<11i",
            *(vocabulary, audio, width, heads, layers(source, "encoder")),
            *(text, width, heads, layers(source, "decoder"), bands, half_precision),
        )
    )
    filters = mel_filters(bands)
    output.write(struct.pack("<2i", bands, len(filters[0])))
    for row in filters:
        output.write(little_endian(row))
    tokens = byte_tokens(tokenizer)
    output.write(struct.pack("<i", len(tokens)))
    for token in tokens:
        output.write(struct.pack("<i", len(token)))
        output.write(token)
    for name, tensor in named.items():
        write_tensor(output, name, tensor)


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    tokenizer = json.loads((folder / "tokenizer.json").read_bytes())
    with target.open("wb") as output:
        convert(memoryview((folder / "model.bin").read_bytes()), tokenizer, output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
