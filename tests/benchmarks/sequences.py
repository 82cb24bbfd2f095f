"""Videos with the truth of every frame, as the benchmarks read them."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Frame
from livesegment.mask import VOID, Mask

FPS = 24.0
CLASS_MAP = {0: "background", 1: "object"}
DRIVE_FPS = 15.0
DRIVE_NAMES = ["sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car"]
DRIVE_NAMES += ["pedestrian", "bicyclist"]

Ids = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Sequence:
    name: str
    frames: list[Frame]
    masks: list[Mask]


def add_options(parser: argparse.ArgumentParser, methods: str) -> None:
    """Add the options of a benchmark that reads such videos.

    Args:
        parser: Gets them.
        methods: What `--methods` is by default.
    """
    parser.add_argument("--davis", type=Path, help="folder of the DAVIS layout")
    parser.add_argument("--dense", type=Path, help="folder of a drive with a class on every pixel")
    parser.add_argument("--sequences", help="comma-separated names; all by default")
    parser.add_argument("--methods", default=methods, help="of the DAVIS tables")
    parser.add_argument("--picture", type=Path, help="write a side-by-side picture here")


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Return the options with `sequences` and `methods` as lists; one video at least is named."""
    options = parser.parse_args()
    if not (options.davis or options.dense):
        parser.error("--davis or --dense is needed")
    options.methods = options.methods.split(",")
    if options.davis:
        options.sequences = (
            options.sequences.split(",") if options.sequences else names_in(options.davis)
        )
    return options


def names_in(root: Path) -> list[str]:
    """Return the names of the sequences in a folder of the DAVIS layout."""
    return sorted(path.name for path in (root / "JPEGImages/480p").iterdir())


def load(root: Path, name: str, size: tuple[int, int] | None = None) -> Sequence:
    """Read a sequence of one object, laid out as DAVIS 2016 is, at another size if one is given."""
    frames, masks = [], []
    for index, path in enumerate(sorted((root / "JPEGImages/480p" / name).glob("*.jpg"))):
        image, truth = _read(path, root / "Annotations/480p" / name / f"{path.stem}.png")
        if size:
            image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
            truth = cv2.resize(truth, size, interpolation=cv2.INTER_LINEAR)
        frames.append(Frame(image, index, index / FPS, index / FPS))
        masks.append(Mask((truth > 127).astype(np.uint8), CLASS_MAP, index))
    return Sequence(name, frames, masks)


def load_drive(root: Path) -> Sequence:
    """Read a drive with a class on every pixel (images/*.png or *.jpg, classes/*.png, 8-bit ids).

    What has no name in `DRIVE_NAMES` is not counted, and is nothing at all to a model as well.
    """
    frames, masks = [], []
    for index, path in enumerate(sorted((root / "images").iterdir())):
        image, truth = _read(path, root / "classes" / f"{path.stem}.png")
        frames.append(Frame(image, index, index / DRIVE_FPS, index / DRIVE_FPS))
        truth[truth >= len(DRIVE_NAMES)] = VOID
        masks.append(Mask(truth, dict(enumerate(DRIVE_NAMES)), index))
    return Sequence(root.name, frames, masks)


def _read(path: Path, label: Path) -> tuple[Ids, Ids]:
    image, truth = cv2.imread(str(path)), cv2.imread(str(label), cv2.IMREAD_GRAYSCALE)
    if image is None or truth is None:
        sys.exit(f"cannot read {path} or {label}")
    return image, truth
