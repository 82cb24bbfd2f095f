"""Annotated pictures as image files."""

import os
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import cv2

from livesegment.errors import OptionsError, OutputNotWritable, SinkError
from livesegment.frame import Frame, Image
from livesegment.sinks.base import Alpha, Annotated, Sink, with_alpha
from livesegment.sinks.output_file import check_free, check_writable, partial_path, refused

_ENCODINGS: dict[str, tuple[str, list[int]]] = {
    ".png": (".png", []),
    ".jpg": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 95]),
    ".jpeg": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 95]),
    ".webp": (".webp", [cv2.IMWRITE_WEBP_QUALITY, 95]),
    ".bmp": (".bmp", []),
    ".ppm": (".ppm", []),
    ".tif": (".tif", []),
    ".tiff": (".tif", []),
}
_CLEAR = {".png", ".webp", ".tif", ".tiff"}
IMAGE_SUFFIXES = tuple(_ENCODINGS)
"""Suffixes of the image files that can be written."""


def check_image_suffix(path: Path) -> None:
    """Check that an image can be written under this name.

    Raises:
        OptionsError: If its suffix is none of an image.
    """
    if path.suffix.lower() not in _ENCODINGS:
        suffixes = ", ".join(IMAGE_SUFFIXES)
        raise OptionsError(f"{path} cannot be written: an image's name ends in {suffixes}")


def image_keeps_alpha(path: Path) -> bool:
    """Tell whether an image of this name can say how much of each pixel is there."""
    return path.suffix.lower() in _CLEAR


def write_image(path: Path, image: Image, alpha: Alpha | None = None) -> None:
    """Write an image file; it appears under its name when it is whole.

    Args:
        path: Its suffix chooses the format.
        image: BGR uint8 (H, W, 3).
        alpha: How much of each pixel is there, uint8 (H, W), where `image_keeps_alpha`; None: all.

    Raises:
        OptionsError: If the suffix is none of an image.
        OutputNotWritable: If the file cannot be written, or the format has no such size.
    """
    check_image_suffix(path)
    extension, parameters = _ENCODINGS[path.suffix.lower()]
    part = partial_path(path)
    if alpha is not None:
        image = with_alpha(image, alpha)
    try:
        # imencode and Python's own file: cv2.imwrite garbles names on Windows and only says False.
        encoded, content = cv2.imencode(extension, image, parameters)
    except cv2.error:
        encoded = False
    if not encoded:
        raise OutputNotWritable(f"cannot write {path}: {path.suffix} does not take this picture")
    try:
        part.write_bytes(content.tobytes())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):  # a disk that takes nothing gives nothing back either
            part.unlink(missing_ok=True)
        raise refused(path, error) from error


class ImageFileSink(Sink):
    """Writes one picture.

    Args:
        path: A name that ends in one of `IMAGE_SUFFIXES`; JPEG and WebP get quality 95.
        overwrite: Replace an existing file.

    Raises:
        OptionsError: If the suffix is none of an image.
        OutputExists: If the file exists and `overwrite` is False.
        OutputNotWritable: If the folder is missing or may not be written to.
    """

    def __init__(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        self._path = Path(path)
        check_image_suffix(self._path)
        check_writable(self._path, overwrite=overwrite)
        self._written = False

    def takes_alpha(self, frame: Frame) -> bool:  # noqa: ARG002 - there is one
        """Tell whether the picture may come with its alpha: whether its format has one."""
        return image_keeps_alpha(self._path)

    def write(self, picture: Annotated) -> None:
        """Write the picture.

        Raises:
            SinkError: If there was one already.
            OutputNotWritable: If it cannot be written.
        """
        if self._written:
            raise SinkError(f"{self._path} takes one picture: give a video or folder for several")
        write_image(self._path, picture.image, picture.alpha)
        self._written = True


class ImageFolderSink(Sink):
    """Writes each picture as a file of its own, under the names given.

    Args:
        folder: Made if it is missing; its parent must exist.
        names: File names, one for each picture: the picture of `Frame.index` i gets the i-th.
        overwrite: Replace existing files.

    Raises:
        OptionsError: If a name is no plain image name or comes twice.
        OutputExists: If one of the files exists and `overwrite` is False.
        OutputNotWritable: If the folder cannot be made or written to.
    """

    def __init__(
        self, folder: str | os.PathLike[str], names: Iterable[str], *, overwrite: bool = False
    ) -> None:
        self._folder = Path(folder)
        self._names = list(names)
        seen: set[str] = set()
        for name in self._names:
            if Path(name).name != name:
                raise OptionsError(f"'{name}' is no plain file name")
            if name in seen:
                raise OptionsError(f"two pictures are called {name}: annotate them one by one")
            seen.add(name)
            check_image_suffix(Path(name))
            check_free(self._folder / name, overwrite=overwrite)
        try:
            self._folder.mkdir(exist_ok=True)
        except OSError as error:
            raise refused(self._folder, error) from error
        for name in self._names[:1]:
            check_writable(self._folder / name, overwrite=overwrite)

    def takes_alpha(self, frame: Frame) -> bool:
        """Tell whether a picture may come with its alpha: whether the format of its name has one.

        In a folder that holds several formats the answers differ.
        """
        name = self._names[frame.index : frame.index + 1]
        return any(image_keeps_alpha(Path(each)) for each in name)

    def write(self, picture: Annotated) -> None:
        """Write one picture under the name of its index.

        Raises:
            SinkError: If there is no name for it.
            OutputNotWritable: If it cannot be written.
        """
        index = picture.frame.index
        if not 0 <= index < len(self._names):
            raise SinkError(f"there is no name for picture {index} in {self._folder}")
        write_image(self._folder / self._names[index], picture.image, picture.alpha)


class SnapshotFolder:
    """Saves pictures as PNG files named after the time; none is ever replaced.

    Args:
        folder: Where they go.
    """

    def __init__(self, folder: str | os.PathLike[str] = ".") -> None:
        self._folder = Path(folder)

    def save(self, image: Image, at: datetime | None = None) -> Path:
        """Save a picture and return its file, such as `livesegment-20250131-142501-040.png`.

        Args:
            image: BGR uint8 (H, W, 3).
            at: Local time for the name; None: now.

        Raises:
            OutputNotWritable: If the folder is missing or cannot be written.
        """
        at = at or datetime.now().astimezone()
        stem = f"livesegment-{at:%Y%m%d-%H%M%S}-{at.microsecond // 1000:03d}"
        for number in range(1, 1000):
            path = self._folder / (f"{stem}.png" if number == 1 else f"{stem}-{number}.png")
            try:
                # Taking the name before writing keeps two programs from choosing the same.
                path.touch(exist_ok=False)
            except FileExistsError:
                continue
            except OSError as error:
                raise refused(path, error) from error
            return self._fill(path, image)
        raise OutputNotWritable(f"cannot write {self._folder / stem}.png: the name is taken")

    def _fill(self, path: Path, image: Image) -> Path:
        try:
            write_image(path, image)
        except OutputNotWritable:
            path.unlink(missing_ok=True)
            raise
        return path
