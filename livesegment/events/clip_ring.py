"""The pictures of the last seconds, in bounded memory."""

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image

_QUALITY = 85  # of 720p about 0.2 MB a picture; H.264 in a ring would wait for its keyframes

TOLERANCE_S = 1e-6  # times of pictures are sums of fractions


@dataclass(frozen=True, slots=True, eq=False)
class StoredPicture:
    """An annotated picture as JPEG.

    Attributes:
        jpeg: The file.
        index: `Frame.index`.
        pts_s: `Frame.pts_s`.
    """

    jpeg: bytes
    index: int
    pts_s: float

    @classmethod
    def encode(cls, image: Image, index: int, pts_s: float) -> "StoredPicture":
        """Return a picture as it is stored.

        Args:
            image: BGR uint8 (H, W, 3).
            index: Its frame's number.
            pts_s: Its frame's media time.
        """
        _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        return cls(jpeg.tobytes(), index, pts_s)

    def decode(self) -> Image:
        """Return the picture, BGR uint8 (H, W, 3)."""
        data: npt.NDArray[np.uint8] = np.frombuffer(self.jpeg, np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert image is not None
        return image.astype(np.uint8, copy=False)


class ClipRing:
    """Keeps the newest pictures.

    Args:
        length_s: Seconds before the newest one.
        most_bytes: What they may take together; the oldest go first.
    """

    def __init__(self, length_s: float, most_bytes: int) -> None:
        self._length_s = length_s
        self._most_bytes = most_bytes
        self._pictures: deque[StoredPicture] = deque()
        self._size = 0

    def add(self, picture: StoredPicture) -> None:
        """Keep a picture that is newer than all."""
        self._pictures.append(picture)
        self._size += len(picture.jpeg)
        while len(self._pictures) > 1 and (
            picture.pts_s - self._pictures[0].pts_s > self._length_s + TOLERANCE_S
            or self._size > self._most_bytes
        ):
            self._size -= len(self._pictures.popleft().jpeg)

    def pictures(self) -> list[StoredPicture]:
        """Return what is kept, oldest first."""
        return list(self._pictures)
