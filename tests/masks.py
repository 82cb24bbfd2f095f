"""Masks to export, each with something that is easily got wrong."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from livesegment.export import ExportKind, Origin, Split, open_exporter
from livesegment.frame import Frame
from livesegment.mask import ClassIds, Mask
from livesegment.sinks.base import Annotated

NAMES = {0: "background", 1: "person", 2: 'a "quoted" \\ name: #1', 7: "été 動画 😀"}


PICTURES: dict[ExportKind, str] = {
    "huggingface": "train/images",
    "label-studio": "images",
    "semantic": "images",
    "yolo": "images",
}
"""Where the pictures are in exports that have them."""


def several() -> ClassIds:
    """Return overlapping things that touch all borders, of an odd size."""
    ids = np.zeros((71, 97), np.uint8)
    cv2.circle(ids, (20, 30), 25, 1, -1)
    cv2.circle(ids, (80, 60), 30, 2, -1)
    cv2.line(ids, (0, 70), (96, 0), 7, 3)
    ids[0, :5] = ids[-1, -1] = ids[40:50, 0] = 7
    return ids


def donut() -> ClassIds:
    """Return rings in a ring around a thing, all of one class but the thing."""
    ids = np.zeros((90, 120), np.uint8)
    for radius, class_id in ((44, 1), (36, 0), (30, 1), (22, 0), (10, 2)):
        cv2.circle(ids, (60, 45), radius, class_id, -1)
    ids[45, 10:40] = 0
    return ids


def sieve() -> ClassIds:
    """Return a region full of holes, some of them side by side."""
    holes = np.random.default_rng(5).random((60, 80)) < 0.2
    ids = np.full((60, 80), 1, np.uint8)
    ids[holes] = 0
    return ids


def specks() -> ClassIds:
    """Return single pixels, pairs and thin lines, in the corners too."""
    ids = np.zeros((33, 41), np.uint8)
    ids[0, 0] = ids[0, -1] = ids[-1, 0] = ids[-1, -1] = 1
    ids[10, 10] = ids[20, 20:22] = ids[20:22, 30] = 2
    ids[5, 5:30] = ids[8:30, 3] = ids[15, 12] = ids[16, 13] = 7
    return ids


def noise() -> ClassIds:
    """Return ids at random, named and not named ones."""
    return np.random.default_rng(7).choice([0, 1, 2, 7, 254], (40, 53)).astype(np.uint8)


SCENES: dict[str, ClassIds] = {
    "several": several(),
    "donut": donut(),
    "sieve": sieve(),
    "specks": specks(),
    "noise": noise(),
    "nothing": np.zeros((20, 30), np.uint8),
    "everything": np.ones((20, 30), np.uint8),
    "one pixel": np.full((1, 1), 2, np.uint8),
    "one row": np.array([[1, 1, 0, 2, 1]], np.uint8),
    "one column": np.array([[1], [0], [1]], np.uint8),
}


def picture(
    ids: ClassIds | None,
    index: int = 0,
    names: Mapping[int, str] = NAMES,
    size: tuple[int, int] = (16, 12),
    scene: int = 0,
) -> Annotated:
    """Return a picture with a mask; without ids a picture of a size without a mask."""
    height, width = ids.shape if ids is not None else size[::-1]
    image = np.full((height, width, 3), 40 * index % 256, np.uint8)
    mask = None if ids is None else Mask(ids, names, index)
    frame = Frame(image, index, index / 25, 0.0)
    return Annotated(frame, mask, np.zeros_like(image), scene=scene)


def export(
    kind: ExportKind,
    path: Path,
    masks: Sequence[ClassIds | None],
    pictures: str | Sequence[Path] = "clip",
    *,
    names: Mapping[int, str] = NAMES,
    overwrite: bool = False,
    split: Split | None = None,
    scenes: Sequence[int] | None = None,
    origin: Origin | None = None,
) -> Path:
    """Export masks from beginning to end."""
    with open_exporter(
        kind, path, pictures, overwrite=overwrite, split=split, origin=origin
    ) as exporter:
        for index, ids in enumerate(masks):
            scene = 0 if scenes is None else scenes[index]
            exporter.write(picture(ids, index, names, scene=scene))
        exporter.commit()
    return path
