"""What the pictures of an input are called in its annotations."""

from collections.abc import Sequence
from pathlib import Path

from livesegment.errors import OptionsError, SinkError


class PictureNames:
    """File names of pictures, by `Frame.index`.

    Pictures from image files keep their names. The pictures of a video, which are no files, are
    called `STEM_000000.jpg`, `STEM_000001.jpg` and so on; six digits are the least.

    Args:
        pictures: Stem of a video, or the image files: the picture of `Frame.index` i is the i-th.
        by_stem: Whether two names that differ only in their suffix collide.
        reader: Who reads them in a text, which cannot hold every name; None: nobody does.
        in_list: Whether that text is a list with a name a line.

    Attributes:
        is_video: Whether the pictures are those of a video.

    Raises:
        OptionsError: If two pictures would have one name, a stem is no plain file name, or a reader
            would not find a name again.
    """

    def __init__(
        self,
        pictures: str | Sequence[Path],
        *,
        by_stem: bool,
        reader: str | None = None,
        in_list: bool = False,
    ) -> None:
        self.is_video = isinstance(pictures, str)
        self._stem = pictures if isinstance(pictures, str) else ""
        self._files = [] if isinstance(pictures, str) else list(pictures)
        if Path(self._stem).name != self._stem:
            raise OptionsError(f"'{self._stem}' is no plain file name")
        for each in (self._stem, *(file.name for file in self._files)):
            if reader is not None and not _is_kept(each, in_list=in_list):
                raise OptionsError(f"{reader} would not find a picture called {each!r}: rename it")
        seen: dict[str, Path] = {}
        for file in self._files:
            name = file.stem if by_stem else file.name
            if name in seen:
                raise OptionsError(
                    f"{seen[name]} and {file} would have one name in the annotations: rename one, "
                    "or annotate them one by one"
                )
            seen[name] = file

    def check_outside(self, folder: Path) -> None:
        """Check that replacing a folder removes none of the pictures.

        Raises:
            OptionsError: If a picture is in it.
        """
        resolved = folder.resolve()
        for parent in {file.parent for file in self._files}:
            if parent.resolve().is_relative_to(resolved):
                raise OptionsError(
                    f"writing {folder} would destroy what is read from {parent}: choose another "
                    "name for the output"
                )

    def name(self, index: int) -> str:
        """Return the file name of a picture.

        Raises:
            SinkError: If there is no such picture.
        """
        file = self.file(index)
        return f"{self._stem}_{index:06d}.jpg" if file is None else file.name

    def stem(self, index: int) -> str:
        """Return the file name of a picture without its suffix."""
        return self.name(index).removesuffix(Path(self.name(index)).suffix)

    def file(self, index: int) -> Path | None:
        """Return the image file of a picture; None for a picture of a video.

        Raises:
            SinkError: If there is no such picture.
        """
        if self.is_video:
            return None
        if not 0 <= index < len(self._files):
            raise SinkError(f"there is no name for picture {index}")
        return self._files[index]


def _is_kept(name: str, *, in_list: bool) -> bool:
    """Tell whether a text holds a name so that it is the same when it is read."""
    if in_list and (name.strip() != name or name.startswith("#")):  # which begins a comment
        return False
    return name.isprintable() and "\\" not in name
