"""Makes pictures of a run into what a page shows."""

import threading

import cv2
import numpy as np

from livesegment.frame import Image
from livesegment.mask import Mask
from livesegment.resource import Resource
from livesegment.sinks.base import Annotated
from livesegment.web.broadcast import Broadcast
from livesegment.web.coverage import Coverage

_LONGEST_SIDE = 1280  # what a page shows well; a larger picture would only fill the network
_QUALITY = 80


class PictureEncoder(Resource):
    """Encodes the newest picture on a thread of its own, once for all viewers.

    `write` never waits. Without viewers it does nothing; with viewers it copies the picture, and
    one that the encoder did not get to is replaced by the next.

    Args:
        pictures: Where encoded pictures go; closed with this.
        coverage: Gets every mask.
    """

    def __init__(self, pictures: Broadcast, coverage: Coverage) -> None:
        self._pictures = pictures
        self._coverage = coverage
        self._changed = threading.Condition()
        self._waiting: Image | None = None
        self._spare: Image | None = None
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="web-encoder")
        self._thread.start()

    @property
    def is_watched(self) -> bool:
        """Whether anybody watches."""
        return self._pictures.is_watched

    @property
    def is_waiting(self) -> bool:
        """Whether somebody watches who has no picture yet."""
        return self._pictures.is_waiting

    def see(self, mask: Mask | None) -> None:
        """Take note of a new picture's mask."""
        self._coverage.see(mask)

    def write(self, picture: Annotated) -> None:
        """Take a picture."""
        if not self.is_watched:
            return
        with self._changed:
            self._waiting = self._copy(picture.image)
            self._changed.notify()

    def close(self) -> None:
        """Encode no more, and tell the viewers. May be called twice."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join()
        self._pictures.close()

    def _copy(self, image: Image) -> Image:
        # Written over the picture that nobody got to, if there is one: no memory to be found.
        target, self._spare = self._waiting if self._waiting is not None else self._spare, None
        if target is None or target.shape != image.shape:
            return image.copy()
        np.copyto(target, image)
        return target

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._is_closed)
                if self._is_closed:
                    return
                image, self._waiting = self._waiting, None
            assert image is not None
            self._pictures.publish(encode(image))
            with self._changed:
                self._spare = image


def encode(image: Image) -> bytes:
    """Return a picture, BGR uint8 (H, W, 3), as a JPEG file no longer than 1280 pixels."""
    scale = _LONGEST_SIDE / max(image.shape[:2])
    if scale < 1:
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return jpeg.tobytes()
