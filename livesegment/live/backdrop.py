"""What stands behind the classes of a live run: opened from what a user names."""

import logging
import math
import threading
from functools import partial
from pathlib import Path

import numpy as np

from livesegment.address import shown_text
from livesegment.errors import OptionsError, SourceError, SourceLost
from livesegment.frame import Frame, Image
from livesegment.pacer import Pacer
from livesegment.profile import on_thread
from livesegment.redaction.backdrop import Behind, Still, covering
from livesegment.resource import Resource
from livesegment.settings.background import BLUR, background_colour
from livesegment.sources.images import is_images, read_image
from livesegment.sources.video_file import VideoFileSource

logger = logging.getLogger(__name__)

_LATE_S = 0.5  # after a stall the video goes on, rather than rush by
_FPS = 25.0  # where the file does not say
_JOIN_S = 5.0


class LoopedVideo(Resource):
    """A video that begins again at its end, decoded on a thread of its own.

    Args:
        path: The file.

    Raises:
        SourceError: If there is no such file, or not one picture of it can be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        source = VideoFileSource(path)
        try:
            first = source.read()
        except SourceError:
            source.close()
            raise
        if first is None:
            source.close()
            raise SourceLost(f"{path} holds no pictures")
        self._newest, self._fitted = first, first.image
        self._size = first.frame_size
        self._has_broken = False
        self._stopping = threading.Event()
        work = on_thread(partial(self._run, source, first))
        self._thread = threading.Thread(target=work, name="background", daemon=True)
        self._thread.start()

    def at(self, size: tuple[int, int]) -> Image:
        """Return the picture of the moment; made to fit here only where the size is new."""
        self._size = size
        fitted = self._fitted
        if fitted.shape[1::-1] != size:
            fitted = self._fitted = _covering(self._newest, size)
        return fitted

    def close(self) -> None:
        """Stop the thread. May be called twice."""
        self._stopping.set()
        self._thread.join(_JOIN_S)

    def _run(self, source: VideoFileSource, frame: Frame | None) -> None:
        try:
            while frame is not None and not self._stopping.is_set():
                self._play(source, frame)
                source.close()
                source = VideoFileSource(self._path)
                frame = source.read()
        except SourceError as error:
            logger.warning("the background stands still: %s", error)
        finally:
            source.close()

    def _play(self, source: VideoFileSource, frame: Frame | None) -> None:
        """Show a picture and those that follow it, each at its time."""
        pacer = Pacer(self._stopping, _LATE_S)
        while frame is not None and not self._stopping.is_set():
            pacer.hold(frame.pts_s)
            self._newest, self._fitted = frame, _covering(frame, self._size)
            try:
                frame = source.read()
            except SourceLost as error:
                if not self._has_broken:
                    logger.warning("the background begins again there each time: %s", error)
                self._has_broken = True
                return
        self._stopping.wait(1 / (source.fps or _FPS))


def _covering(frame: Frame, size: tuple[int, int]) -> Image:
    """Return what `covering` does, without making all of the pixels of a large frame."""
    width, height = frame.frame_size
    scale = max(size[0] / width, size[1] / height)
    if scale >= 1:
        return covering(frame.image, size)
    enough = math.ceil(width * scale), math.ceil(height * scale)
    return covering(frame.downscaled(enough), size)


def open_behind(written: str) -> Behind | None:
    """Open what a user names as a background.

    Args:
        written: As `LiveOptions.background`.

    Returns:
        None for the room's own, blurred. A `Resource` where it is a video.

    Raises:
        OptionsError: If a file cannot be read.
    """
    if written == BLUR:
        return None
    colour = background_colour(written)
    if colour is not None:
        return Still(np.full((2, 2, 3), colour, np.uint8))
    path = Path(written)
    if not path.is_file():
        raise OptionsError(f"the background is no file: {shown_text(written)}")
    try:
        return Still(read_image(path)) if is_images(written) else LoopedVideo(path)
    except SourceError as error:
        raise OptionsError(f"the background cannot be read: {error}") from error
