"""The picture of the moment, kept."""

import os
from datetime import datetime
from pathlib import Path

from livesegment.errors import OutputNotWritable
from livesegment.frame import Image
from livesegment.sinks.image_file import write_image
from livesegment.sinks.output_file import refused


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
