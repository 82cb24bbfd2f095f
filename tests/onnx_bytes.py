"""Small ONNX models, written byte by byte: no package for it is needed.

Field numbers are those of `onnx.proto3`; a message is a run of (key, value) as Protocol Buffers
encode them.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Dimensions = Sequence[int | str]
Attribute = float | int | str | Sequence[int]

FLOAT, UINT8, INT8, INT32, INT64, FLOAT16 = 1, 2, 3, 6, 7, 10
"""Types of numbers; also what the attribute `to` of a node `Cast` is."""

_REAL, _INT, _TEXT, _INTS = 1, 2, 3, 7


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


def _tensor(name: str, array: npt.NDArray[Any]) -> bytes:
    shape = b"".join(_field(1, size) for size in array.shape)
    return (
        shape
        + _field(2, INT64 if array.dtype == np.int64 else FLOAT)
        + _field(8, name)
        + _field(9, array.tobytes())
    )


def _value(name: str, dimensions: Dimensions, kind: int) -> bytes:
    shape = b"".join(
        _field(1, _field(1, size) if isinstance(size, int) else _field(2, size))
        for size in dimensions
    )
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, shape)))


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, str):
        return _field(1, name) + _field(4, value) + _field(20, _TEXT)
    if isinstance(value, float):
        real = _varint(2 << 3 | 5) + struct.pack("<f", value)
        return _field(1, name) + real + _field(20, _REAL)
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
    constants: Mapping[str, npt.NDArray[Any]],
    *,
    input_type: int = FLOAT,
    output_type: int = FLOAT,
    outputs: Mapping[str, Dimensions] | None = None,
    metadata: Mapping[str, str] | None = None,
    opset: int = 13,
) -> bytes:
    """Return a model that computes `y` from `x`, or the outputs that are named."""
    shapes = {"y": output_shape} if outputs is None else outputs
    graph = (
        b"".join(_field(1, each) for each in nodes)
        + _field(2, "graph")
        + b"".join(_field(5, _tensor(*each)) for each in constants.items())
        + _field(11, _value("x", input_shape, input_type))
        + b"".join(_field(12, _value(*each, output_type)) for each in shapes.items())
    )
    ir_version, operators = _field(1, 8), _field(8, _field(1, "") + _field(2, opset))
    said = (_field(14, _field(1, key) + _field(2, text)) for key, text in (metadata or {}).items())
    return ir_version + operators + _field(7, graph) + b"".join(said)


THREE_WEIGHTS = np.array(
    [[2.0713, -1.0337, 0.3119], [-0.9431, 1.5173, -0.5237], [-0.4079, -0.2251, 1.2391]], np.float32
)
THREE_BIASES = np.array([0.2203, -0.3119, -0.8057], np.float32)
"""Of `three_classes`: shape (classes, channels), and a number for each class."""


def three_classes(width: int, height: int, **otherwise: Any) -> bytes:
    """Return a model that was trained on ImageNet's mean and std, as it were.

    Its logits are sums of the red, green and blue that it is given, of which none wins everywhere
    if these are as it wants them.
    """
    shape = [1, 3, height, width]
    constants = {"w": THREE_WEIGHTS.reshape(3, 3, 1, 1), "b": THREE_BIASES}
    conv = node("Conv", ["x", "w", "b"], "y", kernel_shape=[1, 1])
    return model([conv], shape, shape, constants, **otherwise)
