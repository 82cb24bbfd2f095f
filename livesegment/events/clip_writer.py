"""Writes clips on a thread of its own."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.buffer import Buffer
from livesegment.errors import SinkError
from livesegment.events.clip_folder import CLIP_SUFFIX, ClipFolder
from livesegment.frame import Frame, Image
from livesegment.sinks.base import Annotated
from livesegment.sinks.video_file import VideoFileSink

logger = logging.getLogger(__name__)

_QUALITY = 85  # of 720p about 0.2 MB a picture; H.264 in a ring would wait for its keyframes


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


_MOST_BYTES = 256 * 2**20


_Step = tuple[str, StoredPicture | None]
"""What is to be done next for a clip: a picture to write, or its end."""


def _size(step: _Step) -> int:
    """Return the bytes that a step takes: an end takes none, so there is room for it."""
    return 0 if step[1] is None else len(step[1].jpeg)


class ClipWriter:
    """Writes one clip after the other; none is under its final name before it is complete.

    Until then it plays under its partial name as far as it has come, after a crash too.

    Args:
        folder: Where they go; tidied up after each.
        fps: Nominal frame rate of the pictures.
        on_unwritten: Told how many pictures could not be written.
    """

    def __init__(
        self,
        folder: ClipFolder,
        fps: float | None = None,
        on_unwritten: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._folder = folder
        self._fps = fps
        self._on_unwritten = on_unwritten
        self._steps: Buffer[_Step] = Buffer("refuse", size=_size, most=_MOST_BYTES)
        self._sink: VideoFileSink | None = None
        self._began_s, self._count = 0.0, 0
        self._broken: str | None = None
        self._thread = threading.Thread(target=self._run, name="clips")
        self._thread.start()

    def write(self, stem: str, picture: StoredPicture) -> None:
        """Take the next picture of a clip; what there is no room for is counted."""
        if self._steps.put((stem, picture)):
            self._on_unwritten(1)

    def finish(self, stem: str) -> None:
        """Say that a clip has all its pictures."""
        self._steps.put((stem, None))

    def close(self) -> None:
        """Write what waits. May be called twice."""
        self._steps.close()
        self._thread.join()

    def _run(self) -> None:
        while (step := self._steps.get()) is not None:
            stem, picture = step
            try:
                if picture is None:
                    self._finish(stem)
                else:
                    self._add(stem, picture)
            except SinkError as error:
                logger.warning("%s", error)
                self._give_up(stem)

    def _add(self, stem: str, picture: StoredPicture) -> None:
        if stem == self._broken:
            self._on_unwritten(1)
            return
        self._count += 1
        if self._sink is None:
            path = self._folder.path / f"{stem}{CLIP_SUFFIX}"
            self._sink = VideoFileSink(path, fps=self._fps, plays_early=True)
            self._began_s = picture.pts_s
        image = picture.decode()
        frame = Frame(image, picture.index, picture.pts_s - self._began_s, 0.0)
        self._sink.write(Annotated(frame, None, image))

    def _finish(self, stem: str) -> None:
        if self._sink is not None:
            self._sink.commit()
            self._sink = None
        self._count = 0
        self._folder.prune(stem)

    def _give_up(self, stem: str) -> None:
        """Leave a clip under its partial name, most often for want of room; its rest is lost."""
        self._broken = stem
        self._on_unwritten(self._count)
        self._count = 0
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.close()
        self._folder.prune(stem)
