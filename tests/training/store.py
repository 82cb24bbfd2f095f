"""Files of a training: scenes as they were drawn, and the examples that were found in them.

Each file is written whole or not at all, so that a training may be broken off at any time.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Shot = tuple[Bytes, Bytes]
"""A picture (BGR, JPEG as cameras give it) and its true mask (1: the object)."""

Example = tuple[npt.NDArray[np.float16], Bytes]
"""The features of a grid (channels, rows, columns) and the share of each cell that is object."""

LEAST_SHARE = 0.002
"""Of the picture: a scene whose object is smaller in most frames teaches nothing."""


def write(path: Path, save: Callable[[BinaryIO], object]) -> None:
    """Let `save` write a file, which is there when it is complete."""
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        save(file)
    part.replace(path)


def write_scene(path: Path, packed: list[bytes], truths: list[Bytes]) -> None:
    """Write the frames of a scene: JPEG files and masks; an empty file if it teaches nothing."""
    if np.median([truth.mean() for truth in truths]) < LEAST_SHARE:
        path.touch()
        return
    arrays: dict[str, Any] = {
        "sizes": np.array([len(one) for one in packed]),
        "pictures": np.frombuffer(b"".join(packed), np.uint8),
        "shape": np.array(truths[0].shape),
        "truths": np.packbits(np.stack(truths), axis=None),
    }
    write(path, lambda file: np.savez_compressed(file, **arrays))


def read_scene(path: Path) -> list[Shot]:
    """Return the frames of a scene, none if it teaches nothing."""
    if path.stat().st_size == 0:
        return []
    with np.load(path) as stored:
        sizes, pictures, shape = stored["sizes"], stored["pictures"], stored["shape"]
        bits = np.unpackbits(stored["truths"], count=int(len(sizes) * shape.prod()))
    truths = bits.reshape(len(sizes), *shape)
    parts = np.split(pictures, np.cumsum(sizes)[:-1])
    return list(zip([unpacked(part) for part in parts], truths, strict=True))


def unpacked(packed: bytes | Bytes) -> Bytes:
    """Return the picture (BGR) of a JPEG file."""
    return cast(Bytes, cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_COLOR))


def write_examples(path: Path, examples: list[Example]) -> None:
    """Write what was found in a scene."""
    arrays: dict[str, Any] = {"count": np.array(len(examples))}
    arrays |= {f"features{i}": features for i, (features, _) in enumerate(examples)}
    arrays |= {f"truth{i}": truth for i, (_, truth) in enumerate(examples)}
    write(path, lambda file: np.savez(file, **arrays))


class Examples:
    """The examples in some files, read as they are asked for: together they may exceed memory."""

    def __init__(self, paths: list[Path]) -> None:
        self._places: list[tuple[Path, int]] = []
        for path in paths:
            with np.load(path) as stored:
                self._places += [(path, i) for i in range(int(stored["count"]))]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> Example:
        path, i = self._places[number]
        with np.load(path) as stored:
            return stored[f"features{i}"], stored[f"truth{i}"]
