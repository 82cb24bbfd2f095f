"""Small ONNX models, written byte by byte: no package for it is needed.

Field numbers are those of `onnx.proto3`; a message is a run of (key, value) as Protocol Buffers
encode them.
"""

import struct
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]
Dimensions = Sequence[int | str]
Attribute = float | int | str | Sequence[int]

_FLOAT, _INT, _TEXT, _INTS = 1, 2, 3, 7  # kinds of attributes
_DTYPES = {"float32": 1, "uint8": 2, "int32": 6, "int64": 7}  # of tensors


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _tensor(name: str, array: Array) -> bytes:
    shape = b"".join(_field(1, size) for size in array.shape)
    return shape + _field(2, _DTYPES[array.dtype.name]) + _field(8, name) + _field(9, array.tobytes())


def _value(name: str, dimensions: Dimensions, dtype: str) -> bytes:
    shape = b"".join(
        _field(1, _field(1, size) if isinstance(size, int) else _field(2, size))
        for size in dimensions
    )
    return _field(1, name) + _field(2, _field(1, _field(1, _DTYPES[dtype]) + _field(2, shape)))


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, str):
        return _field(1, name) + _field(4, value) + _field(20, _TEXT)
    if isinstance(value, float):
        fixed = _varint(2 << 3 | 5) + struct.pack("<f", value)
        return _field(1, name) + fixed + _field(20, _FLOAT)
    if isinstance(value, int):
        return _field(1, name) + _field(3, value) + _field(20, _INT)
    return _field(1, name) + b"".join(_field(8, each) for each in value) + _field(20, _INTS)


def node(kind: str, inputs: Sequence[str], output: str, **attributes: Attribute) -> bytes:
    """Return one operation of a graph."""
    return (
        b"".join(_field(1, each) for each in inputs)
        + _field(2, output)
        + _field(3, f"{output}_node")
        + _field(4, kind)
        + b"".join(_field(5, _attribute(*each)) for each in attributes.items())
    )


def model(
    nodes: Sequence[bytes],
    input_shape: Dimensions,
    output_shape: Dimensions,
    constants: Mapping[str, Array],
    *,
    input_dtype: str = "float32",
    output_dtype: str = "float32",
    metadata: Mapping[str, str] | None = None,
    opset: int = 13,
) -> bytes:
    """Return a model that computes `y` from `x`."""
    graph = (
        b"".join(_field(1, each) for each in nodes)
        + _field(2, "graph")
        + b"".join(_field(5, _tensor(*each)) for each in constants.items())
        + _field(11, _value("x", input_shape, input_dtype))
        + _field(12, _value("y", output_shape, output_dtype))
    )
    properties = b"".join(
        _field(14, _field(1, key) + _field(2, value)) for key, value in (metadata or {}).items()
    )
    ir_version, operators = _field(1, 8), _field(8, _field(1, "") + _field(2, opset))
    return ir_version + operators + _field(7, graph) + properties
