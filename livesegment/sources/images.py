"""Images: one, a folder, or a glob."""

import glob
import io
import logging
import math
import re
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from livesegment.address import shown_text
from livesegment.errors import SourceLost, SourceNotFound
from livesegment.frame import Frame, Image
from livesegment.sources import is_drawn
from livesegment.sources.base import Source

logger = logging.getLogger(__name__)

IMAGE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")
)
FPS = 25.0


def read_image(path: Path) -> Image:
    """Read an image file.

    Returns:
        BGR uint8 (H, W, 3), turned as its EXIF says.

    Raises:
        SourceNotFound: If there is no such file or it is no whole image.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise SourceNotFound(f"there is no file {shown_text(str(path))}") from None
    except OSError as error:
        raise SourceNotFound(f"{path} cannot be read: {error.strerror}") from error
    return decode_image(content, str(path))


def decode_image(content: bytes, name: str) -> Image:
    """Decode the bytes of an image file.

    Args:
        content: The file.
        name: What to call it in an error.

    Returns:
        BGR uint8 (H, W, 3), turned as its EXIF says; 16 bits become 8, transparency is dropped.

    Raises:
        SourceNotFound: If it is no whole image.
    """
    if not content:
        raise SourceNotFound(f"{name} is empty")
    try:
        # Pillow warns of damaged metadata, which does not matter here, on stderr.
        with warnings.catch_warnings(action="ignore"), Pillow.open(io.BytesIO(content)) as opened:
            upright = ImageOps.exif_transpose(opened)
            if upright.mode.startswith("I"):
                deep = np.asarray(upright).clip(0, 65535)
                upright = Pillow.fromarray((deep // 257).astype(np.uint8))
            rgb = np.asarray(upright.convert("RGB"))
    except UnidentifiedImageError:
        raise SourceNotFound(f"{name} is no image") from None
    except Pillow.DecompressionBombError:
        raise SourceNotFound(f"{name} is too large an image") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise SourceNotFound(f"{name} is damaged: {error}") from error
    return np.ascontiguousarray(rgb[:, :, ::-1])


def is_images(spec: str | Path) -> bool:
    """Tell whether a path means an image, a folder of images or a glob, by its look."""
    if is_drawn(spec):
        return False
    path = Path(spec)
    if path.suffix.lower() in IMAGE_SUFFIXES or is_glob(str(spec)):
        return True
    return "://" not in str(spec) and path.is_dir()


def is_glob(spec: str) -> bool:
    """Tell whether a path means all that fit it; the ? of a pattern or an address means nothing."""
    is_path = not is_drawn(spec) and "://" not in spec
    return is_path and glob.has_magic(spec) and not Path(spec).exists()


def find_images(spec: str | Path) -> list[Path]:
    """Return the image files that a path, folder or glob means, in natural order (2 before 10).

    Raises:
        SourceNotFound: If there is none.
    """
    path = Path(spec)
    if path.is_dir():
        found = [each for each in path.iterdir() if _is_image_file(each)]
        if not found:
            raise SourceNotFound(f"the folder {path} holds no images")
    elif path.exists() or not glob.has_magic(str(spec)):
        return [path]
    else:
        matches = (Path(each) for each in glob.glob(str(spec), recursive=True))  # noqa: PTH207
        found = [each for each in matches if _is_image_file(each)]
        if not found:
            raise SourceNotFound(f"no image matches {shown_text(str(spec))}")
    return sorted(found, key=_natural)


def _is_image_file(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()


def _natural(path: Path) -> list[tuple[int, int | str]]:
    parts = re.split(r"(\d+)", str(path).lower())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]


class ImagesSource(Source):
    """Reads images one after the other, as if 25 of them were shown a second.

    A damaged image among several is skipped and logged; a single one is an error.

    Args:
        spec: An image, a folder of images, a glob, or a list of image files.

    Attributes:
        paths: The files, in order. `Frame.index` counts in this list, skipped files included.
        skipped: The files that could not be read so far.

    Raises:
        SourceNotFound: If there is no image, or a single one cannot be read.
    """

    fps: float = FPS

    def __init__(self, spec: str | Path | Sequence[Path]) -> None:
        self.paths = find_images(spec) if isinstance(spec, str | Path) else list(spec)
        self.name = str(spec) if isinstance(spec, str | Path) else f"{len(self.paths)} images"
        self.skipped: list[Path] = []
        self.frame_count = len(self.paths)
        self._index = 0
        self._first = read_image(self.paths[0]) if len(self.paths) == 1 else None

    def skip_to(self, pts_s: float) -> None:
        """Begin with the first image at or after a media time."""
        self._index = min(max(0, math.ceil(pts_s * FPS)), len(self.paths))

    def read(self) -> Frame | None:
        """Return the next image; None at the end.

        Raises:
            SourceLost: If none of several images can be read.
        """
        while self._index < len(self.paths):
            index, path = self._index, self.paths[self._index]
            self._index += 1
            try:
                image = read_image(path) if self._first is None else self._first
            except SourceNotFound as error:
                logger.warning("%s; it is skipped", error)
                self.skipped.append(path)
                continue
            return Frame(image, index, index / FPS, time.monotonic())
        if len(self.skipped) == len(self.paths):
            raise SourceLost(f"none of the {len(self.paths)} images of {self.name} can be read")
        return None
