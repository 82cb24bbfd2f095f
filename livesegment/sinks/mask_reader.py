"""Reading a mask file back."""

import json
import os
from collections.abc import Iterator, Mapping

import av
import numpy as np

from livesegment.errors import SourceLost, SourceNotFound
from livesegment.mask import ClassIds
from livesegment.resource import Resource
from livesegment.sinks.mask_file import CLASS_MAP_TAG


class MaskFileReader(Resource):
    """Reads what :class:`~livesegment.sinks.mask_file.MaskFileSink` wrote; iterate over it.

    Each item is `(pts_s, class_ids)`: seconds, rounded to 1 ms, and uint8 of shape (H, W).

    Args:
        path: The mask file.

    Attributes:
        class_map: Name of each class id.

    Raises:
        SourceNotFound: If the file is not there or is no mask file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        try:
            self._container = av.open(f"file:{self._path}")
        except (av.FFmpegError, OSError) as error:
            raise SourceNotFound(f"cannot read the masks in {self._path}") from error
        tags = {name.upper(): value for name, value in self._container.metadata.items()}
        video = self._container.streams.video
        try:
            self.class_map: Mapping[int, str] = {
                int(class_id): name for class_id, name in json.loads(tags[CLASS_MAP_TAG]).items()
            }
        except (KeyError, ValueError) as error:
            self.close()
            raise SourceNotFound(f"{self._path} is no mask file: it has no class map") from error
        if not video:
            self.close()
            raise SourceNotFound(f"{self._path} is no mask file: it has no video")

    def __iter__(self) -> Iterator[tuple[float, ClassIds]]:
        """Yield the masks from here to the end.

        Raises:
            SourceLost: If the file is damaged.
        """
        try:
            for picture in self._container.decode(video=0):
                if picture.pts is not None and picture.time_base is not None:
                    pts_s = float(picture.pts * picture.time_base)
                    yield pts_s, picture.to_ndarray().astype(np.uint8, copy=False)
        except (av.FFmpegError, OSError) as error:
            raise SourceLost(f"the mask file {self._path} is damaged") from error

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._container.close()


def read_masks(path: str | os.PathLike[str]) -> Iterator[tuple[float, ClassIds]]:
    """Yield every mask of a mask file as `(pts_s, class_ids)`.

    Args:
        path: The mask file.

    Raises:
        SourceNotFound: If the file is not there or is no mask file.
        SourceLost: If it is damaged.
    """
    with MaskFileReader(path) as reader:
        yield from reader
