"""What an ONNX file says of itself that OpenCV does not pass on.

The file is a `ModelProto` of `onnx.proto3`, whose field numbers these are: a message is a run of
(key, value) as Protocol Buffers encode them. Weights are passed over, not read.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from livesegment.segmenters.runtimes.base import Tensor

_DTYPES = {1: "f4", 2: "u1", 3: "i1", 4: "u2", 5: "i2", 6: "i4", 7: "i8", 10: "f2", 11: "f8"}

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

_MOST_FIELDS = 2_000_000
_LONGEST_TEXT = 2**20  # bytes

Part = tuple[int, int]
"""Where the bytes of a message begin and end."""


@dataclass(slots=True)
class OnnxHeader:
    """What an ONNX file says of itself.

    Attributes:
        inputs: What it takes, without weights that may be given as well.
        outputs: Names of what it gives, in the file's order.
        metadata: What is said in words, by keys.
    """

    inputs: list[Tensor] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)


def read_onnx_header(path: Path) -> OnnxHeader:
    """Return what an ONNX file says of itself; nothing of what cannot be read.

    Raises:
        OSError: If the file cannot be read at all.
    """
    header = OnnxHeader()
    with path.open("rb") as file:
        if not path.stat().st_size:
            return header
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            try:
                _Reader(content).read(header)
            except (IndexError, TypeError, ValueError):
                return OnnxHeader()
    return header


class _Reader:
    def __init__(self, content: mmap.mmap) -> None:
        self._content = content
        self._left = _MOST_FIELDS

    def read(self, header: OnnxHeader) -> None:
        for number, part in self._fields((0, len(self._content))):
            if number == 7:
                self._graph(part, header)
            elif number == 14:
                header.metadata[self._text(part, 1)] = self._text(part, 2)

    def _graph(self, part: Any, header: OnnxHeader) -> None:
        weights, inputs = set(), []
        for number, each in self._fields(part):
            if number == 5:
                weights.add(self._text(each, 8))
            elif number == 11:
                inputs.append(self._tensor(each))
            elif number == 12:
                header.outputs.append(self._text(each, 1))
        header.inputs = [each for each in inputs if each.name not in weights]

    def _tensor(self, part: Any) -> Tensor:
        """Read a ValueInfoProto: its name, and of its type the kind of numbers and the shape."""
        kind, shape = 0, []
        for _, tensor in self._only(part, 2, 1):
            kind = next((value for number, value in self._fields(tensor) if number == 1), 0)
            for _, size in self._only(tensor, 2, 1):
                known = [value for number, value in self._fields(size) if number == 1]
                shape.append(known[0] if known and 0 < known[0] < 2**31 else None)
        dtype = np.dtype(_DTYPES.get(kind, "f4"))
        return Tensor(self._text(part, 1), tuple(shape), dtype)

    def _only(self, part: Any, *numbers: int) -> Iterator[tuple[int, Any]]:
        """Yield the fields of a number, of all fields of the number before it."""
        first, *others = numbers
        for number, each in self._fields(part):
            if number == first:
                if others:
                    yield from self._only(each, *others)
                else:
                    yield number, each

    def _text(self, part: Any, wanted: int) -> str:
        for number, each in self._fields(part):
            if number == wanted:
                begin, end = each
                if end - begin > _LONGEST_TEXT:
                    raise ValueError("a text is too long")
                return self._content[begin:end].decode("utf-8", "replace")
        return ""

    def _fields(self, part: Any) -> Iterator[tuple[int, Any]]:
        """Yield the number of each field of a message, and its number or the Part of its bytes."""
        at, end = part
        while at < end:
            self._left -= 1
            key, at = self._varint(at)
            value: Any
            if key & 7 == _VARINT:
                value, at = self._varint(at)
            elif key & 7 == _BYTES:
                length, at = self._varint(at)
                value = (at, at + length)
                at += length
            elif key & 7 in (_FIXED64, _FIXED32):
                value = 0
                at += 8 if key & 7 == _FIXED64 else 4
            else:
                raise ValueError("no field is of this kind")
            if at > end or self._left < 0:
                raise ValueError("a field ends beyond its message, or there are too many")
            yield key >> 3, value

    def _varint(self, at: int) -> tuple[int, int]:
        number = 0
        for shift in range(0, 70, 7):
            byte = self._content[at]
            at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number, at
        raise ValueError("a number is too long")
